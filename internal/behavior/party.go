package behavior

import (
	"time"

	"github.com/holterhq/holter/internal/baseline"
)

// Two parties use a token at once where requests from two networks take turns within minutes. Who has moved does not come back so soon;
// and an office with two lines, a pool of runners or a telephone beside a laptop has both networks among its own.

// together is how soon a network comes back that took turns with another one.
const together = int64(10 * time.Minute)

// turns is how many there have to be in a day: a telephone that finds the wireless network again takes one.
const turns = 2

// crossingsRise expects one turn in two hundred requests and holds one in three against it.
var crossingsRise = baseline.Rise{Hits: 0.1, Misses: 20, Trust: 40, AlarmHits: 2, AlarmMisses: 4, MostHits: 6, MostMisses: 30}

// roaming says whether the token uses more networks than are kept of it: runners on cloud addresses, telephones where only prefixes are
// known. One that is strange may be one that was forgotten, and turns with it say nothing.
func (t *token) roaming() bool { return len(t.networks.Values()) >= networksKept }

// visit is a network that a token was used from, and when last.
type visit struct {
	network string
	at      int64
}

// cross tells whether the token came back to the network before the latest one, as it does not do by itself.
func (t *token) cross(o *Observation) {
	b := &t.block
	now, before := &b.visits[0], &b.visits[1]
	crossed := false
	switch o.Network {
	case now.network:
	case before.network:
		crossed = o.Time-before.at <= together && (t.networks.Strange(now.network) || t.networks.Strange(o.Network))
		*now, *before = *before, *now
	default:
		*now, *before = visit{intern(o.Network), o.Time}, *now
	}
	now.at = max(now.at, o.Time)
	b.crossed.Add(t.more.crossings, &crossingsRise, crossed)
	if crossed {
		b.crossing, b.look = [2]string{before.network, now.network}, true
	}
}
