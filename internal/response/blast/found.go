package blast

import (
	"fmt"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// found is what the store tells of a token.
type found struct {
	requests         int64
	routes, services ranking
	last             time.Time
	beyond           int64 // requests that the narrower grant would have refused
	narrows          bool  // there is something that the grant takes away
}

// ranking is the busiest by name, and how many there are.
type ranking struct {
	first []string
	keys  int
}

// blast is what an action would have hit.
func (f *found) blast(action response.Action, days int) response.Blast {
	b := response.Blast{Days: days, Requests: f.requests, Routes: f.routes.first, Services: f.services.first}
	if !f.last.IsZero() {
		b.Last = f.last.UTC().Format(time.RFC3339)
	}
	switch action {
	case response.Lock, response.Reauthenticate:
		b.Refused = f.requests
	case response.Restrict:
		b.Refused = min(f.beyond, f.requests)
	}
	b.Sentence = f.sentence(action, &b)
	return b
}

func (f *found) sentence(action response.Action, b *response.Blast) string {
	if b.Requests == 0 {
		if f.last.IsZero() {
			return "It is not known to have been used."
		}
		return fmt.Sprintf("It was not used in the last %d days, but last on %s.", b.Days, f.last.UTC().Format("2006-01-02 15:04 MST"))
	}
	var s strings.Builder
	used := fmt.Sprintf("%s of the last %d days", requests(b.Requests), b.Days)
	switch {
	case action == response.Lock && b.Requests == 1:
		fmt.Fprintf(&s, "Locking it would have refused the one request of the last %d days", b.Days)
	case action == response.Lock:
		fmt.Fprintf(&s, "Locking it would have refused all %s", used)
	case action == response.Reauthenticate:
		fmt.Fprintf(&s, "Until its holder logs in again nothing works: it made %s", used)
	case action == response.Restrict && !f.narrows:
		fmt.Fprintf(&s, "There is nothing to take away: it made %s", used)
	case action == response.Restrict:
		fmt.Fprintf(&s, "Restricting it to what it needs would have refused %d of %s", b.Refused, used)
	default:
		fmt.Fprintf(&s, "It made %s", used)
	}
	if len(f.routes.first) > 0 {
		fmt.Fprintf(&s, ", on %s", f.routes.words())
	}
	if len(f.services.first) > 0 {
		fmt.Fprintf(&s, " of %s", f.services.words())
	}
	if !f.last.IsZero() {
		fmt.Fprintf(&s, "; the latest on %s", f.last.UTC().Format("2006-01-02 15:04 MST"))
	}
	return s.String() + "."
}

func requests(n int64) string {
	if n == 1 {
		return "1 request"
	}
	return fmt.Sprintf("%d requests", n)
}

// words are the first two by name, and how many more there are.
func (r ranking) words() string {
	const told = 2
	first := r.first[:min(told, len(r.first))]
	if more := max(r.keys, len(r.first)) - len(first); more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(first, ", "), more)
	}
	return strings.Join(first, " and ")
}
