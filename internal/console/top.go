package console

import (
	"math"

	"github.com/holterhq/holter/internal/store"
)

// topAnswer are the greatest of a group.
type topAnswer struct {
	Rows  []topRow `json:"rows"`
	Rest  number   `json:"rest" doc:"of all others; null for quantiles and distinct counts"`
	Total number   `json:"total" doc:"of all; null for quantiles and distinct counts"`
}

type topRow struct {
	Key      string `json:"key"`
	Label    string `json:"label"`
	Value    number `json:"value"`
	Previous number `json:"previous" doc:"in the time of the same length before; null: not known"`
	Share    number `json:"share" doc:"of the total, 0 to 1"`
}

func (k *call) top() (any, error) {
	_, query, err := k.query(20, 1000)
	if err != nil {
		return nil, err
	}
	if query.Group == store.ByNothing {
		query.Group = store.ByToken
	}
	now, err := k.Store.Query(k.ctx, query)
	if err != nil {
		return nil, err
	}
	before := query
	before.From, before.To, before.Limit = query.From.Add(-query.To.Sub(query.From)), query.From, 1000
	past, err := k.Store.Query(k.ctx, before)
	if err != nil {
		return nil, err
	}
	names, err := k.labels(query.Group, now.Series)
	if err != nil {
		return nil, err
	}
	out := topAnswer{Rows: []topRow{}, Rest: number(math.NaN()), Total: number(math.NaN())}
	if additive(query.Measure) {
		out.Rest, out.Total = 0, 0
		if now.Rest != nil {
			out.Rest = number(now.Rest.Total)
		}
		for _, s := range now.Series {
			out.Total += number(s.Total)
		}
		out.Total += out.Rest
	}
	previous := totals(past)
	for _, s := range now.Series {
		row := topRow{Key: s.Key, Label: names.of(s.Key), Value: number(s.Total), Previous: number(math.NaN()), Share: number(s.Total) / out.Total}
		if was, ok := previous[s.Key]; ok {
			row.Previous = number(was)
		} else if past.Keys <= len(past.Series) && additive(query.Measure) {
			row.Previous = 0
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

// additive says whether the values of a measure add up.
func additive(m store.Measure) bool {
	switch m {
	case store.MeasureP50, store.MeasureP95, store.MeasureP99, store.MeasureTokens, store.MeasureOwners:
		return false
	}
	return true
}

func totals(a store.Answer) map[string]float64 {
	out := make(map[string]float64, len(a.Series))
	for _, s := range a.Series {
		out[s.Key] = s.Total
	}
	return out
}
