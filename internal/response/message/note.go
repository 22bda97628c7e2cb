package message

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
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
	case response.Escalated, response.ActFailed, response.ActUnknown, response.ActUnproven, response.CircuitOpen:
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

// whose is the token as people know it.
func whose(e *response.Event) string {
	name := e.Token.Hint
	if name == "" {
		name = e.Token.ID
	}
	text := "token " + harmless(name, maxWord)
	if name == "" {
		text = "a token"
	}
	if o := e.Token.Owner; o != nil {
		if owner := harmless(first(o.Name, o.ID), maxWord); owner != "" {
			text += " of " + owner
		}
	}
	return text
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// verbs are the words for an action: what is to be done, and what has been.
func verbs(action string) (to, been string) {
	switch action {
	case response.Lock.String():
		return "lock", "locked"
	case response.Restrict.String():
		return "restrict", "restricted"
	case response.Reauthenticate.String():
		return "re-authenticate", "re-authenticated"
	}
	return "act on", "acted on"
}

// title says in one line what happened, to whose token.
func title(e *response.Event) string {
	text := occurrence(e)
	if e.DryRun {
		text = "[dry run] " + text
	}
	return cut(text, maxLine)
}

func occurrence(e *response.Event) string {
	i := e.Incident
	if i == nil || i.Occasion == "" {
		return "Anomaly: " + whose(e)
	}
	switch i.Occasion {
	case response.Opened:
		return "Incident opened: " + whose(e)
	case response.Updated:
		return fmt.Sprintf("Incident updated, %s: %s", counted(int64(i.Anomalies), "anomaly", "anomalies"), whose(e))
	case response.Acknowledged:
		return "Incident acknowledged" + by(i.AcknowledgedBy) + ": " + whose(e)
	case response.Escalated:
		return "ESCALATED: " + whose(e)
	case response.Resolved:
		return "Incident resolved" + by(i.ResolvedBy) + ": " + whose(e)
	}
	return actOccurrence(e, i)
}

func actOccurrence(e *response.Event, i *response.Incident) string {
	var told response.ActTold
	if i.Act != nil {
		told = *i.Act
	}
	to, been := verbs(told.Action)
	where := ""
	if told.Target != "" {
		where = " (" + harmless(told.Target, maxWord) + ")"
	}
	switch i.Occasion {
	case response.ActProposed:
		return "Approval needed to " + to + " " + whose(e) + where
	case response.ActDone:
		return "Done: " + whose(e) + " is " + been + where
	case response.ActUndone:
		return "Undone: " + whose(e) + " is no longer " + been + where
	case response.ActFailed:
		return "FAILED: " + whose(e) + " is NOT " + been + where
	case response.ActUnknown:
		return "UNKNOWN whether " + whose(e) + " is " + been + where + ": somebody has to look"
	case response.ActUnproven:
		return "NOT PROVEN: " + whose(e) + " should be " + been + " and still works" + where
	case response.CircuitOpen:
		return "CIRCUIT OPEN: nothing more is done by itself, " + whose(e) + " is NOT " + been + where
	}
	return "Incident " + strings.ReplaceAll(harmless(string(i.Occasion), maxWord), "_", " ") + ": " + whose(e)
}

func by(who string) string {
	if who = harmless(who, maxWord); who == "" {
		return ""
	}
	return " by " + who
}

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}

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

// links are those that can be clicked, the one that something is to be done with first.
func links(i *response.Incident) []link {
	var all []link
	for _, l := range []link{
		{"Approve", i.Links.Approve},
		{"Undo", i.Links.Undo},
		{"Console", i.Links.Console},
		{"Incident file", i.Links.File},
		{"Trace", i.Links.Trace},
	} {
		if address, ok := clickable(l.URL); ok {
			all = append(all, link{l.Name, address})
		}
	}
	return all
}

// clickable is an address in the form in which no format reads anything else into it.
func clickable(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(address) > maxURL {
		return "", false
	}
	text := strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", `"`, "%22", "'", "%27", "`", "%60", " ", "%20").Replace(u.String())
	return text, len(text) <= maxURL
}

func commandOf(i *response.Incident) *command {
	text := i.Links.Curl
	if text == "" || len(text) > maxCommand || text != oneLine(text) || strings.Contains(text, "`") {
		return nil
	}
	if i.Links.Approve != "" {
		return &command{"Approve without the console", text}
	}
	return &command{"Undo without the console", text}
}

// foot tells which message this is.
func foot(e *response.Event) string {
	if e.Incident == nil {
		return "anomaly " + harmless(e.ID, maxWord)
	}
	return fmt.Sprintf("incident %s, message %d", harmless(e.Incident.ID, maxWord), e.Incident.Sequence)
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
