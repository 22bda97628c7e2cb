// Package incident keeps what is open about tokens: one incident for each token, with all its anomalies, what was done about
// them and who was told, from the first anomaly until the token is calm again. Time is an argument everywhere.
package incident

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/holterhq/holter/internal/response"
)

// Key is whose incident it is. A token has one at a time.
type Key struct {
	Tenant    string `json:"tenant,omitempty"`
	Token     string `json:"token,omitempty"`
	Direction string `json:"direction,omitempty"`
	Event     string `json:"event,omitempty"` // of what concerns no single token: the anomaly's id
}

// State is where an incident stands.
type State string

// States.
const (
	Open         State = "open"
	Acknowledged State = "acknowledged"
	Resolved     State = "resolved"
)

// What an incident holds at most of each.
const (
	maxLatest  = 16
	maxReached = 10
	maxFacets  = 32
	maxText    = 256
	maxEvent   = 8 << 10
)

// Incident is a token's trouble.
type Incident struct {
	ID       string    `json:"id"`
	Key      Key       `json:"key"`
	State    State     `json:"state"`
	Opened   time.Time `json:"opened"`
	Last     time.Time `json:"last"` // when the latest anomaly arrived
	Resolved time.Time `json:"resolved,omitzero"`
	Changed  time.Time `json:"changed"`

	Sequence  int                `json:"sequence"` // of messages
	Anomalies int                `json:"anomalies"`
	Latest    []string           `json:"latest,omitempty"` // ids of the latest anomalies
	Detectors []string           `json:"detectors,omitempty"`
	Severity  response.Severity  `json:"severity"`
	Reached   []response.Reached `json:"reached,omitempty"`
	Facets    []Facet            `json:"facets,omitempty"`
	Cause     string             `json:"cause,omitempty"`
	CauseWhy  string             `json:"cause_why,omitempty"`
	Blast     *response.Blast    `json:"blast,omitempty"`
	Grant     *response.Grant    `json:"grant,omitempty"`
	Event     json.RawMessage    `json:"event"`               // the latest anomaly, a response.Event
	Protected *response.Token    `json:"protected,omitempty"` // the token as it was when it was protected; nil: it was not

	AcknowledgedBy string `json:"acknowledged_by,omitempty"`
	ResolvedBy     string `json:"resolved_by,omitempty"`

	Listeners []Listener           `json:"listeners,omitempty"`
	Watches   []Watch              `json:"watches,omitempty"`
	Fired     map[string]time.Time `json:"fired,omitempty"` // rules, and when they last matched
	Acts      []Act                `json:"acts,omitempty"`

	slot int
}

// Facet is a side of the token's behaviour that spoke, and whether somebody said that it is all right.
type Facet struct {
	Name   string `json:"name"`
	Value  string `json:"value,omitempty"`
	Benign bool   `json:"benign,omitempty"`
}

// Listener is a target that hears of the incident.
type Listener struct {
	Target string    `json:"target"`
	Rule   string    `json:"rule,omitempty"`
	Told   time.Time `json:"told,omitzero"`  // the last time; zero: not yet
	Stale  bool      `json:"stale,omitzero"` // there is something that it has not been told
}

// Watch waits for somebody to acknowledge.
type Watch struct {
	Rule    string    `json:"rule"`
	Due     time.Time `json:"due"`
	Targets []string  `json:"targets"`
}

var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/holterhq/holter#response"))

// NewID is an id that is the same for the same parts.
func NewID(parts ...string) string {
	var name []byte
	for _, part := range parts {
		name = append(append(strconv.AppendInt(name, int64(len(part)), 10), ':'), part...)
	}
	return uuid.NewSHA1(namespace, name).String()
}

func open(key Key, first string, now time.Time) *Incident {
	return &Incident{
		ID: NewID("incident", key.Tenant, key.Token, key.Direction, key.Event, first), Key: key, State: Open,
		Opened: now, Last: now, Changed: now,
	}
}

// clone is a copy that can be changed while others read the original.
func (i *Incident) clone() *Incident {
	c := *i
	c.Latest, c.Detectors, c.Reached = slices.Clone(i.Latest), slices.Clone(i.Detectors), slices.Clone(i.Reached)
	c.Facets, c.Listeners, c.Watches, c.Acts = slices.Clone(i.Facets), slices.Clone(i.Listeners), slices.Clone(i.Watches), slices.Clone(i.Acts)
	c.Fired = make(map[string]time.Time, len(i.Fired))
	for rule, at := range i.Fired {
		c.Fired[rule] = at
	}
	return &c
}

// Live says whether the incident is not resolved.
func (i *Incident) Live() bool { return i.State != Resolved }

// Owes says whether something is still to be done about an act by itself: it is on its way, or is to be taken back.
func (i *Incident) Owes() bool {
	return slices.ContainsFunc(i.Acts, func(a Act) bool {
		return a.State == Sending || a.State == Undoing || a.InForce() && !a.Expires.IsZero()
	})
}

// Note takes an anomaly in. It returns whether the incident is more severe than before.
func (i *Incident) Note(e *response.Event, severity response.Severity, now time.Time) (worse bool) {
	worse = i.Anomalies > 0 && severity > i.Severity
	i.Severity = max(i.Severity, severity)
	i.Anomalies++
	i.Last, i.Changed = now, now
	i.Latest = append(i.Latest, e.ID)
	i.Latest = i.Latest[max(0, len(i.Latest)-maxLatest):]
	if !slices.Contains(i.Detectors, e.Detector) && len(i.Detectors) < len(response.Detectors) {
		i.Detectors = append(i.Detectors, clip(e.Detector))
	}
	i.reach(e.Trigger)
	for _, piece := range e.Evidence {
		facet := Facet{Name: clip(piece.Facet), Value: clip(piece.Observed)}
		if len(i.Facets) < maxFacets && !slices.ContainsFunc(i.Facets, func(f Facet) bool { return f.Name == facet.Name && f.Value == facet.Value }) {
			i.Facets = append(i.Facets, facet)
		}
	}
	known := i.Anomaly().Token
	latest := *e
	latest.Token = known.Completing(e.Token)
	i.Event = bounded(latest)
	for n := range i.Listeners {
		i.Listeners[n].Stale = true
	}
	return worse
}

func (i *Incident) reach(t response.Trigger) {
	if t.Route == "" {
		return
	}
	one := response.Reached{Method: clip(t.Method), Route: clip(t.Route), Status: t.StatusCode, Requests: 1}
	for n := range i.Reached {
		r := &i.Reached[n]
		if r.Method == one.Method && r.Route == one.Route && r.Status == one.Status {
			r.Requests++
			return
		}
	}
	if len(i.Reached) < maxReached {
		i.Reached = append(i.Reached, one)
	}
}

// bounded is an event as an incident keeps it: not larger than it has to be.
func bounded(e response.Event) json.RawMessage {
	e.Incident, e.Rule = nil, ""
	text, err := json.Marshal(e)
	if err == nil && len(text) <= maxEvent {
		return text
	}
	e.Attributes, e.Truncated = nil, true
	e.Evidence = e.Evidence[:min(len(e.Evidence), 8)]
	if text, err = json.Marshal(e); err != nil { // what cannot be written was left out
		text = []byte("{}")
	}
	return text
}

// Anomaly is the latest.
func (i *Incident) Anomaly() (e response.Event) {
	_ = json.Unmarshal(i.Event, &e) // it was written by Note
	return e
}

// Listen adds a target that hears of the incident from now on; false: it does already.
func (i *Incident) Listen(target, rule string) bool {
	if slices.ContainsFunc(i.Listeners, func(l Listener) bool { return l.Target == target }) {
		return false
	}
	i.Listeners = append(i.Listeners, Listener{Target: target, Rule: rule, Stale: true})
	return true
}

// Escalate remembers to ask for help, unless somebody acknowledges in time. It is done once for each rule.
func (i *Incident) Escalate(rule string, e response.Escalate, now time.Time) {
	if e.After > 0 && i.State == Open && !slices.ContainsFunc(i.Watches, func(w Watch) bool { return w.Rule == rule }) {
		i.Watches = append(i.Watches, Watch{Rule: rule, Due: now.Add(e.After), Targets: e.Targets})
	}
}

// Fire says whether a rule may act: it has left the token alone for its cool-down. It remembers that it did.
func (i *Incident) Fire(rule string, coolDown time.Duration, now time.Time) bool {
	if last, ok := i.Fired[rule]; ok && now.Sub(last) < coolDown {
		return false
	}
	if coolDown > 0 {
		if i.Fired == nil {
			i.Fired = make(map[string]time.Time)
		}
		i.Fired[rule] = now
	}
	return true
}

// Acknowledge says that somebody looks after the incident; false: it is no news.
func (i *Incident) Acknowledge(by string, now time.Time) bool {
	if i.State != Open {
		return false
	}
	i.State, i.AcknowledgedBy, i.Changed = Acknowledged, clip(by), now
	return true
}

// Resolve ends the incident; false: it is no news.
func (i *Incident) Resolve(by string, now time.Time) bool {
	if i.State == Resolved {
		return false
	}
	i.State, i.ResolvedBy, i.Resolved, i.Changed = Resolved, clip(by), now, now
	return true
}

// Benign takes note that a facet, with a value or with any, or all of it, is all right. It returns whether nothing else is
// left of the incident.
func (i *Incident) Benign(facet, value string) bool {
	left := false
	for n := range i.Facets {
		f := &i.Facets[n]
		f.Benign = f.Benign || facet == "" || f.Name == facet && (value == "" || f.Value == value)
		left = left || !f.Benign
	}
	return !left && (facet == "" || len(i.Facets) > 0)
}

// clip bounds a text.
func clip(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "")
}
