package credential

import (
	"bufio"
	"encoding/base64"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	r := newRandom(20)
	key, id := sampleOpaque(r), sampleUUID(r)
	jwt := sampleJWT(r, `{"iss":"i","sub":"s"}`)
	basic := base64.StdEncoding.EncodeToString([]byte("deploy-bot:C0rrect-h0rse"))
	for name, test := range map[string]struct{ text, want string }{
		"apache": {
			`8.8.8.8 [x] "GET /v1/a" 200 15 auth="Bearer ` + key + `" key="` + id + `" cookie="theme=dark; sid=` + key + `" xff="-"`,
			`8.8.8.8 [x] "GET /v1/a" 200 15 auth="Bearer REDACTED" key="REDACTED" cookie="theme=dark; sid=REDACTED" xff="-"`,
		},
		"apache without": {
			`8.8.8.8 - - [x] "GET /v1/orders/1 HTTP/1.1" 200 297 "-" "curl/7.88.1" auth="-" key="-"`,
			`8.8.8.8 - - [x] "GET /v1/orders/1 HTTP/1.1" 200 297 "-" "curl/7.88.1" auth="-" key="-"`,
		},
		"haproxy": {
			`127.0.0.1:4 api/one 200 {Bearer not-a-token|` + id + `|8.8.8.8} {} "GET /v1/a HTTP/1.1"`,
			`127.0.0.1:4 api/one 200 {Bearer REDACTED|REDACTED|8.8.8.8} {} "GET /v1/a HTTP/1.1"`,
		},
		"haproxy, basic": {
			`127.0.0.1:4 {Basic ` + basic + `||8.8.8.8} {} "GET /v1/a HTTP/1.1"`, `127.0.0.1:4 {Basic REDACTED||8.8.8.8} {} "GET /v1/a HTTP/1.1"`,
		},
		"nginx JSON": {
			`{"http_authorization":"Bearer ` + key + `","http_x_api_key":"` + key + `","http_cookie":"sid=` + key + `","args":"token=` + key + `","status":200}`,
			`{"http_authorization":"Bearer REDACTED","http_x_api_key":"REDACTED","http_cookie":"sid=REDACTED","args":"token=REDACTED","status":200}`,
		},
		"JSON in JSON":     {`{"body":"{\"client_secret\":\"` + key + `\",\"a\":1}"}`, `{"body":"{\"client_secret\":\"REDACTED\",\"a\":1}"}`},
		"JSON headers":     {`{"Authorization":["Bearer ` + key + `"],"Accept":["*/*"]}`, `{"Authorization":["Bearer REDACTED"],"Accept":["*/*"]}`},
		"header line":      {"> Authorization: Bearer " + key + "\r\n> Accept: */*", "> Authorization: Bearer REDACTED\r\n> Accept: */*"},
		"curl":             {`curl -H 'X-Api-Key: ` + key + `' https://x`, `curl -H 'X-Api-Key: REDACTED' https://x`},
		"form":             {"token request grant_type=x&client_id=b&client_secret=" + key, "token request grant_type=x&client_id=b&client_secret=REDACTED"},
		"go url error":     {`Get "http://127.0.0.1:1/r?access_token=` + key + `": dial tcp`, `Get "http://127.0.0.1:1/r?access_token=REDACTED": dial tcp`},
		"quoted JWT":       {`token "Bearer ` + jwt + `" rejected`, `token "Bearer REDACTED" rejected`},
		"rejected":         {"rejected token not-a-token", "rejected token REDACTED"},
		"rejected, random": {"the token " + key + " is unknown", "the token REDACTED is unknown"},
		"challenge":        {`Bearer realm="orders", error="invalid_token"`, `Bearer realm="orders", error="invalid_token"`},
		"logfmt":           {`level=info api_key=` + key + ` path=/a`, `level=info api_key=REDACTED path=/a`},
		"password":         {"login ada password=hunter22 failed", "login ada password=REDACTED failed"},
		"sigv4":            {"signed AWS4-HMAC-SHA256 Credential=AKIAABCDEFGHIJKLMNOP/x, Signature=00ff", "signed AWS4-HMAC-SHA256 REDACTED"},
		"own ids":          {"token tok_abcdefghijklmnopqrstuvwxyz2 and token=tok_abcdefghijklmnopqrstuvwxy2", "token tok_abcdefghijklmnopqrstuvwxyz2 and token=tok_abcdefghijklmnopqrstuvwxy2"},
		"entry of JSON":    {`{"headers":[{"name":"X-Api-Key","value":"` + key + `"},{"name":"Host","value":"` + "a.example" + `"}]}`, `{"headers":[{"name":"X-Api-Key","value":"REDACTED"},{"name":"Host","value":"a.example"}]}`},
		"entry, nested":    {`{"m":"[{\"key\": \"password\", \"value\": \"Pa55word!\"}]"}`, `{"m":"[{\"key\": \"password\", \"value\": \"REDACTED\"}]"}`},
		"entry of XML":     {`<add key="ApiKey" value="` + key + `"/>`, `<add key="ApiKey" value="REDACTED"/>`},
		"element":          {`<wsse:Username>bob</wsse:Username><wsse:Password Type="x#y">Pa55word!</wsse:Password><Color>blue1!</Color>`, `<wsse:Username>bob</wsse:Username><wsse:Password Type="x#y">REDACTED</wsse:Password><Color>blue1!</Color>`},
		"element, token":   {`<AccessToken>` + key + `</AccessToken><token/><Password>Forgot it?</Password>`, `<AccessToken>REDACTED</AccessToken><token/><Password>Forgot it?</Password>`},
		"user of SQL":      {`statement: CREATE ROLE app LOGIN PASSWORD 'it''s me'; ALTER USER 'x'@'%' IDENTIFIED BY "hunter"`, `statement: CREATE ROLE app LOGIN PASSWORD 'REDACTED'; ALTER USER 'x'@'%' IDENTIFIED BY "REDACTED"`},
		"word and quotes":  {`sorted by 'price', shown as "Total", see password 'reset' page`, `sorted by 'price', shown as "Total", see password 'reset' page`},
		"masked":           {"Authorization: Bearer REDACTED, token=[FILTERED]", "Authorization: Bearer REDACTED, token=[FILTERED]"},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, erased(Text, test.text)) })
	}
}

// TestOrdinaryTextStays reads lines of every kind that telemetry carries and that holds no secret.
func TestOrdinaryTextStays(t *testing.T) {
	f, err := os.Open("testdata/ordinary.txt")
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		line := lines.Text()
		n++
		assert.Equal(t, line, erased(Text, line))
		if !strings.Contains(line, " ") {
			assert.Equal(t, line, erased(Query, "id="+line)[3:])
		}
	}
	require.NoError(t, lines.Err())
	assert.Greater(t, n, 60)
}

// TestRandomIDsStay gives the scanner what looks as random as a secret and is none.
func TestRandomIDsStay(t *testing.T) {
	r := newRandom(21)
	for range 20_000 {
		for _, line := range []string{
			"order " + sampleUUID(r) + " shipped",
			"commit " + draw(r, digits+"abcdef", 40),
			"digest sha256:" + draw(r, digits+"abcdef", 64),
			"00-" + draw(r, digits+"abcdef", 32) + "-" + draw(r, digits+"abcdef", 16) + "-01",
			"/v1/files/" + draw(r, lower+upper+digits, 22) + "/parts/" + draw(r, digits, 6),
			`W/"15-` + draw(r, lower+upper+digits, 27) + `"`,
			"data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte(draw(r, "\x00\x01\x02\x80\x90\xa0\xff\xfe", 48))),
			"user_" + draw(r, lower+digits, 12) + " trace=" + draw(r, digits+"abcdef", 32),
		} {
			if out := erased(Text, line); out != line {
				t.Fatalf("%q became %q", line, out)
			}
		}
	}
}

// What is passed over because it is numbers and dots is what nothing would be found in.
func TestDottedNumbersHoldNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var s Scanner
	for range 100_000 {
		v := make([]byte, 8+random.IntN(8))
		for i := range v {
			v[i] = "0123456789."[random.IntN(11)]
		}
		require.True(t, numeric(string(v)))
		s.found = s.found[:0]
		s.read(Text, string(v))
		require.Empty(t, s.found, "%s", v)
	}
	for _, v := range []string{"255.255.255.255.", "1.2.3.4:80", "fe80::1"} {
		assert.False(t, numeric(v), v)
	}
}

func TestNamesThatPromiseNothing(t *testing.T) {
	s := Scanner{Named: NewNamed([]string{"hmac", "token", "user_ref"}, []string{"acme-user", "session"})}
	erase := func(place Place, text string) string {
		var spans []Span
		for _, one := range s.Scan(place, text) {
			spans = append(spans, Span{one.Start, one.End})
		}
		return Erase(text, spans, Placeholder)
	}
	for text, want := range map[string]string{
		"/a?x=1&hmac=somebody&y=2":                "/a?x=1&hmac=REDACTED&y=2",
		"https://a.example/?userRef=somebody#top": "https://a.example/?userRef=REDACTED#top",
		"hmac=somebody of the log":                "hmac=somebody of the log",
		"/a?hmacs=somebody":                       "/a?hmacs=somebody",
		"/a?hmac=":                                "/a?hmac=",
	} {
		assert.Equal(t, want, erase(Text, text))
	}
	assert.Equal(t, "hmac=REDACTED&b=1", erase(Query, "hmac=somebody&b=1"))
	assert.Equal(t, "theme=dark; Acme_User=REDACTED", erase(CookieHeader, "theme=dark; Acme_User=somebody"))
	assert.Equal(t, "/a?hmac=somebody", erased(Text, "/a?hmac=somebody"))
}
