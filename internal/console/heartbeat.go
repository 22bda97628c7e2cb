package console

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// heartbeat is a token's strip with all that happened.
type heartbeat struct {
	strip
	P95 points `json:"p95" doc:"seconds; null: nothing happened"`
}

func (k *call) heartbeat() (any, error) {
	t, q, err := k.oneAsked()
	if err != nil {
		return nil, err
	}
	return k.heartbeatOf(t, q)
}

func (k *call) heartbeatOf(t store.Token, q question) (*heartbeat, error) {
	step, err := k.step(q, usualPoints)
	if err != nil {
		return nil, err
	}
	ask := store.Query{Filter: k.only(t), From: q.from, To: q.to, Measure: store.MeasureRequests, Step: step}
	requests, err := k.Store.Query(k.ctx, ask)
	if err != nil {
		return nil, err
	}
	failed, err := k.errorsBy(ask)
	if err != nil {
		return nil, err
	}
	ask.Measure = store.MeasureP95
	slow, err := k.Store.Query(k.ctx, ask)
	if err != nil {
		return nil, err
	}
	drawn, err := k.strip(t, requests, first(requests), first(failed))
	if err != nil {
		return nil, err
	}
	if drawn.Marks, err = k.marks(t, q); err != nil {
		return nil, err
	}
	return &heartbeat{strip: *drawn, P95: filled(first(slow).Points, len(drawn.Requests), nothing)}, nil
}

func first(a store.Answer) store.Series {
	if len(a.Series) == 0 {
		return store.Series{}
	}
	return a.Series[0]
}

// only is a filter of one token, in the scope of whoever asks.
func (k *call) only(t store.Token) store.TokenFilter {
	return store.TokenFilter{Scope: k.who.Scope, IDs: []string{t.ID}}
}

// marks are what happened to a token, the oldest first.
func (k *call) marks(t store.Token, q question) ([]mark, error) {
	page, err := k.Store.Events(k.ctx, store.EventQuery{Filter: k.only(t), Kinds: []string{store.EventAnomaly, store.EventAuth}, From: q.from, To: q.to, Limit: 1000})
	if err != nil {
		return nil, err
	}
	out := []mark{}
	for _, e := range page.Events {
		out = append(out, markOf(e))
	}
	said := make(map[time.Time]bool) // what was vouched for at once is one mark
	for _, e := range k.ledger.of(t.ID) {
		if e.Kind == store.EntryFeedback {
			if said[e.Time] {
				continue
			}
			said[e.Time] = true
		}
		if e.Kind != store.EntryAudit && !e.Time.Before(q.from) && e.Time.Before(q.to) {
			out = append(out, mark{At: e.Time, Kind: kindOf(e), Title: e.Body})
		}
	}
	releases, err := k.releases(t, q)
	if err != nil {
		return nil, err
	}
	for _, r := range releases {
		if r.First.After(q.from) && r.Version != "" {
			out = append(out, mark{At: r.First, Kind: "release", Title: strings.TrimSpace(r.Service + " " + r.Version)})
		}
	}
	slices.SortStableFunc(out, func(a, b mark) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Title, b.Title)) })
	return out, nil
}

func markOf(e store.Event) mark {
	title := e.Body
	if title == "" {
		title = e.Name
	}
	kind := "anomaly"
	if e.Kind == store.EventAuth {
		kind = "auth"
	}
	return mark{At: e.Time, Kind: kind, ID: e.ID, Title: title, Severity: e.Severity}
}

func kindOf(e store.Entry) string {
	if e.Kind == store.EntryFeedback {
		return "feedback"
	}
	return "response"
}
