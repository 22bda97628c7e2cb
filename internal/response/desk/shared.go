package desk

import (
	"fmt"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/incident"
)

// postponed is how long an act stays in force beyond its time while another one that does the same is on its way: whether that gets
// there decides whether this one may be taken back.
const postponed = time.Minute

// holder is another act that holds what taking this one back would open: one that is in force, or may be, rather than one that is on
// its way. Nil: there is none.
func (t *turn) holder(i *incident.Incident, a *incident.Act) (of *incident.Incident, other *incident.Act) {
	t.book.All(func(j *incident.Incident) {
		for n := range j.Acts {
			b := &j.Acts[n]
			if b.ID == a.ID || b.Before || other != nil && other.State != incident.Sending || !same(i, a, j, b) {
				continue
			}
			if b.InForce() || b.State == incident.Unknown || b.State == incident.Sending {
				of, other = j, b
			}
		}
	})
	return of, other
}

// same says whether taking back one of two acts takes back the other. Where the target does not say so, those upon one token do.
func same(i *incident.Incident, a *incident.Act, j *incident.Incident, b *incident.Act) bool {
	switch {
	case a.Target != b.Target:
		return false
	case a.Subject != "" && b.Subject != "":
		return a.Subject == b.Subject
	}
	return a.Action == b.Action && i.Key.Token != "" && i.Key.Tenant == j.Key.Tenant && i.Key.Token == j.Key.Token
}

// ours says whether what was so before an act is so because of another act: that one may end, and leave it to this one to take back.
func (t *turn) ours(i *incident.Incident, a *incident.Act) (found bool) {
	t.book.All(func(j *incident.Incident) {
		for n := range j.Acts {
			b := &j.Acts[n]
			did := b.InForce() && !b.Before || b.State == incident.Unknown || b.State == incident.Undoing || b.State == incident.Failed && b.Doubt
			if b.ID != a.ID && did && same(i, a, j, b) {
				found = true
			}
		}
	})
	return found
}

// coming says whether an act that would hold the same is on its way, and none is in force.
func (t *turn) coming(i *incident.Incident, a *incident.Act) bool {
	_, other := t.holder(i, a)
	return other != nil && other.State == incident.Sending
}

// leave ends an act without taking it back, because another one holds the same.
func (t *turn) leave(i *incident.Incident, a *incident.Act, of *incident.Incident, other *incident.Act, why string) {
	e := of.Anomaly()
	name := e.Token.Hint
	if name == "" {
		name = of.Key.Token
	}
	a.State, a.Why, a.Changed, a.Expires, a.Verify = incident.Undone, why, t.now, time.Time{}, time.Time{}
	holds := fmt.Sprintf("%s of key %s holds the same, act %s", strings.ToLower(noun(other.Action)), name, other.ID)
	a.Answer = "nothing was sent: " + holds
	text := t.sentence(i, a, fmt.Sprintf("is over (%s), and nothing is opened: %s", why, holds))
	t.audit(i, a, "undone", a.By, text)
	t.say(told{incident: i, occasion: response.ActUndone, act: a, sentence: text, by: a.By})
}
