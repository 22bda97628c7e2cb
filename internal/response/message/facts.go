package message

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/holterhq/holter/internal/response"
)

// facts are what is known of the token and of the request that tipped it.
func facts(e *response.Event) []fact {
	var all []fact
	add := func(name string, words ...string) {
		var kept []string
		for _, word := range words {
			if word = harmless(word, maxWord); word != "" {
				kept = append(kept, word)
			}
		}
		if len(kept) > 0 {
			all = append(all, fact{name, cut(strings.Join(kept, ", "), maxLine)})
		}
	}
	add("Severity", severity(e), evidenceOf(e))
	add("Detectors", detectors(e)...)
	t := e.Token
	add("Token", t.Hint, t.RegistryID, t.Type, t.Status, t.Direction)
	add("Token id", t.ID)
	if o := t.Owner; o != nil {
		id := o.ID
		if strings.EqualFold(id, o.Name) {
			id = ""
		}
		team := o.Team
		if team != "" {
			team = "team " + team
		}
		add("Owner", o.Name, id, team, o.Type)
	}
	add("Tags", tags(t.Tags)...)
	r := e.Trigger
	add("Where", r.Environment, strings.TrimSpace(r.Service+" "+r.Version), called(r.Method, r.Route, r.StatusCode))
	add("From", r.Country, r.Network, r.ClientAddress, r.Client)
	add("When", e.Time)
	if occasion(e) == "" || e.Incident.Act == nil {
		add("Suggested", e.SuggestedAction)
	}
	if rule := e.SecurityRule; rule != nil {
		add("Rule", rule.Name, e.Technique)
	} else {
		add("Rule", e.Technique)
	}
	return all
}

func evidenceOf(e *response.Event) string {
	switch {
	case e.Score == nil:
		return ""
	case e.Threshold == nil:
		return fmt.Sprintf("evidence %.1f nats", *e.Score)
	}
	return fmt.Sprintf("evidence %.1f nats of %.1f", *e.Score, *e.Threshold)
}

func detectors(e *response.Event) []string {
	if e.Incident != nil && len(e.Incident.Detectors) > 0 {
		return few(e.Incident.Detectors)
	}
	return []string{e.Detector}
}

// few are the first of many.
func few(all []string) []string {
	if len(all) <= maxListed {
		return all
	}
	return append(append([]string(nil), all[:maxListed]...), fmt.Sprintf("and %d more", len(all)-maxListed))
}

func tags(all map[string]string) []string {
	var list []string
	for _, name := range sorted(all) {
		list = append(list, name+"="+all[name])
	}
	return few(list)
}

func called(method, route string, status int64) string {
	text := strings.TrimSpace(method + " " + route)
	if status != 0 {
		text += " → " + strconv.FormatInt(status, 10)
	}
	return text
}
