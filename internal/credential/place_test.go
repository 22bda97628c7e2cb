package credential

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPlaces(t *testing.T) {
	r := newRandom(10)
	key, hexKey, b64Key := sampleOpaque(r), draw(r, digits+"abcdef", 40), draw(r, lower+upper+digits, 20)+"+/"+draw(r, lower+upper+digits, 20)+"="
	jwt := sampleJWT(r, `{"iss":"https://id.example.test","sub":"svc"}`)
	basic := base64.StdEncoding.EncodeToString([]byte("deploy-bot:C0rrect-h0rse"))
	session := "s%3A" + draw(r, lower+upper+digits, 32) + "." + draw(r, lower+upper+digits, 40) + "%3D"
	aws := "AWS4-HMAC-SHA256 Credential=AKIA" + draw(r, upper+"234567", 16) + "/20261122/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=" + draw(r, digits+"abcdef", 64)
	for name, test := range map[string]struct {
		place      Place
		text, want string
	}{
		"bearer":                 {Authorization, "Bearer " + key, "Bearer REDACTED"},
		"bearer, small":          {Authorization, "bearer " + jwt, "bearer REDACTED"},
		"no scheme":              {Authorization, key, "REDACTED"},
		"unknown scheme":         {Authorization, "Corp " + key, "Corp REDACTED"},
		"a word":                 {Authorization, "Bearer not-a-token", "Bearer REDACTED"},
		"basic":                  {Authorization, "Basic " + basic, "Basic REDACTED"},
		"basic, broken":          {Authorization, "Basic ?????", "Basic REDACTED"},
		"sigv4":                  {Authorization, aws, "AWS4-HMAC-SHA256 REDACTED"},
		"digest":                 {Authorization, `Digest username="ada", response="` + hexKey + `"`, "Digest REDACTED"},
		"base64 key":             {Authorization, "ApiKey " + b64Key, "ApiKey REDACTED"},
		"masked header":          {Authorization, "Bearer ***", "Bearer ***"},
		"redacted header":        {Authorization, "REDACTED", "REDACTED"},
		"empty header":           {Authorization, "Bearer ", "Bearer "},
		"dash":                   {Authorization, "-", "-"},
		"key header":             {Secret, hexKey, "REDACTED"},
		"key header, UUID":       {Secret, sampleUUID(r), "REDACTED"},
		"key header, scheme":     {Secret, "Bearer " + key, "Bearer REDACTED"},
		"key header, two words":  {Secret, "what " + key, "what REDACTED"},
		"key header, none":       {Secret, "none", "none"},
		"key header, masked":     {Secret, "[FILTERED]", "[FILTERED]"},
		"key field, prose":       {Secret, "could not be read", "could not be read"},
		"key field, a path":      {Secret, "/var/run/secrets/token", "/var/run/secrets/token"},
		"cookies":                {CookieHeader, "theme=dark; access_token=" + jwt + "; lang=de", "theme=dark; access_token=REDACTED; lang=de"},
		"session cookie":         {CookieHeader, "sid=" + session, "sid=REDACTED"},
		"cookie that looks so":   {CookieHeader, "prefs=" + draw(r, lower+upper+digits, 32), "prefs=REDACTED"},
		"ordinary cookies":       {CookieHeader, "theme=dark; _ga=GA1.2.1.2; lang=de", "theme=dark; _ga=GA1.2.1.2; lang=de"},
		"masked cookie":          {CookieHeader, "sid=REDACTED", "sid=REDACTED"},
		"set-cookie":             {SetCookie, "access_token=" + key + "; Path=/; HttpOnly", "access_token=REDACTED; Path=/; HttpOnly"},
		"query":                  {Query, "q=shoes&api_key=" + key, "q=shoes&api_key=REDACTED"},
		"query with a mark":      {Query, "?access_token=" + key, "?access_token=REDACTED"},
		"query, first":           {Query, "token=abc&page=2", "token=REDACTED&page=2"},
		"query, encoded":         {Query, "key=%2B%2FEieMp%2FSHX%3D&a=b", "key=REDACTED&a=b"},
		"query, encoded name":    {Query, "api%5Fkey=" + key, "api%5Fkey=REDACTED"},
		"query, sort key":        {Query, "key=name&page=2", "key=name&page=2"},
		"query, page token":      {Query, "page_token=" + key, "page_token=" + key},
		"query, ordinary":        {Query, "q=a+b&id=" + sampleUUID(newRandom(11)), "q=a+b&id=" + sampleUUID(newRandom(11))},
		"query, signature":       {Query, "x=1&X-Amz-Signature=" + hexKey + "&sig=ab%2Fcd", "x=1&X-Amz-Signature=REDACTED&sig=REDACTED"},
		"argument":               {Arguments, "--upstream-key=" + key, "--upstream-key=REDACTED"},
		"argument, separate":     {Arguments, "serve --token " + key + " --port 80", "serve --token REDACTED --port 80"},
		"argument, a file":       {Arguments, "--tls-key=/etc/tls.key --token-file=/t", "--tls-key=/etc/tls.key --token-file=/t"},
		"environment":            {Arguments, "API_KEY=" + key + " PWD=/home/ada run", "API_KEY=REDACTED PWD=/home/ada run"},
		"statement":              {Statement, "SELECT owner FROM api_keys WHERE name = '" + hexKey + "' AND $1 = $1", "SELECT owner FROM api_keys WHERE name = 'REDACTED' AND $1 = $1"},
		"statement, base64":      {Statement, "SELECT 1 FROM tokens WHERE t = '" + b64Key + "'", "SELECT 1 FROM tokens WHERE t = 'REDACTED'"},
		"statement, id":          {Statement, "SELECT 1 FROM sessions WHERE user_id = '" + sampleUUID(newRandom(12)) + "'", "SELECT 1 FROM sessions WHERE user_id = '" + sampleUUID(newRandom(12)) + "'"},
		"statement, token id":    {Statement, "SELECT 1 FROM s WHERE access_token = '" + sampleUUID(r) + "'", "SELECT 1 FROM s WHERE access_token = 'REDACTED'"},
		"statement, other":       {Statement, "SELECT 1 FROM commits WHERE sha = '" + hexKey + "'", "SELECT 1 FROM commits WHERE sha = '" + hexKey + "'"},
		"redis":                  {Statement, "get session:" + session, "get session:REDACTED"},
		"redis, base64":          {Statement, "get session:" + b64Key, "get session:REDACTED"},
		"redis, other":           {Statement, "get commit:" + hexKey, "get commit:" + hexKey},
		"redis, password":        {Statement, "AUTH hunter2", "AUTH REDACTED"},
		"parts of an opaque one": {Secret, "x." + jwt, "REDACTED"},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, erased(test.place, test.text)) })
	}
}

func TestOneKeyIsOneSecretWhereverItStands(t *testing.T) {
	key := "+/" + draw(newRandom(13), lower+upper+digits, 40) + "="
	encoded := "%2B%2F" + key[2:len(key)-1] + "%3D"
	for name, in := range map[string]struct {
		place Place
		text  string
	}{
		"header": {Authorization, "ApiKey " + key}, "key header": {Secret, key}, "query": {Query, "key=" + encoded},
		"URL": {Text, "https://api.example.test/a?api_key=" + encoded + "&x=1"}, "cookie": {CookieHeader, "token=" + encoded},
		"log": {Text, `10.0.0.1 "GET /a" 200 auth="ApiKey ` + key + `"`},
	} {
		t.Run(name, func(t *testing.T) {
			f, ok := first(in.place, in.text)
			require.True(t, ok)
			assert.Equal(t, key, f.Secret)
		})
	}
}

func TestBasicGivesItsPartsToTheHunt(t *testing.T) {
	var s Scanner
	var secrets []string
	for _, f := range s.Scan(Authorization, "Basic "+base64.StdEncoding.EncodeToString([]byte("ada:C0rrect-h0rse"))) {
		secrets = append(secrets, f.Secret)
	}
	assert.Subset(t, secrets, []string{"C0rrect-h0rse", "ada:C0rrect-h0rse"})
	assert.NotContains(t, secrets, "ada")
}

func TestForgetLeavesNothing(t *testing.T) {
	var s Scanner
	s.Scan(Text, "a%20b "+formats[0].sample(newRandom(14)))
	s.Forget()
	assert.Empty(t, s.found)
	for _, f := range s.found[:cap(s.found)] {
		assert.Empty(t, f.Secret)
	}
}
