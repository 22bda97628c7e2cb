package behavior

import (
	"slices"

	"github.com/holterhq/holter/internal/baseline"
)

const betFacets = int(hour) + 1

// block is one UTC day of one token, while it is open. What few requests ask for stands first, what most do from day on.
type block struct {
	hours          [48]uint32
	peakIs         [service + 1]string // what the strongest single bet was on
	peakAt         Endpoint
	peakBin        uint8
	hopFrom, hopTo string
	slept          float32 // days since the block before, if gapNats is not 0, …
	longest        float32 // … and the longest gap until then

	day     int32
	n       uint32
	bets    [betFacets]baseline.Bet
	peaks   [betFacets]float32 // the strongest single bet, see peakIs
	errors  baseline.Streak
	fresh   uint32 // endpoints that the token never used before
	gapNats float64
	excess  baseline.Tilt // of the answers, towards far larger ones
	largest float32

	slot     int64   // half-hour of the newest request
	inSlot   float32 // requests in it, and in the one before
	before   float32
	busiest  float32 // most requests within about an hour
	busySlot int64   // the slot in which it ended

	mixNow, mixBefore []uint16 // combinations of endpoint and client in these slots
	mixed             uint16   // most of them within about an hour

	shifts    [shifts]baseline.Tilt
	expected  densities
	hops      baseline.Streak
	staysOdds float64 // of a request that is no leap, 0: not worked out yet

	stranger baseline.Mean
	odds     float64 // of the newest request

	pricedOn int32 // the day of the peers that prices are made of
	hour     hourPrice

	seen      [4][]count // country, network, client, service: what to learn at the end
	endpoints []endpointCount
	sizes     []answer
	requests  []float32

	moreBlock

	worst   [detectorCount]float32 // highest evidence each detector reached
	alertOf uint8                  // the detector of that event
	alerted bool                   // one statistical event a token and day
	partial bool                   // there were requests of UnknownWeight
	rules   uint16                 // rules that have fired today
	unlike  uint8                  // requests whose traces are kept, …
	traces  [unlikeKept][16]byte   // … the first that were unlike the token
	tipped  *Observation           // the request that would raise an event if the day ended now
}

type count struct {
	value string
	n     uint32
	price price
}

type endpointCount struct {
	service   string
	at        Endpoint
	n         uint32
	price     price
	version   string // of the service, and day, for which explained and the price hold
	on        int32
	explained bool // by a new release
	young     bool // the version of the service is
	known     bool // to the token
	mark      uint32
}

// price is what one more request with a value adds to the evidence. While a day is open neither the token's past nor its peers
// change, so that it is worked out once.
type price struct {
	known bool
	stake baseline.Stake
	shift baseline.Lean // towards the suspect
	odds  float64       // what it says of the request as a whole
}

// hourPrice is the price of a request in an hour.
type hourPrice struct {
	price
	bin uint8
}

// unlikeKept bounds the examples that an event names.
const unlikeKept = 3

// note keeps the trace of a request that is unlike the token.
func (b *block) note(trace [16]byte) {
	if int(b.unlike) < len(b.traces) && trace != [16]byte{} && !slices.Contains(b.traces[:b.unlike], trace) {
		b.traces[b.unlike] = trace
		b.unlike++
	}
}

// sizesKept bounds what is remembered of a day's response sizes.
const sizesKept = 64

// valuesNoted bounds the distinct values of a facet that one day can teach.
const valuesNoted = 64

// see counts a value of a facet, to be learned when the block ends. It returns the value's place among today's and its count: 1 for
// the first time, 0 and no place for what is beyond the bound.
func (b *block) see(f Facet, value string) (int, *count) {
	for i := range b.seen[f] {
		if c := &b.seen[f][i]; c.value == value {
			c.n++
			return i, c
		}
	}
	b.look = true
	if len(b.seen[f]) >= valuesNoted {
		return 0, &count{value: value}
	}
	b.seen[f] = append(b.seen[f], count{value: intern(value), n: 1})
	return len(b.seen[f]) - 1, &b.seen[f][len(b.seen[f])-1]
}

// seeEndpoint is see for endpoints.
func (b *block) seeEndpoint(service string, at Endpoint) (int, *endpointCount) {
	for i := range b.endpoints {
		if e := &b.endpoints[i]; e.at.Route == at.Route && e.at.Method == at.Method && e.service == service {
			e.n++
			return i, e
		}
	}
	b.look = true
	if len(b.endpoints) >= valuesNoted {
		return 0, &endpointCount{service: service, at: at}
	}
	b.endpoints = append(b.endpoints, endpointCount{service: intern(service), at: Endpoint{intern(at.Method), intern(at.Route)}, n: 1})
	return len(b.endpoints) - 1, &b.endpoints[len(b.endpoints)-1]
}

// bet places a request at its price on a facet whose values are strings.
func (b *block) bet(f Facet, c *count) {
	b.bets[f].Place(c.price.stake)
	b.odds += c.price.odds
	if e := float32(c.price.stake.E); e > b.peaks[f] {
		b.peaks[f], b.peakIs[f] = e, c.value
		b.look = true
	}
}

// expire forgets the prices of another day's peers.
func (b *block) expire(today int32) {
	if b.pricedOn == today {
		return
	}
	b.pricedOn, b.hour.known = today, false
	for f := range b.seen {
		for i := range b.seen[f] {
			b.seen[f][i].price.known = false
		}
	}
	for i := range b.endpoints {
		b.endpoints[i].price.known = false
	}
}

// slotSeconds is how long a slot is.
const slotSeconds = 1800

// window counts requests within the last hour, and the combinations in them, from half-hour slots: the current one, the one before,
// and nothing older.
func (b *block) window(second int64, combination uint16) {
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
	if now := b.inSlot + b.before; now > b.busiest {
		b.busiest, b.busySlot = now, b.slot
		b.look = b.look || rung(uint32(now))
	}
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
	if uint16(mixed) > b.mixed {
		b.mixed, b.look = uint16(mixed), true
	}
}

func (b *block) shift(f Facet) *baseline.Tilt { return &b.shifts[f-countryShift] }

// request takes in the size of a request.
func (b *block) request(bytes float64) {
	if len(b.requests) < sizesKept {
		b.requests = append(b.requests, float32(bytes))
	}
}

// size takes in the size of an answer.
func (b *block) size(bytes float64, v verb) {
	b.largest = max(b.largest, float32(bytes))
	if len(b.sizes) < sizesKept {
		b.sizes = append(b.sizes, answer{float32(bytes), v})
	}
}
