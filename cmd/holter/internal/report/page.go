package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/anomaly"
)

//go:embed page.html
var pageHTML string

// page is what the template shows.
type page struct {
	Files, From, To         string
	Requests, Named, Tokens string
	NamedShare              string
	Alerts                  int
	Budget                  string
	HasOwners               bool
	NoTokens                bool
	Sections                []section
	Events                  []told
	MoreEvents              int
	Detectors               []detector
	Days                    template.HTML
	Skipped                 Skipped
	MoreSkipped             int
	Spare                   int
	MaxTokens               int
}

type section struct {
	ID, Title, Note, None string
	All                   int
	Tokens                []row
}

// row is a token as the page shows it.
type row struct {
	Hint, ID, Kind, Owner, Status string
	Requests                      string
	Errors, Refused               int
	First, Last                   string
	Countries, Networks, Clients  string
	Services                      string
	Sentences                     []told
	MoreAlerts                    int
	Heart                         template.HTML
}

type detector struct {
	Name string
	N    int
}

// rows is how many tokens a section shows.
const rows = 25

func newPage(cfg Config, t *tally, s *Summary) *page {
	names := make([]string, len(cfg.Paths))
	for i, p := range cfg.Paths {
		names[i] = filepath.Base(p)
	}
	p := &page{
		Files: strings.Join(names, ", "), From: date(t.first), To: date(t.last), Requests: thousands(t.requests), Named: thousands(t.named),
		NamedShare: fmt.Sprintf("%.1f %%", 100*float64(t.named)/float64(t.requests)), Tokens: thousands(len(t.tokens)), Alerts: t.alerts,
		Budget: fmt.Sprint(cfg.Budget), HasOwners: cfg.Owners != "", NoTokens: t.named == 0, Events: t.events, MoreEvents: t.alerts - len(t.events),
		Days: t.daily(), Skipped: s.Skipped, MoreSkipped: s.Skipped.Lines - len(s.Skipped.First), Spare: t.spare, MaxTokens: cfg.MaxTokens,
	}
	for name, n := range t.byDetector {
		p.Detectors = append(p.Detectors, detector{string(name), n})
	}
	slices.SortFunc(p.Detectors, func(a, b detector) int {
		if a.N != b.N {
			return b.N - a.N
		}
		return strings.Compare(a.Name, b.Name)
	})
	requests := func(k *token) int { return k.requests }
	p.add(t, section{ID: "riskiest", Title: "Riskiest", Note: "tokens that would have raised an alert, or are refused; those that ask for an act first", None: "No token did what it does not usually do."},
		func(k *token) bool { return k.alerts > 0 || k.refused > 0 }, (*token).risk)
	p.add(t, section{ID: "shared", Title: "Shared", Note: "one token from many networks, countries or clients: several people or machines use it, or it has leaked", None: "No token is used from many places."},
		(*token).wide, (*token).width)
	p.add(t, section{ID: "dormant", Title: "Dormant", Note: "valid once, unused for the last third of the time, a week at least: revoke them before somebody else wakes them", None: "No token has fallen asleep."},
		func(k *token) bool { return k.dormant(t.first, t.last) }, requests)
	if p.HasOwners {
		p.add(t, section{ID: "unowned", Title: "Unowned", Note: "tokens that the registry does not know", None: "Every token has an owner."},
			func(k *token) bool { return k.registry == "" }, requests)
	}
	p.add(t, section{ID: "busiest", Title: "Busiest", Note: "the heartbeat of the tokens that are used most", None: "There is no token."},
		func(*token) bool { return true }, requests)
	return p
}

func (p *page) add(t *tally, s section, fits func(*token) bool, rank func(*token) int) {
	tokens, all := t.pick(rows, fits, rank)
	s.All = all
	for _, k := range tokens {
		s.Tokens = append(s.Tokens, k.row())
	}
	p.Sections = append(p.Sections, s)
}

func (k *token) row() row {
	r := row{
		Hint: k.hint, ID: k.id[:min(12, len(k.id))], Kind: k.kind, Owner: k.ownerName, Status: k.status, Requests: thousands(k.requests), Errors: k.errors,
		Refused: k.refused, First: date(k.first), Last: date(k.last), Countries: k.countries.text(6), Networks: k.networks.text(4),
		Clients: k.clients.text(4), Services: k.services.text(4), Sentences: k.sentences, MoreAlerts: k.alerts - len(k.sentences), Heart: k.heart(),
	}
	if r.Hint == "" {
		r.Hint = r.ID
	}
	if r.Owner != "" && k.ownerTeam != "" {
		r.Owner += " (" + k.ownerTeam + ")"
	}
	return r
}

// text names the heaviest, and how many more there are.
func (v *values) text(n int) string {
	if len(v.list) == 0 {
		return "–"
	}
	s := strings.Join(v.top(n), ", ")
	switch rest := len(v.list) - n; {
	case v.more:
		s += fmt.Sprintf(" and at least %d more", max(1, rest+1))
	case rest > 0:
		s += fmt.Sprintf(" and %d more", rest)
	}
	return s
}

const cell = 5 // pixels

// heart is a token's week: a row a day from Monday on, a column an hour of UTC, the darker the busier.
func (k *token) heart() template.HTML {
	most := slices.Max(k.hours[:])
	var s strings.Builder
	fmt.Fprintf(&s, `<svg class="heart" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="requests by hour of the week, UTC"><rect class="rest" width="%d" height="%d"/>`,
		24*cell, 7*cell, 24*cell, 7*cell, 24*cell, 7*cell)
	for at, n := range k.hours {
		if n > 0 {
			fmt.Fprintf(&s, `<rect x="%d" y="%d" width="%d" height="%d" opacity="%.2f"/>`, at%24*cell, at/24*cell, cell-1, cell-1, 0.2+0.8*math.Sqrt(float64(n)/float64(most)))
		}
	}
	s.WriteString("</svg>")
	return template.HTML(s.String()) // numbers and dates only
}

// daily is a bar for each day, of all requests.
func (t *tally) daily() template.HTML {
	from, to, most := t.first/day, t.last/day, 0
	const longest = 400 // days that are drawn, the newest
	from = max(from, to-longest+1)
	for _, n := range t.days {
		most = max(most, n)
	}
	width := 900 / float64(to-from+1)
	var s strings.Builder
	s.WriteString(`<svg class="days" viewBox="0 0 900 60" preserveAspectRatio="none" role="img" aria-label="requests by day">`)
	for d := from; d <= to; d++ {
		if n := t.days[d]; n > 0 {
			height := max(1, 60*float64(n)/float64(most))
			fmt.Fprintf(&s, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s: %s</title></rect>`,
				float64(d-from)*width, 60-height, max(0.5, width-0.5), height, date(d*day), thousands(n))
		}
	}
	s.WriteString("</svg>")
	return template.HTML(s.String()) // numbers and dates only
}

// When is the alert's time.
func (a told) When() string { return time.Unix(0, a.At).UTC().Format("2006-01-02 15:04") }

// Class is the rule's name in words.
func (a told) Class() string {
	if rule, ok := anomaly.RuleOf(anomaly.Detector(a.Detector)); ok {
		return rule.Name
	}
	return a.Detector
}

func date(at int64) string { return time.Unix(0, at).UTC().Format(time.DateOnly) }

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
