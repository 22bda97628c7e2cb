package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/guard"
	"github.com/holterhq/holter/internal/response/incident"
	"github.com/holterhq/holter/internal/response/message"
	"github.com/holterhq/holter/internal/response/outbox"
	"github.com/holterhq/holter/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)

// kong can do what it is told it can.
type kong struct{ ability response.Ability }

func (k kong) Can(response.Action) response.Ability { return k.ability }

// consumers is a target that knows owners, whatever key of theirs is meant.
type consumers struct{ kong }

func (consumers) Subject(_ response.Action, body []byte) string {
	var envelope message.Envelope
	if json.Unmarshal(body, &envelope) != nil {
		return ""
	}
	return envelope.Data.Token.Owner.ID
}

var reversible = response.Ability{Do: true, Undo: true, Verify: true, Reversible: true, Delay: time.Minute}

// shelf is a store in memory that survives the desk.
type shelf struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (s *shelf) Get(_ context.Context, keys ...string) ([][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	values := make([][]byte, len(keys))
	for n, key := range keys {
		values[n] = s.values[key]
	}
	return values, nil
}

func (s *shelf) Apply(_ context.Context, changes ...outbox.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		if c.Value == nil {
			delete(s.values, c.Key)
		} else {
			s.values[c.Key] = c.Value
		}
	}
	return nil
}

// office is a desk, its outbox, and what left it.
type office struct {
	*Desk
	t     testing.TB
	cfg   Config
	shelf *shelf
	out   *outbox.Outbox
	now   time.Time
	ready []*response.Delivery
	notes []Note
}

func (o *office) Commit(ctx context.Context, must bool, batch outbox.Batch) ([]*response.Delivery, error) {
	receipt, err := o.out.Commit(ctx, o.now, must, batch)
	return receipt.Fresh, err
}

func (o *office) Line(_ context.Context, fresh []*response.Delivery) {
	o.ready = append(o.ready, fresh...)
}

func (o *office) Recall(target, id string) {
	for n, d := range o.ready {
		if d.Target == target && d.ID == id {
			if why := o.Recalled(d); why != "" {
				o.ready = slices.Delete(o.ready, n, n+1)
				o.end(d, response.Recalled, response.Answer{Verdict: response.Final, Reason: why})
			}
			return
		}
	}
}

func newOffice(t testing.TB, change func(*Config)) *office {
	o := &office{t: t, shelf: &shelf{values: map[string][]byte{}}, now: noon}
	o.cfg = Config{
		Policy:        response.Policy{{Name: "tell", Targets: []string{"people"}}},
		Targets:       map[string]Target{"people": {}, "pager": {}, "kong": {Actor: kong{reversible}}},
		ApproveWithin: time.Hour, Journal: true,
		Incidents: incident.Terms{UpdateEvery: 15 * time.Minute, ResolveAfter: 6 * time.Hour, Keep: 24 * time.Hour, Max: 100},
		Limits:    guard.Limits{PerHour: 10, PerOwner: 5, CloseAfter: time.Hour},
	}
	if change != nil {
		change(&o.cfg)
	}
	o.open()
	return o
}

// open begins anew with what is on the shelf, as after a crash.
func (o *office) open() {
	out, found, err := outbox.Open(context.Background(), o.shelf, outbox.Limits{
		Memory: 64 << 20, Seen: 1 << 20, SeenFor: 7 * 24 * time.Hour, DeadLetters: 1000, Acts: 1000,
	}, o.now)
	require.NoError(o.t, err)
	o.out, o.ready = out, found
	o.Desk, err = Open(context.Background(), o.cfg, out, func(n Note) { o.notes = append(o.notes, n) })
	require.NoError(o.t, err)
	require.NoError(o.t, o.Begin(context.Background(), o.now, o))
}

func anomalyOf(token, id, detector string) Anomaly {
	return Anomaly{
		Severity: response.Error, Matched: []int{0},
		Event: response.Event{
			ID: id, Time: "2026-03-25T12:00:00Z", Detector: detector, Severity: "error", Sentence: "Key …" + token + " is used from NL.",
			Token:   response.Token{ID: "tok_" + token, Direction: "inbound", Hint: "…" + token, Owner: &response.Owner{ID: "acme"}},
			Trigger: response.Trigger{Method: "GET", Route: "/v1/exports", StatusCode: 200},
		},
	}
}

func (o *office) takes(anomalies ...Anomaly) {
	o.t.Helper()
	require.NoError(o.t, o.Take(context.Background(), o.now, Mail{Anomalies: anomalies}))
}

func (o *office) wants(w Wish) error { return o.Want(context.Background(), o.now, w) }

// later lets time pass, doing all that is due on the way.
func (o *office) later(d time.Duration) {
	end := o.now.Add(d)
	for {
		next, err := o.Tick(context.Background(), o.now)
		require.NoError(o.t, err)
		if next.IsZero() || next.After(end) {
			break
		}
		if next.After(o.now) {
			o.now = next
		}
	}
	o.now = end
}

// went are the deliveries that are ready, which then end as told; they are described as target, and occasion or step.
func (o *office) went(state response.State, answer response.Answer) (all []string) {
	o.t.Helper()
	for len(o.ready) > 0 {
		d := o.ready[0]
		o.ready = o.ready[1:]
		if d.Target == JournalTarget {
			o.end(d, response.Delivered, response.Answer{})
			continue
		}
		require.NoError(o.t, o.out.Fetch(context.Background(), d))
		var envelope message.Envelope
		require.NoError(o.t, json.Unmarshal(d.Body, &envelope))
		if d.Action == response.Notify {
			what := envelope.Data.Detector
			if envelope.Data.Incident != nil {
				what = string(envelope.Data.Incident.Occasion)
			}
			all = append(all, d.Target+" "+what)
			o.end(d, response.Delivered, response.Answer{})
			continue
		}
		all = append(all, fmt.Sprintf("%s %s %s", d.Target, d.Step, d.Action))
		o.end(d, state, answer)
	}
	return all
}

func (o *office) end(d *response.Delivery, state response.State, answer response.Answer) {
	kind := response.Message
	if d.Action != response.Notify {
		kind = response.Act
	}
	d.State, d.Answer = state, answer
	if d.DryRun && kind == response.Act {
		d.State = response.DryRun
	}
	var fresh []*response.Delivery
	o.Ended(context.Background(), o.now, d, func(next outbox.Batch) []*response.Delivery {
		receipt, _ := o.out.End(context.Background(), o.now, d, kind, next)
		fresh = receipt.Fresh
		return fresh
	})
	o.Line(context.Background(), fresh)
}

func (o *office) done() []string {
	return o.went(response.Delivered, response.Answer{Verdict: response.Done, Status: 204})
}

// decisions are those that were recorded so far.
func (o *office) decisions() (all []string) {
	for _, n := range o.notes {
		if n.Kind == Decided {
			all = append(all, n.Decision)
		}
	}
	o.notes = nil
	return all
}

func locking(change func(*response.Rule)) func(*Config) {
	return func(c *Config) {
		rule := response.Rule{Name: "lock", Action: response.Lock, Targets: []string{"kong", "people"}}
		if change != nil {
			change(&rule)
		}
		c.Policy = response.Policy{rule}
	}
}

func TestTheAnomaliesOfATokenAreOneIncident(t *testing.T) {
	o := newOffice(t, nil)
	for n := range 20 {
		o.takes(anomalyOf("a", fmt.Sprint("a-", n), "new_country"))
	}
	o.takes(anomalyOf("b", "b-0", "new_country"))
	o.takes(anomalyOf("a", "a-3", "new_country")) // again
	assert.Equal(t, []string{"people opened", "people opened"}, o.done())
	o.later(14 * time.Minute)
	assert.Empty(t, o.done())
	o.later(time.Minute)
	assert.Equal(t, []string{"people updated"}, o.done(), "of the token that went on")
	worse := anomalyOf("a", "a-worse", "identity_shift")
	worse.Severity = response.Fatal
	o.takes(worse)
	assert.Equal(t, []string{"people updated"}, o.done(), "at once")
	o.later(7 * time.Hour)
	assert.Equal(t, []string{"people resolved", "people resolved"}, o.done())
	all, live := o.Size()
	assert.Equal(t, []int{2, 0}, []int{all, live})
	o.takes(anomalyOf("a", "a-new", "new_country"))
	assert.Equal(t, []string{"people opened"}, o.done(), "another incident")
	o.later(48 * time.Hour)
	all, _ = o.Size()
	assert.Zero(t, all, "what is over is forgotten in time")
}

func TestAnActIsDoneProvenAndTakenBack(t *testing.T) {
	o := newOffice(t, locking(func(r *response.Rule) { r.TTL = 4 * time.Hour }))
	o.takes(anomalyOf("a", "a-0", "new_country"))
	o.takes(anomalyOf("a", "a-1", "new_country"))
	assert.Equal(t, []string{"kong do lock", "people opened", "people act_done"}, o.done())
	o.later(time.Minute)
	assert.Equal(t, []string{"kong verify lock"}, o.done())
	o.later(4*time.Hour - time.Minute)
	assert.Equal(t, []string{"kong undo lock", "people act_undone"}, o.done())
	assert.Equal(t, []string{"sending", "done", "proven", "undo", "undone"}, o.decisions())
}

func TestWhatCannotBeTakenBackWaitsForConsent(t *testing.T) {
	irreversible := func(c *Config) {
		locking(nil)(c)
		c.Targets["kong"] = Target{Actor: kong{response.Ability{Do: true}}}
	}
	o := newOffice(t, irreversible)
	o.takes(anomalyOf("a", "a-0", "new_country"))
	assert.Equal(t, []string{"people opened", "people act_proposed"}, o.done())
	var act string
	o.book.All(func(i *incident.Incident) { act = i.Acts[0].ID })
	require.NoError(t, o.wants(Wish{Verb: VerbApprove, Act: act, By: "ann"}))
	assert.Equal(t, []string{"kong do lock", "people act_done"}, o.done())
	assert.EqualError(t, o.wants(Wish{Verb: VerbApprove, Act: act, By: "ann"}), "it does not wait for consent: it is done")
	assert.EqualError(t, o.wants(Wish{Verb: VerbUndo, Act: act, By: "ann"}), "kong cannot take it back: look at the provider")

	o = newOffice(t, irreversible)
	o.takes(anomalyOf("a", "a-0", "new_country"))
	o.later(time.Hour)
	assert.Equal(t, []string{"people opened", "people act_proposed", "people act_failed"}, o.done(), "it has expired")
}

func TestWhatWasSoBeforeIsNotTakenBack(t *testing.T) {
	o := newOffice(t, locking(func(r *response.Rule) { r.TTL = 4 * time.Hour }))
	before := func() []string {
		return o.went(response.Delivered, response.Answer{Verdict: response.Done, Status: 200, Before: true})
	}
	o.takes(anomalyOf("a", "a-0", "new_country"))
	assert.Equal(t, []string{"kong do lock", "people opened", "people act_done"}, before())
	var act string
	o.book.All(func(i *incident.Incident) {
		act = i.Acts[0].ID
		assert.Equal(t, "it was so before, nothing was sent and nothing is to be taken back", i.Acts[0].Answer)
	})
	o.later(time.Minute)
	assert.Equal(t, []string{"kong verify lock"}, o.done())
	o.open()
	o.later(5 * time.Hour)
	assert.Empty(t, o.done(), "its time is nobody's")
	assert.EqualError(t, o.wants(Wish{Verb: VerbUndo, Act: act, By: "ann"}), "it was so before: somebody else did it at kong, and has to take it back there")

	// Nor is what a request of Holter's may have done whose answer was lost, though it was given up.
	o = newOffice(t, locking(nil))
	o.takes(anomalyOf("a", "a-0", "new_country"))
	o.ready[slices.IndexFunc(o.ready, func(d *response.Delivery) bool { return d.Action == response.Lock })].Doubt = true
	o.went(response.Dead, response.Answer{Verdict: response.Lost, Reason: "status 500"})
	require.NoError(t, o.wants(Wish{Verb: VerbAct, Action: response.Lock, Token: "tok_a", By: "ann"}))
	before()
	o.book.All(func(i *incident.Incident) { act = i.Acts[1].ID })
	require.NoError(t, o.wants(Wish{Verb: VerbUndo, Act: act, By: "ann"}))
	assert.Equal(t, []string{"kong undo lock", "people act_undone"}, o.done())

	// What another act of Holter did is Holter's to take back, once the last act that holds it has ended.
	o = newOffice(t, func(c *Config) {
		locking(func(r *response.Rule) { r.TTL = 4 * time.Hour })(c)
		c.Targets["kong"] = Target{Actor: consumers{kong{reversible}}}
	})
	o.takes(anomalyOf("a", "a-0", "new_country"))
	o.done()
	o.later(time.Hour)
	o.done()
	o.takes(anomalyOf("b", "b-0", "new_country"))
	before()
	o.later(3 * time.Hour)
	assert.Equal(t, []string{"kong verify lock", "people act_undone"}, o.done(), "b holds it")
	o.later(time.Hour)
	assert.Equal(t, []string{"kong undo lock", "people act_undone"}, o.done())

	// What somebody else had done holds nothing that Holter did later, when that was undone.
	o.takes(anomalyOf("c", "c-0", "new_country"))
	before()
	o.later(time.Minute)
	o.done()
	o.takes(anomalyOf("d", "d-0", "new_country"))
	o.done()
	o.later(4 * time.Hour)
	assert.Equal(t, []string{"kong verify lock", "people resolved", "people resolved", "kong undo lock", "people act_undone"}, o.done())
}

func TestUnknownIsNeverSentAgain(t *testing.T) {
	o := newOffice(t, func(c *Config) {
		locking(nil)(c)
		c.Page = []string{"pager"}
	})
	o.takes(anomalyOf("a", "a-0", "new_country"))
	assert.Equal(t, []string{"kong do lock", "people opened", "people act_unknown", "pager act_unknown"}, o.went(response.Unknown, response.Answer{Verdict: response.Lost, Reason: "no answer in time"}))
	for n := range 5 {
		o.takes(anomalyOf("a", fmt.Sprint("later-", n), "leaked_credential"))
	}
	assert.Empty(t, o.done())
}

func TestARestartGoesOn(t *testing.T) {
	o := newOffice(t, locking(func(r *response.Rule) {
		r.Escalate = response.Escalate{After: time.Hour, Targets: []string{"pager"}}
	}))
	o.takes(anomalyOf("a", "a-0", "new_country"))
	o.open()
	assert.Equal(t, []string{"kong do lock", "people opened", "people act_done"}, o.done())
	o.takes(anomalyOf("a", "a-0", "new_country"))
	o.open()
	assert.Empty(t, o.done(), "what was known is known")
	o.later(time.Minute)
	o.open()
	assert.Equal(t, []string{"kong verify lock"}, o.done())
	o.later(time.Hour)
	o.open()
	assert.Equal(t, []string{"pager escalated"}, o.done())
	all, live := o.Size()
	assert.Equal(t, []int{1, 1}, []int{all, live})
}

func unmarshal(e store.Entry, into any) error { return json.Unmarshal(e.Attributes, into) }

func decode(body []byte, into any) error { return json.Unmarshal(body, into) }

func slicesHas(all []string, one string) bool { return slices.Contains(all, one) }
