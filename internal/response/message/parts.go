package message

import (
	"fmt"
	"strings"

	"github.com/holterhq/holter/internal/response"
)

// parts are what explains it: why we think so, what was reached, what locking would break, what is done.
func parts(e *response.Event) []part {
	var all []part
	add := func(name string, lines ...string) {
		var kept []string
		for _, line := range lines {
			if line = harmless(line, maxLine); line != "" {
				kept = append(kept, line)
			}
		}
		if len(kept) > 0 {
			all = append(all, part{name, few(kept)})
		}
	}
	i := e.Incident
	if i == nil {
		i = &response.Incident{}
	}
	if a := i.Act; a != nil {
		add("The act", actLines(a)...)
	}
	add("Deploy or attack?", cause(i))
	add("Why we think so", evidence(e.Evidence)...)
	add("What was reached", reached(i.Reached)...)
	add("What locking would break", blast(i.Blast)...)
	if g := i.Grant; g.Narrows() {
		add("What the token needs", grant(g)...)
	}
	return all
}

func actLines(a *response.ActTold) []string {
	line := strings.TrimSpace(a.Action + " at " + a.Target + ": " + strings.ReplaceAll(plain(a.State, maxWord), "_", " "))
	return []string{
		line, labelled("why", a.Why), labelled("by", a.By), labelled("answer", a.Answer), labelled("proof", a.Proof), labelled("until", a.Expires),
	}
}

func labelled(name, text string) string {
	if text == "" {
		return ""
	}
	return name + ": " + text
}

func cause(i *response.Incident) string {
	if i.Cause == "" || i.CauseWhy == "" {
		return i.Cause + i.CauseWhy
	}
	return i.Cause + ": " + i.CauseWhy
}

func evidence(all []response.Evidence) []string {
	var lines []string
	for _, v := range all {
		text := v.Facet + ": " + v.Observed
		if v.Expected != "" {
			text += ", expected " + v.Expected
		}
		if v.Nats != nil {
			text += fmt.Sprintf(" (%.1f nats)", *v.Nats)
		}
		lines = append(lines, text)
	}
	return lines
}

func reached(all []response.Reached) []string {
	var lines []string
	for _, r := range all {
		text := called(r.Method, r.Route, r.Status)
		if r.Requests > 0 {
			text += ", " + counted(r.Requests, "request", "requests")
		}
		lines = append(lines, text)
	}
	return lines
}

func blast(b *response.Blast) []string {
	if b == nil {
		return nil
	}
	sentence := b.Sentence
	if sentence == "" {
		sentence = fmt.Sprintf("%d of the token's %s of the last %s would have been refused.",
			b.Refused, counted(b.Requests, "request", "requests"), counted(int64(b.Days), "day", "days"))
	}
	return []string{
		sentence,
		labelled("services", strings.Join(few(b.Services), ", ")), labelled("routes", strings.Join(few(b.Routes), ", ")), labelled("latest request", b.Last),
	}
}

func grant(g *response.Grant) []string {
	return []string{
		g.Sentence, labelled("scopes to take away", strings.Join(few(g.Idle), ", ")), labelled("routes", strings.Join(few(g.Routes), ", ")),
		labelled("networks", strings.Join(few(g.Networks), ", ")), labelled("countries", strings.Join(few(g.Countries), ", ")),
	}
}
