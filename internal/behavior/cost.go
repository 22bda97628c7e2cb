package behavior

import (
	"fmt"
	"strings"

	"github.com/holterhq/holter/internal/anomaly"
)

// charge takes in what units cost that a token's request used. What a day cost that is over is not judged any more.
func (s *shard) charge(e *Engine, o *Observation, events []anomaly.Event) []anomaly.Event {
	n := s.number(e, o)
	t := s.use(n)
	s.slots[n].dirty = true
	if !t.charge(o) {
		return events
	}
	return s.judge(e, n, t, o, events)
}

func (t *token) charge(o *Observation) bool {
	if !t.open || int32(o.Time/day) != t.block.day {
		return false
	}
	t.block.spent += o.Cost
	return true
}

// price writes sums of money into the evidence.
func (t *token) price(evidence []anomaly.Evidence, currency string) {
	for i := range evidence {
		if v := &evidence[i]; v.Facet == spend.String() {
			v.Observed = strings.TrimSpace(fmt.Sprintf("%.2f %s", t.block.spent, currency)) + " in a day"
			if v.Expected = "nothing in a day"; t.more.spend.Best() > 0 {
				v.Expected = strings.TrimSpace(fmt.Sprintf("at most %.2f %s", t.more.spend.Best(), currency)) + " in a day"
			}
		}
	}
}
