package denylist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// Target puts tokens on a list and takes them off it. What it does is done at once, may be done twice, and leaves nothing behind
// when it is undone.
type Target struct {
	List *List
	// Keep writes what has changed.
	Keep   func(context.Context) error
	DryRun bool
}

// Can is the same for every action but to tell.
func (t *Target) Can(action response.Action) response.Ability { return Can(action) }

// Can is what a deny list can do.
func Can(action response.Action) response.Ability {
	if action == response.Notify {
		return response.Ability{}
	}
	return response.Ability{Do: true, Undo: true, Verify: true, Idempotent: true, Reversible: true}
}

var _ response.Sharer = (*Target)(nil)

// Subject is the act: each has an entry of its own, and a token is refused until the last is gone.
func (t *Target) Subject(_ response.Action, body []byte) string {
	var m told
	if json.Unmarshal(body, &m) != nil {
		return ""
	}
	return m.Data.Incident.Act.ID
}

// told is what the list reads of a message.
type told struct {
	Data struct {
		Detector string `json:"detector"`
		Token    struct {
			ID        string `json:"id"`
			Direction string `json:"direction"`
		} `json:"token"`
		Incident struct {
			ID        string   `json:"id"`
			Detectors []string `json:"detectors"`
			Grant     *Grant   `json:"grant"`
			Act       struct {
				ID      string `json:"id"`
				Expires string `json:"expires"`
			} `json:"act"`
		} `json:"incident"`
	} `json:"data"`
}

// Send performs one step.
func (t *Target) Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer {
	e, err := entryOf(d, now)
	if err != nil {
		return response.Answer{Verdict: response.Final, Reason: err.Error()}
	}
	if d.Step == response.Verify || d.State == response.Asking {
		return t.verify(&e, d.Step == response.Undo, now)
	}
	if d.Dry(t.DryRun) {
		return response.Answer{Verdict: response.Described, Request: describe(d.Step, &e)}
	}
	text := fmt.Sprintf("gateways that ask refuse %s", e.Token)
	if d.Step == response.Undo {
		text = fmt.Sprintf("gateways that ask let %s pass", e.Token)
		if !t.List.Remove(e.Token, e.Act) {
			text += "; it was not refused for this any more"
		}
	} else if err := t.List.Put(e, now); err != nil {
		verdict := response.Final
		if errors.Is(err, ErrFull) {
			verdict = response.Refused // there may be room later
		}
		return response.Answer{Verdict: verdict, Reason: err.Error()}
	}
	if err := t.Keep(ctx); err != nil {
		text += "; it is not kept yet: a restart now would undo it"
	}
	return response.Answer{Verdict: response.Done, Text: text}
}

func (t *Target) verify(e *Entry, undoing bool, now time.Time) response.Answer {
	held := t.List.Holds(e.Token, e.Act, now)
	a := response.Answer{Verdict: response.Undone, Text: fmt.Sprintf("%s is not refused for this", e.Token)}
	if held != nil && held.Action == e.Action {
		a = response.Answer{Verdict: response.Done, Text: fmt.Sprintf("%s is refused since %s", e.Token, held.Since.UTC().Format(time.RFC3339))}
	}
	if undoing {
		a.Verdict = response.Done + response.Undone - a.Verdict
	}
	if a.Verdict == response.Undone {
		a.Reason = a.Text
	}
	return a
}

// entryOf is what a delivery asks to be put in the list.
func entryOf(d *response.Delivery, now time.Time) (Entry, error) {
	var m told
	if err := json.Unmarshal(d.Body, &m); err != nil {
		return Entry{}, fmt.Errorf("the stored event cannot be read: %w", err)
	}
	e := Entry{
		Token: m.Data.Token.ID, Act: m.Data.Incident.Act.ID, Action: d.Action, Reason: m.Data.Detector, Incident: m.Data.Incident.ID,
		Since: now.UTC().Truncate(time.Second),
	}
	if e.Act == "" {
		e.Act = d.ID
	}
	if len(m.Data.Incident.Detectors) > 0 {
		e.Reason = m.Data.Incident.Detectors[0]
	}
	switch {
	case e.Token == "":
		return e, errors.New("the event names no token")
	case m.Data.Token.Direction == "outbound":
		return e, errors.New("the token is used to call others: a deny list refuses those who call in")
	case d.Action == response.Notify:
		return e, errors.New("a deny list tells nobody: name a lock, reauthenticate or restrict")
	}
	if expires := m.Data.Incident.Act.Expires; expires != "" {
		until, err := time.Parse(time.RFC3339, expires)
		if err != nil {
			return e, fmt.Errorf("when the act ends is no time: %w", err)
		}
		e.Until = until.UTC()
	}
	if d.Action != response.Restrict {
		return e, nil
	}
	e.Grant = m.Data.Incident.Grant
	if d.Step == response.Do && (e.Grant == nil || len(e.Grant.Routes)+len(e.Grant.Networks)+len(e.Grant.Countries) == 0) {
		return e, errors.New("it is not known what the token needs: without routes, networks or countries to narrow it to, nothing would be refused")
	}
	return e, nil
}

// describe says what would be done.
func describe(step response.Step, e *Entry) string {
	if step == response.Undo {
		return fmt.Sprintf("take %s off the deny list (act %s)", e.Token, e.Act)
	}
	text, _ := json.Marshal(e) // of texts and times
	return "put on the deny list: " + string(text)
}
