package message

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/holterhq/holter/internal/response"
)

// note is what a message says, in plain words: every format puts the same into its own form. Each text is one line, made
// harmless, and bounded.
type note struct {
	Key      string // of the incident, else of the event
	Title    string
	Sentence string
	Level    level
	DryRun   bool
	Facts    []fact
	Parts    []part
	Links    []link
	Command  *command
	Foot     string
}

type fact struct{ Name, Value string }

// part is a heading with lines below it.
type part struct {
	Name  string
	Lines []string
}

type link struct{ Name, URL string }

// command does without the console what a link does.
type command struct{ Name, Text string }

// level is how loud a message is.
type level uint8

const (
	calm level = iota // it is over, or done
	look
	act
	alarm
)

const (
	maxID      = 255 // bytes of an id; longer ones do not come
	maxWord    = 200 // bytes of a name or a value
	maxLine    = 400 // bytes of a line
	maxTold    = 1000
	maxListed  = 8 // lines of a part, names in a row
	maxCommand = 2000
	maxURL     = 2000
)

// read decodes a message's body.
func read(body []byte) (Envelope, error) {
	var envelope Envelope
	if err := json.Unmarshal(body, &envelope); err != nil {
		return envelope, fmt.Errorf("the stored message cannot be read: %w", err)
	}
	return envelope, nil
}

// tell writes the note of a message.
func tell(envelope Envelope) note {
	e := &envelope.Data
	n := note{
		Key: key(e), Title: title(e), Sentence: harmless(e.Sentence, maxTold), Level: loudness(e), DryRun: e.DryRun,
		Facts: facts(e), Parts: parts(e), Foot: foot(e),
	}
	if e.Incident != nil {
		n.Links, n.Command = links(e.Incident), commandOf(e.Incident)
	}
	return n
}

// key is what all messages about the same trouble share.
func key(e *response.Event) string {
	if e.Incident != nil && e.Incident.ID != "" {
		return plain(e.Incident.ID, maxID)
	}
	return plain(e.ID, maxID)
}

func occasion(e *response.Event) response.Occasion {
	if e.Incident == nil {
		return ""
	}
	return e.Incident.Occasion
}

// severity is that of the incident where the message is about one.
func severity(e *response.Event) string {
	if e.Incident != nil && e.Incident.Severity != "" {
		return e.Incident.Severity
	}
	return e.Severity
}

func loudness(e *response.Event) level {
	switch occasion(e) {
	case response.Resolved, response.Acknowledged, response.ActDone, response.ActUndone:
		return calm
	case response.Escalated, response.ActLate, response.ActFailed, response.ActUnknown, response.ActUnproven, response.CircuitOpen:
		return alarm
	case response.ActProposed:
		return act
	}
	switch severity(e) {
	case response.Fatal.String():
		return alarm
	case response.Error.String():
		return act
	}
	return look
}

// Text is all of a note, for formats that know nothing but lines.
func (n note) text() string {
	var b strings.Builder
	line := func(text string) {
		b.WriteString(text)
		b.WriteByte('\n')
	}
	line(n.Title)
	if n.Sentence != "" {
		line(n.Sentence)
	}
	if n.DryRun {
		line(dryRun)
	}
	for _, f := range n.Facts {
		line(f.Name + ": " + f.Value)
	}
	for _, p := range n.Parts {
		line(p.Name)
		for _, text := range p.Lines {
			line("- " + text)
		}
	}
	for _, l := range n.Links {
		line(l.Name + ": " + l.URL)
	}
	if n.Command != nil {
		line(n.Command.Name + ": " + n.Command.Text)
	}
	b.WriteString(n.Foot)
	return b.String()
}

const dryRun = "Dry run: nothing is done about the token, this is only said."
