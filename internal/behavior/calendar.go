package behavior

import "time"

// The books are closed when a month turns: batches run that run at no other time, and at night. A token that has not seen a month turn
// yet has shown nothing of how large they are.
const (
	turnBefore = 1 // days of the old month that belong to the turn
	turnAfter  = 3 // and of the new one
	batchTimes = 3 // as many requests within an hour as usual, or more, are a batch
)

// closingHours are the facets that say when a batch runs, closingSize those that say how large it is.
var (
	closingHours = [...]Facet{hour, hourHabit, hourShift}
	closingSize  = [...]Facet{burst, volume, combination, variety, surge, medley}
)

// excuse takes back what a batch at the turn of a month says against a token: its hours, and on the token's first turn its size.
func (t *token) excuse(x *[facetCount]float64) {
	begins, of := turn(t.block.day)
	if !of || float64(t.block.busiest) < batchTimes*t.burst.Usual() {
		return
	}
	for _, f := range closingHours {
		x[f] = min(0, x[f])
	}
	if before, _ := turn(begins - 1); int32(t.first/day) <= before {
		return
	}
	for _, f := range closingSize {
		x[f] = min(0, x[f])
	}
}

// turn is the first day of the latest turn of a month, and whether the day is part of it. Days count from 1970.
func turn(today int32) (begins int32, of bool) {
	soon := today + turnBefore
	begins = soon - int32(time.Unix(int64(soon)*86400, 0).UTC().Day()) + 1 - turnBefore
	return begins, today < begins+turnBefore+turnAfter
}
