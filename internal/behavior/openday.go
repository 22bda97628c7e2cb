package behavior

// OpenDay is what a token's newest day shows, for reports of how the bets turn out.
type OpenDay struct {
	Token   string
	First   int64     // event time of the token's first request, unix nanoseconds
	Days    uint32    // active days that it is known by
	Learned uint64    // requests on them
	Judged  bool      // it is known well enough
	Nats    []float64 // evidence by facet, in the order of FacetNames; valid until visit returns
}

// OpenDays calls visit for every token that was active on a day, counted from 1970, and not since. It changes nothing.
func (e *Engine) OpenDays(day int32, visit func(*OpenDay)) {
	for _, s := range e.shards {
		for n := s.slots[0].next; n != 0; n = s.slots[n].next {
			t := s.borrow(n)
			if t == nil || !t.open || t.block.day != day {
				continue
			}
			x := t.nats()
			visit(&OpenDay{Token: tokenOf(t.id), First: t.first, Days: t.days, Learned: t.learned, Judged: t.mature(), Nats: x[:]})
		}
	}
}

// FacetNames are the names of all facets, each once.
func FacetNames() []string {
	names, used := make([]string, facetCount), make(map[string]bool)
	for f := range facetCount {
		name := f.String()
		switch {
		case f >= countryShift && f < sizeShift:
			name += " shift"
		case used[name]:
			name += " habit"
		}
		names[f], used[name] = name, true
	}
	return names
}
