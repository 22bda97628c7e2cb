package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/credential"
)

func digest(raw string) string {
	sum := sha256.Sum256([]byte(raw))
	return hex.EncodeToString(sum[:])
}

func parse(t *testing.T, text string) *Snapshot {
	t.Helper()
	s, err := Parse(strings.NewReader(text))
	require.NoError(t, err)
	return s
}

func TestFind(t *testing.T) {
	s := parse(t, `
owners:
  - {id: acme, name: Acme, type: customer, team: payments}
tokens:
  - {id: by_hash, owner: acme, sha256: `+digest("corp_one_4711")+`, tags: {plan: gold}, scopes: [a, b]}
  - {id: by_ends, owner: acme, prefix: corp_, last_four: 9f3a}
  - {id: by_longer, prefix: corp_live_, last_four: 9f3a}
  - {id: by_client, claims: {iss: i, client_id: c}}
  - {id: by_subject, claims: {iss: i, client_id: c, sub: s}}
  - {id: by_sub, claims: {sub: lonely}}
  - {id: by_user, user: deploy-bot}
`)
	assert.Equal(t, 7, s.Len())
	key := func(raw string) credential.Credential {
		return credential.Credential{Raw: raw, Kind: credential.APIKey}
	}
	jwt := func(iss, client, sub string) credential.Credential {
		return credential.Credential{Raw: "eyJ", Kind: credential.JWT, Claims: &credential.Claims{Issuer: iss, ClientID: client, Subject: sub}}
	}
	for want, c := range map[string]credential.Credential{
		"by_hash":    key("corp_one_4711"),
		"by_ends":    key("corp_test_xxxx9f3a"),
		"by_longer":  key("corp_live_xxxx9f3a"),
		"by_client":  jwt("i", "c", "other"),
		"by_subject": jwt("i", "c", "s"),
		"by_sub":     jwt("any", "", "lonely"),
		"by_user":    {Raw: "deploy-bot:x", Kind: credential.Basic, User: "deploy-bot"},
	} {
		found := s.Find(c)
		require.NotNil(t, found, want)
		assert.Equal(t, want, found.ID)
	}
	for _, c := range []credential.Credential{key("other"), key("corp_test_xxxx0000"), key("9f3a"), jwt("x", "c", "s"), jwt("i", "", ""), key("deploy-bot")} {
		assert.Nil(t, s.Find(c))
	}
	acme := s.Find(key("corp_one_4711"))
	assert.Equal(t, &Owner{ID: "acme", Name: "Acme", Type: "customer", Team: "payments"}, acme.Owner)
	assert.Equal(t, map[string]string{"plan": "gold"}, acme.Tags)
	assert.Equal(t, []string{"a", "b"}, acme.Scopes)
}

func TestNoRegistry(t *testing.T) {
	var s *Snapshot
	assert.Nil(t, s.Find(credential.Credential{Raw: "x"}))
	assert.Zero(t, s.Len())
	assert.Zero(t, parse(t, "").Len())
}

func TestStatusAtATime(t *testing.T) {
	expiry := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		token      Token
		at         time.Time
		status     Status
		violations []string
	}{
		"active":      {Token{Status: Active}, expiry, Active, nil},
		"not yet":     {Token{Status: Active, ExpiresAt: expiry}, expiry, Active, nil},
		"expired":     {Token{Status: Active, ExpiresAt: expiry}, expiry.Add(1), Expired, []string{"expired"}},
		"revoked":     {Token{Status: Revoked, ExpiresAt: expiry}, expiry.Add(1), Revoked, []string{"revoked"}},
		"a decoy":     {Token{Status: Decoy}, expiry, Decoy, []string{"decoy"}},
		"set expired": {Token{Status: Expired}, expiry, Expired, []string{"expired"}},
	} {
		t.Run(name, func(t *testing.T) {
			status, violations := test.token.At(test.at)
			assert.Equal(t, test.status, status)
			assert.Equal(t, test.violations, violations)
		})
	}
}

func TestErrorsCarryTheirPath(t *testing.T) {
	whole := "ghp_" + strings.Repeat("a1B2", 9)
	for want, text := range map[string]string{
		`tokens[0].expires_at: "tomorrow" is no time: write 2026-12-31T23:59:59Z or 2026-12-31`:                      `tokens: [{id: a, user: u, expires_at: tomorrow}]`,
		`tokens[1].id: "a" is the id of tokens[0] already`:                                                           `tokens: [{id: a, user: u}, {id: a, user: v}]`,
		`tokens[0].owner: "nobody" is not among the owners`:                                                          `tokens: [{id: a, user: u, owner: nobody}]`,
		`tokens[0].status: "dead" is none of active, expired, revoked, leaked, decoy`:                                `tokens: [{id: a, user: u, status: dead}]`,
		`tokens[0].sha256: must be 64 hexadecimal digits: the SHA-256 of the raw credential`:                         `tokens: [{id: a, sha256: abc}]`,
		`tokens[0]: nothing to join by: give sha256, prefix with last_four, gateway_id, claims or user`:              `tokens: [{id: a}]`,
		`tokens[0].last_four: must be the last four characters of the credential, beside prefix`:                     `tokens: [{id: a, prefix: sk_live_}]`,
		`tokens[0].prefix: is a whole credential: write its first characters only`:                                   `tokens: [{id: a, prefix: ` + whole + `, last_four: abcd}]`,
		`tokens[0].claims: iss alone names everybody: add client_id or sub`:                                          `tokens: [{id: a, claims: {iss: i}}]`,
		`tokens[0].expire_at: unknown key (line 1): known are id, owner, sha256, prefix, last_four`:                  `tokens: [{id: a, user: u, expire_at: 2026-01-01}]`,
		`tokens[0].[…]: unknown key`:                                                                                 `tokens: [{id: a, ` + whole + `: x}]`,
		`owners[0].id: is missing`:                                                                                   `owners: [{name: x}]`,
		`owners[1].id: "a" is the id of another owner already`:                                                       `owners: [{id: a}, {id: a}]`,
		`tokens[0]: must be a map (line 1)`:                                                                          `tokens: [x]`,
		`tokens[0]: a value in line 1 or below is of the wrong kind`:                                                 `tokens: [{id: a, user: u, scopes: {a: b}}]`,
		`owners and tokens must be lists`:                                                                            `tokens: 3`,
		`line 1: the registry must be a map of owners and tokens`:                                                    `- a`,
		`tokens[0].networks[1]: "10.0.0.0/99" is neither a network nor an address: write 10.0.0.0/8 or 10.1.2.3`:     `tokens: [{id: a, user: u, networks: [10.0.0.1, 10.0.0.0/99]}]`,
		`tokens[0].routes[0]: "get /x" is no route: its method must be in capitals, or *: write GET /v1/orders/{id}`: `tokens: [{id: a, user: u, routes: [get /x]}]`,
		`tokens[0].grace: "1 month" is no span of time: write 24h or 0s`:                                             `tokens: [{id: a, user: u, replaces: b, grace: 1 month}]`,
		`tokens[0].grace: is how long the replaced token may still be used: give replaces too`:                       `tokens: [{id: a, user: u, grace: 1h}]`,
		`tokens[0].rotated_at: "then" is no time`:                                                                    `tokens: [{id: a, user: u, rotated_at: then}]`,
		`tokens[0].replaces: is the token itself`:                                                                    `tokens: [{id: a, user: u, replaces: a}]`,
		`replaces: goes round in a circle: the first of a token's rotations replaces none`:                           `tokens: [{id: a, user: u, replaces: c}, {id: b, user: v, replaces: a}, {id: c, user: w, replaces: b}, {id: d, user: x, replaces: c}]`,
		`tokens[1].replaces: "z" is replaced by token "a" already: name the last of its rotations`:                   `tokens: [{id: a, user: u, replaces: z}, {id: b, user: v, replaces: z}]`,
		`tokens[0].api_token_id: must be an api_token.id, as a span shows it: tok_ and 26 letters`:                   `tokens: [{id: a, user: u, api_token_id: tok_x}]`,
		`tokens[0].gateway_id: is a credential: write the gateway's id of it`:                                        `tokens: [{id: a, gateway_id: ` + whole + `}]`,
		`tokens[1].gateway_id: is that of token "a" already`:                                                         `tokens: [{id: a, gateway_id: g}, {id: b, gateway_id: g}]`,
		`tokens[0].owner.team_id: unknown key`:                                                                       `tokens: [{id: a, user: u, owner: {id: x, team_id: y}}]`,
		`keys: unknown key (line 1): known are owners, tokens`:                                                       `keys: []`,
		`not YAML, line 1`: "owners:\n  - {id: a\n  b",
		`tokens[1].sha256: is that of token "a" already`:                     fmt.Sprintf(`tokens: [{id: a, sha256: %[1]s}, {id: b, sha256: %[1]s}]`, digest("x")),
		`tokens[1].prefix: with this last_four is that of token "a" already`: `tokens: [{id: a, prefix: abc, last_four: abcd}, {id: b, prefix: abc, last_four: abcd}]`,
	} {
		t.Run(want, func(t *testing.T) {
			_, err := Parse(strings.NewReader(text))
			require.ErrorContains(t, err, want)
			assert.NotContains(t, err.Error(), whole)
		})
	}
}

func TestEveryErrorIsTold(t *testing.T) {
	_, err := Parse(strings.NewReader(`tokens: [{id: a}, {id: b}, {user: u}]`))
	for _, want := range []string{"tokens[0]", "tokens[1]", "tokens[2].id"} {
		assert.ErrorContains(t, err, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("owners: [{id: a}]\ntokens: [{id: b, owner: a, sha256: " + digest("x") + "}]")
	f.Add("tokens: [{id: a, prefix: abc, last_four: abcd, expires_at: 2026-01-01, tags: {a: b}}]")
	f.Add("tokens: [{id: a, prefix: abc, last_four: d}]")
	f.Add("a: &x [*x]")
	f.Add("{")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(strings.NewReader(text))
		if (s == nil) == (err == nil) {
			t.Fatal("neither a registry nor an error, or both")
		}
		s.Find(credential.Credential{Raw: "abc12345abcd", Claims: &credential.Claims{Subject: "s"}})
	})
}

func BenchmarkFind(b *testing.B) {
	var text strings.Builder
	text.WriteString("tokens:\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, "  - {id: t%d, sha256: %s}\n", i, digest(fmt.Sprint("corp_live_", i)))
	}
	s, err := Parse(strings.NewReader(text.String()))
	require.NoError(b, err)
	c := credential.Credential{Raw: "corp_live_77", Kind: credential.APIKey}
	b.ReportAllocs()
	for b.Loop() {
		if s.Find(c) == nil {
			b.Fatal("not found")
		}
	}
}
