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
		Trigger: Trigger{Service: "billing", Method: "GET", Route: "/v1/exports", Country: "NL", Network: "AS14061", Client: "curl", First: true},
		Evidence: []Evidence{
			{Facet: "country", Observed: "NL", Expected: "DE 100 %", Age: 64 * 24 * time.Hour, Others: Others{Tokens: 5, Mostly: "DE"}},
			{Facet: "hour", Observed: "03:00 UTC", Expected: "07:00–19:00 UTC"},
		},
	}
	require.Equal(t, "Key sk_live_…9f3a (Acme, payments) called GET /v1/exports of billing for the first time, from AS14061 in NL with curl at 03:12 UTC; "+
		"for 64 days it came from DE (now NL) and was used 07:00–19:00 UTC (now 03:00); NL is no habit of Acme’s 5 other keys.", Sentence(&e))
	e.Evidence[0].Others = Others{Tokens: 1, Same: 1}
	require.Contains(t, Sentence(&e), "; NL is a habit of Acme’s other key.")
	e.Evidence[0].Others.Same = 0
	require.Contains(t, Sentence(&e), "; NL is no habit of Acme’s other key.")
	e.Evidence[0].Others = Others{Tokens: 5, Same: 2}
	e.Token.OwnerName, e.Token.OwnerID = "", "crates"
	require.Contains(t, Sentence(&e), "; NL is a habit of 2 of crates’ 5 other keys.")
	e.Token.OwnerName = "Acme"
	e.Trigger.First = false
	require.Contains(t, Sentence(&e), "called GET /v1/exports of billing from AS14061 in NL")
	e.Evidence[0].Age = time.Hour
	require.Equal(t, "Key sk_live_…9f3a (Acme, payments) was used after it had expired: it called GET /v1/exports of billing from AS14061 in NL "+
		"with curl at 03:12 UTC.", RuleSentence(&e, "was used after it had expired"))
	require.NotContains(t, Sentence(&Event{Token: Token{ID: "tok_x"}}), "()")
}

// TestSentenceOfEachFacet reads what detection compares, facet by facet, as people read it.
func TestSentenceOfEachFacet(t *testing.T) {
	for _, test := range []struct{ facet, observed, expected, says string }{
		{"country", "BR", "GB 78 %, US 17 % and 2 more", "it came from GB 78 %, US 17 % and 2 more (now BR)"},
		{"network", "AS14061", "AS3320 100 %", "it came over AS3320 (now AS14061)"},
		{"network", "AS14061", "nothing yet", "it had network nothing yet (now AS14061)"},
		{"client", "curl", "okhttp 98 %, Chrome 2 %", "it used okhttp 98 %, Chrome 2 % (now curl)"},
		{"service", "bookings", "catalog 100 %", "it called catalog (now bookings)"},
		{"endpoint", "PUT /v1/lines", "21 endpoints, mostly GET /v1/lines/{id}", "it called 21 endpoints, mostly GET /v1/lines/{id} (now PUT /v1/lines)"},
		{"hour", "03:00 UTC", "07:00–19:00 UTC", "it was used 07:00–19:00 UTC (now 03:00)"},
		{"burst", "12 requests within an hour", "at most 5 requests within an hour", "it made at most 5 requests within an hour (now 12)"},
		{"volume", "173 requests in a day", "about 6 requests in a day", "it made about 6 requests in a day (now 173)"},
		{"new endpoints", "5 in a day, GET /a among them", "at most 1 in a day", "it called endpoints new to it, at most 1 in a day (now 5 in a day, GET /a among them)"},
		{"errors", "24 of 37 requests failed", "1.4 %", "it saw 1.4 % of its requests fail (now 24 of 37 requests failed)"},
		{"bytes", "answers up to 52 kB", "about 709 B", "it got answers of about 709 B (now up to 52 kB)"},
		{"answer sizes", "answers of other sizes", "about 2 kB", "it got answers of about 2 kB (now of other sizes)"},
		{"request sizes", "requests of other sizes", "about 2 kB", "it sent requests of about 2 kB (now of other sizes)"},
		{"gap", "woke after 183 days", "at most 13 days between uses", "it paused at most 13 days between uses (now woke after 183 days)"},
		{"travel", "US and then MX, faster than anybody travels", "one place at a time", "it was in one place at a time (now US and then MX, faster than anybody travels)"},
		{"mixture", "6 kinds of requests within an hour", "at most 2 kinds of requests within an hour", "it made at most 2 kinds of requests within an hour (now 6)"},
		{"endpoints", "9 endpoints in a day", "at most 3 endpoints in a day", "it called at most 3 endpoints in a day (now 9)"},
		{"networks at once", "AS1 and AS2 take turns", "one party at a time", "it was used by one party at a time (now AS1 and AS2 take turns)"},
		{"order", "6 new orders in a day, GET /b after GET /a among them", "at most 3 new orders in a day", "it made calls in at most 3 new orders in a day (now 6 new orders in a day, GET /b after GET /a among them)"},
		{"spend", "100.00 USD in a day", "at most 6.00 USD in a day", "it cost at most 6.00 USD in a day (now 100.00)"},
	} {
		e := Event{Evidence: []Evidence{{Facet: test.facet, Observed: test.observed, Expected: test.expected, Age: 48 * time.Hour}}}
		require.Contains(t, Sentence(&e), "; for 2 days "+test.says+".", test.facet)
	}
	e := Event{Evidence: []Evidence{
		{Facet: "bytes", Observed: "answers up to 52 kB", Expected: "about 709 B", Age: 48 * time.Hour},
		{Facet: "answer sizes", Observed: "answers of other sizes", Expected: "about 709 B"},
		{Facet: "client", Observed: "curl", Expected: "Chrome 100 %"},
	}}
	require.Contains(t, Sentence(&e), "it got answers of about 709 B (now up to 52 kB) and used Chrome (now curl).")
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
