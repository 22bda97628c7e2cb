package behavior

import "math"

// Peers is what all tokens do, as it was known when the event-time day began: it never changes within a day, so a crowd cannot hide
// in its own novelty and the order of tokens within a day does not matter.
type Peers struct {
	common    [commonCount]table[string]
	endpoints map[string]*table[Endpoint]
	hours     [48]float64
	releases  map[version]release
	owners    owners
}

// version is one release of a service, and release the days on which it was first and last seen.
type (
	version struct{ service, version string }
	release struct{ first, last int32 }
)

// table counts on how many token-days each value was seen.
type table[V comparable] struct {
	days  map[V]float64
	total float64
}

// Bounds on what is remembered of everyone, and the forgetting per event-time day.
const (
	peersDecay       = 0.99
	peersForgotten   = 0.05 // token-days
	peersKept        = 1024 // values of a facet
	releasesKept     = 4096
	releaseForgotten = 60 // days unseen
	releaseDays      = 3  // for so long a new version explains new endpoints
)

// frequency is the share of a value, or rare for one that is hardly seen.
func (t *table[V]) frequency(v V, rare float64) float64 {
	if t == nil || t.total == 0 {
		return rare
	}
	return max(rare, t.days[v]/t.total)
}

// notedMost bounds the values that the tokens of one shard teach of a facet between two days of event time: anybody can make user agents up.
const notedMost = 16 * peersKept

// note counts a token-day, unless the value is one too many.
func (t *table[V]) note(v V) {
	if len(t.days) >= notedMost {
		if _, known := t.days[v]; !known {
			return
		}
	}
	t.add(v, 1)
}

func (t *table[V]) add(v V, days float64) {
	if t.days == nil {
		t.days = map[V]float64{}
	}
	t.days[v] += days
	t.total += days
}

// merge takes another table's counts in; every count is a whole number, so the order does not matter.
func (t *table[V]) merge(from *table[V]) {
	for v, n := range from.days {
		t.add(v, n)
	}
	clear(from.days)
	from.total = 0
}

// fade forgets, and drops what is hardly left. Counts stay multiples of 1/1024, so that sums are exact in any order.
func (t *table[V]) fade(factor float64, keep int) {
	for v, n := range t.days {
		t.days[v] = math.Round(n*factor*1024) / 1024
	}
	t.drop(keep)
}

// trim drops the rarest values of too many.
func (t *table[V]) trim(keep int) {
	if len(t.days) > keep {
		t.drop(keep)
	}
}

// drop leaves out the rarest values until there are few enough.
func (t *table[V]) drop(keep int) {
	for floor := peersForgotten; ; floor *= 2 {
		t.total = 0
		for v, n := range t.days {
			if n < floor {
				delete(t.days, v)
				continue
			}
			t.total += n
		}
		if len(t.days) <= keep {
			return
		}
	}
}

func newPeers() *Peers {
	p := &Peers{endpoints: map[string]*table[Endpoint]{}, releases: map[version]release{}}
	for i := range p.hours {
		p.hours[i] = 1.0 / 48
	}
	return p
}

// frequency is the share of a value of a common facet.
func (p *Peers) frequency(of common, value string) float64 {
	return p.common[of].frequency(value, commons[of].rare)
}

// endpoint is the share of an endpoint among the peers of its service.
func (p *Peers) endpoint(service string, at Endpoint) float64 {
	return p.endpoints[service].frequency(at, rareEndpoint)
}

// young says whether the release of the service is a new one.
func (p *Peers) young(o *Observation) bool {
	r, ok := p.releases[version{o.Service, o.Version}]
	return ok && o.Version != "" && int32(o.Time/day)-r.first <= releaseDays
}

// explained says whether a new release of the service accounts for an endpoint that nobody has used before.
func (p *Peers) explained(o *Observation, at Endpoint) bool {
	return p.young(o) && p.unused(o.Service, at)
}

// unused says whether nobody has used an endpoint of a service that is known.
func (p *Peers) unused(service string, at Endpoint) bool {
	t := p.endpoints[service]
	return t != nil && t.days[at] == 0
}
