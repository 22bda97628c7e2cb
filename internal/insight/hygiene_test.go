package insight

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

func TestHygieneFindsWhatWasPlanted(t *testing.T) {
	p := plant(t)
	token := func(id, owner string, edit ...func(*store.Token)) {
		token := store.Token{ID: id, OwnerID: owner, Status: "active", Type: "api_key", FirstSeen: ago(40), LastUse: store.Use{At: ago(0)}}
		for _, e := range edit {
			e(&token)
		}
		p.token(token)
	}
	// Three owners, who do nothing wrong: they are the company.
	for _, good := range []struct{ id, owner, network, service, route string }{
		{"tok_a1", "acme", "AS1", "shop", "GET /v1/orders"},
		{"tok_a2", "acme", "AS1", "shop", "POST /v1/orders"},
		{"tok_b1", "bolt", "AS2", "mail", "GET /v1/mails"},
		{"tok_c1", "coda", "AS3", "mail", "GET /v1/mails"},
		{"tok_b2", "bolt", "AS2", "mail", "DELETE /v1/mails/{id}"},
	} {
		token(good.id, good.owner)
		p.daily(use{token: good.id, owner: good.owner, network: good.network, service: good.service, route: good.route, requests: 50}, 40, 0)
	}
	acme := func(id string, n int64, days, until int) {
		p.daily(use{token: id, owner: "acme", network: "AS1", service: "shop", route: "GET /v1/orders", requests: n}, days, until)
	}
	token("tok_unused", "acme", func(t *store.Token) { t.FirstSeen, t.LastUse.At = ago(200), ago(91) })
	acme("tok_unused", 3, 5, 91)
	token("tok_rests", "acme", func(t *store.Token) { t.LastUse.At = ago(85) })
	acme("tok_rests", 3, 5, 85)
	token("tok_never", "acme", func(t *store.Token) { t.LastUse = store.Use{} })
	token("tok_decoy", "", func(t *store.Token) { t.LastUse, t.Status = store.Use{}, "decoy" })
	token("tok_expiring", "acme", func(t *store.Token) { t.ExpiresAt = now.Add(10 * day) })
	acme("tok_expiring", 5, 20, 0)
	token("tok_far", "acme", func(t *store.Token) { t.ExpiresAt = now.Add(31 * day) })
	acme("tok_far", 5, 20, 0)
	token("tok_broad", "acme", func(t *store.Token) {
		t.Scopes = []string{"orders:read", "orders:write", "mails:read", "shuttles:write", "openid"}
	})
	acme("tok_broad", 5, 20, 0)
	token("tok_leaked", "acme", func(t *store.Token) { t.Status = "leaked" })
	acme("tok_leaked", 5, 20, 0)
	token("tok_old", "acme", func(t *store.Token) { t.FirstSeen = ago(120) })
	acme("tok_old", 5, 100, 0)
	token("tok_rotated", "acme", func(t *store.Token) { t.FirstSeen = ago(120) })
	acme("tok_rotated", 5, 100, 0)
	require.NoError(t, p.PutEvents(t.Context(), []store.Event{{ID: "1", Time: ago(20), Kind: store.EventAuth, Name: "rotated", Token: "tok_rotated"}}))
	token("tok_session", "acme", func(t *store.Token) { t.FirstSeen, t.Type = ago(120), "jwt" })
	acme("tok_session", 5, 100, 0)
	token("tok_declining", "acme", func(t *store.Token) { t.FirstSeen = ago(80) })
	acme("tok_declining", 20, 40, 29)
	acme("tok_declining", 5, 29, 0)
	token("tok_fewer", "acme", func(t *store.Token) { t.FirstSeen = ago(80) })
	acme("tok_fewer", 20, 40, 29)
	acme("tok_fewer", 12, 29, 0)
	token("tok_stranger", "", func(t *store.Token) { t.Status = "unknown" })
	p.daily(use{token: "tok_stranger", network: "AS2", service: "mail", requests: 5}, 10, 0)
	token("tok_lonely", "", func(t *store.Token) { t.Status = "unknown" })
	p.daily(use{token: "tok_lonely", network: "AS9", service: "cron", requests: 5}, 10, 0)
	token("tok_lent", "acme")
	acme("tok_lent", 5, 20, 0)
	p.daily(use{token: "tok_lent", owner: "acme", network: "AS2", service: "shop", requests: 5}, 6, 0)
	token("tok_moved", "acme")
	acme("tok_moved", 5, 20, 10)
	p.daily(use{token: "tok_moved", owner: "acme", network: "AS3", service: "shop", requests: 5}, 10, 0)
	token("tok_turns", "acme")
	for d := range 12 {
		owner := []string{"acme", "bolt"}[d/4%2]
		p.daily(use{token: "tok_turns", owner: owner, requests: 5}, 1, d)
	}
	token("tok_sold", "acme")
	p.daily(use{token: "tok_sold", owner: "zeta", requests: 5}, 6, 5)
	p.daily(use{token: "tok_sold", owner: "acme", requests: 5}, 6, 0)

	found, err := FindHygiene(t.Context(), p.done(), HygieneQuestion{Now: now, Days: 90})
	require.NoError(t, err)
	got := map[string][]string{}
	for _, f := range found.Findings {
		got[f.Kind] = append(got[f.Kind], f.Token)
		assert.NotEmpty(t, f.Words)
		assert.NotEmpty(t, f.Action)
	}
	for kind, tokens := range got {
		assert.Len(t, tokens, found.Counts[kind])
	}
	want := map[string][]string{
		Unused: {"tok_unused"}, NeverUsed: {"tok_never"}, Expiring: {"tok_expiring"}, OverPrivileged: {"tok_broad"}, Leaked: {"tok_leaked"},
		NotRotated: {"tok_old"}, Declining: {"tok_declining"}, Unregistered: {"tok_lonely", "tok_stranger"}, Shared: {"tok_lent", "tok_turns"},
	}
	for kind, tokens := range want {
		assert.ElementsMatch(t, tokens, got[kind], kind)
	}
	assert.Len(t, got, len(want))
	assert.Equal(t, Leaked, found.Findings[0].Kind, "the worst first")
	for _, f := range found.Findings {
		switch f.Token {
		case "tok_broad":
			assert.Equal(t, "never exercised in 90 days: orders:write, mails:read", f.Words)
		case "tok_stranger":
			require.NotNil(t, f.Guess)
			assert.Equal(t, "bolt", f.Guess.Owner)
			assert.Greater(t, f.Guess.Confidence, .9)
		case "tok_lonely":
			assert.Nil(t, f.Guess)
		case "tok_lent":
			assert.Contains(t, f.Words, "used from AS2 in DE, where else only bolt is seen: 30 requests, on 6 days")
		case "tok_declining":
			assert.Equal(t, "140 requests in the last 28 days, 560 in the 28 days before", f.Words)
		}
	}
}

func TestScopes(t *testing.T) {
	known := map[string]bool{"order": true, "mail": true, "category": true}
	for _, c := range []struct {
		scope, route string
		idle         bool
	}{
		{"orders:read", "GET /v1/orders", false},
		{"read:orders", "GET /v1/orders/{id}", false},
		{"read_orders", "POST /v1/orders", true},
		{"write:order", "PUT /v1/orders/{id}", false},
		{"orders", "GET /v1/mails", true},
		{"orders", "DELETE /v1/orders/{id}", false},
		{"write", "GET /v1/orders", true},
		{"read", "POST /v1/orders", true},
		{"admin", "GET /v1/orders", true},
		{"categories.write", "POST /v2/categories", false},
		{"shuttles:write", "GET /v1/orders", false}, // nobody calls a route of shuttles: who knows
		{"https://www.example.com/auth/drive", "GET /v1/orders", false},
		{"", "GET /v1/orders", false},
	} {
		never := idle([]string{c.scope}, tally{c.route: 1}, known)
		assert.Equal(t, c.idle, len(never) == 1, "%s by %s", c.scope, c.route)
	}
}

func FuzzScope(f *testing.F) {
	f.Add("orders:read", "GET /v1/orders/{id}")
	f.Fuzz(func(_ *testing.T, scope, route string) {
		idle([]string{scope}, tally{route: 1}, resources(map[string]bool{route: true}))
	})
}

func TestTokensOfTheRegistryThatNobodyHasSeen(t *testing.T) {
	p := plant(t)
	p.token(store.Token{ID: "tok_a", RegistryID: "a", Hint: "sk_…a", LastUse: store.Use{At: ago(1)}})
	listed := []store.Token{
		{RegistryID: "a", Status: "active"},
		{RegistryID: "b", Status: "active", OwnerID: "acme", FirstSeen: ago(9)},
		{RegistryID: "c", Status: "revoked"},
		{RegistryID: "d", ExpiresAt: ago(1)},
	}
	found, err := FindHygiene(t.Context(), p.done(), HygieneQuestion{Now: now, Days: 30, Registered: slices.Values(listed)})
	require.NoError(t, err)
	require.Len(t, found.Findings, 1)
	f := found.Findings[0]
	assert.Equal(t, []any{NeverUsed, "", "b", "acme", ago(9)}, []any{f.Kind, f.Token, f.Hint, f.Owner, f.Since})
	assert.Equal(t, map[string]int{NeverUsed: 1}, found.Counts)

	many := make([]store.Token, 2*mostNeverUsed)
	for i := range many {
		many[i] = store.Token{RegistryID: fmt.Sprint("key", i)}
	}
	found, err = FindHygiene(t.Context(), p.Store, HygieneQuestion{Now: now, Days: 30, Registered: slices.Values(many)})
	require.NoError(t, err)
	assert.Len(t, found.Findings, mostNeverUsed)
	assert.Equal(t, 2*mostNeverUsed, found.Counts[NeverUsed], "all are counted")
}
