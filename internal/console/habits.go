package console

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
)

// habits are what is usual for a token, beside what it did in the time that was asked for.
type habits struct {
	Hours     habitHours `json:"hours"`
	Routes    []habit    `json:"routes"`
	Countries []habit    `json:"countries"`
	Networks  []habit    `json:"networks"`
	Clients   []habit    `json:"clients"`
	Volume    struct {
		Low    number `json:"low" doc:"a quiet day's; null: not learned"`
		Median number `json:"median" doc:"null: not learned"`
		High   number `json:"high" doc:"a busy day's; null: not learned"`
		Now    number `json:"now" doc:"a day, in the time that was asked for"`
		Unit   string `json:"unit"`
	} `json:"volume"`
	Days     float64 `json:"days" doc:"learned from"`
	Requests float64 `json:"requests" doc:"learned from"`
	Learning bool    `json:"learning"`
}

// habitHours are shares by the hour of the week, Monday first, in UTC.
type habitHours struct {
	Baseline [][]float64 `json:"baseline" nullable:"true" doc:"null: not learned"`
	Now      [][]float64 `json:"now"`
}

// habit is one value, and how often it comes.
type habit struct {
	Value    string `json:"value"`
	Baseline number `json:"baseline_share" doc:"null: not learned"`
	Now      number `json:"now_share" doc:"null: not counted"`
	Requests number `json:"now_requests" doc:"null: not counted"`
	New      bool   `json:"new" doc:"never seen before"`
}

func (k *call) habits() (any, error) {
	t, q, err := k.oneAsked()
	if err != nil {
		return nil, err
	}
	return k.habitsOf(t, q)
}

func (k *call) habitsOf(t store.Token, q question) (*habits, error) {
	event, err := k.baselineEvent(t)
	if err != nil {
		return nil, err
	}
	b := baselineOf(event)
	out := &habits{Learning: !b.learned()}
	out.Volume.Low, out.Volume.Median, out.Volume.High, out.Volume.Unit = number(nothing), number(nothing), number(nothing), "requests a day"
	if b != nil {
		out.Days, out.Requests = b.Days, b.Requests
	}
	if b.learned() {
		out.Hours.Baseline = b.Hours.days()
		out.Volume.Low, out.Volume.Median, out.Volume.High = number(b.Low), number(b.Median), number(b.High)
	}
	ask := store.Query{Filter: k.only(t), From: q.from, To: q.to, Measure: store.MeasureRequests}
	hourly := ask
	hourly.From, hourly.Step = q.from.Truncate(time.Hour), time.Hour
	if hourly.To.Sub(hourly.From) > mostPoints*time.Hour {
		hourly.From = hourly.To.Add(-mostPoints * time.Hour)
	}
	answer, err := k.Store.Query(k.ctx, hourly)
	if err != nil {
		return nil, err
	}
	var now [7 * 24]float64
	for i, v := range first(answer).Points {
		now[hourOfWeek(answer.From.Add(time.Duration(i)*answer.Step))] += v
	}
	spread := weekOf(now[:])
	out.Hours.Now = spread.days()
	if span := hourly.To.Sub(hourly.From); span > 0 {
		out.Volume.Now = number(first(answer).Total / span.Hours() * 24)
	}
	for _, f := range []struct {
		group store.Group
		key   string
		into  *[]habit
	}{
		{store.ByRoute, otelattr.BaselineRoutes, &out.Routes},
		{store.ByCountry, otelattr.BaselineCountries, &out.Countries},
		{store.ByNetwork, otelattr.BaselineNetworks, &out.Networks},
		{store.ByClient, otelattr.BaselineClients, &out.Clients},
	} {
		ask.Group, ask.Limit = f.group, 50
		found, err := k.Store.Query(k.ctx, ask)
		if err != nil {
			return nil, err
		}
		*f.into = compare(found, b, f.key)
	}
	return out, nil
}

// compare puts what is usual beside what was found, the most usual first. Where requests are counted and none of them by this, as by network without a
// database of networks, there is no now.
func compare(found store.Answer, b *baseline, key string) []habit {
	all := 0.
	for _, s := range found.Series {
		all += s.Total
	}
	if found.Rest != nil {
		all += found.Rest.Total
	}
	at, out := map[string]int{}, []habit{}
	for _, s := range found.Series {
		if s.Key == "" {
			continue
		}
		at[s.Key] = len(out)
		out = append(out, habit{Value: s.Key, Baseline: number(nothing), Now: number(s.Total / max(all, 1)), Requests: number(s.Total)})
	}
	now := number(0)
	if all > 0 && len(out) == 0 {
		now = number(nothing)
	}
	if b.learned() {
		for i := range out {
			out[i].Baseline, out[i].New = 0, true
		}
		for _, u := range b.Usual[key] {
			i, ok := at[u.Value]
			if !ok {
				i = len(out)
				out = append(out, habit{Value: u.Value, Now: now, Requests: now})
			}
			out[i].Baseline, out[i].New = number(u.Share), false
		}
	}
	slices.SortStableFunc(out, func(a, b habit) int {
		return cmp.Or(cmp.Compare(b.Baseline, a.Baseline), cmp.Compare(b.Now, a.Now), strings.Compare(a.Value, b.Value))
	})
	return out
}
