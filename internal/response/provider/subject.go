package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/response"
)

var _ response.Sharer = (*Preset)(nil)

// Subject stands for the request that takes an act back. Two acts for which it is the same are taken back together, however many
// tokens they are about.
func (p *Preset) Subject(action response.Action, body []byte) string {
	calls, ok := p.calls(action)
	if !ok || calls.Undo == nil {
		return ""
	}
	event, err := eventData(body)
	if err != nil {
		return ""
	}
	d := &response.Delivery{Action: action, Step: response.Undo, DryRun: true} // nobody is asked
	w, err := calls.Undo.complete(context.Background(), lasting(event), d, time.Time{})
	if err != nil {
		return ""
	}
	text, err := calls.Undo.Request.subject(w.sent)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// lasting is an event without what the next anomaly of the token would say otherwise: it names the same token, place and act.
func lasting(event map[string]any) map[string]any {
	keep := func(from any, names ...string) map[string]any {
		all, _ := from.(map[string]any)
		kept, _ := blank(all).(map[string]any)
		for _, name := range names {
			if value, ok := all[name]; ok {
				kept[name] = value
			}
		}
		return kept
	}
	kept := keep(event, "token", "attributes")
	if trigger, ok := event["trigger"]; ok {
		kept["trigger"] = keep(trigger, "service", "environment")
	}
	if incident, ok := event["incident"].(map[string]any); ok {
		own := keep(incident, "id", "grant")
		if act, ok := incident["act"]; ok {
			own["act"] = keep(act, "id")
		}
		kept["incident"] = own
	}
	return kept
}

// blank is a value of the same shape that says nothing.
func blank(value any) any {
	switch v := value.(type) {
	case map[string]any:
		all := make(map[string]any, len(v))
		for name, inner := range v {
			all[name] = blank(inner)
		}
		return all
	case []any:
		return []any{}
	case string:
		return ""
	case json.Number:
		return json.Number("0")
	case bool:
		return false
	}
	return nil
}

// subject is all of the request that an event decides, with secrets masked.
func (r *Request) subject(data any) (string, error) {
	var b strings.Builder
	endpoint, err := r.endpoint.Show(data)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "%s %s\n", r.method, endpoint)
	for _, h := range r.headers {
		value, err := h.value.Show(data)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s: %s\n", h.name, value)
	}
	if r.body != nil {
		text, err := r.body.Show(data)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}
