package console

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// overview is what is going on.
type overview struct {
	Totals    overviewTotals `json:"totals"`
	Movers    []mover        `json:"movers" doc:"what changed most"`
	Anomalies []finding      `json:"anomalies" doc:"the latest first, at most 20"`
	At        time.Time      `json:"at"`
}

type overviewTotals struct {
	counts
	Previous counts `json:"previous" doc:"in the time of the same length before"`
}

type counts struct {
	Requests  float64 `json:"requests"`
	Errors    float64 `json:"errors"`
	Tokens    int     `json:"tokens"`
	Active    float64 `json:"active_tokens"`
	Anomalies int     `json:"anomalies"`
}

// mover is a token that does far more or less than before.
type mover struct {
	Token  store.Token `json:"token"`
	Before float64     `json:"before"`
	Now    float64     `json:"now"`
	Ratio  number      `json:"ratio" doc:"now to before; null: there was nothing before"`
}

func (k *call) overview() (any, error) {
	q, err := k.asked()
	if err != nil {
		return nil, err
	}
	return k.overviewOf(q)
}

func (k *call) overviewOf(q question) (*overview, error) {
	out := &overview{At: k.now, Movers: []mover{}}
	before := q
	before.from, before.to = q.from.Add(-q.to.Sub(q.from)), q.from
	for _, part := range []struct {
		q    question
		into *counts
	}{{q, &out.Totals.counts}, {before, &out.Totals.Previous}} {
		var err error
		if *part.into, err = k.counts(part.q); err != nil {
			return nil, err
		}
	}
	var err error
	if out.Totals.Tokens, err = k.count(q.tokens); err != nil {
		return nil, err
	}
	known := q.tokens
	known.NewSince = q.from
	fresh, err := k.count(known)
	if err != nil {
		return nil, err
	}
	out.Totals.Previous.Tokens = out.Totals.Tokens - fresh
	page, err := k.Store.Events(k.ctx, store.EventQuery{Filter: q.tokens, Kinds: []string{store.EventAnomaly}, From: q.from, To: q.to, Limit: 20})
	if err != nil {
		return nil, err
	}
	out.Anomalies = k.findings(page.Events)
	out.Movers, err = k.movers(q, before)
	return out, err
}

// counts are the totals of one span of time.
func (k *call) counts(q question) (c counts, err error) {
	ask := store.Query{Filter: q.tokens, From: q.from, To: q.to, Where: q.where, Measure: store.MeasureRequests}
	requests, err := k.Store.Query(k.ctx, ask)
	if err != nil {
		return c, err
	}
	failed, err := k.errorsBy(ask)
	if err != nil {
		return c, err
	}
	ask.Measure = store.MeasureTokens
	active, err := k.Store.Query(k.ctx, ask)
	if err != nil {
		return c, err
	}
	c.Requests, c.Errors, c.Active = first(requests).Total, first(failed).Total, first(active).Total
	c.Anomalies, err = k.countAnomalies(q)
	return c, err
}

// countAnomalies counts up to ten thousand.
func (k *call) countAnomalies(q question) (n int, err error) {
	query := store.EventQuery{Filter: q.tokens, Kinds: []string{store.EventAnomaly}, From: q.from, To: q.to, Limit: 1000}
	for range 10 {
		page, err := k.Store.Events(k.ctx, query)
		if err != nil {
			return n, err
		}
		n += len(page.Events)
		if query.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	return n, nil
}

const mostMovers = 8

// movers are the tokens whose requests changed by the most, in units of what chance would explain.
func (k *call) movers(q, before question) ([]mover, error) {
	ask := store.Query{Filter: q.tokens, From: q.from, To: q.to, Measure: store.MeasureRequests, Group: store.ByToken, Where: q.where, Limit: 1000}
	now, err := k.Store.Query(k.ctx, ask)
	if err != nil {
		return nil, err
	}
	ask.From, ask.To = before.from, before.to
	past, err := k.Store.Query(k.ctx, ask)
	if err != nil {
		return nil, err
	}
	did, was := totals(now), totals(past)
	var ids []string
	for id := range did {
		ids = append(ids, id)
	}
	for id := range was {
		if _, ok := did[id]; !ok {
			ids = append(ids, id)
		}
	}
	surprise := func(id string) float64 { return math.Abs(did[id]-was[id]) / math.Sqrt(did[id]+was[id]+1) }
	const chance = 4 // standard deviations
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" || surprise(id) < chance })
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(surprise(b), surprise(a)), cmp.Compare(a, b)) })
	ids = ids[:min(len(ids), mostMovers)]
	if len(ids) == 0 {
		return []mover{}, nil
	}
	known, err := k.tokensOf(k.ctx, store.TokenFilter{Scope: k.who.Scope, IDs: ids})
	if err != nil {
		return nil, err
	}
	out := []mover{}
	for _, id := range ids {
		i := slices.IndexFunc(known, func(t store.Token) bool { return t.ID == id })
		if i < 0 {
			continue
		}
		m := mover{Token: known[i], Before: was[id], Now: did[id], Ratio: number(nothing)}
		if m.Before > 0 {
			m.Ratio = number(m.Now / m.Before)
		}
		out = append(out, m)
	}
	return out, nil
}
