package desk

import (
	"bytes"
	"context"
	"time"

	"github.com/holterhq/holter/internal/response/incident"
)

// erasedText stands where something was.
const erasedText = "[erased]"

// Forget lets go of the incidents of tokens, and of what is counted for owners. What was done about the tokens stays as it is where it was done:
// nobody takes it back. Incidents of many tokens name the others.
func (d *Desk) Forget(ctx context.Context, now time.Time, tokens, owners []string) error {
	gone := make(map[string]bool, len(tokens))
	for _, token := range tokens {
		gone[token] = true
	}
	return d.change(ctx, now, true, func(t *turn) error {
		var drop, name []string
		d.book.All(func(i *incident.Incident) {
			switch {
			case gone[i.Key.Token]:
				drop = append(drop, i.ID)
			case i.Key.Token == "" && names(i, tokens):
				name = append(name, i.ID)
			}
		})
		for _, id := range drop {
			t.book.Drop(id)
		}
		for _, id := range name {
			i := t.book.ByID(id)
			for _, token := range tokens {
				i.Event = bytes.ReplaceAll(i.Event, []byte(`"`+token+`"`), []byte(`"`+erasedText+`"`))
			}
		}
		t.guarded().Forget(owners)
		return nil
	})
}

// names says whether an incident's event names one of the tokens.
func names(i *incident.Incident, tokens []string) bool {
	for _, token := range tokens {
		if bytes.Contains(i.Event, []byte(`"`+token+`"`)) {
			return true
		}
	}
	return false
}
