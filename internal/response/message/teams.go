package message

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/wire"
)

// Teams sends Adaptive Cards to the webhook of a Microsoft Teams workflow.
type Teams struct{ Way }

// teamsLimit is the largest message, in bytes.
//
// Source: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using, 28 KB.
const teamsLimit = 28_000

// teamsFallback is what old clients show. They may read Markdown in it, so that nothing else stands in it.
const teamsFallback = "Holter tells of an API token. This client is too old to show the card."

type teamsMessage struct {
	Type        string            `json:"type"`
	Attachments []teamsAttachment `json:"attachments"`
}

type teamsAttachment struct {
	ContentType string    `json:"contentType"`
	ContentURL  *string   `json:"contentUrl"`
	Content     teamsCard `json:"content"`
}

type teamsCard struct {
	Schema       string         `json:"$schema"`
	Type         string         `json:"type"`
	Version      string         `json:"version"`
	FallbackText string         `json:"fallbackText"`
	Body         []teamsElement `json:"body"`
	Actions      []teamsAction  `json:"actions,omitempty"`
}

type teamsElement struct {
	Type    string     `json:"type"`
	Inlines []teamsRun `json:"inlines"`
	Spacing string     `json:"spacing,omitempty"`
}

// teamsRun is a run of text in which no Markdown is read.
type teamsRun struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Size     string `json:"size,omitempty"`
	Weight   string `json:"weight,omitempty"`
	Color    string `json:"color,omitempty"`
	FontType string `json:"fontType,omitempty"`
	IsSubtle bool   `json:"isSubtle,omitempty"`
}

type teamsAction struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Send makes one attempt.
func (t *Teams) Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer {
	envelope, err := read(d.Body)
	if err != nil {
		return finally(response.Answer{}, err.Error())
	}
	body, err := teamsBody(tell(envelope))
	if err != nil {
		return finally(response.Answer{}, err.Error())
	}
	return t.send(ctx, request{event: &envelope.Data, contentType: "application/json; charset=utf-8", body: body}, now, teamsAnswer)
}

// teamsBody leaves out parts from the end while the message is too large.
func teamsBody(n note) ([]byte, error) {
	for {
		body, err := encode(teamsOf(n))
		if err != nil || len(body) <= teamsLimit {
			return body, err
		}
		switch {
		case len(n.Parts) > 0:
			n.Parts = n.Parts[:len(n.Parts)-1]
		case len(n.Facts) > 0:
			n.Facts = n.Facts[:len(n.Facts)-1]
		default:
			n.Links, n.Command = nil, nil
		}
	}
}

// teamsOf puts a note into a card. What others wrote stands in runs of text: unlike text blocks and facts they read no
// Markdown, and mentions need an entity that nobody but the sender writes.
func teamsOf(n note) teamsMessage {
	card := teamsCard{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.2", FallbackText: teamsFallback,
	}
	add := func(spacing string, runs ...teamsRun) {
		for i := range runs {
			runs[i].Type = "TextRun"
		}
		card.Body = append(card.Body, teamsElement{Type: "RichTextBlock", Inlines: runs, Spacing: spacing})
	}
	add("", teamsRun{Text: n.Title, Size: "Large", Weight: "Bolder", Color: teamsColors[n.Level]})
	if n.DryRun {
		add("", teamsRun{Text: dryRun, Weight: "Bolder"})
	}
	if n.Sentence != "" {
		add("", teamsRun{Text: n.Sentence})
	}
	for i, f := range n.Facts {
		spacing := "None"
		if i == 0 {
			spacing = "Medium"
		}
		add(spacing, teamsRun{Text: f.Name + ": ", Weight: "Bolder"}, teamsRun{Text: f.Value})
	}
	for _, p := range n.Parts {
		add("Medium", teamsRun{Text: p.Name, Weight: "Bolder"})
		for _, line := range p.Lines {
			add("None", teamsRun{Text: "• " + line})
		}
	}
	if c := n.Command; c != nil {
		add("Medium", teamsRun{Text: c.Name + ": ", Weight: "Bolder"})
		add("None", teamsRun{Text: c.Text, FontType: "Monospace"})
	}
	add("Medium", teamsRun{Text: n.Foot, Size: "Small", IsSubtle: true})
	for _, l := range n.Links {
		card.Actions = append(card.Actions, teamsAction{Type: "Action.OpenUrl", Title: l.Name, URL: l.URL})
	}
	return teamsMessage{Type: "message", Attachments: []teamsAttachment{{
		ContentType: "application/vnd.microsoft.card.adaptive", Content: card,
	}}}
}

var teamsColors = [...]string{calm: "Good", look: "Accent", act: "Warning", alarm: "Attention"}

// teamsAnswer says what an answer means: a workflow says 202, and what stands before Teams says 200 and tells in words that
// Teams did not take it.
func teamsAnswer(a response.Answer, reply wire.Reply) response.Answer {
	a = byStatus(a, reply)
	text := string(reply.Body)
	switch {
	case a.Status == http.StatusOK && strings.Contains(text, "HTTP error"):
		a.Verdict, a.Reason = response.Refused, "Teams answered 200, and says that the message was not delivered"
		a.Busy = strings.Contains(text, "429")
	case a.Status == http.StatusBadRequest || a.Status == http.StatusRequestEntityTooLarge:
		return finally(a, "Teams does not take this message: "+http.StatusText(a.Status))
	}
	return a
}
