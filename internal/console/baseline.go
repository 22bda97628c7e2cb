package console

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
)

// baseline is what an api_token.baseline event says.
type baseline struct {
	Days              float64
	Requests          float64
	State             string
	Low, Median, High float64 // requests a day
	Hours             week
	Usual             map[string][]usual // by attribute
}

// usual is one value of a facet, and what part of the requests had it.
type usual struct {
	Value string  `json:"value"`
	Share float64 `json:"share"`
}

// week are shares of the requests by the hour of the week, Monday first, in UTC. They add up to 1, or to 0 where nothing is known.
type week [7 * 24]float64

// hourOfWeek is the place of a time in a week.
func hourOfWeek(t time.Time) int { return (int(t.UTC().Weekday())+6)%7*24 + t.UTC().Hour() }

// days are the rows of a week.
func (w *week) days() [][]float64 {
	out := make([][]float64, 7)
	for d := range out {
		out[d] = w[d*24 : d*24+24]
	}
	return out
}

// weekOf spreads shares over a week: of 24 hours, of 24 hours of weekdays and 24 of weekends, or of all 168.
func weekOf(shares []float64) (w week) {
	sum := 0.
	for i := range w {
		day, hour := i/24, i%24
		switch {
		case len(shares) == len(w):
			w[i] = shares[i]
		case len(shares) == 48 && day < 5:
			w[i] = shares[hour] / 5
		case len(shares) == 48:
			w[i] = shares[24+hour] / 2
		case len(shares) == 24:
			w[i] = shares[hour]
		}
		if w[i] < 0 || math.IsNaN(w[i]) || math.IsInf(w[i], 0) {
			w[i] = 0
		}
		sum += w[i]
	}
	if sum > 0 {
		for i := range w {
			w[i] /= sum
		}
	}
	return w
}

// baselineOf reads an event.
func baselineOf(e *store.Event) *baseline {
	if e == nil {
		return nil
	}
	var a struct {
		Days     float64 `json:"baseline.days"`
		Requests float64 `json:"baseline.requests"`
		State    string  `json:"baseline.state"`
		PerDay   struct {
			Low    float64 `json:"low"`
			Median float64 `json:"median"`
			High   float64 `json:"high"`
		} `json:"baseline.requests_per_day"`
		Hours     []float64 `json:"baseline.hours"`
		Routes    []usual   `json:"baseline.routes"`
		Countries []usual   `json:"baseline.countries"`
		Networks  []usual   `json:"baseline.networks"`
		Clients   []usual   `json:"baseline.clients"`
	}
	if json.Unmarshal(e.Attributes, &a) != nil {
		return nil
	}
	return &baseline{
		Days: a.Days, Requests: a.Requests, State: a.State, Low: a.PerDay.Low, Median: a.PerDay.Median, High: a.PerDay.High, Hours: weekOf(a.Hours),
		Usual: map[string][]usual{
			otelattr.BaselineRoutes: a.Routes, otelattr.BaselineCountries: a.Countries, otelattr.BaselineNetworks: a.Networks, otelattr.BaselineClients: a.Clients,
		},
	}
}

// Lists are the most usual values of each facet in words.
func (b *baseline) Lists() (out []fact) {
	for _, l := range []struct{ name, key string }{
		{"Endpoints", otelattr.BaselineRoutes}, {"Countries", otelattr.BaselineCountries}, {"Networks", otelattr.BaselineNetworks}, {"Clients", otelattr.BaselineClients},
	} {
		var words []string
		for _, u := range b.Usual[l.key] {
			if len(words) < 5 {
				words = append(words, u.Value+" "+percent(u.Share))
			}
		}
		if len(words) > 0 {
			out = append(out, fact{l.name, strings.Join(words, ", ")})
		}
	}
	return out
}

// learned says whether there is a band to draw.
func (b *baseline) learned() bool {
	return b != nil && b.State != otelattr.BaselineLearning && b.High > 0
}

// band is how many requests are usual in each step: what the token's quiet and busy days have at these hours, and two standard deviations of
// chance around them (a count of mean m has the standard deviation √m).
func (b *baseline) band(from time.Time, step time.Duration, n int) (low, high points) {
	low, high = make(points, n), make(points, n)
	used := 0.
	if b.learned() {
		used = b.Hours.daysUsed()
	}
	for i := range n {
		if !b.learned() {
			low[i], high[i] = math.NaN(), math.NaN()
			continue
		}
		at := from.Add(time.Duration(i) * step)
		part := b.Hours.part(at, at.Add(step)) * used
		least, most := b.Low*part, b.High*part
		low[i] = math.Max(0, math.Floor(least-2*math.Sqrt(least)))
		high[i] = math.Ceil(most + 2*math.Sqrt(most))
	}
	return low, high
}

// daysUsed is on how many days of a week there is something: volumes are those of days with requests. Days of which there is little count for
// less (1/Σm², for the share m of each day).
func (w *week) daysUsed() float64 {
	squares := 0.
	for _, hours := range w.days() {
		m := 0.
		for _, share := range hours {
			m += share
		}
		squares += m * m
	}
	if squares == 0 {
		return 0
	}
	return 1 / squares
}

// part is what share of a week's requests falls between two times. Weeks that are longer than one count again.
func (w *week) part(from, to time.Time) (sum float64) {
	for at := from; at.Before(to); {
		next := at.Truncate(time.Hour).Add(time.Hour)
		if next.After(to) {
			next = to
		}
		sum += w[hourOfWeek(at)] * float64(next.Sub(at)) / float64(time.Hour)
		at = next
	}
	return sum
}

// baselineEvent is the latest of a token; nil: there is none yet.
func (k *call) baselineEvent(t store.Token) (*store.Event, error) {
	direction := t.Direction
	if direction == "" {
		direction = otelattr.DirectionInbound
	}
	e, err := k.Store.Baseline(k.ctx, k.who.Scope, t.ID, direction)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &e, err
}
