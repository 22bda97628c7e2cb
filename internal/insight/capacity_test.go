package insight

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

// Nine of ten intervals hold the day on which the planted line reaches the limit.
func TestNineOfTenIntervalsComeTrue(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for _, days := range []int{10, 28, 60} {
		held, at := 0, 0.0
		const runs = 1000
		const truth = 100.0 // the day on which 1000 + 10 a day is 2000
		for range runs {
			daily := make([]float64, days)
			for i := range daily {
				weekday := []float64{0, 40, 60, 50, 30, -80, -100}[i%7]
				if days < weeks {
					weekday = 0
				}
				daily[i] = 1000 + 10*float64(i) + weekday + 30*random.NormFloat64()
			}
			trend := fit(daily)
			middle, ok := trend.reaches(2000, 0)
			if !ok {
				continue
			}
			at += middle
			low, _ := trend.reaches(2000, 1)
			high, bounded := trend.reaches(2000, -1)
			if low <= truth && (!bounded || truth <= high) {
				held++
			}
		}
		assert.InDelta(t, .9, float64(held)/runs, .03, "%d days", days)
		if days > 20 {
			assert.InDelta(t, truth, at/runs, 5, "%d days", days)
		}
	}
}

func TestStudent(t *testing.T) {
	for freedom, want := range map[float64]float64{5: 2.0150, 10: 1.8125, 30: 1.6973, 120: 1.6577} {
		assert.InDelta(t, want, student90(freedom), .01, freedom)
	}
}

func TestCapacityIsAsItWasPlanted(t *testing.T) {
	p := plant(t)
	tagged := func(id, quota string) {
		p.token(store.Token{ID: id, Hint: id + "…", Tags: map[string]string{"quota": quota}})
	}
	tagged("tok_grows", "60000") // 2,000 a day
	tagged("tok_rests", "60000")
	tagged("tok_young", "60000")
	tagged("tok_free", "unlimited")
	for d := range 30 {
		p.daily(use{token: "tok_grows", requests: 1000 + 10*int64(29-d)}, 1, d+1)
		p.daily(use{token: "tok_rests", requests: 500}, 1, d+1)
		p.daily(use{token: "tok_free", requests: 500}, 1, d+1)
	}
	p.daily(use{token: "tok_young", requests: 1999}, 3, 0)
	found, err := FindCapacity(t.Context(), p.done(), Question{From: ago(30), To: now})
	require.NoError(t, err)
	require.Len(t, found, 2)
	grows := found[0]
	assert.Equal(t, "tok_grows", grows.Key)
	assert.Equal(t, 2000.0, grows.Limit)
	assert.InDelta(t, 1290, grows.Now, 1)
	assert.InDelta(t, 10, grows.Slope, .01)
	require.NotNil(t, grows.Reaches)
	truth := ago(30).AddDate(0, 0, 100)
	assert.InDelta(t, 0, grows.Reaches.At.Sub(truth).Hours(), 24)
	assert.False(t, grows.Reaches.Low.After(grows.Reaches.At))
	assert.False(t, grows.Reaches.High.Before(grows.Reaches.At))
	assert.Equal(t, "tok_rests", found[1].Key)
	assert.Nil(t, found[1].Reaches)
	assert.InDelta(t, 500, found[1].Now, 1e-6)

	none, err := FindCapacity(t.Context(), p.Store, Question{From: now, To: now.Add(time.Hour)})
	require.NoError(t, err)
	assert.Empty(t, none)
}
