package console

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the file's template
	"encoding/base64"
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
)

var (
	//go:embed incident.html
	incidentPage string
	//go:embed incident.css
	incidentStyle string

	incidentTemplate = template.Must(template.New("incident").Funcs(template.FuncMap{
		"moment": moment, "short": short, "percent": percent, "label": labelOf, "word": facetWord,
		"float": func(n number) float64 { return float64(n) },
	}).Parse(incidentPage))
	// incidentPolicy lets the file's own style through and nothing else: it has no script, and asks nobody.
	incidentPolicy = func() string {
		sum := sha256.Sum256([]byte(incidentStyle))
		return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	}()
)

// incident is what its file tells.
type incident struct {
	finding
	Token    store.Token
	Means    string // what the severity asks of the reader
	Action   string // what is suggested
	Rule     string
	Strange  []sighted // what was not the token's, and since when
	First    time.Time // of the requests that were not the token's
	Until    time.Time
	Trigger  []fact
	Reached  []reached
	Others   int // routes that are not listed
	Outcomes []habit
	Chart    chart
	Usual    *baseline
	Said     []store.Entry
	Links    []Link
	Made     time.Time
	Version  string
	Policy   string
	Style    template.CSS
}

// fact is a line of two columns.
type fact struct{ Name, Value string }

// sighted is a value of the evidence, and when it came first within the time that is kept.
type sighted struct {
	Words string
	At    time.Time
}

// reached is a route that was called since the first bad request.
type reached struct {
	Route    string
	Requests float64
	Usual    string
}

// Times that an incident's file is about.
const (
	incidentBefore = 48 * time.Hour      // the first bad request: normal life, to compare with
	incidentAfter  = 24 * time.Hour      // the event
	incidentBack   = 14 * 24 * time.Hour // from the event, that the first bad request is looked for
	mostReached    = 25
)

func (k *call) incident() error {
	f, err := k.oneAnomaly()
	if err != nil {
		return err
	}
	in, err := k.incidentOf(f)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := incidentTemplate.Execute(&out, in); err != nil {
		return err
	}
	h := k.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Disposition", fmt.Sprintf("inline; filename=%q", "holter-incident-"+f.Time.UTC().Format("2006-01-02-1504")+".html"))
	h.Set("Content-Security-Policy", incidentPolicy+"; frame-ancestors 'none'")
	_, _ = k.w.Write(out.Bytes())
	return nil
}

func (k *call) incidentOf(f finding) (*incident, error) {
	in := &incident{
		finding: f, Made: k.now, Version: k.Version, Policy: incidentPolicy, Style: template.CSS(incidentStyle), Links: k.anomalyDetail(f).Links, //nolint:gosec // it is ours
		Means:  map[string]string{"WARN": "Look", "ERROR": "Act", "FATAL": "Confirmed compromise"}[f.Severity],
		Action: text(f.Attributes, otelattr.AnomalyAction), Rule: text(f.Attributes, otelattr.SecurityRuleName),
	}
	in.Token = store.Token{ID: f.Token, Hint: text(f.Attributes, otelattr.TokenHint), OwnerName: text(f.Attributes, otelattr.TokenOwnerName)}
	in.Trigger = triggerOf(f)
	in.First, in.Until = f.Time, f.Time.Add(incidentAfter)
	if in.Until.After(k.now) {
		in.Until = k.now
	}
	if !in.Until.After(f.Time) {
		in.Until = f.Time.Add(time.Minute)
	}
	if f.Token == "" {
		return in, nil
	}
	found, err := k.tokensOf(k.ctx, store.TokenFilter{Scope: k.who.Scope, IDs: []string{f.Token}})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return in, nil
	}
	in.Token = found[0]
	event, err := k.baselineEvent(in.Token)
	if err != nil {
		return nil, err
	}
	in.Usual = baselineOf(event)
	for _, step := range []func(*incident) error{k.findStrange, k.findReached, k.drawChart} {
		if err := step(in); err != nil {
			return nil, err
		}
	}
	for _, e := range k.ledger.of(f.Token) {
		if !e.Time.Before(in.First) {
			in.Said = append(in.Said, e)
		}
	}
	return in, nil
}

// triggerOf are what is known of the request that tipped it.
func triggerOf(f finding) (out []fact) {
	add := func(name string, values ...string) {
		if value := strings.TrimSpace(strings.Join(values, " ")); value != "" {
			out = append(out, fact{name, value})
		}
	}
	attr := func(name string) string { return text(f.Attributes, name) }
	add("When", moment(f.Time))
	add("Endpoint", attr(otelattr.HTTPMethod), attr(otelattr.HTTPRoute))
	add("Service", attr(otelattr.ServiceName), attr(otelattr.ServiceVersion))
	add("Country", attr(otelattr.GeoCountry))
	network := attr(otelattr.ClientAddress)
	if n, ok := count64(f.Attributes, otelattr.ClientASNumber); ok {
		network = fmt.Sprintf("AS%d", n)
	}
	add("Network", network)
	add("Client", attr(otelattr.UserAgentName))
	add("Environment", attr(otelattr.EnvironmentName))
	add("Trace", f.Trace)
	return out
}

// strangeBy is by which dimension a facet of the evidence is counted.
var strangeBy = map[string]store.Group{
	"country": store.ByCountry, "network": store.ByNetwork, "client": store.ByClient, "endpoint": store.ByRoute, "service": store.ByService,
}

// findStrange looks for when what was not the token's came first.
func (k *call) findStrange(in *incident) error {
	from := in.Time.Add(-incidentBack)
	step := stepFor(in.Time.Add(-incidentBack/14), in.Until, k.now, k.oldest(), mostPoints)
	for _, c := range in.Contributions {
		group, ok := strangeBy[c.Facet]
		if !ok || c.Observed == "" || c.Nats <= 0 {
			continue
		}
		answer, err := k.Store.Query(k.ctx, store.Query{
			Filter: k.only(in.Token), From: from, To: in.Until, Measure: store.MeasureRequests, Step: max(step, 15*time.Minute),
			Where: store.Dimension{Group: group, Values: []string{c.Observed}},
		})
		if err != nil {
			return err
		}
		for i, v := range first(answer).Points {
			if v <= 0 {
				continue
			}
			at := answer.From.Add(time.Duration(i) * answer.Step)
			if i == 0 { // it is older than what was looked at
				break
			}
			if at.After(in.Time) {
				at = in.Time
			}
			in.Strange = append(in.Strange, sighted{strings.TrimSpace(facetWord(c.Facet) + " " + c.Observed), at})
			if at.Before(in.First) {
				in.First = at
			}
			break
		}
	}
	return nil
}

// findReached lists what was called since.
func (k *call) findReached(in *incident) error {
	ask := store.Query{Filter: k.only(in.Token), From: in.First, To: in.Until, Measure: store.MeasureRequests, Group: store.ByRoute, Limit: mostReached}
	routes, err := k.Store.Query(k.ctx, ask)
	if err != nil {
		return err
	}
	known := map[string]float64{}
	if in.Usual.learned() {
		for _, u := range in.Usual.Usual[otelattr.BaselineRoutes] {
			known[u.Value] = u.Share
		}
	}
	for _, s := range routes.Series {
		r := reached{Route: s.Key, Requests: s.Total}
		switch share, ok := known[s.Key]; {
		case ok:
			r.Usual = percent(share) + " of its requests"
		case in.Usual.learned():
			r.Usual = "never used before"
		}
		in.Reached = append(in.Reached, r)
	}
	in.Others = routes.Keys - len(routes.Series)
	ask.Group = store.ByOutcome
	outcomes, err := k.Store.Query(k.ctx, ask)
	if err != nil {
		return err
	}
	in.Outcomes = compare(outcomes, nil, "")
	return nil
}

func percent(share float64) string {
	switch p := 100 * share; {
	case p >= 10 || p == 0:
		return fmt.Sprintf("%.0f %%", p)
	case p >= .1:
		return fmt.Sprintf("%.1f %%", p)
	}
	return "< 0.1 %"
}

// chart is a heartbeat as paths of an SVG.
type chart struct {
	Width, Height, Left, Right, Base, Foot float64
	Requests, Errors, Band                 string
	Marks                                  []chartMark
	Times, Counts                          []tick
	Step                                   string
	Rows                                   []chartRow // the same in numbers, of hours
	Peak                                   string
}

type chartMark struct {
	X, Y  float64 // of the label
	Label string
	Right bool // the label stands to the left of the line
}

type tick struct {
	At    float64
	Label string
}

type chartRow struct {
	At                          time.Time
	Requests, Errors, Low, High string
}

// drawChart draws the token's heartbeat around the incident.
func (k *call) drawChart(in *incident) error {
	q := question{from: in.First.Add(-incidentBefore), to: in.Until}
	k.args = nil
	beat, err := k.heartbeatOf(in.Token, q)
	if err != nil {
		return err
	}
	in.Chart = chartOf(beat.strip, in.Time, in.First)
	return nil
}

func chartOf(s strip, at, began time.Time) chart {
	c := chart{Width: 960, Height: 300, Left: 52, Right: 948, Base: 216, Foot: 262, Step: duration(time.Duration(s.Step) * time.Second)}
	n := len(s.Requests)
	if n == 0 {
		return c
	}
	top, worst := 1., 1.
	for i := range s.Requests {
		top = math.Max(top, s.Requests[i])
		if !math.IsNaN(s.High[i]) {
			top = math.Max(top, s.High[i])
		}
		worst = math.Max(worst, s.Errors[i])
	}
	top = niceAbove(top)
	const foot = 40 // as high as errors are drawn
	worst = math.Max(worst, top*foot/(c.Base-28))
	width := (c.Right - c.Left) / float64(n)
	x := func(i int) float64 { return c.Left + float64(i)*width }
	y := func(v float64) float64 { return c.Base - v/top*(c.Base-28) }
	var requests, errs, band, back strings.Builder
	for i := range n {
		if v := s.Requests[i]; v > 0 {
			fmt.Fprintf(&requests, "M%.1f %.1fV%.1fh%.1fV%.1fz", x(i), c.Base, y(v), width*.86, c.Base)
		}
		if v := s.Errors[i]; v > 0 {
			fmt.Fprintf(&errs, "M%.1f %.1fV%.1fh%.1fV%.1fz", x(i), c.Base+2, c.Base+2+math.Max(1.5, v/worst*foot), width*.86, c.Base+2)
		}
	}
	if !math.IsNaN(s.High[0]) {
		for i := range n {
			fmt.Fprintf(&band, "L%.1f %.1fH%.1f", x(i), y(s.High[i]), x(i+1))
			j := n - 1 - i
			fmt.Fprintf(&back, "L%.1f %.1fH%.1f", x(j+1), y(s.Low[j]), x(j))
		}
		c.Band = "M" + band.String()[1:] + back.String() + "z"
	}
	c.Requests, c.Errors = requests.String(), errs.String()
	span := time.Duration(n*s.Step) * time.Second
	place := func(t time.Time) float64 {
		return c.Left + (c.Right-c.Left)*math.Min(1, math.Max(0, float64(t.Sub(s.From))/float64(span)))
	}
	if began.Before(at) {
		c.Marks = append(c.Marks, chartMark{X: place(began), Label: "first bad request"})
	}
	c.Marks = append(c.Marks, chartMark{X: place(at), Label: "alert"})
	for i := range c.Marks {
		c.Marks[i].Y = float64(12 + 14*i)
		c.Marks[i].Right = c.Marks[i].X > c.Width*.8
	}
	for _, share := range []float64{0, .5, 1} {
		c.Counts = append(c.Counts, tick{y(share * top), short(share * top)})
	}
	every := 6 * time.Hour
	for span/every > 8 {
		every *= 2
	}
	for t := s.From.Truncate(every).Add(every); t.Before(s.From.Add(span)); t = t.Add(every) {
		c.Times = append(c.Times, tick{place(t), t.UTC().Format("2 Jan 15:04")})
	}
	c.Rows, c.Peak = chartRows(s), short(top)
	return c
}

// chartRows are the numbers of a chart, of so many steps together that they can be read.
func chartRows(s strip) (out []chartRow) {
	const most = 36
	n := len(s.Requests)
	per := (n + most - 1) / most
	for i := 0; i < n; i += per {
		var requests, errs, low, high float64
		for j := i; j < min(i+per, n); j++ {
			requests, errs, low, high = requests+s.Requests[j], errs+s.Errors[j], low+s.Low[j], high+s.High[j]
		}
		row := chartRow{At: s.From.Add(time.Duration(i*s.Step) * time.Second), Requests: short(requests), Errors: short(errs)}
		if !math.IsNaN(high) {
			row.Low, row.High = short(low), short(high)
		}
		out = append(out, row)
	}
	return out
}

// niceAbove is the next round number.
func niceAbove(v float64) float64 {
	scale := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 2, 4, 5, 8, 10} {
		if v <= step*scale {
			return math.Max(step*scale, 2)
		}
	}
	return v
}
