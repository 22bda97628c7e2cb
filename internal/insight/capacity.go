package insight

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// Capacity is how near somebody is to a limit, and when it is reached.
type Capacity struct {
	Key     string  `json:"key"`
	Label   string  `json:"label,omitempty"`
	Unit    string  `json:"unit"`
	Limit   float64 `json:"limit"`
	Now     float64 `json:"now"`
	Slope   float64 `json:"slope_per_day"`
	Reaches *Reach  `json:"reaches"`
}

// Reach is when a limit is reached, and the interval in which nine of ten such guesses come true. High is the zero time where it may never be.
type Reach struct {
	At   time.Time `json:"at"`
	Low  time.Time `json:"low"`
	High time.Time `json:"high,omitzero"`
}

const (
	leastDays = 7
	weeks     = 21 // days from which on the days of the week are told apart
	horizon   = 2 * 365
)

// FindCapacity says when limits are reached: of a token with a quota (the tag of that name) the requests of a day, against a thirtieth of it; of a route under
// stress the requests a minute of its busiest hour of a day, against the rate that it suffers from. Whole days count, seven at least. The first to reach
// its limit comes first.
func FindCapacity(ctx context.Context, s store.Store, q Question) ([]Capacity, error) {
	from, to := q.wholeDays()
	if to.After(q.To) {
		to = to.Add(-day) // the last is not over
	}
	if !from.Before(to) {
		return []Capacity{}, nil
	}
	found, err := tokenCapacity(ctx, s, q, from, to)
	if err != nil {
		return nil, err
	}
	routes, err := routeCapacity(ctx, s, q, from, to)
	if err != nil {
		return nil, err
	}
	found = append(found, routes...)
	slices.SortStableFunc(found, func(a, b Capacity) int {
		switch {
		case a.Reaches != nil && b.Reaches != nil:
			return a.Reaches.At.Compare(b.Reaches.At)
		case a.Reaches != nil:
			return -1
		case b.Reaches != nil:
			return 1
		}
		return cmp.Compare(b.Now/b.Limit, a.Now/a.Limit)
	})
	return found, nil
}

func tokenCapacity(ctx context.Context, s store.Store, q Question, from, to time.Time) ([]Capacity, error) {
	all, err := tokens(ctx, s, q.Filter)
	if err != nil {
		return nil, err
	}
	daily := make(map[string][]float64)
	for i := range all {
		if number(all[i].Tags, TagQuota) > 0 {
			daily[all[i].ID] = make([]float64, int(to.Sub(from)/day))
		}
	}
	if len(daily) == 0 {
		return []Capacity{}, nil
	}
	err = each(ctx, s, q.facts(store.Outcomes, from, to, day), func(u store.SubjectUse) {
		if points := daily[u.Subject.Token]; points != nil {
			points[int(minuteOf(u.At).Sub(from)/day)] += float64(u.Value)
		}
	})
	if err != nil {
		return nil, err
	}
	found := []Capacity{}
	for i := range all {
		t := &all[i]
		row := Capacity{Key: t.ID, Label: hintOf(t), Unit: "requests a day", Limit: number(t.Tags, TagQuota) / 30}
		if row.forecast(daily[t.ID], from) {
			found = append(found, row)
		}
	}
	return found, nil
}

func routeCapacity(ctx context.Context, s store.Store, q Question, from, to time.Time) ([]Capacity, error) {
	r := router{RouteQuestion: RouteQuestion{Question: Question{q.Filter, from, to}}, store: s}
	stressed, err := r.stress(ctx)
	if err != nil || len(stressed) == 0 {
		return nil, err
	}
	rates, err := r.byRoute(ctx, store.MeasureRequests, time.Hour)
	if err != nil {
		return nil, err
	}
	var found []Capacity
	for i := range stressed {
		route := stressed[i].Route
		peaks := make([]float64, int(to.Sub(from)/day))
		for hour, n := range rates[route].Points {
			if d := hour / 24; d < len(peaks) {
				peaks[d] = max(peaks[d], n/60)
			}
		}
		row := Capacity{Key: route, Label: route, Unit: "requests a minute", Limit: stressed[i].Threshold}
		if row.forecast(peaks, from) {
			found = append(found, row)
		}
	}
	return found, nil
}

// forecast fills in where the daily values lead, the first of them on the day of from. false: there are too few.
func (c *Capacity) forecast(daily []float64, from time.Time) bool {
	first := slices.IndexFunc(daily, func(v float64) bool { return v > 0 })
	if first < 0 || len(daily)-first < leastDays {
		return false
	}
	trend := fit(daily[first:])
	c.Slope = trend.slope
	last := float64(trend.n - 1)
	c.Now = trend.at(last)
	moment := func(x float64) time.Time {
		return from.Add(time.Duration(first) * day).Add(time.Duration((x + .5) * float64(day))).Truncate(time.Second)
	}
	at, ok := trend.reaches(c.Limit, 0)
	if !ok {
		return true
	}
	low, _ := trend.reaches(c.Limit, 1)
	c.Reaches = &Reach{At: moment(at), Low: moment(low)}
	if high, ok := trend.reaches(c.Limit, -1); ok {
		c.Reaches.High = moment(high)
	}
	return true
}

// trend is a straight line through daily values by least squares, after the mean of each day of the week was taken off where there are three weeks or more.
// Its band is that of the line itself: ± t · s · √(1/n + (x − x̄)²/Sxx), with t for 90 % and s the standard deviation of the residuals. Source: Draper and Smith,
// Applied Regression Analysis, 3rd ed., section 1.4; the interval of the crossing is Fieller's, where the band's two sides cross the limit.
type trend struct {
	n                       int
	level, slope            float64 // at x = 0, and per day
	mean, spread, deviation float64 // of x, its Sxx, and t·s
}

func fit(values []float64) trend {
	line := through(values)
	parameters := 2
	if len(values) >= weeks {
		var sum, days [7]float64
		for i, v := range values {
			sum[i%7] += v - line.at(float64(i))
			days[i%7]++
		}
		flat := make([]float64, len(values))
		for i, v := range values {
			flat[i] = v - sum[i%7]/days[i%7]
		}
		line, values, parameters = through(flat), flat, 8
	}
	var squares float64
	for i, v := range values {
		squares += (v - line.at(float64(i))) * (v - line.at(float64(i)))
	}
	freedom := float64(len(values) - parameters)
	line.deviation = student90(freedom) * math.Sqrt(squares/freedom)
	return line
}

func through(values []float64) trend {
	n := float64(len(values))
	t := trend{n: len(values), mean: (n - 1) / 2}
	var sum, cross float64
	for i, v := range values {
		x := float64(i) - t.mean
		sum += v
		cross += x * v
		t.spread += x * x
	}
	t.slope = cross / t.spread
	t.level = sum/n - t.slope*t.mean
	return t
}

func (t *trend) at(x float64) float64 { return t.level + t.slope*x }

// band is a side of what the line may be: 1 above, -1 below.
func (t *trend) band(x, side float64) float64 {
	return t.at(x) + side*t.deviation*math.Sqrt(1/float64(t.n)+(x-t.mean)*(x-t.mean)/t.spread)
}

// reaches is the day, from the last value's on, on which the line (0) or a side of its band (1, -1) is at the limit, within two years.
func (t *trend) reaches(limit, side float64) (float64, bool) {
	last := float64(t.n - 1)
	low, high := last, last
	for t.band(high, side) < limit {
		if low = high; low >= last+horizon {
			return 0, false
		}
		high++
	}
	for range 40 {
		if middle := (low + high) / 2; t.band(middle, side) < limit {
			low = middle
		} else {
			high = middle
		}
	}
	return high, true
}

// student90 is the 0.95 quantile of Student's t, by Cornish and Fisher's expansion around the normal one (Abramowitz and Stegun 26.7.5).
func student90(freedom float64) float64 {
	const z = 1.6448536269514722
	z3, z5 := z*z*z, z*z*z*z*z
	return z + (z3+z)/(4*freedom) + (5*z5+16*z3+3*z)/(96*freedom*freedom)
}
