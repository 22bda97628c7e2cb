package demo

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holterhq/holter/internal/sim"
)

// theft is what the demo knows about the stolen key, gathered while its requests are sent.
type theft struct {
	mu      sync.Mutex
	label   sim.Label
	token   *sim.Token
	order   map[[16]byte]int // the thief's traces, in order, from 1
	own     map[int64]int    // the owner's requests, by hour since 1970
	hostile map[int64]int    // the thief's
}

func newTheft(f *sim.Fleet) *theft {
	t := &theft{label: f.Labels()[0], order: map[[16]byte]int{}, own: map[int64]int{}, hostile: map[int64]int{}}
	for _, token := range f.Tokens() {
		if token.ID == t.label.RegistryID {
			t.token = token
		}
	}
	return t
}

// observe takes note of the stolen key's requests.
func (t *theft) observe(q *sim.Request) {
	if q.Token != t.token {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	hour := q.Time.Unix() / 3600
	if q.Attack == nil {
		t.own[hour]++
		return
	}
	t.hostile[hour]++
	t.order[q.Trace] = len(t.order) + 1
}

// is tells whether an event is about the theft: tipped by one of the thief's requests, or about the stolen key from the
// theft's first request on.
func (t *theft) is(e event) bool {
	if t.nth(e) > 0 {
		return true
	}
	stolen := e.registry == t.label.RegistryID || e.hint == t.label.Hint && e.ownerID == t.label.Owner
	return stolen && !e.time.Before(t.label.Start)
}

// nth is which of the thief's requests tipped an event, from 1; 0 if none of them did.
func (t *theft) nth(e event) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.order[e.trace]
}

// verdict is what came of the demo.
type verdict struct {
	caught []event // about the theft, in event time
	others []event
	budget float64 // how many others are tolerable over the demo's days
}

func judge(events []event, t *theft, perWeek float64, days int) verdict {
	v := verdict{budget: perWeek * float64(days) / 7}
	for _, e := range events {
		if t.is(e) {
			v.caught = append(v.caught, e)
		} else {
			v.others = append(v.others, e)
		}
	}
	byTime := func(a, b event) int { return a.time.Compare(b.time) }
	slices.SortStableFunc(v.caught, byTime)
	slices.SortStableFunc(v.others, byTime)
	return v
}

// err says why the demo failed, or nothing.
func (v *verdict) err(t *theft) error {
	var wrong []string
	if len(v.caught) == 0 {
		wrong = append(wrong, fmt.Sprintf("the stolen key %s (%s) was missed: no anomaly for it since %s", t.label.Hint, t.label.RegistryID, t.label.Start.Format(time.RFC3339)))
	}
	if float64(len(v.others)) > v.budget {
		wrong = append(wrong, fmt.Sprintf("%d other alerts exceed the budget of %.0f", len(v.others), v.budget))
	}
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(wrong, "; "))
}

// byDetector counts events.
func byDetector(events []event) string {
	n := map[string]int{}
	var names []string
	for _, e := range events {
		if n[e.detector]++; n[e.detector] == 1 {
			names = append(names, e.detector)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return n[b] - n[a] })
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, n[name])
	}
	return strings.Join(names, ", ")
}
