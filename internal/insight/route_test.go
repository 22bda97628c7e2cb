package insight

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

// took plants how long requests of a route took.
func (p *planted) took(at time.Time, route, outcome string, n int64, seconds float64) {
	const scale = 5
	index := int32(math.Ceil(math.Log2(seconds)*(1<<scale))) - 1
	p.facts = append(p.facts, store.Fact{
		Minute: at.Unix() / 60, Kind: store.RouteDurations, First: route, Second: outcome, Value: n,
		Histogram: &store.Histogram{Scale: scale, Offset: index, Counts: []uint64{uint64(n)}, Sum: seconds * float64(n)},
	})
}

func TestRoutesAreAsTheyWerePlanted(t *testing.T) {
	p := plant(t)
	for _, id := range []string{"tok_a", "tok_b", "tok_c"} {
		p.token(store.Token{ID: id, Hint: "hint of " + id, OwnerID: "owner of " + id})
	}
	random := rand.New(rand.NewPCG(1, 1))
	from := ago(6).Truncate(day)
	for hour := range 6 * 24 {
		at := from.Add(time.Duration(hour) * time.Hour)
		// Up to 100 a minute, and slow from 60 on: then it is tok_b above all.
		n := int64(60 * (20 + random.IntN(80)))
		seconds, b := .1, n/10
		if n >= 60*60 {
			seconds, b = .5, n*8/10
		}
		p.took(at, "GET /v1/search", "success", n, seconds)
		p.add(use{token: "tok_a", owner: "owner of tok_a", at: at, route: "GET /v1/search", requests: n - b})
		p.add(use{token: "tok_b", owner: "owner of tok_b", at: at, route: "GET /v1/search", requests: b})
		// As much, and never slow.
		p.took(at, "GET /v1/orders", "success", n-60, .1)
		p.took(at, "GET /v1/orders", "server_error", 60, .1)
		p.add(use{token: "tok_c", owner: "owner of tok_c", at: at, route: "GET /v1/orders", requests: n})
	}
	// A new version of a route, three days old; one token still calls the former.
	p.daily(use{token: "tok_a", owner: "owner of tok_a", route: "GET /v1/users/{id}", requests: 5}, 7, 0)
	p.daily(use{token: "tok_b", owner: "owner of tok_b", route: "GET /v2/users/{id}", requests: 7}, 3, 0)
	p.daily(use{token: "tok_c", owner: "owner of tok_c", route: "POST /v1/legacy", requests: 1}, 2, 1)
	for d := range 7 {
		p.took(ago(d), "GET /v1/users/{id}", "success", 5, .1)
		if d < 3 {
			p.took(ago(d), "GET /v2/users/{id}", "success", 7, .1)
		}
		if d == 1 || d == 2 {
			p.took(ago(d), "POST /v1/legacy", "success", 1, .1)
		}
	}
	s := p.done()

	found, err := FindRoutes(t.Context(), s, RouteQuestion{Question: Question{From: from, To: now}, Deprecated: []string{"POST /v1/legacy", "GET /v1/gone"}})
	require.NoError(t, err)
	require.Len(t, found.Stress, 1)
	stress := found.Stress[0]
	assert.Equal(t, "GET /v1/search", stress.Route)
	assert.InDelta(t, 60, stress.Threshold, 2)
	require.Len(t, stress.Tokens, 2)
	assert.Equal(t, [2]string{"tok_b", "hint of tok_b"}, [2]string{stress.Tokens[0].Token, stress.Tokens[0].Label})
	assert.InDelta(t, .8, stress.Tokens[0].Share, .01)

	require.NotEmpty(t, found.Invest)
	assert.Equal(t, "GET /v1/search", found.Invest[0].Route, "two owners, and five times as slow: that weighs more than errors")
	assert.Equal(t, 1.0, found.Invest[0].Score)
	assert.Equal(t, 2, found.Invest[0].Owners)
	for _, row := range found.Invest {
		if row.Route == "GET /v1/orders" {
			assert.InDelta(t, 6*24*60/float64(row.Requests), row.ErrorRate, 1e-9)
			assert.InDelta(t, .1, row.P95, .01)
		}
	}

	require.Len(t, found.Adoption, 2)
	assert.Equal(t, "POST /v1/legacy GET /v2/users/{id}", found.Adoption[1].Route+" "+found.Adoption[0].Route)
	users := found.Adoption[0]
	assert.Equal(t, ago(2).Truncate(day), users.First)
	assert.Equal(t, []float64{0, 0, 0, 0, 7, 7, 7}, users.Series.Points)
	assert.Equal(t, 1, users.Owners)

	require.Len(t, found.Deprecated, 2)
	assert.Equal(t, Deprecated{Route: "GET /v1/users/{id}", Since: ago(2).Truncate(day), Callers: []Caller{
		{Token: "tok_a", Hint: "hint of tok_a", Owner: "owner of tok_a", Requests: 35, Last: now.Truncate(day)},
	}}, found.Deprecated[0])
	assert.Equal(t, "POST /v1/legacy", found.Deprecated[1].Route)

	one, err := FindRoutes(t.Context(), s, RouteQuestion{Question: Question{From: from, To: now, Filter: store.TokenFilter{IDs: []string{"tok_a"}}}})
	require.NoError(t, err)
	assert.Empty(t, one.Stress, "latency is not counted by token")
}

func TestAPlainRouteDoesNotSuffer(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	for range 100 {
		points := make([]Load, 168)
		for i := range points {
			points[i] = Load{random.Float64() * 100, .1 * math.Exp(random.NormFloat64()*.2)}
		}
		_, found := suffers(points)
		require.False(t, found)
	}
}
