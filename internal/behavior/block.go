package behavior

import "github.com/holterhq/holter/internal/baseline"

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

	hours     [48]uint16
	seen      [4][]count // country, network, client, service: what to learn at the end
	endpoints []endpointCount
	sizes     []float32

	worst   [detectorCount]float32 // highest evidence each detector reached
	alerted bool                   // one statistical event a token and day
	rules   uint16                 // rules that have fired today
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

// window counts requests within the last hour, from half-hour slots: the current one, the one before, and nothing older.
func (b *block) window(second int64) {
	const slotSeconds = 1800
	slot := second / slotSeconds
	switch {
	case slot == b.slot+1:
		b.before, b.inSlot = b.inSlot, 0
		b.slot = slot
	case slot > b.slot:
		b.before, b.inSlot = 0, 0
		b.slot = slot
	}
	b.inSlot++
	b.busiest = max(b.busiest, b.inSlot+b.before)
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
