package desk

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/incident"
	"github.com/holterhq/holter/internal/response/message"
)

var update = flag.Bool("update", false, "write the scenarios' effects anew")

// TestScenarios plays the stories under testdata against a desk: what happens, and when, and below it all that came of it, at its own
// time, up to what happens next.
//
//	at +0s anomaly key=k1 detector=new_country severity=error
//	at +5m success key=k1                  the token still works, although it is locked
//	at +5m approve key=k1 by=ann           or refuse, undo, acknowledge, resolve; stop and resume without a key
//	at +5m answer target=kong state=dead   what the target says from now on: delivered, dead, unknown, undone, refused, or away for nothing at all
//	at +5m file state=there                the stop file; or gone
//	at +5m restart
//	at +5m protect key=k1                  by a new configuration, with which it starts again
//	at +9h nothing
//
// A scenario's config is lines of a rule, a target, or the terms of incidents and caps, such as
//
//	rule name=lock action=lock targets=kong,people ttl=4h escalate=1h:pager
//	target name=kong undo=no
//	target name=kong subject=owner         all keys of an owner have one switch
//	terms update_every=15m per_hour=10
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			require.Len(t, archive.Files, 2, "a config and a story")
			s := &scenario{office: newOffice(t, func(c *Config) { configure(t, c, string(archive.Files[0].Data)) }), answers: map[string]string{}}
			got := s.play(string(archive.Files[1].Data))
			if *update {
				archive.Files[1].Data = []byte(got)
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o600))
			}
			require.Equal(t, string(archive.Files[1].Data), got)
		})
	}
}

// scenario is an office, and what its targets answer.
type scenario struct {
	*office
	answers map[string]string // by target; delivered unless it is there
	count   int               // of anomalies
	said    strings.Builder
}

// play returns the story with what really came of it.
func (s *scenario) play(story string) string {
	remarks := ""
	for line := range strings.Lines(story) {
		when, ok := strings.CutPrefix(line, "at +")
		if !ok {
			if strings.HasPrefix(line, "#") {
				remarks += line
			}
			continue
		}
		words := strings.Fields(when)
		require.GreaterOrEqual(s.t, len(words), 2, line)
		after, err := time.ParseDuration(words[0])
		require.NoError(s.t, err, line)
		at := noon.Add(after)
		require.False(s.t, at.Before(s.now), "%s is in the past", line)
		s.until(at)
		s.said.WriteString(remarks + line)
		remarks = ""
		s.happen(words[1], fields(s.t, words[2:]))
		s.settle()
	}
	return s.said.String()
}

// until lets time pass; whatever is due on the way is done and delivered at its own time.
func (s *scenario) until(end time.Time) {
	for {
		next, err := s.Tick(context.Background(), s.now)
		require.NoError(s.t, err)
		if s.settle() {
			continue // something else may be due because of it
		}
		if next.IsZero() || next.After(end) {
			break
		}
		s.now = next
	}
	s.now = end
}

func (s *scenario) happen(what string, f map[string]string) {
	ctx := context.Background()
	switch what {
	case "anomaly", "success":
		s.takes(s.anomaly(what, f))
	case "approve", "refuse", "undo", "acknowledge", "resolve", "stop", "resume":
		wish := Wish{Verb: what, By: f["by"]}
		if i := s.incident(f["key"]); i != nil {
			wish.Incident = i.ID
			if len(i.Acts) > 0 {
				wish.Act = i.Acts[len(i.Acts)-1].ID
			}
		}
		_ = s.Want(ctx, s.now, wish) // its record says why nothing came of it
	case "answer":
		s.answers[f["target"]] = f["state"]
	case "file":
		s.Bar(f["state"] == "there", s.now)
	case "restart":
		s.open()
	case "protect":
		s.cfg.Limits.Protected.Tokens = append(s.cfg.Limits.Protected.Tokens, "tok_"+f["key"])
		s.open()
	case "nothing":
	default:
		require.Fail(s.t, "nothing can happen that is called "+what)
	}
}

func (s *scenario) anomaly(what string, f map[string]string) Anomaly {
	s.count++
	a := anomalyOf(f["key"], fmt.Sprint("a-", s.count), or(f["detector"], "new_country"))
	require.NoError(s.t, a.Severity.UnmarshalText([]byte(or(f["severity"], "error"))))
	if what == "success" {
		a.Event.Detector, a.Severity = "revoked_use", response.Fatal
		a.Event.Sentence = "Key …" + f["key"] + " was used although it is locked."
		i := s.incident(f["key"])
		require.NotNil(s.t, i, "key %s has no incident", f["key"])
		require.NotEmpty(s.t, i.Acts, "nothing is done about key %s", f["key"])
		a.Act = i.Acts[len(i.Acts)-1].ID
	}
	a.Event.Time, a.Event.Severity = s.now.Format(time.RFC3339), a.Severity.String()
	a.Matched = s.cfg.Policy.Match(a.Event.Detector, a.Severity, func(int) bool { return true })
	return a
}

// incident is the latest of a key, nil if it has none.
func (s *scenario) incident(key string) (latest *incident.Incident) {
	s.book.All(func(i *incident.Incident) {
		if i.Key.Token == "tok_"+key && (latest == nil || i.Opened.After(latest.Opened)) {
			latest = i
		}
	})
	return latest
}

// settle delivers what can be, and writes down what was decided. It returns whether anything was delivered.
func (s *scenario) settle() (delivered bool) {
	s.recorded()
	var waiting []*response.Delivery
	for len(s.ready) > 0 {
		d := s.ready[0]
		s.ready = s.ready[1:]
		if s.answers[d.Target] == "away" || s.Halted(d) {
			waiting = append(waiting, d)
			continue
		}
		if why := s.Recalled(d); why != "" {
			s.end(d, response.Recalled, response.Answer{Verdict: response.Final, Reason: why})
			s.recorded()
			delivered = true
			continue
		}
		if s.answers[d.Target] == "refused" {
			d.Answer, d.Due = response.Answer{Verdict: response.Refused, Reason: "401 Unauthorized"}, s.now.Add(2*time.Hour)
			s.Tried(d)
			waiting = append(waiting, d)
			continue
		}
		s.deliver(d)
		s.recorded()
		delivered = true
	}
	s.ready = waiting
	return delivered
}

func (s *scenario) recorded() {
	for _, n := range s.notes {
		switch n.Kind {
		case Decided:
			s.say("record %s by %s: %s", n.Decision, n.Entry.By, n.Entry.Body)
		case Cooled:
			s.say("a rule cools down")
		case Stood, Known, Evicted: // told by what follows
		}
	}
	s.notes = nil
}

func (s *scenario) deliver(d *response.Delivery) {
	if d.Target == JournalTarget {
		s.end(d, response.Delivered, response.Answer{})
		return
	}
	require.NoError(s.t, s.out.Fetch(context.Background(), d))
	var envelope message.Envelope
	require.NoError(s.t, json.Unmarshal(d.Body, &envelope))
	e := envelope.Data
	if d.Action == response.Notify {
		what := "anomaly " + e.Detector
		if i := e.Incident; i != nil {
			what = fmt.Sprintf("%s: %s, %s, anomalies: %d", i.Occasion, i.State, e.Severity, i.Anomalies)
		}
		s.say("%s hears %s", d.Target, what)
		s.end(d, response.Delivered, response.Answer{})
		return
	}
	s.say("%s is asked to %s %s of %s", d.Target, d.Step, d.Action, e.Token.Hint)
	switch state := s.answers[d.Target]; state {
	case "", "delivered":
		s.end(d, response.Delivered, response.Answer{Verdict: response.Done, Status: 204})
	case "dead":
		s.end(d, response.Dead, response.Answer{Verdict: response.Final, Reason: "status 404"})
	case "unknown":
		s.end(d, response.Unknown, response.Answer{Verdict: response.Lost, Reason: "no answer in time"})
	case "undone":
		s.end(d, response.Dead, response.Answer{Verdict: response.Undone, Reason: "the key is enabled"})
	default:
		require.Fail(s.t, "no target answers "+state)
	}
}

func (s *scenario) say(format string, args ...any) {
	passed := strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(s.now.Sub(noon).String())
	fmt.Fprintf(&s.said, "  +%s %s\n", passed, fmt.Sprintf(format, args...))
}

// configure reads what a scenario's config says.
func configure(t *testing.T, c *Config, text string) {
	c.Policy = nil
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		f := fields(t, words[1:])
		switch words[0] {
		case "rule":
			c.Policy = append(c.Policy, ruleOf(t, f))
		case "target":
			ability := reversible
			if f["undo"] == "no" {
				ability.Undo, ability.Reversible = false, false
			}
			target := Target{Actor: kong{ability}, DryRun: f["dry_run"] == "yes"}
			if f["subject"] == "owner" {
				target.Actor = consumers{kong{ability}}
			}
			c.Targets[f["name"]] = target
		case "terms":
			for name, value := range f {
				term(t, c, name, value)
			}
		default:
			require.Fail(t, "no config line begins with "+words[0])
		}
	}
}

func ruleOf(t *testing.T, f map[string]string) response.Rule {
	r := response.Rule{Name: f["name"], Targets: strings.Split(f["targets"], ",")}
	require.NoError(t, r.Action.UnmarshalText([]byte(or(f["action"], "notify"))))
	require.NoError(t, r.Approval.UnmarshalText([]byte(or(f["approval"], "when_irreversible"))))
	require.NoError(t, r.MinSeverity.UnmarshalText([]byte(or(f["min_severity"], "warn"))))
	if f["detectors"] != "" {
		r.Detectors = strings.Split(f["detectors"], ",")
	}
	r.CoolDown, r.TTL = duration(t, or(f["cool_down"], "0s")), duration(t, or(f["ttl"], "0s"))
	if after, targets, ok := strings.Cut(f["escalate"], ":"); ok {
		r.Escalate = response.Escalate{After: duration(t, after), Targets: strings.Split(targets, ",")}
	}
	return r
}

func term(t *testing.T, c *Config, name, value string) {
	switch name {
	case "update_every":
		c.Incidents.UpdateEvery = duration(t, value)
	case "resolve_after":
		c.Incidents.ResolveAfter = duration(t, value)
	case "approve_within":
		c.ApproveWithin = duration(t, value)
	case "late_after":
		c.LateAfter = duration(t, value)
	case "page":
		c.Page = strings.Split(value, ",")
	case "per_hour":
		_, err := fmt.Sscan(value, &c.Limits.PerHour)
		require.NoError(t, err)
	default:
		require.Fail(t, "no term is called "+name)
	}
}

func duration(t *testing.T, text string) time.Duration {
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d
}

// fields reads words such as key=value.
func fields(t testing.TB, words []string) map[string]string {
	m := make(map[string]string, len(words))
	for _, word := range words {
		k, v, ok := strings.Cut(word, "=")
		require.True(t, ok, "%q is not name=value", word)
		m[k] = v
	}
	return m
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
