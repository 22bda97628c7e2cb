package console

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
)

var (
	severities    = []string{"WARN", "ERROR", "FATAL"}
	detectorParam = param{name: "detector", about: "which noticed", many: true}
	severityParam = param{name: "severity", about: "WARN look, ERROR act, FATAL confirmed", many: true, of: severities}
)

// anomalyList is a page of anomalies.
type anomalyList struct {
	Anomalies []finding `json:"anomalies"`
	Next      string    `json:"next,omitempty" doc:"cursor of the next page"`
}

// finding is an anomaly with its evidence in words.
type finding struct {
	store.Event
	Sentence      string         `json:"sentence"`
	Contributions []contribution `json:"contributions" doc:"the greatest first"`
	Feedback      []store.Entry  `json:"feedback" doc:"what people said of it"`
}

// contribution is what one facet adds to the evidence.
type contribution struct {
	Facet    string  `json:"facet"`
	Observed string  `json:"observed"`
	Expected string  `json:"expected"`
	Words    string  `json:"words"`
	Others   string  `json:"others,omitempty" doc:"what the owner's other keys do"`
	Nats     float64 `json:"nats"`
	Share    float64 `json:"share" doc:"of the evidence, 0 to 1"`
}

// Percent is the share of a hundred.
func (c contribution) Percent() float64 { return 100 * c.Share }

// anomalyDetail is a finding with where to look further.
type anomalyDetail struct {
	finding
	Links    []Link `json:"links" doc:"to the trace of the request that tipped it, and to those of examples"`
	Incident string `json:"incident_file" doc:"path of a file to attach"`
	Case     string `json:"incident,omitempty" doc:"that token_response has opened for it"`
}

func (k *call) anomalies() (any, error) {
	query, err := k.anomalyQuery()
	if err != nil {
		return nil, err
	}
	if query.Limit, err = k.limit(50, 500); err != nil {
		return nil, err
	}
	page, err := k.Store.Events(k.ctx, query)
	if err != nil {
		return nil, ofCursor(query.Cursor, err)
	}
	return anomalyList{Anomalies: k.findings(page.Events), Next: page.Next}, nil
}

// anomalyQuery reads which anomalies are asked for.
func (k *call) anomalyQuery() (q store.EventQuery, err error) {
	q = store.EventQuery{Kinds: []string{store.EventAnomaly}, Cursor: k.args.Get("cursor")}
	if q.Filter, err = k.tokenFilter(); err != nil {
		return q, err
	}
	if q.From, q.To, err = k.span(k.Limits.MaxRange); err != nil {
		return q, err
	}
	if q.Names, err = k.values(detectorParam); err != nil {
		return q, err
	}
	q.Severities, err = k.values(severityParam)
	return q, err
}

func (k *call) anomaly() (any, error) {
	f, err := k.oneAnomaly()
	if err != nil {
		return nil, err
	}
	return k.anomalyDetail(f), nil
}

func (k *call) anomalyDetail(f finding) anomalyDetail {
	out := anomalyDetail{finding: f, Links: []Link{}, Case: k.caseOf(f.Event), Incident: root + "/anomalies/" + url.PathEscape(f.ID) + "/incident.html"}
	link := func(trace, which string) {
		for _, l := range k.Links {
			out.Links = append(out.Links, Link{Name: l.Name + which, URL: strings.ReplaceAll(l.URL, "{trace_id}", url.PathEscape(trace))})
		}
	}
	if f.Trace != "" {
		link(f.Trace, "")
	}
	for i, trace := range examplesOf(f.Event) {
		link(trace, fmt.Sprintf(" (%d)", i+2))
	}
	return out
}

// examplesOf are the traces of other requests that an event names.
func examplesOf(e store.Event) []string {
	var a struct {
		Traces []string `json:"anomaly.trace_ids"`
	}
	if json.Unmarshal(e.Attributes, &a) != nil {
		return nil
	}
	return a.Traces[:min(len(a.Traces), mostExamples)]
}

// mostExamples bounds how many of them are linked.
const mostExamples = 3

// oneAnomaly is the anomaly of the path.
func (k *call) oneAnomaly() (finding, error) {
	id := k.r.PathValue("id")
	if id == "" || len(id) > mostText {
		return finding{}, store.ErrNotFound
	}
	page, err := k.Store.Events(k.ctx, store.EventQuery{
		Filter: store.TokenFilter{Scope: k.who.Scope}, Kinds: []string{store.EventAnomaly}, IDs: []string{id}, Limit: 1,
	})
	if err != nil {
		return finding{}, err
	}
	if len(page.Events) == 0 {
		return finding{}, notFound("there is no such anomaly, or it is not yours to see")
	}
	return k.findings(page.Events)[0], nil
}

func (c *Console) findings(events []store.Event) []finding {
	out := make([]finding, len(events))
	for i, e := range events {
		out[i] = finding{Event: e, Sentence: e.Body, Contributions: contributionsOf(e), Feedback: c.saidOf(e)}
		if out[i].Sentence == "" {
			out[i].Sentence = strings.ReplaceAll(e.Name, "_", " ")
		}
	}
	return out
}

// saidOf is what people said of an anomaly.
func (c *Console) saidOf(e store.Event) []store.Entry {
	out := []store.Entry{}
	for _, entry := range c.ledger.of(e.Token) {
		again := len(out) > 0 && entry.Time.Equal(out[len(out)-1].Time) // each value that was vouched for has an entry of its own
		if entry.Kind == store.EntryFeedback && !again && text(entry.Attributes, otelattr.AnomalyID) == e.ID {
			out = append(out, entry)
		}
	}
	return out
}

// text is one attribute.
func text(attributes json.RawMessage, name string) string {
	var all map[string]any
	_ = json.Unmarshal(attributes, &all) // what is no object has no attributes
	s, _ := all[name].(string)
	return s
}

// count64 is an attribute that is a whole number.
func count64(attributes json.RawMessage, name string) (int64, bool) {
	var all map[string]any
	_ = json.Unmarshal(attributes, &all) // what is no object has no attributes
	n, ok := all[name].(float64)
	return int64(n), ok
}

// contributionsOf reads the evidence of an event.
func contributionsOf(e store.Event) []contribution {
	var a struct {
		Evidence []struct {
			Facet    string  `json:"facet"`
			Observed string  `json:"observed"`
			Expected string  `json:"expected"`
			Nats     float64 `json:"nats"`
			Samples  float64 `json:"samples"`
			Others   float64 `json:"owner_tokens"`
			Same     float64 `json:"owner_tokens_same"`
			Mostly   string  `json:"owner_tokens_mostly"`
		} `json:"anomaly.evidence"`
	}
	if json.Unmarshal(e.Attributes, &a) != nil {
		return []contribution{}
	}
	all := 0.
	for _, v := range a.Evidence {
		all += max(v.Nats, 0)
	}
	out := []contribution{}
	for _, v := range a.Evidence {
		c := contribution{Facet: v.Facet, Observed: v.Observed, Expected: v.Expected, Nats: v.Nats, Words: contributionWords(v.Facet, v.Observed, v.Expected, v.Samples), Others: othersWords(v.Others, v.Same, v.Mostly)}
		if all > 0 {
			c.Share = max(v.Nats, 0) / all
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b contribution) int {
		switch {
		case a.Nats > b.Nats:
			return -1
		case a.Nats < b.Nats:
			return 1
		}
		return 0
	})
	return out
}
