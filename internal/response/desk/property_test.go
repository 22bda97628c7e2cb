package desk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/incident"
	"github.com/holterhq/holter/internal/response/outbox"
	"github.com/holterhq/holter/internal/store"
)

// Whatever happens, in whatever order and over restarts: a token has one open incident, caps hold, every act has its records,
// and what is unknown is never sent again.
func TestWhatAlwaysHolds(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			o := newOffice(t, func(c *Config) {
				locking(func(r *response.Rule) {
					r.TTL = time.Duration(random.IntN(2)) * 2 * time.Hour
					r.CoolDown = time.Duration(random.IntN(2)) * 30 * time.Minute
					r.Approval = response.Approval(random.IntN(3))
				})(c)
				c.Limits.PerHour, c.Limits.PerOwner, c.Limits.CloseAfter = 4, 3, 90*time.Minute
				if random.IntN(2) == 0 {
					c.Targets["kong"] = Target{Actor: kong{response.Ability{Do: true}}}
				}
			})
			w := world{office: o, random: random, sent: map[string]int{}, lost: map[string]bool{}, decided: map[string][]string{}}
			for range 200 {
				w.step()
				w.holds()
			}
		})
	}
}

// world does to an office what may happen to it.
type world struct {
	*office
	random  *rand.Rand
	events  int
	sent    map[string]int  // deliveries that do something, by id
	lost    map[string]bool // those that ended as unknown
	went    []time.Time     // when automatic acts went out
	decided map[string][]string
}

func (w *world) step() {
	switch w.random.IntN(12) {
	case 0, 1, 2, 3:
		var all []Anomaly
		for range 1 + w.random.IntN(4) {
			w.events++
			detector := []string{"new_country", "odd_hours", "leaked_credential", "identity_shift"}[w.random.IntN(4)]
			a := anomalyOf(fmt.Sprint(w.random.IntN(8)), fmt.Sprint("e-", w.events-w.random.IntN(2)), detector)
			a.Severity = response.Severity(w.random.IntN(3))
			a.Event.Token.Owner.ID = fmt.Sprint("owner-", w.random.IntN(3))
			all = append(all, a)
		}
		w.takes(all...)
	case 4, 5, 6:
		w.deliver()
	case 7:
		w.later(time.Duration(w.random.IntN(90)) * time.Minute)
	case 8:
		w.open()
	default:
		w.person()
	}
}

// deliver ends what is under way, one way or another.
func (w *world) deliver() {
	ready := w.ready
	w.ready = nil
	for _, d := range ready {
		if w.random.IntN(4) == 0 {
			w.ready = append(w.ready, d)
			continue
		}
		state := response.Delivered
		if d.Action != response.Notify {
			state = []response.State{response.Delivered, response.Delivered, response.Unknown, response.Dead}[w.random.IntN(4)]
		}
		if d.Step == response.Do && d.Action != response.Notify {
			w.sent[d.ID]++
			require.False(w.t, w.lost[d.ID], "sent again although nobody knows whether it was done")
			w.lost[d.ID] = state == response.Unknown
		}
		w.end(d, state, response.Answer{Reason: "so it went"})
	}
}

// person wants something.
func (w *world) person() {
	var acts, incidents []string
	w.book.All(func(i *incident.Incident) {
		incidents = append(incidents, i.ID)
		for n := range i.Acts {
			acts = append(acts, i.Acts[n].ID)
		}
	})
	wish := Wish{By: "ann", Verb: []string{
		VerbApprove, VerbRefuse, VerbUndo, VerbAct, VerbAcknowledge, VerbResolve, VerbStop, VerbResume, VerbReplay,
	}[w.random.IntN(9)], Action: response.Lock}
	if len(acts) > 0 {
		wish.Act = acts[w.random.IntN(len(acts))]
		wish.Delivery = wish.Act
	}
	if len(incidents) > 0 {
		wish.Incident = incidents[w.random.IntN(len(incidents))]
	}
	_ = w.wants(wish)
}

func (w *world) holds() {
	open := map[incident.Key]int{}
	w.book.All(func(i *incident.Incident) {
		if i.Live() {
			open[i.Key]++
		}
	})
	for key, n := range open {
		require.Equal(w.t, 1, n, "open incidents of %v", key)
	}
	for _, n := range w.notes {
		if n.Kind != Decided {
			continue
		}
		var about struct {
			Act string `json:"act.id"`
		}
		require.NoError(w.t, unmarshal(n.Entry, &about))
		w.decided[about.Act] = append(w.decided[about.Act], n.Decision)
		switch n.Decision {
		case "sending":
			if n.Entry.By == Holter {
				w.went = append(w.went, n.Entry.Time)
			}
		case VerbResume:
			w.went = nil // whoever resumes lets it count anew
		}
	}
	w.notes = nil
	lately := 0
	for _, at := range w.went {
		if w.now.Sub(at) < time.Hour {
			lately++
		}
	}
	require.LessOrEqual(w.t, lately, w.cfg.Limits.PerHour, "the cap")
	w.book.All(func(i *incident.Incident) {
		for n := range i.Acts {
			a := &i.Acts[n]
			require.NotEmpty(w.t, w.decided[a.ID], "%s act without a record", a.State)
			switch a.State {
			case incident.Done, incident.Unknown, incident.Failed, incident.Undone, incident.Expired, incident.Proposed, incident.Blocked:
				last := w.decided[a.ID][len(w.decided[a.ID])-1]
				if slicesHas([]string{VerbApprove, VerbRefuse, VerbUndo, VerbAct, "circuit_open", VerbReplay, "unproven"}, last) {
					continue // what was wanted and was not done changes nothing
				}
				if a.State == incident.Done {
					require.Contains(w.t, []string{"done", "failed"}, last, "%v", w.decided[a.ID])
					continue
				}
				require.Equal(w.t, string(a.State), last)
			}
		}
	})
}

// A storm is one grouped message for each incident, caps hold, and memory is bounded.
func TestAStorm(t *testing.T) {
	const anomalies, tokens = 10_000, 500
	o := newOffice(t, func(c *Config) {
		locking(nil)(c)
		c.Incidents.Max = 400
		c.Limits.PerOwner = 0
	})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	messages, acts := map[string]int{}, 0
	for n := 0; n < anomalies; n += 100 {
		var batch []Anomaly
		for m := n; m < n+100; m++ {
			batch = append(batch, anomalyOf(fmt.Sprint(m%400), fmt.Sprint("storm-", m), "new_country"))
		}
		o.takes(batch...)
		o.now = o.now.Add(time.Minute / (anomalies / 100))
		for _, what := range o.done() {
			messages[what]++
			if what == "kong do lock" {
				acts++
			}
		}
	}
	took := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	assert.Equal(t, 400, messages["people opened"], "one for each incident")
	assert.Zero(t, messages["people updated"])
	assert.Equal(t, o.cfg.Limits.PerHour, acts)
	assert.Equal(t, 1, messages["people circuit_open"])
	assert.Less(t, after.HeapAlloc-min(before.HeapAlloc, after.HeapAlloc), uint64(64<<20))
	t.Logf("%d anomalies of %d tokens: %v, %d KiB more heap, %s", anomalies, 400, messages, (int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10, took)

	for m := range tokens { // more tokens than there is room for
		o.takes(anomalyOf(fmt.Sprint("more-", m), fmt.Sprint("more-", m), "new_country"))
	}
	all, _ := o.Size()
	assert.Equal(t, 400, all)
	o.open()
	all, _ = o.Size()
	assert.Equal(t, 400, all, "after a restart as well")
}

func TestFeedbackEndsAnIncident(t *testing.T) {
	o := newOffice(t, nil)
	a := anomalyOf("a", "a-0", "new_country")
	a.Event.Evidence = []response.Evidence{{Facet: "country", Observed: "NL"}, {Facet: "client", Observed: "curl"}}
	o.takes(a)
	say := func(f Feedback) {
		f.Token, f.By, f.Benign = "tok_a", "ann", true
		require.NoError(t, o.Take(context.Background(), o.now, Mail{Feedback: []Feedback{f}}))
	}
	say(Feedback{Facet: "country", Value: "NL"})
	assert.Equal(t, []string{"people opened"}, o.done())
	say(Feedback{Facet: "client"})
	assert.Equal(t, []string{"people resolved"}, o.done())
	o.takes(anomalyOf("a", "a-1", "new_country"))
	say(Feedback{ID: "feedback/7"})
	assert.Equal(t, []string{"people opened", "people resolved"}, o.done())
	for _, n := range o.notes {
		if n.Kind == Stood && n.Decision == string(response.Resolved) {
			assert.Equal(t, "ann", n.Entry.By, "whoever resolved it")
		}
	}
}

func TestTheTelemetryContradictsAnAct(t *testing.T) {
	o := newOffice(t, func(c *Config) {
		locking(nil)(c)
		c.Page = []string{"pager"}
	})
	o.takes(anomalyOf("a", "a-0", "new_country"))
	o.done()
	var act string
	o.book.All(func(i *incident.Incident) { act = i.Acts[0].ID })
	again := anomalyOf("a", "a-again", "revoked_use")
	again.Act, again.Severity = act, response.Fatal
	o.takes(again)
	assert.Equal(t, []string{"people act_unproven", "pager act_unproven"}, o.done())
	assert.Contains(t, o.decisions(), "unproven")
}

func TestWhatIsProtectedOrStoppedIsLeftAlone(t *testing.T) {
	o := newOffice(t, func(c *Config) {
		locking(nil)(c)
		c.Limits.Protected.Owners = []string{"acme"}
	})
	o.takes(anomalyOf("a", "a-0", "leaked_credential"), anomalyOf("a", "a-1", "leaked_credential"))
	assert.Equal(t, []string{"people opened"}, o.done())
	assert.Equal(t, []string{"blocked"}, o.decisions(), "once, however often it is asked for")

	o = newOffice(t, locking(nil))
	o.Bar(true, o.now)
	o.takes(anomalyOf("a", "a-0", "leaked_credential"))
	assert.Equal(t, []string{"people opened"}, o.done())
	o.Bar(false, o.now)
	o.takes(anomalyOf("a", "a-1", "leaked_credential"))
	assert.Equal(t, []string{"kong do lock", "people act_done"}, o.done(), "with the next anomaly")
	assert.Equal(t, []string{"stop", "blocked", "resume", "sending", "done"}, o.decisions())

	require.NoError(t, o.wants(Wish{Verb: VerbStop, By: "ann"}))
	o.open()
	assert.True(t, o.Stopped(), "after a restart as well")
	assert.True(t, o.Halted(&response.Delivery{Action: response.Lock}))
	assert.False(t, o.Halted(&response.Delivery{Action: response.Lock, Step: response.Undo}), "taking back goes on")
	assert.False(t, o.Halted(&response.Delivery{}), "messages go on")
}

func TestAllActsAreStoppedWhenItIsNotKnownWhatWasDecided(t *testing.T) {
	for key, value := range map[string]string{guardKey: "\x01{", slotsKey: "many"} {
		o := newOffice(t, locking(nil))
		o.takes(anomalyOf("a", "a-0", "new_country"))
		o.done()
		o.decisions()
		o.shelf.values[key] = []byte(value)
		for range 2 { // it is remembered
			var err error
			o.Desk, err = Open(context.Background(), o.cfg, o.out, func(n Note) { o.notes = append(o.notes, n) })
			if key == slotsKey {
				require.ErrorContains(t, err, "how many incidents there are cannot be read")
			}
			require.NoError(t, o.Begin(context.Background(), o.now, o))
			assert.True(t, o.Stopped())
			assert.True(t, o.Forgetful())
		}
		o.takes(anomalyOf("a", "a-1", "new_country"), anomalyOf("b", "b-0", "leaked_credential"))
		assert.NotContains(t, o.done(), "kong do lock")
		assert.Equal(t, "stop", o.decisions()[0])
		require.NoError(t, o.wants(Wish{Verb: VerbResume, By: "ann"}))
		assert.False(t, o.Forgetful())
		o.takes(anomalyOf("b", "b-1", "leaked_credential"))
		assert.Contains(t, o.done(), "kong do lock")
	}

	o := newOffice(t, func(c *Config) { c.Lost, c.Targets = errors.New("disk on fire"), map[string]Target{"people": {}} })
	assert.False(t, o.Stopped(), "nothing can be done anyway")
}

// A registry that does not answer for a while, or answers otherwise, takes nobody's protection away while an incident is open.
func TestWhoIsProtectedStaysSo(t *testing.T) {
	protecting := func(c *Config) {
		locking(nil)(c)
		c.Limits.Protected.Owners, c.Limits.Protected.Tags = []string{"acme"}, []string{"tier:critical"}
	}
	o := newOffice(t, protecting)
	silent := func(token, id string) Anomaly {
		a := anomalyOf(token, id, "leaked_credential")
		a.Event.Token.Owner = nil
		return a
	}
	tagged := anomalyOf("b", "b-0", "leaked_credential")
	tagged.Event.Token.Owner.ID, tagged.Event.Token.Tags = "other", map[string]string{"tier": "critical"}
	o.takes(anomalyOf("a", "a-0", "leaked_credential"), tagged)
	assert.Equal(t, []string{"people opened", "people opened"}, o.done())
	o.open()
	sold := anomalyOf("a", "a-2", "leaked_credential")
	sold.Event.Token.Owner.ID = "new"
	untagged := anomalyOf("b", "b-2", "leaked_credential")
	untagged.Event.Token.RegistryID = "key_b"
	o.takes(silent("a", "a-1"), sold, silent("b", "b-1"), untagged)
	assert.Empty(t, o.done())
	o.book.All(func(i *incident.Incident) { assert.Equal(t, incident.Blocked, i.Acts[0].State) })

	o.later(7 * time.Hour) // over, and another begins
	o.done()
	o.takes(silent("a", "a-3"))
	assert.Equal(t, []string{"people opened"}, o.done())

	o.cfg.Limits.Protected.Owners = nil
	o.open()
	o.takes(silent("a", "a-4"))
	assert.Equal(t, []string{"kong do lock", "people act_done"}, o.done(), "the configuration says so")
}

// Sending a dead act again is as much of an act as any that a person wants.
func TestADeadActIsSentAgainOnlyAsTheGuardAllows(t *testing.T) {
	o := newOffice(t, locking(nil))
	dead := func(token string) (act string) {
		o.takes(anomalyOf(token, token+"-0", "new_country"))
		o.went(response.Dead, response.Answer{Verdict: response.Final, Reason: "status 403"})
		o.book.All(func(i *incident.Incident) {
			if i.Key.Token == "tok_"+token {
				act = i.Acts[0].ID
			}
		})
		return act
	}
	replay := func(act string) error {
		o.t.Helper()
		return o.wants(Wish{Verb: VerbReplay, Delivery: act, Target: "kong", By: "ann"})
	}
	one, two := dead("a"), dead("b")
	o.cfg.Limits.Protected.Tokens = []string{"tok_a"}
	o.open()
	assert.EqualError(t, replay(one), "the token is protected")
	o.Bar(true, o.now)
	assert.EqualError(t, replay(two), "all acts are stopped by the stop file")
	o.Bar(false, o.now)
	require.NoError(t, o.wants(Wish{Verb: VerbStop, By: "bob"}))
	assert.EqualError(t, replay(two), "all acts are stopped by bob")
	require.NoError(t, o.wants(Wish{Verb: VerbResume, By: "bob"}))
	o.done()
	acts := len(o.guard.Acts)
	require.NoError(t, replay(two))
	assert.Len(t, o.guard.Acts, acts+1, "it counts")
	assert.Equal(t, []string{"kong do lock", "people act_done"}, o.done())

	// The token of an act whose incident is forgotten is known from what was sent.
	require.NoError(t, o.Forget(context.Background(), o.now, []string{"tok_a"}, nil))
	assert.EqualError(t, replay(one), "the token is protected")
}

// Asking once more whether an act holds changes nothing about where it stands.
func TestAQuestionThatIsAskedAgainIsNoAct(t *testing.T) {
	o := newOffice(t, locking(nil))
	o.takes(anomalyOf("a", "a-0", "new_country"))
	o.done()
	o.later(time.Minute)
	o.went(response.Dead, response.Answer{Verdict: response.Refused, Reason: "status 500"})
	var question string
	require.NoError(t, o.Letters(context.Background(), func(l outbox.Letter) { question = l.ID }))
	require.NotEmpty(t, question)
	require.NoError(t, o.wants(Wish{Verb: VerbReplay, Delivery: question, By: "ann"}))
	assert.Equal(t, []string{"kong verify lock"}, o.done())
	o.book.All(func(i *incident.Incident) { assert.Equal(t, incident.Proven, i.Acts[0].State) })
}

// What somebody called back while its request was under way is taken back; what may have been done stays unknown.
func TestWhatIsCalledBackTooLateIsTakenBack(t *testing.T) {
	for _, verb := range []string{VerbRefuse, VerbUndo, VerbResolve} {
		start := func() (*office, *response.Delivery) {
			o := newOffice(t, locking(nil))
			o.takes(anomalyOf("a", "a-0", "new_country"))
			n := slices.IndexFunc(o.ready, func(d *response.Delivery) bool { return d.Action == response.Lock })
			sent := o.ready[n]
			o.ready = slices.Delete(o.ready, n, n+1)
			var id string
			o.book.All(func(i *incident.Incident) { id = i.ID })
			require.NoError(t, o.wants(Wish{Verb: verb, Act: sent.ID, Incident: id, By: "ann"}))
			o.done()
			return o, sent
		}
		o, sent := start()
		if verb != VerbResolve {
			assert.EqualError(t, o.wants(Wish{Verb: verb, Act: sent.ID, By: "bob"}), "ann has called it back already")
		}
		o.open() // what is known of it outlives a restart
		o.ready = nil
		o.end(sent, response.Delivered, response.Answer{Verdict: response.Done, Status: 204})
		want := []string{"people act_done", "kong undo lock", "people act_undone"}
		if verb == VerbResolve {
			want = want[:1] // resolving takes nothing back
		}
		assert.ElementsMatch(t, want, o.done(), verb)

		o, sent = start()
		o.end(sent, response.Unknown, response.Answer{Verdict: response.Lost, Reason: "no answer in time"})
		assert.Equal(t, []string{"people act_unknown"}, o.done(), verb)
		o.book.All(func(i *incident.Incident) { assert.Equal(t, incident.Unknown, i.Acts[0].State) })
	}
}

// What is to be taken back by itself is, however many incidents come after it, and however long it is over.
func TestAnIncidentIsKeptForAsLongAsItsActsLast(t *testing.T) {
	o := newOffice(t, func(c *Config) {
		locking(func(r *response.Rule) { r.TTL = 48 * time.Hour })(c)
		c.Policy = append(c.Policy, response.Rule{Name: "tell", Targets: []string{"people"}})
		c.Incidents.Max = 2
		c.Page = []string{"pager"}
	})
	told := func(token string) {
		a := anomalyOf(token, token+"-0", "unknown_token")
		a.Matched = []int{1}
		o.takes(a)
	}
	o.takes(anomalyOf("a", "a-0", "new_country"))
	o.done()
	o.later(7 * time.Hour) // resolved
	o.done()
	for n := range 4 {
		told(fmt.Sprint("x", n))
		o.later(time.Minute)
	}
	o.done()
	o.later(40 * time.Hour) // longer than what is over is kept
	assert.NotContains(t, o.done(), "kong undo lock")
	o.later(time.Hour)
	assert.Equal(t, []string{"kong undo lock", "people act_undone"}, o.done())

	// Where there is nothing else to forget, it is said that nobody takes it back.
	o.later(48 * time.Hour)
	o.done()
	o.decisions()
	o.takes(anomalyOf("b", "b-0", "new_country"), anomalyOf("c", "c-0", "new_country"))
	o.done()
	told("y")
	assert.Equal(t, []string{"people opened", "people act_failed", "pager act_failed"}, o.done())
	assert.Contains(t, o.decisions(), "abandoned")
	all, _ := o.Size()
	assert.Equal(t, 2, all)
}

// Whoever switches to enforcement means the tokens that are under attack at that moment first of all.
func TestEnforcementBeginsWithOpenIncidents(t *testing.T) {
	o := newOffice(t, func(c *Config) {
		locking(func(r *response.Rule) { r.TTL = 4 * time.Hour })(c)
		c.Targets["kong"] = Target{Actor: kong{reversible}, DryRun: true}
	})
	o.takes(anomalyOf("a", "a-0", "new_country"), anomalyOf("b", "b-0", "new_country"))
	assert.Equal(t, []string{"kong do lock", "kong do lock", "people opened", "people opened"}, o.done())
	o.takes(anomalyOf("a", "a-1", "new_country"))
	assert.Empty(t, o.done(), "once")
	o.decisions()

	o.cfg.Targets["kong"] = Target{Actor: kong{reversible}}
	o.open()
	assert.Empty(t, o.done(), "nothing is done without a cause")
	o.takes(anomalyOf("a", "a-2", "new_country"), anomalyOf("a", "a-3", "new_country"))
	assert.Equal(t, []string{"kong do lock", "people act_done"}, o.done())
	assert.Equal(t, []string{"sending", "done"}, o.decisions())
	o.later(4 * time.Hour)
	assert.Contains(t, o.done(), "kong undo lock")
}

func TestDryRunIsEnforcementButForTheAct(t *testing.T) {
	run := func(dry bool) ([]string, []string) {
		o := newOffice(t, func(c *Config) {
			locking(nil)(c)
			c.DryRun = dry
			c.Targets["kong"] = Target{Actor: kong{reversible}, DryRun: dry}
		})
		for n := range 12 {
			o.takes(anomalyOf(fmt.Sprint(n), fmt.Sprint("a-", n), "new_country"))
		}
		return o.done(), o.decisions()
	}
	wet, decided := run(false)
	dry, said := run(true)
	assert.Equal(t, count(wet, "kong do lock"), count(dry, "kong do lock"))
	assert.Equal(t, count(wet, "people circuit_open"), count(dry, "people circuit_open"), "caps show in a dry run as well")
	assert.Equal(t, count(decided, "blocked"), count(said, "blocked"))
	assert.Equal(t, count(decided, "sending"), count(said, "dry_run")/2, "what would be done, and what would have been sent")
	assert.Zero(t, count(dry, "people act_done"))
}

func count(all []string, what string) (n int) {
	for _, one := range all {
		if one == what {
			n++
		}
	}
	return n
}

func TestARecordIsKeptOfEveryDecision(t *testing.T) {
	o := newOffice(t, locking(nil))
	o.takes(anomalyOf("a", "a-0", "new_country"))
	var entries []store.Entry
	for _, n := range o.notes {
		entries = append(entries, n.Entry)
	}
	require.NotEmpty(t, entries)
	kept := 0
	for _, d := range o.ready {
		if d.Target == JournalTarget {
			var group []store.Entry
			require.NoError(t, o.out.Fetch(context.Background(), d))
			require.NoError(t, decode(d.Body, &group))
			kept += len(group)
		}
	}
	assert.Equal(t, len(entries), kept, "what is told is in the outbox, on its way to the journal")
	for _, e := range entries {
		assert.Equal(t, "tok_a", e.Token)
		assert.NotEmpty(t, e.By)
	}
}
