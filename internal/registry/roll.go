package registry

import "iter"

// All are all registered tokens, each once.
func (s *Snapshot) All() iter.Seq[*Token] {
	return func(yield func(*Token) bool) {
		if s == nil {
			return
		}
		for i := range uint32(s.base.n) {
			if !s.hides(i) && !yield(s.base.at(i).token(0)) {
				return
			}
		}
		if s.over == nil {
			return
		}
		for i := range uint32(s.over.n) {
			if !yield(s.over.at(i).token(0)) {
				return
			}
		}
	}
}

// All are the tokens of all sources. Of those that several know, the first is believed.
func (d *Directory) All() iter.Seq[*Token] {
	return func(yield func(*Token) bool) {
		if d == nil {
			return
		}
		for n, source := range d.sources {
			for t := range source.Snapshot().All() {
				known := false
				for _, before := range d.sources[:n] {
					known = known || before.Snapshot().byID(t.ID) != nil
				}
				if !known && !yield(t) {
					return
				}
			}
		}
	}
}
