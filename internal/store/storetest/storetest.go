// Package storetest says what any backend of a store must do.
package storetest

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

// Open opens a store in a folder, empty or left by one that was closed. Retention is as in the defaults.
type Open func(t testing.TB, folder string) store.Store

// Run runs all of it.
func Run(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"counts add up", countsAddUp},
		{"a batch that comes again changes nothing", repeats},
		{"histograms merge over scales", histogramsMerge},
		{"what is counted apart is not joined", apart},
		{"a question has its whole steps", steps},
		{"the greatest groups and the rest are all", limits},
		{"facts come in order", factsInOrder},
		{"the latest sighting says how a token is", sightings},
		{"tokens are found, sorted and paged", tokenPages},
		{"a registry's word is kept", registry},
		{"usage from before an owner was known is its owner's", owners},
		{"events replace, filter and page", events},
		{"the latest baseline is at hand", baselines},
		{"the journal is read on from a cursor", journal},
		{"nobody sees more than the scope", scopes},
		{"usage goes with its retention, tokens stay", retention},
		{"what is erased is gone", erasure},
		{"who was erased is not brought back", latecomers},
		{"an erasure is told until all know it", untold},
		{"a backup opens", backup},
		{"who waits is told", changes},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, open) })
	}
}

// monday is when all stories begin.
var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func minuteOf(at time.Time) int64 { return at.Unix() / 60 }

func opened(t *testing.T, open Open) store.Store {
	s := open(t, t.TempDir())
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func requests(at time.Time, token, owner string, n int64) store.Fact {
	return store.Fact{Minute: minuteOf(at), Kind: store.Outcomes, Subject: store.Subject{Token: token, Owner: owner, Team: "team-" + owner}, First: "success", Value: n}
}

func total(t *testing.T, s store.Store, q store.Query) float64 {
	t.Helper()
	if q.From.IsZero() {
		q.From, q.To = monday.AddDate(0, -1, 0), monday.AddDate(0, 2, 0)
	}
	if q.Measure == "" {
		q.Measure = store.MeasureRequests
	}
	answer, err := s.Query(t.Context(), q)
	require.NoError(t, err)
	sum := 0.0
	for _, one := range answer.Series {
		sum += one.Total
	}
	if answer.Rest != nil {
		sum += answer.Rest.Total
	}
	return sum
}

func repeats(t *testing.T, open Open) {
	folder := t.TempDir()
	s := open(t, folder)
	batch := func(engine, pipe string, sequence uint64) store.Batch {
		return store.Batch{Engine: engine, Pipe: pipe, Sequence: sequence, Facts: []store.Fact{requests(monday, "tok_a", "ann", 1)}}
	}
	want := 0.0
	for _, one := range []struct {
		batch store.Batch
		again bool
	}{
		{batch("one", "metrics", 1), false},
		{batch("one", "metrics", 1), true},
		{batch("one", "metrics", 3), false}, // 2 is still on its way
		{batch("one", "metrics", 2), false},
		{batch("one", "metrics", 2), true},
		{batch("one", "metrics", 3), true},
		{batch("one", "others", 1), false},
		{batch("two", "metrics", 1), false},
		{batch("two", "metrics", 0), false},
		{batch("two", "metrics", 0), true},
		{batch("", "", 0), false},
		{batch("", "", 0), false},
	} {
		require.NoError(t, s.Write(t.Context(), one.batch))
		if !one.again {
			want++
		}
		assert.Equal(t, want, total(t, s, store.Query{}), "%+v", one.batch)
	}
	require.NoError(t, s.Close())
	s = open(t, folder)
	defer func() { assert.NoError(t, s.Close()) }()
	for sequence := range uint64(4) {
		require.NoError(t, s.Write(t.Context(), batch("two", "metrics", sequence)))
		require.NoError(t, s.Write(t.Context(), batch("one", "metrics", max(sequence, 1))))
	}
	assert.Equal(t, want+2, total(t, s, store.Query{}), "two had 0 and 1 before")
	page, err := s.Tokens(t.Context(), store.TokenQuery{})
	require.NoError(t, err)
	assert.Equal(t, int64(want+2), page.Tokens[0].Requests)
}

func histogramsMerge(t *testing.T, open Open) {
	s := opened(t, open)
	var all store.Histogram
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		h := &store.Histogram{Scale: int32(i%6) - 1, Offset: int32(random.IntN(40)) - 30, Zeros: random.Uint64N(2), Sum: random.Float64()}
		for range 1 + random.IntN(20) {
			h.Counts = append(h.Counts, random.Uint64N(9))
		}
		all.Add(h)
		require.NoError(t, s.Write(t.Context(), store.Batch{Facts: []store.Fact{
			{Minute: minuteOf(monday) + int64(i*7), Kind: store.Durations, Subject: store.Subject{Token: "tok_a"}, Value: int64(h.Count()), Histogram: h},
			{Minute: minuteOf(monday) + int64(i*7), Kind: store.RouteDurations, First: "GET /", Second: "success", Value: int64(h.Count()), Histogram: h},
		}}))
	}
	for range 2 {
		for measure, q := range map[store.Measure]float64{store.MeasureP50: .5, store.MeasureP95: .95, store.MeasureP99: .99} {
			assert.InEpsilon(t, all.Quantile(q), total(t, s, store.Query{Measure: measure}), 1e-9, measure)
			assert.InEpsilon(t, all.Quantile(q), total(t, s, store.Query{Measure: measure, Group: store.ByToken}), 1e-9, measure)
			assert.InEpsilon(t, all.Quantile(q), total(t, s, store.Query{Measure: measure, Group: store.ByRoute}), 1e-9, measure)
		}
		assert.InDelta(t, all.Sum, total(t, s, store.Query{Measure: store.MeasureTimeSpent}), 200e-6)
		require.NoError(t, s.Maintain(t.Context(), monday.AddDate(0, 0, 3)))
	}
}

func apart(t *testing.T, open Open) {
	s := opened(t, open)
	for _, q := range []store.Query{
		{Measure: store.MeasureRequests, Group: store.ByRoute, Where: store.Dimension{Group: store.ByCountry, Values: []string{"DE"}}},
		{Measure: store.MeasureErrors, Group: store.ByCountry},
		{Measure: store.MeasureErrors, Group: store.ByRoute, Filter: store.TokenFilter{IDs: []string{"tok_a"}}},
		{Measure: store.MeasureP95, Group: store.ByRoute, Filter: store.TokenFilter{Scope: store.Scope{Teams: []string{"a"}}}},
		{Measure: store.MeasureBytesIn, Group: store.ByRoute},
		{Measure: store.MeasureUnits, Group: store.ByCurrency},
	} {
		q.From, q.To = monday, monday.Add(time.Hour)
		_, err := s.Query(t.Context(), q)
		assert.ErrorIs(t, err, store.ErrApart, "%+v", q)
	}
	for _, q := range []store.Query{
		{Measure: "speed", From: monday, To: monday.Add(time.Hour)},
		{Measure: store.MeasureRequests, Group: "colour", From: monday, To: monday.Add(time.Hour)},
		{Measure: store.MeasureRequests, From: monday, To: monday},
		{Measure: store.MeasureRequests, From: monday, To: monday.Add(time.Hour), Step: time.Second},
	} {
		_, err := s.Query(t.Context(), q)
		assert.Error(t, err, "%+v", q)
		assert.NotErrorIs(t, err, store.ErrApart, "%+v", q)
	}
}

func steps(t *testing.T, open Open) {
	s := opened(t, open)
	require.NoError(t, s.Write(t.Context(), store.Batch{Facts: []store.Fact{
		requests(monday.Add(-time.Minute), "tok_a", "ann", 1), requests(monday, "tok_a", "ann", 2),
		requests(monday.Add(61*time.Minute), "tok_a", "ann", 4), requests(monday.Add(25*time.Hour), "tok_a", "ann", 8),
	}}))
	for range 2 {
		for _, tt := range []struct {
			from, to, step time.Duration
			level          time.Duration
			points         []float64
		}{
			{30 * time.Second, 90 * time.Second, time.Minute, time.Minute, []float64{2, 0}},
			{0, 2 * time.Hour, time.Hour, time.Hour, []float64{2, 4}},
			{30 * time.Minute, 90 * time.Minute, time.Hour, time.Hour, []float64{2, 4}},
			{0, 2 * time.Hour, 30 * time.Minute, time.Minute, []float64{2, 0, 4, 0}},
			{-time.Hour, 26 * time.Hour, 24 * time.Hour, 24 * time.Hour, []float64{1, 6, 8}},
			{-time.Hour, 48 * time.Hour, 6 * time.Hour, time.Hour, []float64{1, 6, 0, 0, 0, 8, 0, 0, 0}},
			{-time.Hour, 26 * time.Hour, 0, time.Hour, []float64{15}},
			{time.Minute, 25*time.Hour + time.Minute, 0, time.Minute, []float64{12}},
		} {
			answer, err := s.Query(t.Context(), store.Query{From: monday.Add(tt.from), To: monday.Add(tt.to), Step: tt.step, Measure: store.MeasureRequests})
			require.NoError(t, err)
			require.Len(t, answer.Series, 1)
			assert.Equal(t, tt.points, answer.Series[0].Points, "%+v", tt)
			assert.Equal(t, tt.level, answer.Level, "%+v", tt)
			assert.Equal(t, tt.step, answer.Step)
			if tt.step > 0 {
				assert.Equal(t, time.Duration(len(tt.points))*tt.step, answer.To.Sub(answer.From))
			}
		}
		require.NoError(t, s.Maintain(t.Context(), monday.AddDate(0, 0, 3)))
	}
}

func limits(t *testing.T, open Open) {
	s := opened(t, open)
	var facts []store.Fact
	all := int64(0)
	for i := range 100 {
		token := "tok_" + string(rune('a'+i%26)) + string(rune('a'+i/26))
		facts = append(facts, requests(monday.Add(time.Duration(i)*time.Minute), token, "ann", int64(i)))
		all += int64(i)
	}
	facts = append(facts, store.Fact{Minute: minuteOf(monday), Kind: store.Outcomes, Overflow: true, Value: 1000})
	require.NoError(t, s.Write(t.Context(), store.Batch{Facts: facts}))
	answer, err := s.Query(t.Context(), store.Query{From: monday, To: monday.Add(2 * time.Hour), Step: time.Hour, Measure: store.MeasureRequests, Group: store.ByToken, Limit: 3})
	require.NoError(t, err)
	require.Len(t, answer.Series, 3)
	assert.Equal(t, []float64{99, 98, 97}, []float64{answer.Series[0].Total, answer.Series[1].Total, answer.Series[2].Total})
	assert.Equal(t, 100, answer.Keys)
	assert.Equal(t, float64(all)+1000-99-98-97, answer.Rest.Total)
	assert.Equal(t, answer.Rest.Total, answer.Rest.Points[0]+answer.Rest.Points[1])
	assert.Equal(t, float64(all)+1000, total(t, s, store.Query{}), "what is over a limit counts")
	assert.Equal(t, float64(all), total(t, s, store.Query{Filter: store.TokenFilter{Teams: []string{"team-ann"}}}))
	assert.Equal(t, 100.0, total(t, s, store.Query{Measure: store.MeasureTokens}))
	assert.Equal(t, 1.0, total(t, s, store.Query{Measure: store.MeasureOwners}))
}

func factsInOrder(t *testing.T, open Open) {
	s := opened(t, open)
	f := newFleet(7, 6)
	for day := range 4 {
		require.NoError(t, s.Write(t.Context(), store.Batch{Facts: f.facts(500, monday.AddDate(0, 0, day), 24*time.Hour)}))
		require.NoError(t, s.Maintain(t.Context(), monday.AddDate(0, 0, day+1)))
	}
	for _, level := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour} {
		type group struct {
			subject       store.Subject
			first, second string
		}
		var (
			last  group
			lastS store.Subject
			at    int64
			sum   int64
		)
		seen, seenS := map[group]bool{}, map[store.Subject]bool{}
		for u, err := range s.Facts(t.Context(), store.FactQuery{Kind: store.Origins, From: monday, To: monday.AddDate(0, 0, 4), Level: level}) {
			require.NoError(t, err)
			g := group{u.Subject, u.First, u.Second}
			if g == last {
				assert.Greater(t, u.At, at, "the same comes once")
			} else {
				assert.False(t, seen[g], "%+v comes in two parts", g)
			}
			if u.Subject != lastS {
				assert.False(t, seenS[u.Subject], "%+v comes in two parts", u.Subject)
			}
			assert.Zero(t, u.At*60%int64(level/time.Second))
			seen[g], last, at = true, g, u.At
			seenS[u.Subject], lastS = true, u.Subject
			sum += u.Value
		}
		assert.Equal(t, total(t, s, store.Query{Group: store.ByCountry}), float64(sum))
	}
	for _, err := range s.Facts(t.Context(), store.FactQuery{Kind: store.Origins, From: monday, To: monday.AddDate(0, 0, 4), Level: time.Minute}) {
		require.NoError(t, err)
		break // who has seen enough stops
	}
	for _, err := range s.Facts(t.Context(), store.FactQuery{Kind: store.Origins, From: monday, To: monday.AddDate(0, 0, 4), Level: time.Second}) {
		assert.Error(t, err)
	}
}

func retention(t *testing.T, open Open) {
	s := opened(t, open)
	require.NoError(t, s.Write(t.Context(), store.Batch{
		Facts:     []store.Fact{requests(monday, "tok_a", "ann", 1), requests(monday.AddDate(0, 0, 5), "tok_a", "ann", 2)},
		Sightings: []store.Sighting{{Token: store.Token{ID: "tok_a", Hint: "sk_…1234", LastUse: store.Use{At: monday.AddDate(0, 0, 5), Country: "DE"}}}},
	}))
	ask := func(from time.Time, step time.Duration) (store.Answer, float64) {
		answer, err := s.Query(t.Context(), store.Query{From: from, To: from.Add(time.Hour), Step: step, Measure: store.MeasureRequests})
		require.NoError(t, err)
		sum := 0.0
		for _, one := range answer.Series {
			sum += one.Total
		}
		return answer, sum
	}
	maintain := func(at time.Time) {
		for range 4 {
			require.NoError(t, s.Maintain(t.Context(), at))
		}
	}
	maintain(monday.AddDate(0, 0, 6))
	_, n := ask(monday, time.Minute)
	assert.Equal(t, 1.0, n)

	maintain(monday.AddDate(0, 0, 9))
	answer, n := ask(monday, time.Minute)
	assert.Equal(t, 1.0, n, "hours are still there")
	assert.Equal(t, time.Hour, answer.Step)
	answer, n = ask(monday.AddDate(0, 0, 5), time.Minute)
	assert.Equal(t, 2.0, n)
	assert.Equal(t, time.Minute, answer.Step)

	maintain(monday.AddDate(0, 0, 93))
	answer, n = ask(monday, time.Minute)
	assert.Equal(t, 1.0, n, "days are still there")
	assert.Equal(t, 24*time.Hour, answer.Step)
	_, n = ask(monday.Add(30*time.Minute), 0)
	assert.Equal(t, 1.0, n)

	maintain(monday.AddDate(2, 2, 0))
	_, n = ask(monday, time.Hour)
	assert.Zero(t, n)
	page, err := s.Tokens(t.Context(), store.TokenQuery{})
	require.NoError(t, err)
	require.Len(t, page.Tokens, 1)
	assert.Equal(t, "DE", page.Tokens[0].LastUse.Country)
	assert.Equal(t, int64(3), page.Tokens[0].Requests)
	assert.True(t, page.Tokens[0].FirstSeen.Equal(monday))

	maintain(monday.AddDate(6, 0, 0))
	page, err = s.Tokens(t.Context(), store.TokenQuery{})
	require.NoError(t, err)
	assert.Empty(t, page.Tokens)
}

func backup(t *testing.T, open Open) {
	s := opened(t, open)
	f := newFleet(11, 8)
	for day := range 3 {
		require.NoError(t, s.Write(t.Context(), store.Batch{Engine: "e", Sequence: uint64(day), Facts: f.facts(300, monday.AddDate(0, 0, day), 24*time.Hour)}))
		require.NoError(t, s.Maintain(t.Context(), monday.AddDate(0, 0, day)))
	}
	require.NoError(t, s.PutEvents(t.Context(), []store.Event{{ID: "1", Time: monday, Kind: store.EventAnomaly, Token: "tok_0"}}))
	require.NoError(t, s.Append(t.Context(), []store.Entry{{Time: monday, Kind: store.EntryFeedback, Body: "benign"}}))
	var archive bytes.Buffer
	require.NoError(t, s.Backup(t.Context(), &archive))
	require.NoError(t, s.Write(t.Context(), store.Batch{Facts: f.facts(300, monday, time.Hour)}), "this is not in it")

	folder := t.TempDir()
	in := tar.NewReader(&archive)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		require.True(t, filepath.IsLocal(header.Name))
		path := filepath.Join(folder, header.Name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		content, err := io.ReadAll(in)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, content, 0o600))
	}
	other := open(t, folder)
	defer func() { assert.NoError(t, other.Close()) }()
	f.all = f.all[:900]
	f.check(t, other)
	page, err := other.Events(t.Context(), store.EventQuery{})
	require.NoError(t, err)
	assert.Len(t, page.Events, 1)
	entries, err := other.Journal(t.Context(), 0, 10)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	require.NoError(t, other.Write(t.Context(), store.Batch{Engine: "e", Sequence: 2, Facts: f.facts(1, monday, time.Hour)}))
	f.all = f.all[:900]
	f.check(t, other)
}

func changes(t *testing.T, open Open) {
	s := opened(t, open)
	told := func(what string, ch <-chan struct{}, do func() error) {
		select {
		case <-ch:
			t.Fatalf("%s was told before anything happened", what)
		default:
		}
		require.NoError(t, do())
		select {
		case <-ch:
		case <-time.After(30 * time.Second):
			t.Fatalf("nobody was told: %s", what)
		}
	}
	ctx := t.Context()
	told("appended", s.Appended(), func() error { return s.Append(ctx, []store.Entry{{Kind: store.EntryAudit}}) })
	told("appended again", s.Appended(), func() error { return s.Append(ctx, []store.Entry{{Kind: store.EntryAudit}}) })
	told("usage", s.Changed(), func() error {
		return s.Write(ctx, store.Batch{Facts: []store.Fact{requests(monday, "tok_a", "ann", 1)}})
	})
	told("an event", s.Changed(), func() error { return s.PutEvents(ctx, []store.Event{{ID: "1", Kind: store.EventAuth, Time: monday}}) })
	told("a token", s.Changed(), func() error { return s.PutTokens(ctx, []store.Token{{ID: "tok_b"}}) })
}
