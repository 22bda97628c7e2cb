package tokenbehaviorconnector

import (
	"cmp"
	"maps"
	"slices"

	"github.com/holterhq/holter/internal/usage"
)

// unsure is what the latest cumulative batch of a view says that no later one repeats by itself: as long as a pipeline has
// not taken the batch, the next one says it again.
type unsure struct {
	sightings map[subject]usage.Sighting
	touched   map[subject]int64
	withdrawn bool // the batch was taken back from its pipelines
}

// again makes what was said of tokens news, unless all pipelines have taken it.
func (u *unsure) again(v *view) {
	taken := !u.withdrawn && !slices.ContainsFunc(v.pipes, func(p *metricsPipe) bool { return p.courier.len() > 0 })
	u.withdrawn = false
	if taken {
		clear(u.sightings)
		clear(u.touched)
		return
	}
	for of := range u.sightings {
		delete(v.evidence.told, of)
	}
	for of, at := range u.touched {
		delete(v.evidence.told, of)
		v.evidence.touch(of, at)
	}
	clear(u.touched)
}

// see takes in the latest request of a token.
func (u *unsure) see(s *usage.Sighting) {
	if u.sightings == nil {
		u.sightings = make(map[subject]usage.Sighting)
	}
	of := subject{s.Token, s.Outbound}
	before, known := u.sightings[of]
	latest := *s
	if known && before.At > s.At {
		latest = before
	}
	latest.Details = cmp.Or(s.Details, before.Details)
	u.sightings[of] = latest
}

// sorted are the sightings in the order of their tokens.
func (u *unsure) sorted() []usage.Sighting {
	return slices.SortedFunc(maps.Values(u.sightings), func(a, b usage.Sighting) int {
		return cmp.Or(cmp.Compare(a.Token, b.Token), compareBool(a.Outbound, b.Outbound))
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// forget takes out tokens. The batch has been taken back, since it told of them.
func (u *unsure) forget(gone map[string]bool) {
	u.withdrawn = true
	maps.DeleteFunc(u.sightings, func(of subject, _ usage.Sighting) bool { return gone[of.token] })
	maps.DeleteFunc(u.touched, func(of subject, _ int64) bool { return gone[of.token] })
}
