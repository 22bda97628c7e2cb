package registry

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/credential"
)

// The same registry in every format: an operator may choose.
var formats = map[Format]string{
	YAML: `
owners: [{id: acme, name: Acme, type: customer, team: payments}]
tokens:
  - {id: old, owner: acme, sha256: ` + digest("corp_old") + `}
  - id: new
    owner: acme
    sha256: ` + digest("corp_new") + `
    replaces: old
    rotated_at: 2026-11-01T00:00:00Z
    grace: 24h
    scopes: [orders:read, orders:write]
    networks: [10.0.0.0/8, "2001:db8::1"]
    routes: ["GET /v1/orders/{id}"]
    tags: {plan: gold, seats: "5"}
    expires_at: 2027-01-01
  - {id: gateway, gateway_id: kong-7}
`,
	JSON: `{
  "owners": [{"id": "acme", "name": "Acme", "type": "customer", "team": "payments"}],
  "tokens": [
	{"id": "old", "owner": "acme", "sha256": "` + digest("corp_old") + `"},
	{"id": "new", "owner": {"id": "acme", "name": "Acme", "type": "customer", "team": "payments"}, "sha256": "` + digest("corp_new") + `",
	 "replaces": "old", "rotated_at": "2026-11-01T00:00:00Z", "grace": "24h", "scopes": ["orders:read", "orders:write"],
	 "networks": ["10.0.0.0/8", "2001:db8::1"], "routes": ["GET /v1/orders/{id}"], "tags": {"plan": "gold", "seats": "5"},
	 "expires_at": "2027-01-01"},
	{"id": "gateway", "gateway_id": "kong-7"}
  ]
}`,
	CSV: `id,owner.id,owner_name,owner.type,owner.team,sha256,replaces,rotated_at,grace,scopes,networks,routes,tags.plan,tags.seats,expires_at,gateway_id
old,acme,Acme,customer,payments,` + digest("corp_old") + `,,,,,,,,,,
# a remark
new,acme,Acme,customer,payments,` + digest("corp_new") + `,old,2026-11-01T00:00:00Z,24h,orders:read; orders:write,10.0.0.0/8;2001:db8::1,GET /v1/orders/{id},gold,5,2027-01-01,
gateway,,,,,,,,,,,,,,,kong-7
`,
}

func TestEveryFormatSaysTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry")
	for format, text := range formats {
		t.Run(string(format), func(t *testing.T) {
			require.NoError(t, os.WriteFile(path+"."+string(format), []byte(text), 0o600))
			f := NewFile(path+"."+string(format), time.Second, false)
			_, err := f.Check(t.Context())
			require.NoError(t, err)
			d := NewDirectory(f)
			old, successor := d.Find(credential.Credential{Raw: "corp_old"}), d.Find(credential.Credential{Raw: "corp_new"})
			require.NotNil(t, old)
			require.NotNil(t, successor)
			assert.Equal(t, "gateway", d.Find(credential.Credential{Raw: "kong-7", Kind: credential.GatewayID}).ID)
			assert.Equal(t, &Owner{ID: "acme", Name: "Acme", Type: "customer", Team: "payments"}, old.Owner)
			assert.Same(t, old.Owner, successor.Owner, "owners are kept once")
			assert.Equal(t, "old", successor.First)
			assert.Equal(t, time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), old.UsableUntil)
			assert.Equal(t, map[string]string{"plan": "gold", "seats": "5"}, successor.Tags)
			assert.Equal(t, []string{"orders:read", "orders:write"}, successor.Scopes)
			assert.Equal(t, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), successor.ExpiresAt)
			require.Len(t, successor.Networks, 2)
			assert.Equal(t, "2001:db8::1/128", successor.Networks[1].String())
			require.Len(t, successor.Routes, 1)
			assert.Equal(t, "GET /v1/orders/{}", successor.Routes[0].String())
		})
	}
}

func TestErrorsOfOtherFormatsCarryTheirLine(t *testing.T) {
	whole := "ghp_" + strings.Repeat("a1B2", 9)
	for want, test := range map[string]struct {
		format Format
		text   string
	}{
		`not JSON, line 2`:                                                                 {JSON, "{\"tokens\": [\n{\"id\": }]}"},
		`tokens[0].expire_at: unknown key (line 3)`:                                        {JSON, "{\"tokens\": [{\n\"id\": \"a\",\n\"expire_at\": 1}]}"},
		`tokens[0]: must be a map (line 1)`:                                                {JSON, `{"tokens": ["a"]}`},
		`line 1: the registry must be a map`:                                               {JSON, `[]`},
		`tokens[0]: a value in line 1 or below is of the wrong kind`:                       {JSON, `{"tokens": [{"id": "a", "scopes": {}}]}`},
		`line 1: the names of the columns are missing`:                                     {CSV, ""},
		`line 1, column 2, "ownr": unknown column: known are api_token_id, claims_`:        {CSV, "id,ownr\n"},
		`line 1, column 2, "id": is there twice`:                                           {CSV, "id,ID\n"},
		`line 1, there is no column id`:                                                    {CSV, "user\n"},
		`line 3: has more or fewer fields than there are columns`:                          {CSV, "id,user\na,b\nc\n"},
		`not CSV, line 2: quotes must be closed and doubled`:                               {CSV, "id,user\n\"a" + whole + ",b\n"},
		`line 4, expires_at: "soon" is no time`:                                            {CSV, "id,user,expires_at\na,u,\n\nb,v,soon\n"},
		`line 3, id: "a" is the id of line 2 already`:                                      {CSV, "id,user\na,u\na,v\n"},
		`line 2, tags: is no map of texts: write {"plan": "gold"}`:                         {CSV, "id,user,tags\na,u,gold\n"},
		`line 2, scopes: is no list of texts`:                                              {CSV, "id,user,scopes\na,u,{a\n"},
		`line 2: nothing to join by: give sha256, prefix with last_four, gateway_id`:       {CSV, "id,user\na,\n"},
		`line 2, sha256: must be 64 hexadecimal digits: the SHA-256 of the raw credential`: {CSV, "id,sha256\na," + whole + "\n"},
	} {
		t.Run(want, func(t *testing.T) {
			_, err := test.format.Parse(strings.NewReader(test.text))
			require.ErrorContains(t, err, want)
			assert.NotContains(t, err.Error(), whole)
		})
	}
}

func TestErrorsAreNotEndless(t *testing.T) {
	_, err := CSV.Parse(strings.NewReader("id,user\n" + strings.Repeat("a,b\n", 1000)))
	require.ErrorContains(t, err, "and 1978 more") // an id and a user each but the first
	assert.Less(t, strings.Count(err.Error(), "\n"), maxErrors+2)
}

func TestLists(t *testing.T) {
	c, err := NewColumns([]string{"id"})
	require.NoError(t, err)
	for text, want := range map[string][]string{
		"":                               nil,
		"a; b ;;c":                       {"a", "b", "c"},
		`["a;b", "c"]`:                   {"a;b", "c"},
		`{}`:                             nil,
		`{a,"b,c",NULL,"d\"e\\","NULL"}`: {"a", "b,c", `d"e\`, "NULL"},
	} {
		got, err := c.list(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, bad := range []string{`["a"`, `{a`, `{"a}`, `{a,}`, `{{a}}`, `[1]`} {
		_, err := c.list(bad)
		assert.Error(t, err, bad)
	}
}

func TestTheDigestMayBeInAnyForm(t *testing.T) {
	want, ok := parseDigest(digest("x"))
	require.True(t, ok)
	for _, text := range []string{strings.ToUpper(digest("x")), `\x` + digest("x"), "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=", "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE"} {
		got, ok := parseDigest(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, got, text)
	}
	for _, bad := range []string{"", "00", digest("x")[1:], strings.Repeat("g", 64)} {
		_, ok := parseDigest(bad)
		assert.False(t, ok, bad)
	}
}

func TestTimesOfDatabases(t *testing.T) {
	want := time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
	for _, text := range []string{"2026-12-31T23:59:59Z", "2026-12-31 23:59:59+00", "2026-12-31 23:59:59", "2027-01-01 05:29:59+05:30", "2026-12-31 23:59:59.000+00"} {
		got, err := ParseTime(text)
		require.NoError(t, err, text)
		assert.True(t, want.Equal(got), text)
	}
	for _, never := range []string{"", "infinity", "9999-12-31"} {
		got, err := ParseTime(never)
		require.NoError(t, err, never)
		assert.True(t, got.IsZero(), never)
	}
}

func TestSpans(t *testing.T) {
	for text, want := range map[string]time.Duration{"36h": 36 * time.Hour, "1 day 12:00:00": 36 * time.Hour, "36:00:00": 36 * time.Hour, "2 days": 48 * time.Hour, "00:00:01": time.Second} {
		got, err := parseSpan(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, bad := range []string{"", "1 day ago", "soon", "1 month", "12:00", "x days"} {
		_, err := parseSpan(bad)
		assert.Error(t, err, bad)
	}
}

func fuzzFormat(f *testing.F, format Format) {
	for _, text := range formats {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := format.Parse(strings.NewReader(text))
		if (s == nil) == (err == nil) {
			t.Fatal("neither a registry nor an error, or both")
		}
		found := s.Find(credential.Credential{Raw: "corp_new", Claims: &credential.Claims{Subject: "s"}})
		if found != nil && found.ID == "" {
			t.Fatal("a token without an id")
		}
	})
}

func FuzzJSON(f *testing.F) { fuzzFormat(f, JSON) }

func FuzzCSV(f *testing.F) { fuzzFormat(f, CSV) }
