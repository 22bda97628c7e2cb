package behavior

import "math/bits"

// What a token has shown on a day is weighed against it when that can have changed: at each of its first requests, at one that shows what the day
// had not shown yet, at one that speaks against the token itself, and otherwise as often as the day's numbers have grown by a part. It all
// follows from what the open block keeps, so that it is the same after a restart.
const (
	lookedAt  = 16 // requests of a day, so many that each is looked at
	rungsBits = 3  // and eight times for each doubling from then on
	plain     = 1  // nats from which on a request speaks against the token by itself
)

// rung says whether a number that has grown by one is one at which it is time to look again.
func rung(n uint32) bool {
	return n <= lookedAt || n&(1<<(bits.Len32(n)-1-rungsBits)-1) == 0
}
