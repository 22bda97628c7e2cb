package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// param is one that a route takes behind its question mark.
type param struct {
	name, about string
	many        bool // several are alternatives
	number      bool
	of          []string // the values there are; nil: any
}

// DemoEnvironment marks traffic that the demo makes up, in deployment.environment.name: a population of its own.
const DemoEnvironment = "holter-demo"

var (
	tokenParams = []param{
		{name: "token", about: "api_token.id", many: true},
		{name: "owner", about: "id of an owner", many: true},
		{name: "team", about: "the owner's team", many: true},
		{name: "tag", about: "key:value", many: true},
		{name: "environment", about: "deployment.environment.name", many: true},
		{name: "status", about: "what the registry says", many: true, of: []string{"active", "expired", "revoked", "leaked", "decoy", "unknown"}},
		{name: "direction", about: "inbound: who calls us; outbound: keys that we use elsewhere", many: true, of: []string{"inbound", "outbound"}},
		{name: "q", about: "text in id, hint, owner or tag"},
		{name: "demo", about: "traffic that the demo makes up", of: []string{"show", "hide", "only"}},
	}
	timeParams = []param{
		{name: "from", about: "RFC 3339, or relative: -24h, -7d"},
		{name: "to", about: "RFC 3339, or relative: now"},
	}
	whereParams = []param{
		{name: "route", about: "such as GET /v1/orders/{id}; of route … model only one may be given", many: true},
		{name: "country", about: "ISO 3166 code", many: true},
		{name: "network", about: "such as AS3320", many: true},
		{name: "release", about: "service@version", many: true},
		{name: "service", about: "service.name", many: true},
		{name: "client", about: "family of the user agent", many: true},
		{name: "outcome", about: "how requests ended", many: true, of: []string{"success", "client_error", "auth_error", "rate_limited", "server_error"}},
		{name: "unit", about: "what requests used", many: true},
		{name: "model", about: "language model", many: true},
	}
	limitParam  = param{name: "limit", about: "how many at most", number: true}
	cursorParam = param{name: "cursor", about: "next of the page before"}
)

// filterParams are those that all questions about usage take.
func filterParams(more ...param) []param {
	return slices.Concat(timeParams, tokenParams, whereParams, more)
}

// subjectParams are those of questions about some tokens in some time, whatever these did.
func subjectParams(more ...param) []param {
	return slices.Concat(timeParams, tokenParams, more)
}

// filterParam is one of those that filter.
func filterParam(name string) (param, bool) {
	all := slices.Concat(tokenParams, whereParams)
	i := slices.IndexFunc(all, func(p param) bool { return p.name == name })
	if i < 0 {
		return param{}, false
	}
	return all[i], true
}

// only is a filter parameter where there are few, and what it is about there.
func only(name, about string) param {
	p, _ := filterParam(name)
	return p.but(about)
}

// but is a parameter that is about something else.
func (p param) but(about string) param {
	p.about = about
	return p
}

// question is what the filter parameters ask for.
type question struct {
	tokens   store.TokenFilter
	from, to time.Time
	where    store.Dimension
}

// asked reads the filter parameters. All that the store is asked carries the scope of whoever asks: it is put in here.
func (k *call) asked() (q question, err error) {
	if q.tokens, err = k.tokenFilter(); err != nil {
		return q, err
	}
	if q.from, q.to, err = k.span(24 * time.Hour); err != nil {
		return q, err
	}
	for _, p := range whereParams {
		values, err := k.values(p)
		if err != nil {
			return q, err
		}
		if len(values) == 0 {
			continue
		}
		if q.where.Group != "" {
			return q, &problem{status: 400, Code: "apart", Field: p.name, Message: "requests are counted by " + string(q.where.Group) + " and by " + p.name +
				" apart: keep one of the two"}
		}
		q.where = store.Dimension{Group: store.Group(p.name), Values: values}
	}
	return q, nil
}

// tokenFilter reads which tokens are meant.
func (k *call) tokenFilter() (store.TokenFilter, error) {
	f := store.TokenFilter{Scope: k.who.Scope, Text: k.args.Get("q")}
	if len(f.Text) > mostText {
		return f, badRequest("q", "that is longer than %d characters", mostText)
	}
	for _, p := range tokenParams {
		values, err := k.values(p)
		if err != nil {
			return f, err
		}
		switch p.name {
		case "token":
			f.IDs = values
		case "owner":
			f.Owners = values
		case "team":
			f.Teams = values
		case "tag":
			f.Tags = values
			for _, tag := range values {
				if key, value, ok := strings.Cut(tag, ":"); !ok || key == "" || value == "" {
					return f, badRequest("tag", "write a key and a value, such as plan:gold")
				}
			}
		case "environment":
			f.Environments = values
		case "status":
			f.Statuses = values
		case "direction":
			f.Directions = values
		}
	}
	switch k.args.Get("demo") {
	case "only":
		f.Environments = []string{DemoEnvironment}
	case "hide":
		f.NotEnvironments = []string{DemoEnvironment}
	}
	return f, nil
}

// Bounds of what a parameter may be.
const (
	mostText   = 256 // bytes
	mostValues = 200
)

// values are those of one parameter.
func (k *call) values(p param) ([]string, error) {
	values := k.args[p.name]
	if len(values) > mostValues {
		return nil, badRequest(p.name, "at most %d values", mostValues)
	}
	for _, v := range values {
		if v == "" || len(v) > mostText {
			return nil, badRequest(p.name, "a value has 1 to %d characters", mostText)
		}
		if p.of != nil && !slices.Contains(p.of, v) {
			return nil, badRequest(p.name, "%q: choose from %s", v, strings.Join(p.of, ", "))
		}
	}
	return values, nil
}

// choice is a parameter with few values; the first is the one where there is none.
func (k *call) choice(name string, of ...string) (string, error) {
	v := k.args.Get(name)
	if v == "" {
		return of[0], nil
	}
	if !slices.Contains(of, v) {
		return "", badRequest(name, "%q: choose from %s", v, strings.Join(of, ", "))
	}
	return v, nil
}

// limit is how many are wanted.
func (k *call) limit(usual, most int) (int, error) {
	text := k.args.Get("limit")
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, badRequest("limit", "%q: write a number from 1 to %d", text, most)
	}
	return n, nil
}

// span is the time that is asked for.
func (k *call) span(usual time.Duration) (from, to time.Time, err error) {
	if to, err = k.moment("to", k.now); err != nil {
		return from, to, err
	}
	if from, err = k.moment("from", to.Add(-usual)); err != nil {
		return from, to, err
	}
	switch {
	case !from.Before(to):
		return from, to, badRequest("from", "it is not before to")
	case to.Sub(from) > k.Limits.MaxRange:
		return from, to, badRequest("from", "that is longer than %s: ask for less, or export in parts", duration(k.Limits.MaxRange))
	}
	return from, to, nil
}

func (k *call) moment(name string, otherwise time.Time) (time.Time, error) {
	text := k.args.Get(name)
	if text == "" {
		return otherwise, nil
	}
	at, err := parseMoment(text, k.now)
	if err != nil {
		return at, badRequest(name, "%q: write a time such as 2026-04-27T00:00:00Z, or now, -24h, -7d", text)
	}
	return at, nil
}

// parseMoment reads a time, or how long before now it is.
func parseMoment(text string, now time.Time) (time.Time, error) {
	if text == "now" {
		return now, nil
	}
	if ago, ok := strings.CutPrefix(text, "-"); ok {
		d, err := parseDuration(ago)
		return now.Add(-d), err
	}
	at, err := time.Parse(time.RFC3339, text)
	if err == nil && (at.Year() < 1970 || at.Year() > 9000) {
		err = strconv.ErrRange
	}
	return at.UTC(), err
}

// parseDuration reads 90m, 24h, 7d and 2w.
func parseDuration(text string) (time.Duration, error) {
	const most = 100 * 365 // days
	for suffix, days := range map[string]int{"d": 1, "w": 7} {
		if digits, ok := strings.CutSuffix(text, suffix); ok {
			n, err := strconv.Atoi(digits)
			if err == nil && (n < 0 || n > most) {
				err = strconv.ErrRange
			}
			return time.Duration(n*days) * 24 * time.Hour, err
		}
	}
	d, err := time.ParseDuration(text)
	if err == nil && (d < 0 || d > most*24*time.Hour) {
		err = strconv.ErrRange
	}
	return d, err
}

// duration is a length of time in words.
func duration(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		word string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= unit.of && d%unit.of == 0 {
			return count(float64(d/unit.of), unit.word)
		}
	}
	return d.String()
}
