package console

import (
	"math"
	"time"

	"github.com/holterhq/holter/internal/store"
)

var sorts = []string{
	"-last_used", "last_used", "-first_seen", "first_seen", "-requests", "requests", "-evidence", "evidence", "owner", "-owner", "hint", "-hint", "id", "-id",
}

// tokenList is a page of tokens.
type tokenList struct {
	Tokens []tokenRow `json:"tokens"`
	Total  int        `json:"total"`
	Next   string     `json:"next,omitempty" doc:"cursor of the next page"`
}

// tokenRow is a token with how it is and what it did.
type tokenRow struct {
	store.Token
	State    string  `json:"state" enum:"ok,learning,rising,alert,dormant,revoked"`
	Requests float64 `json:"requests" doc:"in the time that was asked for"`
	Errors   float64 `json:"errors" doc:"in the time that was asked for"`
	Ever     int64   `json:"requests_ever"`
	Strip    *strip  `json:"strip,omitempty"`
}

// strip is a heartbeat: requests and errors along time, in the learned band.
type strip struct {
	From     time.Time `json:"from"`
	Step     int       `json:"step" doc:"seconds"`
	Requests points    `json:"requests"`
	Errors   points    `json:"errors"`
	Low      points    `json:"low" doc:"null: not learned"`
	High     points    `json:"high" doc:"null: not learned"`
	Marks    []mark    `json:"marks"`
}

// mark is something that happened to a token.
type mark struct {
	At       time.Time `json:"at"`
	Kind     string    `json:"kind" enum:"anomaly,auth,feedback,response,release"`
	ID       string    `json:"id,omitempty"`
	Title    string    `json:"title"`
	Severity string    `json:"severity,omitempty"`
}

func (k *call) tokens() (any, error) {
	q, err := k.asked()
	if err != nil {
		return nil, err
	}
	limit, err := k.limit(100, 500)
	if err != nil {
		return nil, err
	}
	order, err := k.choice("sort", sorts...)
	if err != nil {
		return nil, err
	}
	withStrip, err := k.choice("strip", "0", "1")
	if err != nil {
		return nil, err
	}
	return k.tokenRows(q, order, k.args.Get("cursor"), limit, withStrip == "1")
}

// tokenRows is a page of tokens, with what they did. A filter by a dimension changes what is counted, not which tokens there are.
func (k *call) tokenRows(q question, order, cursor string, limit int, withStrip bool) (out tokenList, err error) {
	page, err := k.Store.Tokens(k.ctx, store.TokenQuery{Filter: q.tokens, Sort: order, Limit: limit, Cursor: cursor})
	if err != nil {
		return out, ofCursor(cursor, err)
	}
	out = tokenList{Tokens: make([]tokenRow, len(page.Tokens)), Total: page.Total, Next: page.Next}
	if len(page.Tokens) == 0 {
		return out, nil
	}
	ids := make([]string, len(page.Tokens))
	for i, t := range page.Tokens {
		ids[i] = t.ID
	}
	ask := store.Query{
		Filter: store.TokenFilter{Scope: k.who.Scope, IDs: ids}, From: q.from, To: q.to, Measure: store.MeasureRequests, Group: store.ByToken, Where: q.where,
		Limit: len(ids),
	}
	if withStrip {
		ask.Step = stepFor(q.from, q.to, k.now, k.oldest(), stripPoints)
	}
	requests, err := k.Store.Query(k.ctx, ask)
	if err != nil {
		return out, err
	}
	failed, err := k.errorsBy(ask)
	if err != nil {
		return out, err
	}
	all, allFailed := requests, failed
	if !requests.From.Equal(q.from) || !requests.To.Equal(q.to) { // the strip's steps reach beyond the time
		ask.Step = 0
		if all, err = k.Store.Query(k.ctx, ask); err != nil {
			return out, err
		}
		if allFailed, err = k.errorsBy(ask); err != nil {
			return out, err
		}
	}
	marks := map[string][]mark{}
	if withStrip {
		if marks, err = k.anomalyMarks(ids, q.from, q.to); err != nil {
			return out, err
		}
	}
	did, erred := byKey(requests), byKey(failed)
	total, totalFailed := byKey(all), byKey(allFailed)
	for i, t := range page.Tokens {
		row := tokenRow{Token: t, State: k.condition(t, k.now), Requests: total[t.ID].Total, Errors: totalFailed[t.ID].Total, Ever: t.Requests}
		if withStrip {
			if row.Strip, err = k.strip(t, requests, did[t.ID], erred[t.ID]); err != nil {
				return out, err
			}
			row.Strip.Marks = list(marks[t.ID])
		}
		out.Tokens[i] = row
	}
	return out, nil
}

// errorsBy asks for the errors beside the requests. What is counted by another dimension has no errors of its own.
func (k *call) errorsBy(ask store.Query) (store.Answer, error) {
	if ask.Where.Group != "" && ask.Where.Group != store.ByOutcome {
		return store.Answer{}, nil
	}
	ask.Measure = store.MeasureErrors
	return k.Store.Query(k.ctx, ask)
}

func byKey(a store.Answer) map[string]store.Series {
	out := make(map[string]store.Series, len(a.Series))
	for _, s := range a.Series {
		out[s.Key] = s
	}
	return out
}

// strip draws a token's heartbeat.
func (k *call) strip(t store.Token, a store.Answer, requests, failed store.Series) (*strip, error) {
	event, err := k.baselineEvent(t)
	if err != nil {
		return nil, err
	}
	n := 0
	if a.Step > 0 {
		n = int(a.To.Sub(a.From) / a.Step)
	}
	out := &strip{From: a.From, Step: seconds(a.Step), Requests: filled(requests.Points, n, 0), Errors: filled(failed.Points, n, 0), Marks: []mark{}}
	out.Low, out.High = baselineOf(event).band(a.From, a.Step, n)
	return out, nil
}

// filled is as many points as there are steps.
func filled(p []float64, n int, value float64) points {
	if len(p) == n {
		return p
	}
	out := make(points, n)
	for i := range out {
		out[i] = value
	}
	copy(out, p)
	return out
}

// anomalyMarks are the anomalies of some tokens.
func (k *call) anomalyMarks(ids []string, from, to time.Time) (map[string][]mark, error) {
	page, err := k.Store.Events(k.ctx, store.EventQuery{
		Filter: store.TokenFilter{Scope: k.who.Scope, IDs: ids}, Kinds: []string{store.EventAnomaly}, From: from, To: to, Limit: 1000,
	})
	if err != nil {
		return nil, err
	}
	out := map[string][]mark{}
	for _, e := range page.Events {
		out[e.Token] = append(out[e.Token], markOf(e))
	}
	return out, nil
}

// nothing is a point without a value.
var nothing = math.NaN()
