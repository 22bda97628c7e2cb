package behavior

import "time"

// The books are closed when a month turns: batches run that run at no other time, and at night. A token that has not seen a month turn
// yet has shown nothing of how large they are.
const (
	turnBefore = 1 // days of the old month that belong to the turn
	turnAfter  = 3 // and of the new one
	batchTimes = 3 // as many requests within an hour as usual, or more, are a batch
)

// Books are closed by the calendar on the wall: eastmost is how many seconds before UTC's a day begins somewhere, Kiribati being the
// first, westmost how many after UTC's it ends.
const (
	eastmost = 14 * 3600
	westmost = 12 * 3600
)

// closingHours are the facets that say when a batch runs, closingSize those that say how large it is.
var (
	closingHours = [...]Facet{hour, hourHabit, hourShift}
	closingSize  = [...]Facet{burst, volume, combination, variety, surge, medley}
)

// excuse takes back what a batch at the turn of a month says against a token: its hours, and on the token's first turn its size.
func (t *token) excuse(x *[facetCount]float64) {
	of, first := t.closes(t.block.busySlot)
	if !of || float64(t.block.busiest) < batchTimes*t.burst.Usual() {
		return
	}
	bound(x, closingHours[:])
	if first {
		bound(x, closingSize[:])
	}
}

// growing says whether the newest request may be part of a batch at the turn of a month that has only begun: what its hour says is
// told when the day is over, and the size of the batch is known.
func (t *token) growing() bool {
	of, _ := t.closes(t.block.slot)
	return of && t.block.busySlot == t.block.slot
}

// closes says whether a half-hour of the open block is part of a turn of the month, and whether that is the token's first one. In the
// hours in which it is a turn in some time zones only, it is one for tokens that have seen none, since the others have shown when their
// month turns; at its end, until the token's own midnight.
func (t *token) closes(slot int64) (of, first bool) {
	at := max(int64(t.block.day)*86400, slot*slotSeconds)
	begins, of := turn(at)
	before, _ := turn(int64(begins-2) * 86400)
	switch first = int32(t.first/day) > before; {
	case !of:
		return false, first
	case t.block.day < begins:
		return first, first
	case at < int64(begins+turnBefore+turnAfter)*86400:
		return true, first
	}
	return first && int(at/3600%24) < t.midnight(), first
}

// midnight is the hour in UTC in the middle of those in which the token rests.
func (t *token) midnight() int {
	from, to := t.hours.Busy(mostHours)
	return (to + (from-to+24)%24/2) % 24
}

// mostHours is the share of a token's requests that its usual hours hold.
const mostHours = 0.9

// bound leaves of some facets only what speaks for the token.
func bound(x *[facetCount]float64, facets []Facet) {
	for _, f := range facets {
		x[f] = min(0, x[f])
	}
}

// turn is the first day of the latest turn of a month, and whether the time, in seconds since 1970, is part of it anywhere on Earth. Days
// count from 1970.
func turn(at int64) (begins int32, of bool) {
	soon := (at+eastmost)/86400 + turnBefore
	begins = int32(soon) - int32(time.Unix(soon*86400, 0).UTC().Day()) + 1 - turnBefore
	return begins, at < int64(begins+turnBefore+turnAfter)*86400+westmost
}
