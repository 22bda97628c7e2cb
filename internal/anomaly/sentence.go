package anomaly

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// told is how many facets a sentence speaks of; the event's list has all.
const told = 4

// Sentence says in words whose token did what, from where and when, what it normally does, and whether the owner's other tokens do so.
func Sentence(e *Event) string {
	var s strings.Builder
	who(&s, e)
	did(&s, e)
	if days := age(e); days != "" && len(e.Evidence) > 0 {
		fmt.Fprintf(&s, "; for %s it %s", days, enumerate(normally(e.Evidence)))
	}
	others(&s, e)
	s.WriteByte('.')
	return s.String()
}

// normally is what the token does by its strongest evidence. What the sizes of answers say is said once.
func normally(evidence []Evidence) (parts []string) {
	sizes := false
	for i := range evidence {
		v := &evidence[i]
		if of := v.Facet == "bytes" || v.Facet == "answer sizes"; of {
			if sizes {
				continue
			}
			sizes = true
		}
		if parts = append(parts, habit(v)); len(parts) == told {
			break
		}
	}
	return parts
}

// others says of the strongest evidence that can be compared what the owner's other tokens do.
func others(s *strings.Builder, e *Event) {
	at := slices.IndexFunc(e.Evidence, func(v Evidence) bool { return v.Others.Tokens > 0 })
	if at < 0 {
		return
	}
	v := &e.Evidence[at]
	n, keys := v.Others, "other key"
	if n.Tokens > 1 {
		keys = fmt.Sprintf("%d other keys", n.Tokens)
	}
	switch {
	case n.Same == 0:
		fmt.Fprintf(s, "; %s is no habit of %s %s", v.Observed, whose(&e.Token), keys)
	case n.Tokens == 1:
		fmt.Fprintf(s, "; %s is a habit of %s %s", v.Observed, whose(&e.Token), keys)
	default:
		fmt.Fprintf(s, "; %s is a habit of %d of %s %s", v.Observed, n.Same, whose(&e.Token), keys)
	}
}

// whose is the owner in the genitive.
func whose(t *Token) string {
	owner := t.OwnerName
	if owner == "" {
		owner = t.OwnerID
	}
	if strings.HasSuffix(owner, "s") {
		return owner + "’"
	}
	return owner + "’s"
}

// RuleSentence says which token broke which rule.
func RuleSentence(e *Event, broken string) string {
	var s strings.Builder
	who(&s, e)
	s.WriteByte(' ')
	s.WriteString(broken)
	s.WriteString(": it")
	did(&s, e)
	s.WriteByte('.')
	return s.String()
}

// remedies are what was done to a token, in the words of a sentence.
var remedies = map[string]string{"lock": "locked", "restrict": "restricted", "reauthenticate": "logged out"}

// ActSentence says that an act does not hold.
func ActSentence(e *Event) string {
	var s strings.Builder
	who(&s, e)
	done := remedies[e.Remedy.Action]
	if done == "" {
		done = "acted on"
	}
	fmt.Fprintf(&s, " was %s at %s at %s UTC but still succeeds: it", done, e.Remedy.Target, time.Unix(0, e.Remedy.Time).UTC().Format("15:04"))
	did(&s, e)
	s.WriteByte('.')
	return s.String()
}

func who(s *strings.Builder, e *Event) {
	t := &e.Token
	name := t.Hint
	if name == "" {
		name = t.ID
	}
	s.WriteString("Key ")
	if t.Outbound {
		s.WriteString("(outbound) ")
	}
	s.WriteString(name)
	owner := t.OwnerName
	if owner == "" {
		owner = t.OwnerID
	}
	switch {
	case owner != "" && t.OwnerTeam != "":
		fmt.Fprintf(s, " (%s, %s)", owner, t.OwnerTeam)
	case owner != "":
		fmt.Fprintf(s, " (%s)", owner)
	}
}

func did(s *strings.Builder, e *Event) {
	g := &e.Trigger
	s.WriteString(" called ")
	what := strings.TrimSpace(g.Method + " " + g.Route)
	if what == "" {
		what = "an endpoint"
	}
	s.WriteString(what)
	if g.Service != "" {
		fmt.Fprintf(s, " of %s", g.Service)
	}
	if g.First {
		s.WriteString(" for the first time,")
	}
	switch {
	case g.Network != "" && g.Country != "":
		fmt.Fprintf(s, " from %s in %s", g.Network, g.Country)
	case g.Country != "":
		fmt.Fprintf(s, " from %s", g.Country)
	case g.Network != "":
		fmt.Fprintf(s, " from %s", g.Network)
	}
	if g.Client != "" {
		fmt.Fprintf(s, " with %s", g.Client)
	}
	fmt.Fprintf(s, " at %s UTC", time.Unix(0, e.Time).UTC().Format("15:04"))
}

func age(e *Event) string {
	if len(e.Evidence) == 0 {
		return ""
	}
	switch days := math.Round(e.Evidence[0].Age.Hours() / 24); {
	case days < 1:
		return ""
	case days == 1:
		return "a day"
	default:
		return fmt.Sprintf("%.0f days", days)
	}
}
