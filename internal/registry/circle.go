package registry

// Circle is the id of a token whose rotations come back to it through several sources; empty if there is none. Within one source a
// circle is an error of that source.
func (d *Directory) Circle() string {
	if len(d.sources) < 2 {
		return ""
	}
	for _, source := range d.sources {
		s := source.Snapshot()
		if s == nil {
			continue
		}
		for _, t := range [...]*table{s.base, s.over} {
			if t == nil {
				continue
			}
			for replaced, at := range t.successors {
				// A circle through sources leaves one of them somewhere.
				if s.byID(replaced) == nil && d.circular(t.at(at)) {
					return t.at(at).id
				}
			}
		}
	}
	return ""
}

// circular says whether the rotations before a record, where it is the one that is believed, come back to it.
func (d *Directory) circular(r *record) bool {
	if d.byID(r.id) != r {
		return false
	}
	before := r
	for range maxRotations {
		if before.succession == nil || before.succession.replaces == "" {
			return false
		}
		if before = d.byID(before.succession.replaces); before == nil || before == r {
			return before == r
		}
	}
	return false
}
