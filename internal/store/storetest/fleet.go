package storetest

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

// fleet draws facts of tokens that change hands, and remembers them all.
type fleet struct {
	random *rand.Rand
	tokens int
	all    []store.Fact
}

func newFleet(seed uint64, tokens int) *fleet {
	return &fleet{random: rand.New(rand.NewPCG(seed, 1)), tokens: tokens}
}

func (f *fleet) pick(of ...string) string { return of[f.random.IntN(len(of))] }

func (f *fleet) facts(n int, from time.Time, span time.Duration) []store.Fact {
	facts := make([]store.Fact, n)
	for i := range facts {
		token := f.random.IntN(f.tokens)
		at := from.Add(time.Duration(f.random.Int64N(int64(span))))
		fact := store.Fact{
			Minute: minuteOf(at), Kind: store.Kind(1 + f.random.IntN(int(store.Coverage))), Value: 1 + f.random.Int64N(50),
			Subject: store.Subject{Token: fmt.Sprintf("tok_%d", token), Owner: fmt.Sprintf("owner-%d", token%5), Team: fmt.Sprintf("team-%d", token%3)},
		}
		if at.Sub(monday) > 36*time.Hour && token%4 == 0 {
			fact.Subject.Owner, fact.Subject.Team = "owner-new", "team-new"
		}
		switch fact.Kind {
		case store.Outcomes:
			fact.First = f.pick("success", "success", "client_error", "auth_error", "rate_limited", "server_error")
		case store.Routes:
			fact.First = f.pick("GET /v1/orders", "POST /v1/orders", "GET /v1/orders/{id}", "DELETE /v1/orders/{id}")
		case store.Origins:
			fact.First, fact.Second = f.pick("DE", "NL", "US"), f.pick("AS3320", "AS1136", "")
		case store.Releases:
			fact.First, fact.Second = f.pick("shop", "billing"), f.pick("1.0", "1.1")
		case store.Clients:
			fact.First = f.pick("curl", "okhttp")
		case store.Bytes:
			fact.First = f.pick("receive", "transmit")
		case store.RouteDurations:
			fact.Subject = store.Subject{}
			fact.First, fact.Second = f.pick("GET /v1/orders", "POST /v1/orders"), f.pick("success", "server_error")
		case store.Units:
			fact.First, fact.Second = f.pick("input_tokens", "output_tokens"), f.pick("small", "large")
		case store.Costs:
			fact.First, fact.Second = f.pick("EUR", "USD"), f.pick("small", "large")
		case store.Coverage:
			fact.Subject = store.Subject{}
			fact.First, fact.Second = f.pick("shop", "billing"), f.pick("with", "without", "unreadable")
		}
		if fact.Kind == store.Durations || fact.Kind == store.RouteDurations {
			fact.Histogram = &store.Histogram{Scale: 3, Offset: int32(f.random.IntN(30)) - 40, Counts: []uint64{uint64(fact.Value)}, Sum: float64(f.random.IntN(1000)) / 64}
		}
		if f.random.IntN(40) == 0 {
			fact.First, fact.Second, fact.Overflow = "", "", true
		}
		facts[i] = fact
	}
	f.all = append(f.all, facts...)
	return facts
}

// sum is what a store should answer, by group and step.
func (f *fleet) sum(answer store.Answer, kind store.Kind, of func(store.Fact) (string, bool)) map[string][]float64 {
	sums := map[string][]float64{}
	points := 1
	if answer.Step > 0 {
		points = int(answer.To.Sub(answer.From) / answer.Step)
	}
	for _, fact := range f.all {
		at := time.Unix(fact.Minute*60, 0)
		if fact.Kind != kind || at.Before(answer.From) || !at.Before(answer.To) {
			continue
		}
		name, ok := of(fact)
		if !ok {
			continue
		}
		if sums[name] == nil {
			sums[name] = make([]float64, points)
		}
		p := 0
		if answer.Step > 0 {
			p = int(at.Sub(answer.From) / answer.Step)
		}
		sums[name][p] += float64(fact.Value)
	}
	return sums
}

// check compares what a store answers with what was drawn.
func (f *fleet) check(t *testing.T, s store.Store) {
	t.Helper()
	const others = "\x00"
	keyed := func(name string, fact store.Fact) (string, bool) {
		if fact.Overflow {
			return others, true
		}
		return name, true
	}
	for _, tt := range []struct {
		query store.Query
		kind  store.Kind
		of    func(store.Fact) (string, bool)
	}{
		{store.Query{Measure: store.MeasureRequests}, store.Outcomes, func(store.Fact) (string, bool) { return "", true }},
		{store.Query{Measure: store.MeasureRequests, Group: store.ByOutcome}, store.Outcomes, func(x store.Fact) (string, bool) { return keyed(x.First, x) }},
		{store.Query{Measure: store.MeasureRequests, Group: store.ByToken}, store.Outcomes, func(x store.Fact) (string, bool) { return x.Subject.Token, true }},
		{store.Query{Measure: store.MeasureRequests, Group: store.ByOwner}, store.Outcomes, func(x store.Fact) (string, bool) { return x.Subject.Owner, true }},
		{store.Query{Measure: store.MeasureRequests, Group: store.ByTeam}, store.Outcomes, func(x store.Fact) (string, bool) { return x.Subject.Team, true }},
		{store.Query{Measure: store.MeasureErrors, Group: store.ByOwner}, store.Outcomes, func(x store.Fact) (string, bool) {
			return x.Subject.Owner, x.First != "success" && !x.Overflow
		}},
		{store.Query{Measure: store.MeasureRequests, Filter: store.TokenFilter{IDs: []string{"tok_1", "tok_4"}}}, store.Outcomes, func(x store.Fact) (string, bool) {
			return "", x.Subject.Token == "tok_1" || x.Subject.Token == "tok_4"
		}},
		{store.Query{Measure: store.MeasureRequests, Group: store.ByRoute, Filter: store.TokenFilter{Owners: []string{"owner-new"}}}, store.Routes, func(x store.Fact) (string, bool) {
			name, _ := keyed(x.First, x)
			return name, x.Subject.Owner == "owner-new"
		}},
		{store.Query{Measure: store.MeasureRequests, Group: store.ByNetwork, Where: store.Dimension{Group: store.ByCountry, Values: []string{"DE", "US"}}}, store.Origins, func(x store.Fact) (string, bool) {
			return x.Second, x.First == "DE" || x.First == "US"
		}},
		{store.Query{Measure: store.MeasureRequests, Group: store.ByRelease, Filter: store.TokenFilter{Scope: store.Scope{Teams: []string{"team-1"}}}}, store.Releases, func(x store.Fact) (string, bool) {
			name, _ := keyed(x.First+"@"+x.Second, x)
			return name, x.Subject.Team == "team-1"
		}},
		{store.Query{Measure: store.MeasureRequests, Group: store.ByToken, Where: store.Dimension{Group: store.ByClient, Values: []string{"curl"}}}, store.Clients, func(x store.Fact) (string, bool) {
			return x.Subject.Token, x.First == "curl"
		}},
		{store.Query{Measure: store.MeasureBytesOut, Group: store.ByToken}, store.Bytes, func(x store.Fact) (string, bool) { return x.Subject.Token, x.First == "transmit" }},
		{store.Query{Measure: store.MeasureUnits, Group: store.ByModel, Where: store.Dimension{Group: store.ByUnit, Values: []string{"input_tokens"}}}, store.Units, func(x store.Fact) (string, bool) {
			return x.Second, x.First == "input_tokens"
		}},
		{store.Query{Measure: store.MeasureErrors, Group: store.ByRoute}, store.RouteDurations, func(x store.Fact) (string, bool) { return x.First, x.Second == "server_error" }},
	} {
		for _, step := range []time.Duration{0, time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour} {
			q := tt.query
			q.From, q.To, q.Step, q.Limit = monday.Add(90*time.Minute+17*time.Second), monday.AddDate(0, 0, 3).Add(-77*time.Minute), step, 1000
			answer, err := s.Query(t.Context(), q)
			require.NoError(t, err)
			want := f.sum(answer, tt.kind, tt.of)
			got := map[string][]float64{}
			for _, one := range answer.Series {
				got[one.Key] = one.Points
			}
			if answer.Rest != nil && answer.Rest.Total > 0 {
				got[others] = answer.Rest.Points
			}
			maps.DeleteFunc(got, func(_ string, points []float64) bool {
				return !slices.ContainsFunc(points, func(v float64) bool { return v != 0 })
			})
			require.Equal(t, want, got, "%+v", q)
		}
	}
	f.checkTokens(t, s)
}

func (f *fleet) checkTokens(t *testing.T, s store.Store) {
	t.Helper()
	want := map[string]int64{}
	for _, fact := range f.all {
		if fact.Subject.Token != "" {
			want[fact.Subject.Token] += 0
			if fact.Kind == store.Outcomes {
				want[fact.Subject.Token] += fact.Value
			}
		}
	}
	page, err := s.Tokens(t.Context(), store.TokenQuery{Limit: 1000})
	require.NoError(t, err)
	got := map[string]int64{}
	for _, token := range page.Tokens {
		got[token.ID] = token.Requests
	}
	assert.Equal(t, want, got)
	assert.True(t, slices.IsSortedFunc(page.Tokens, func(a, b store.Token) int { return cmp.Compare(a.ID, b.ID) }))
}

// countsAddUp writes for three days, out of order and late, with sealing, roll-up and restarts in between.
func countsAddUp(t *testing.T, open Open) {
	seeds := uint64(1)
	if os.Getenv("HOLTER_PROVE") != "" {
		seeds = 20
	}
	for seed := range seeds {
		folder := t.TempDir()
		s := open(t, folder)
		f := newFleet(seed, 12)
		sequence := uint64(0)
		write := func(facts []store.Fact) {
			sequence++
			for range 1 + f.random.IntN(2) {
				require.NoError(t, s.Write(t.Context(), store.Batch{Engine: "engine", Pipe: "metrics", Sequence: sequence, Facts: facts}))
			}
		}
		for hour := range 72 {
			now := monday.Add(time.Duration(hour) * time.Hour)
			write(f.facts(60, now, time.Hour))
			if hour%7 == 0 { // late
				write(f.facts(20, monday, now.Sub(monday)+time.Hour))
			}
			if hour%3 == 0 {
				require.NoError(t, s.Maintain(t.Context(), now))
			}
			if f.random.IntN(10) == 0 {
				require.NoError(t, s.Close())
				s = open(t, folder)
			}
			if hour%24 == 20 {
				f.check(t, s)
			}
		}
		for day := range 4 {
			require.NoError(t, s.Maintain(t.Context(), monday.AddDate(0, 0, 3+day)))
			f.check(t, s)
		}
		require.NoError(t, s.Close())
		s = open(t, folder)
		f.check(t, s)
		write(f.facts(100, monday, 72*time.Hour))
		f.check(t, s)
		require.NoError(t, s.Maintain(t.Context(), monday.AddDate(0, 0, 6)))
		require.NoError(t, s.Maintain(t.Context(), monday.AddDate(0, 0, 6)))
		f.check(t, s)
		require.NoError(t, s.Close())
	}
}
