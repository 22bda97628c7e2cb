package behavior

import (
	"math"

	"github.com/holterhq/holter/internal/baseline"
)

// suspect is whom the token has been used by since evidence against it began to rise: a second, young baseline. Bets on it are bets
// that somebody else has taken over and stays: unlike the frequencies among peers, it knows that stranger's habits. It starts anew
// whenever the evidence is gone. A nil suspect knows nothing yet.
// Source: plug-in betting, Shin, Ramdas, Rinaldo, E-detectors, 2023, section 4.
type suspect struct {
	days      uint8
	evidence  baseline.Cusum
	seen      [commonCount][]count
	total     [commonCount]uint32
	endpoints []endpointCount
	hours     []hourWeight
	hourTotal float32
	size      baseline.Magnitude
	request   baseline.Magnitude
}

type hourWeight struct {
	bin    uint8
	weight float32
}

const (
	suspectDays    = 20  // for so long a change is one: then it is the token's own life
	suspectToll    = 0.3 // nats a day: who is not more than the token's own life is nobody
	suspectPrior   = 2   // pseudo-counts on the peers' distribution
	suspectRoutes  = 4
	suspectHours   = 4
	suspectsValues = 64
)

// suspectWeights make the evidence by which a suspect lives.
var suspectWeights = [...]struct {
	of     Facet
	weight float64
}{
	{endpointShift, 0.6}, {hourShift, 0.5}, {clientShift, 0.5}, {sizeShift, 0.4}, {requestShift, 0.3}, {countryShift, 0.5}, {serviceShift, 0.5},
}

// value is the probability of a value that peers use with frequency g.
func (s *suspect) value(of common, value string, g float64) float64 {
	if s == nil {
		return g
	}
	for i := range s.seen[of] {
		if c := &s.seen[of][i]; c.value == value {
			return (float64(c.n) + suspectPrior*g) / (float64(s.total[of]) + suspectPrior)
		}
	}
	return suspectPrior * g / (float64(s.total[of]) + suspectPrior)
}

// endpoint is the probability of an endpoint within its service.
func (s *suspect) endpoint(service string, at Endpoint, g float64) float64 {
	if s == nil {
		return g
	}
	var n, total uint32
	for i := range s.endpoints {
		if e := &s.endpoints[i]; e.service == service {
			total += e.n
			if e.at == at {
				n = e.n
			}
		}
	}
	return (float64(n) + suspectRoutes*g) / (float64(total) + suspectRoutes)
}

// hour is the probability of an hour bin.
func (s *suspect) hour(bin int, g float64) float64 {
	if s == nil {
		return g
	}
	var near float32
	for _, h := range s.hours {
		near += h.weight * baseline.HourNearness(bin, int(h.bin))
	}
	return (float64(near) + suspectHours*g) / (float64(s.hourTotal)*baseline.HourMass + suspectHours)
}

// suspectNext makes ready the suspect for the next block: this one with the block's habits, or a new one where the evidence is gone.
func (t *token) suspectNext(x *[facetCount]float64) {
	if t.suspect == nil {
		t.suspect = t.newSuspect()
	} else {
		t.suspect.weigh(x, t.mature())
	}
	t.suspect.learn(&t.block)
}

// newSuspect knows nothing. It has the memory of an earlier one, where there was one.
func (t *token) newSuspect() *suspect {
	s := t.spare
	if s == nil {
		return &suspect{}
	}
	t.spare = nil
	return s
}

// weigh takes in the evidence of a block that is over, and forgets him where it is gone.
func (s *suspect) weigh(x *[facetCount]float64, mature bool) {
	var nats float64
	for _, w := range suspectWeights {
		nats += w.weight * x[w.of]
	}
	s.evidence.Close(nats - suspectToll)
	s.days++
	if !mature || s.evidence <= 0 && s.days > 1 || s.days > suspectDays {
		s.clear()
	}
}

func (s *suspect) clear() {
	for i := range s.seen {
		s.seen[i], s.total[i] = s.seen[i][:0], 0
	}
	s.endpoints, s.hours = s.endpoints[:0], s.hours[:0]
	*s = suspect{seen: s.seen, endpoints: s.endpoints, hours: s.hours}
}

func (s *suspect) learn(b *block) {
	for of := range commonCount {
		for _, c := range b.seen[commons[of].facet] {
			s.add(of, c)
		}
	}
	for i := range b.endpoints {
		s.addEndpoint(&b.endpoints[i])
	}
	scale := min(1, hoursADay/float32(b.n))
	for bin, n := range b.hours {
		if n > 0 {
			s.addHour(uint8(bin), float32(n)*scale)
		}
	}
	for _, a := range b.sizes {
		s.size.Learn(float64(a.bytes))
	}
	for _, bytes := range b.requests {
		s.request.Learn(float64(bytes))
	}
}

func (s *suspect) add(of common, c count) {
	s.total[of] += c.n
	for i := range s.seen[of] {
		if s.seen[of][i].value == c.value {
			s.seen[of][i].n += c.n
			return
		}
	}
	if len(s.seen[of]) < suspectsValues {
		s.seen[of] = append(s.seen[of], count{value: c.value, n: c.n})
	}
}

func (s *suspect) addEndpoint(e *endpointCount) {
	n := max(1, e.n)
	for i := range s.endpoints {
		if own := &s.endpoints[i]; own.at == e.at && own.service == e.service {
			own.n += n
			return
		}
	}
	if len(s.endpoints) < suspectsValues {
		s.endpoints = append(s.endpoints, endpointCount{service: e.service, at: e.at, n: n})
	}
}

func (s *suspect) addHour(bin uint8, weight float32) {
	s.hourTotal += weight
	for i := range s.hours {
		if s.hours[i].bin == bin {
			s.hours[i].weight += weight
			return
		}
	}
	s.hours = append(s.hours, hourWeight{bin, weight})
}

// densities are what is expected of sizes today, by the token's past and by the suspect.
type densities struct {
	known                                      bool
	knownTo                                    [verbCount]bool
	size, request, suspectSize, suspectRequest baseline.Density
	to                                         [verbCount]baseline.Density // answers to each kind of method
}

// densities works them out once a day.
func (t *token) densities() *densities {
	d := &t.block.expected
	if d.known {
		return d
	}
	d.known, d.size, d.request = true, t.size.Density(), t.request.Density()
	var none suspect
	s := t.suspect
	if s == nil {
		s = &none
	}
	d.suspectSize, d.suspectRequest = s.size.Density(), s.request.Density()
	return d
}

// answersTo is how large answers to such methods are expected to be.
func (t *token) answersTo(v verb) *baseline.Density {
	d := &t.block.expected
	if !d.knownTo[v] {
		d.knownTo[v], d.to[v] = true, t.answers[v].DensityWithin(&t.size)
	}
	return &d.to[v]
}

// mostSize bounds what one size says: sizes have heavy tails.
const mostSize = 3

// sizeOdds compares a size's log density under the suspect with that under the token's own past.
func sizeOdds(suspect *baseline.Density, own, log float64) float64 {
	return math.Min(mostSize, suspect.Log(log)-own)
}
