package behavior

import "time"

// The books are closed when a month turns: batches run that run at no other time, and at night. A token that has not seen a month turn
// yet has shown nothing of how large they are.
const (
	turnBefore = 1 // days of the old month that belong to the turn
	turnAfter  = 3 // and of the new one
	batchTimes = 3 // as many requests within an hour as usual, or more, are a batch
)

// eastmost is how many seconds before UTC's a day begins somewhere: books are closed by the calendar on the wall. Kiribati's is the first.
const eastmost = 14 * 3600

// closingHours are the facets that say when a batch runs, closingSize those that say how large it is.
var (
	closingHours = [...]Facet{hour, hourHabit, hourShift}
	closingSize  = [...]Facet{burst, volume, combination, variety, surge, medley}
)

// excuse takes back what a batch at the turn of a month says against a token: its hours, and on the token's first turn its size. In the hours
// before the turn begins in UTC only the first one is excused: after that, the token has shown when its month turns.
func (t *token) excuse(x *[facetCount]float64) {
	begins, of := turn(max(int64(t.block.day)*86400, t.block.slot*slotSeconds))
	if !of || float64(t.block.busiest) < batchTimes*t.burst.Usual() {
		return
	}
	before, _ := turn(int64(begins-2) * 86400)
	first := int32(t.first/day) > before
	if t.block.day < begins && !first {
		return
	}
	for _, f := range closingHours {
		x[f] = min(0, x[f])
	}
	if !first {
		return
	}
	for _, f := range closingSize {
		x[f] = min(0, x[f])
	}
}

// turn is the first day of the latest turn of a month, and whether the time, in seconds since 1970, is part of it: from when the day begins
// anywhere on Earth. Days count from 1970.
func turn(at int64) (begins int32, of bool) {
	soon := (at+eastmost)/86400 + turnBefore
	begins = int32(soon) - int32(time.Unix(soon*86400, 0).UTC().Day()) + 1 - turnBefore
	return begins, at < int64(begins+turnBefore+turnAfter)*86400
}
