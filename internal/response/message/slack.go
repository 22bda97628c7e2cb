package message

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/wire"
)

// Slack sends messages to an incoming webhook, or with a channel to chat.postMessage.
type Slack struct {
	Way
	Channel      string // of a bot; empty: the webhook's own
	ChannelField string // of the event, that holds another channel; empty: none
}

// Limits of Slack, in characters. Source: https://docs.slack.dev/reference/block-kit/blocks.
const (
	slackHeader  = 150
	slackSection = 3000
	slackField   = 2000
	slackFields  = 10
)

type slackText struct {
	Type  string `json:"type"`
	Text  string `json:"text"`
	Emoji *bool  `json:"emoji,omitempty"`
}

type slackBlock struct {
	Type     string      `json:"type"`
	Text     *slackText  `json:"text,omitempty"`
	Fields   []slackText `json:"fields,omitempty"`
	Elements []slackText `json:"elements,omitempty"`
}

type slackMessage struct {
	Channel     string       `json:"channel,omitempty"`
	Text        string       `json:"text"`
	Blocks      []slackBlock `json:"blocks"`
	UnfurlLinks bool         `json:"unfurl_links"`
	UnfurlMedia bool         `json:"unfurl_media"`
}

// Send makes one attempt.
func (s *Slack) Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer {
	envelope, err := read(d.Body)
	if err != nil {
		return finally(response.Answer{}, err.Error())
	}
	body, err := s.body(envelope)
	if err != nil {
		return finally(response.Answer{}, err.Error())
	}
	return s.send(ctx, request{event: &envelope.Data, contentType: "application/json; charset=utf-8", body: body}, now, slackAnswer)
}

func (s *Slack) body(envelope Envelope) ([]byte, error) {
	m := slackOf(tell(envelope))
	if s.Channel != "" {
		m.Channel = s.Channel
		if own := plain(envelope.Data.Field(s.ChannelField), maxWord); channelName(own) {
			m.Channel = own
		}
	}
	return encode(m)
}

// channelName says whether a text can be the name or the id of a channel or a person: an event cannot write anything else
// into that place.
func channelName(text string) bool {
	return text != "" && len(text) <= 81 && !strings.ContainsFunc(text, func(r rune) bool {
		return r < 0x80 && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("#@._-", r)
	})
}

// slackOf puts a note into blocks. What others wrote stands in plain text, where Slack reads neither markup nor mentions.
func slackOf(n note) slackMessage {
	m := slackMessage{Text: slackEscape(n.Title+": "+n.Sentence, slackSection)}
	add := func(blocks ...slackBlock) { m.Blocks = append(m.Blocks, blocks...) }
	add(slackBlock{Type: "header", Text: slackPlain(circles[n.Level]+" "+n.Title, slackHeader)})
	if n.DryRun {
		add(slackBlock{Type: "context", Elements: []slackText{*slackPlain(dryRun, slackSection)}})
	}
	if n.Sentence != "" {
		add(slackBlock{Type: "section", Text: slackPlain(n.Sentence, slackSection)})
	}
	var fields []slackText
	for _, f := range n.Facts {
		fields = append(fields, *slackPlain(f.Name+": "+f.Value, slackField))
	}
	for row := range slices.Chunk(fields, slackFields) {
		add(slackBlock{Type: "section", Fields: row})
	}
	for _, p := range n.Parts {
		add(slackBlock{Type: "section", Text: slackPlain(p.Name+"\n• "+strings.Join(p.Lines, "\n• "), slackSection)})
	}
	if len(n.Links) > 0 {
		var all []string
		for _, l := range n.Links {
			all = append(all, "<"+slackEscape(l.URL, slackSection)+"|"+l.Name+">")
		}
		for _, row := range rows(all, " · ", slackSection) {
			add(slackBlock{Type: "section", Text: &slackText{Type: "mrkdwn", Text: row}})
		}
	}
	if c := n.Command; c != nil {
		add(slackBlock{Type: "section", Text: &slackText{Type: "mrkdwn", Text: c.Name + ":\n```" + slackEscape(c.Text, slackSection-100) + "```"}})
	}
	add(slackBlock{Type: "context", Elements: []slackText{*slackPlain(n.Foot, slackSection)}})
	return m
}

var circles = [...]string{calm: "🟢", look: "🟡", act: "🟠", alarm: "🔴"}

// rows joins texts, and begins a new row where one would get too long.
func rows(texts []string, separator string, limit int) (all []string) {
	for _, text := range texts {
		if last := len(all) - 1; last >= 0 && len(all[last])+len(separator)+len(text) <= limit {
			all[last] += separator + text
		} else {
			all = append(all, text)
		}
	}
	return all
}

func slackPlain(text string, limit int) *slackText {
	return &slackText{Type: "plain_text", Text: slackEscape(text, limit), Emoji: new(bool)}
}

var slackEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackEscape takes the meaning from Slack's control characters. The escaped text has at most limit bytes.
//
// Source: https://docs.slack.dev/messaging/formatting-message-text#escaping.
func slackEscape(text string, limit int) string {
	escaped := slackEscaper.Replace(text)
	for len(escaped) > limit {
		over := len(escaped) - limit
		keep := max(0, len(text)-max(1, over/5)-len("…"))
		for keep > 0 && !utf8.RuneStart(text[keep]) {
			keep--
		}
		text = text[:keep] + "…"
		escaped = slackEscaper.Replace(text)
	}
	return escaped
}

// slackFinal are the errors that the same message gets for ever.
var slackFinal = []string{
	"invalid_payload", "invalid_blocks", "invalid_blocks_format", "invalid_arguments", "invalid_json", "json_not_object",
	"msg_blocks_too_long", "msg_too_long", "no_text", "too_many_attachments", "invalid_post_type", "invalid_form_data",
}

// slackAnswer says what Slack's answer means: a webhook says ok, a method {"ok":true}, and 200 alone means nothing.
func slackAnswer(a response.Answer, reply wire.Reply) response.Answer {
	text := strings.TrimSpace(string(reply.Body))
	if a.Status == http.StatusOK {
		var method struct {
			OK    bool   `json:"ok"`
			Error string `json:"error"`
		}
		if text == "ok" || json.Unmarshal(reply.Body, &method) == nil && method.OK {
			a.Verdict = response.Done
			return a
		}
		text = first(method.Error, "no word of it")
		a.Verdict, a.Reason = response.Refused, "Slack answered 200 and not ok: "+plain(text, maxWord)
		a.Busy = text == "ratelimited" || text == "rate_limited"
	} else {
		a = byStatus(a, reply)
		if a.Verdict == response.Done {
			a.Verdict, a.Reason = response.Refused, fmt.Sprintf("%d is no answer of Slack's", a.Status)
		}
	}
	if slices.Contains(slackFinal, text) {
		return finally(a, "Slack does not take this message: "+text)
	}
	return a
}
