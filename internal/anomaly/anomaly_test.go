package anomaly

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestIDIsStableAndDistinct(t *testing.T) {
	id := NewID("tok_a", NewCountry, 20500, Look)
	require.Equal(t, id, NewID("tok_a", NewCountry, 20500, Look))
	u, err := uuid.Parse(id)
	require.NoError(t, err)
	require.EqualValues(t, 5, u.Version())
	seen := map[string]bool{id: true}
	for _, other := range []string{
		NewID("tok_b", NewCountry, 20500, Look), NewID("tok_a", NewClient, 20500, Look),
		NewID("tok_a", NewCountry, 20501, Look), NewID("tok_a", NewCountry, 20500, Act),
	} {
		require.False(t, seen[other])
		seen[other] = true
	}
}

func TestSentence(t *testing.T) {
	e := Event{
		Time:    time.Date(2026, 3, 25, 3, 12, 0, 0, time.UTC).UnixNano(),
		Token:   Token{Hint: "sk_live_…9f3a", OwnerName: "Acme", OwnerTeam: "payments"},
		Trigger: Trigger{Service: "billing", Method: "GET", Route: "/v1/exports", Country: "NL", Network: "AS14061", Client: "curl"},
		Evidence: []Evidence{
			{Facet: "country", Observed: "NL", Expected: "DE 100 %", Age: 64 * 24 * time.Hour},
			{Facet: "hour", Observed: "03:00 UTC", Expected: "07:00–19:00 UTC"},
		},
	}
	require.Equal(t, "Key sk_live_…9f3a (Acme, payments) called GET /v1/exports of billing from AS14061 in NL with curl at 03:12 UTC; "+
		"for 64 days it was country DE 100 % (now NL), hour 07:00–19:00 UTC (now 03:00 UTC).", Sentence(&e))
	e.Evidence[0].Age = time.Hour
	require.Equal(t, "Key sk_live_…9f3a (Acme, payments) was used after it had expired: it called GET /v1/exports of billing from AS14061 in NL "+
		"with curl at 03:12 UTC.", RuleSentence(&e, "was used after it had expired"))
	require.NotContains(t, Sentence(&Event{Token: Token{ID: "tok_x"}}), "()")
}

func TestEveryDetectorHasARule(t *testing.T) {
	for _, r := range Rules {
		got, ok := RuleOf(r.Detector)
		require.True(t, ok)
		require.NotEmpty(t, got.Name)
		require.Regexp(t, `^T\d{4}(\.\d{3})?$`, got.Technique)
	}
	_, ok := RuleOf("no_such_detector")
	require.False(t, ok)
}
