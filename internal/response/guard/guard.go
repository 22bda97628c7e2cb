// Package guard decides whether an act may go out: whether acts are stopped, the token is protected, too much was done
// already, there is evidence enough for what cannot be taken back, or somebody has to agree first. Time is an argument.
package guard

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/response"
)

// window is what caps count in.
const window = time.Hour

// maxOwners bounds the owners whose acts are counted one by one. There are no more of them than acts in an hour.
const maxOwners = 10_000

// Limits are what nothing is done against.
type Limits struct {
	PerHour    int           // acts within an hour, 0: no limit
	PerOwner   int           // of them for tokens of one owner, 0: no limit
	CloseAfter time.Duration // a circuit that a cap has opened, 0: by hand only
	Protected  Protected
}

// Protected says what is never acted on.
type Protected struct {
	Tokens []string // ids, or those of the registry
	Owners []string
	Tags   []string // key:value
}

// Verdict is what becomes of an act.
type Verdict uint8

// Verdicts.
const (
	Go      Verdict = iota
	Propose         // somebody has to agree
	Block
)

// Decision is a verdict, and why.
type Decision struct {
	Verdict Verdict
	Why     string
	Opened  string // the circuit that this very decision has opened: all, or owner and its id
}

// Wish is an act that somebody or something wants.
type Wish struct {
	Action    response.Action
	Target    string
	Token     response.Token
	Was       *response.Token // as it was earlier in the incident, when it was protected; nil: it was not
	Ability   response.Ability
	Approval  response.Approval
	Detectors []string // that have spoken in the incident
	Person    bool     // somebody wants it, or has agreed
}

// Stop says who stopped all acts.
type Stop struct {
	By  string    `json:"by"`
	Why string    `json:"why,omitempty"`
	At  time.Time `json:"at"`
}

// Guard is what has to be remembered to decide. The zero value has seen nothing. Not safe for concurrent use.
type Guard struct {
	Stopped  *Stop                  `json:"stopped,omitempty"`
	Acts     []time.Time            `json:"acts,omitempty"`     // of the last hour, by themselves
	Owners   map[string][]time.Time `json:"owners,omitempty"`   // the same, by owner
	Circuits map[string]time.Time   `json:"circuits,omitempty"` // that are open, since when
}

// version is the first byte of a stored guard.
const version = 1

// Encode is the guard as it is stored.
func (g *Guard) Encode() []byte {
	text, err := json.Marshal(g)
	if err != nil { // only plain fields
		panic("guard: " + err.Error())
	}
	return append([]byte{version}, text...)
}

// Decode reads what Encode wrote; nil is a guard that has seen nothing.
func Decode(value []byte) (*Guard, error) {
	g := &Guard{}
	if value == nil {
		return g, nil
	}
	if len(value) == 0 || value[0] != version {
		return g, errors.New("written by another version")
	}
	if err := json.Unmarshal(value[1:], g); err != nil {
		return &Guard{}, err
	}
	return g, nil
}

// Clone is a copy that can be changed while others read the original.
func (g *Guard) Clone() *Guard {
	c := *g
	c.Acts, c.Circuits, c.Owners = slices.Clone(g.Acts), maps.Clone(g.Circuits), make(map[string][]time.Time, len(g.Owners))
	for owner, acts := range g.Owners {
		c.Owners[owner] = slices.Clone(acts)
	}
	return &c
}

const circuitAll = "all"

func circuitOf(owner string) string { return "owner " + owner }

// Decide says what becomes of a wish, and counts it where it goes out. The order of its questions is that of their weight.
func (g *Guard) Decide(l Limits, w Wish, now time.Time) Decision {
	if g.Stopped != nil {
		return Decision{Verdict: Block, Why: "all acts are stopped by " + g.Stopped.By}
	}
	if why := l.Protected.Ever(w.Token, w.Was); why != "" {
		return Decision{Verdict: Block, Why: why}
	}
	if !w.Ability.Do {
		return Decision{Verdict: Block, Why: fmt.Sprintf("%s cannot %s", w.Target, w.Action)}
	}
	if !w.Person {
		if why := consent(w); why != "" {
			return Decision{Verdict: Propose, Why: why}
		}
	}
	owner := ""
	if w.Token.Owner != nil {
		owner = w.Token.Owner.ID
	}
	g.forget(l, now)
	if !w.Person {
		if d := g.cap(circuitAll, "all tokens", l.PerHour, len(g.Acts), l, now); d.Verdict == Block {
			return d
		}
		if owner != "" {
			if d := g.cap(circuitOf(owner), "tokens of "+owner, l.PerOwner, len(g.Owners[owner]), l, now); d.Verdict == Block {
				return d
			}
		}
	}
	g.Acts = append(g.Acts, now)
	if owner != "" && (len(g.Owners) < maxOwners || g.Owners[owner] != nil) {
		if g.Owners == nil {
			g.Owners = make(map[string][]time.Time)
		}
		g.Owners[owner] = append(g.Owners[owner], now)
	}
	return Decision{Verdict: Go}
}

// cap blocks where a circuit is open, and opens it where the limit is reached.
func (g *Guard) cap(circuit, of string, limit, count int, l Limits, now time.Time) Decision {
	if since, open := g.Circuits[circuit]; open {
		until := "until somebody resumes"
		if l.CloseAfter > 0 {
			until = "until " + since.Add(l.CloseAfter).UTC().Format(time.RFC3339) + ", or until somebody resumes"
		}
		return Decision{Verdict: Block, Why: fmt.Sprintf("the circuit for %s is open %s", of, until)}
	}
	if limit <= 0 || count < limit {
		return Decision{Verdict: Go}
	}
	if g.Circuits == nil {
		g.Circuits = make(map[string]time.Time)
	}
	g.Circuits[circuit] = now
	return Decision{
		Verdict: Block, Opened: circuit,
		Why: fmt.Sprintf("%d acts on %s within an hour is the cap: nothing more is done by itself", limit, of),
	}
}

// forget drops what is older than an hour, and closes circuits whose time has come.
func (g *Guard) forget(l Limits, now time.Time) {
	past := func(at time.Time) bool { return now.Sub(at) >= window }
	g.Acts = slices.DeleteFunc(g.Acts, past)
	for owner, acts := range g.Owners {
		if acts = slices.DeleteFunc(acts, past); len(acts) == 0 {
			delete(g.Owners, owner)
		} else {
			g.Owners[owner] = acts
		}
	}
	if l.CloseAfter > 0 {
		maps.DeleteFunc(g.Circuits, func(_ string, since time.Time) bool { return now.Sub(since) >= l.CloseAfter })
	}
}

// Halt stops all acts; false: they are already.
func (g *Guard) Halt(by, why string, now time.Time) bool {
	if g.Stopped != nil {
		return false
	}
	g.Stopped = &Stop{By: by, Why: why, At: now}
	return true
}

// Since is when the latest of what Resume ends began, zero if there is nothing.
func (g *Guard) Since() (latest time.Time) {
	if g.Stopped != nil {
		latest = g.Stopped.At
	}
	for _, at := range g.Circuits {
		if at.After(latest) {
			latest = at
		}
	}
	return latest
}

// Resume lets acts go again, closes the circuits and counts from here on; false: nothing was stopped.
func (g *Guard) Resume() bool {
	if g.Stopped == nil && len(g.Circuits) == 0 {
		return false
	}
	*g = Guard{}
	return true
}

// Open are the circuits that are open.
func (g *Guard) Open(l Limits, now time.Time) (names []string) {
	g.forget(l, now)
	return slices.Sorted(maps.Keys(g.Circuits))
}

// consent says why somebody has to agree, empty if nobody has to.
func consent(w Wish) string {
	switch {
	case w.Approval == response.Always:
		return "the rule asks for somebody's consent"
	case w.Ability.Reversible:
		return ""
	case w.Approval == response.WhenIrreversible:
		return "it cannot be taken back: the rule asks for somebody's consent then"
	case Enough(w.Detectors):
		return ""
	}
	return "it cannot be taken back, and only " + strings.Join(w.Detectors, " and ") +
		" spoke: that asks for two independent detectors, a rule, or somebody's consent"
}

// Enough says whether detectors are reason for what cannot be taken back: a rule that was broken, or two that look at
// different sides of a token's behaviour.
func Enough(detectors []string) bool {
	var families []string
	for _, name := range detectors {
		rule, ok := anomaly.RuleOf(anomaly.Detector(name))
		switch {
		case !ok || rule.Category == "population":
		case rule.Category == "registry":
			return true
		case !slices.Contains(families, rule.Category):
			families = append(families, rule.Category)
		}
	}
	return len(families) > 1
}

// Ever says why a token is protected, as it is or as it was, empty if it is not.
func (p Protected) Ever(is response.Token, was *response.Token) string {
	if why := p.Has(is); why != "" || was == nil {
		return why
	}
	return p.Has(*was)
}

// Has says why a token is protected, empty if it is not.
func (p Protected) Has(t response.Token) string {
	switch {
	case slices.Contains(p.Tokens, t.ID) && t.ID != "":
		return "the token is protected"
	case slices.Contains(p.Tokens, t.RegistryID) && t.RegistryID != "":
		return "the token " + t.RegistryID + " is protected"
	case t.Owner != nil && t.Owner.ID != "" && slices.Contains(p.Owners, t.Owner.ID):
		return "the owner " + t.Owner.ID + " is protected"
	}
	for _, tag := range p.Tags {
		name, value, _ := strings.Cut(tag, ":")
		if own, ok := t.Tags[name]; ok && own == value {
			return "tokens with the tag " + tag + " are protected"
		}
	}
	return ""
}
