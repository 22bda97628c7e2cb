package console

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// points are values along time; where there is none it is NaN, and null in an answer.
type points []float64

// MarshalJSON writes NaN as null.
func (p points) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, 8*len(p)+2)
	out = append(out, '[')
	for i, v := range p {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendNumber(out, v)
	}
	return append(out, ']'), nil
}

// number is one of them.
type number float64

// MarshalJSON writes NaN as null.
func (n number) MarshalJSON() ([]byte, error) { return appendNumber(nil, float64(n)), nil }

var (
	_ json.Marshaler = points(nil)
	_ json.Marshaler = number(0)
)

func appendNumber(out []byte, v float64) []byte {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return append(out, "null"...)
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		return strconv.AppendInt(out, int64(v), 10)
	}
	return strconv.AppendFloat(out, v, 'g', -1, 64)
}

// steps are the widths that a point may have where nobody says which.
var steps = []time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour,
}

// stepFor is the narrowest that gives at most so many points, of a level that is still kept: minutes since oldest, hours for some months.
func stepFor(from, to, now, oldest time.Time, most int) time.Duration {
	const hoursKept = 90 * 24 * time.Hour
	least := time.Minute
	switch {
	case now.Sub(from) > hoursKept:
		least = 24 * time.Hour
	case from.Before(oldest):
		least = time.Hour
	}
	for _, step := range steps {
		if step >= least && to.Sub(from) <= step*time.Duration(most) {
			return step
		}
	}
	return steps[len(steps)-1]
}

const (
	mostPoints  = 2000
	usualPoints = 300
	stripPoints = 72
)

// step is the one that is asked for, or the one that fits.
func (k *call) step(q question, usual int) (time.Duration, error) {
	text := k.args.Get("step")
	if text == "" {
		return stepFor(q.from, q.to, k.now, k.oldest(), usual), nil
	}
	step, err := parseDuration(text)
	if err != nil || step < time.Minute || step%time.Minute != 0 {
		return 0, badRequest("step", "%q: write whole minutes, such as 1m, 1h or 1d", text)
	}
	if q.to.Sub(q.from) > step*mostPoints {
		return 0, badRequest("step", "that makes more than %d points: ask for a wider step or less time", mostPoints)
	}
	return step, nil
}

// state is how the store is, as of a few seconds ago.
func (k *call) state() (store.Status, error) {
	return k.status.get(k.now, 2*time.Second, func() (store.Status, error) { return k.Store.Status(k.ctx) })
}

// oldest is the first minute that is kept.
func (k *call) oldest() time.Time {
	s, err := k.state()
	if err != nil {
		return time.Time{}
	}
	return s.Oldest
}
