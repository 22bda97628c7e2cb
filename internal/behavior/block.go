package behavior

import (
	"slices"

	"github.com/holterhq/holter/internal/baseline"
)

const betFacets = int(hour) + 1

// block is one UTC day of one token, while it is open.
type block struct {
	day     int32
	n       uint32
	bets    [betFacets]baseline.Bet
	peaks   [betFacets]float32  // the strongest single bet …
	peakIs  [service + 1]string // … and on what
	peakAt  Endpoint
	peakBin uint8
	errors  baseline.Streak
	fresh   uint32 // endpoints that the token never used before
	gapNats float64
	excess  float64 // sum over the sized requests
	sized   uint32
	largest float32

	slot    int64   // half-hour of the newest request
	inSlot  float32 // requests in it, and in the one before
	before  float32
	busiest float32 // most requests within about an hour

	mixNow, mixBefore []uint16 // combinations of endpoint and client in these slots
	mixed             uint16   // most of them within about an hour

	shifts         [shifts]baseline.Tilt
	expected       densities
	hops           baseline.Streak
	hopFrom, hopTo string

	hours     [48]uint16
	seen      [4][]count // country, network, client, service: what to learn at the end
	endpoints []endpointCount
	sizes     []float32 // of answers
	requests  []float32

	worst   [detectorCount]float32 // highest evidence each detector reached
	alertOf uint8                  // the detector of that event
	alerted bool                   // one statistical event a token and day
	rules   uint16                 // rules that have fired today
	tipped  *Observation           // the request that would raise an event if the day ended now
}

type count struct {
	value string
	n     uint32
}

type endpointCount struct {
	service string
	at      Endpoint
	n       uint32
}

// sizesKept bounds what is remembered of a day's response sizes.
const sizesKept = 64

// bet places a request on a facet whose values are strings.
func (b *block) bet(f Facet, value string, q, p float64) {
	if e := float32(b.bets[f].Place(q, p)); e > b.peaks[f] {
		b.peaks[f], b.peakIs[f] = e, value
	}
	b.note(f, value)
}

// valuesNoted bounds the distinct values of a facet that one day can teach.
const valuesNoted = 64

// note remembers a value of a bet's facet, to be learned when the block ends.
func (b *block) note(f Facet, value string) {
	for i := range b.seen[f] {
		if b.seen[f][i].value == value {
			b.seen[f][i].n++
			return
		}
	}
	if len(b.seen[f]) < valuesNoted {
		b.seen[f] = append(b.seen[f], count{value, 1})
	}
}

// noteEndpoint says whether the endpoint appears for the first time today.
func (b *block) noteEndpoint(service string, at Endpoint) bool {
	for i := range b.endpoints {
		if e := &b.endpoints[i]; e.at == at && e.service == service {
			e.n++
			return false
		}
	}
	if len(b.endpoints) == valuesNoted {
		return false
	}
	b.endpoints = append(b.endpoints, endpointCount{service, at, 1})
	return true
}

// window counts requests within the last hour, and the combinations in them, from half-hour slots: the current one, the one before,
// and nothing older.
func (b *block) window(second int64, combination uint16) {
	const slotSeconds = 1800
	slot := second / slotSeconds
	switch {
	case slot == b.slot+1:
		b.before, b.inSlot = b.inSlot, 0
		b.mixBefore, b.mixNow = b.mixNow, b.mixBefore[:0]
		b.slot = slot
	case slot > b.slot:
		b.before, b.inSlot = 0, 0
		b.mixBefore, b.mixNow = b.mixBefore[:0], b.mixNow[:0]
		b.slot = slot
	}
	b.inSlot++
	b.busiest = max(b.busiest, b.inSlot+b.before)
	if slices.Contains(b.mixNow, combination) || len(b.mixNow) >= valuesNoted {
		return
	}
	b.mixNow = append(b.mixNow, combination)
	mixed := len(b.mixNow)
	for _, c := range b.mixBefore {
		if !slices.Contains(b.mixNow, c) {
			mixed++
		}
	}
	b.mixed = max(b.mixed, uint16(mixed))
}

// combination numbers the request's endpoint and client among today's.
func (b *block) combination(o *Observation) uint16 {
	var c int
	at := Endpoint{o.Method, o.Route}
	for i := range b.endpoints {
		if e := &b.endpoints[i]; e.at == at && e.service == o.Service {
			c = i
		}
	}
	for i := range b.seen[client] {
		if b.seen[client][i].value == o.Client {
			return uint16(c*valuesNoted + i)
		}
	}
	return uint16(c * valuesNoted)
}

func (b *block) shift(f Facet) *baseline.Tilt { return &b.shifts[f-countryShift] }

// request takes in the size of a request.
func (b *block) request(bytes float64) {
	if len(b.requests) < sizesKept {
		b.requests = append(b.requests, float32(bytes))
	}
}

// size takes in the size of an answer.
func (b *block) size(usual baseline.Magnitude, bytes float64) {
	b.excess += usual.Excess(bytes)
	b.sized++
	b.largest = max(b.largest, float32(bytes))
	if len(b.sizes) < sizesKept {
		b.sizes = append(b.sizes, float32(bytes))
	}
}

// has says whether a value was seen today.
func (b *block) has(f Facet, value string) bool {
	for i := range b.seen[f] {
		if b.seen[f][i].value == value {
			return true
		}
	}
	return false
}

func (b *block) hasEndpoint(service string, at Endpoint) bool {
	for i := range b.endpoints {
		if e := &b.endpoints[i]; e.at == at && e.service == service {
			return true
		}
	}
	return false
}
