package set

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/wire"
)

var noon = time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)

const flagged = `{"data":{"id":"a-1","time":"2026-03-25T11:59:00Z","detector":"identity_shift","sentence":"The key sk_…9f3a is used from NL.",
"token":{"id":"tok_abc","registry_id":"key_123","hint":"sk_…9f3a","issuer":"https://id.example.com","owner":{"id":"ada@example.com"}},
"incident":{"id":"i-1","grant":{"scopes":["orders.read","orders.list"]}}}}`

func encode(t *testing.T, key crypto.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

var made map[string][]byte

// keys are the same for all tests: making them takes longer than all else.
func keys(t *testing.T) map[string][]byte {
	t.Helper()
	if made != nil {
		return made
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	sec1, err := x509.MarshalECPrivateKey(curve)
	require.NoError(t, err)
	made = map[string][]byte{
		"RS256": encode(t, long), "ES256": encode(t, curve), "EdDSA": encode(t, edwards),
		"RS256 PKCS#1": pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(long)}),
		"ES256 SEC 1":  pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1}),
	}
	return made
}

func TestKeys(t *testing.T) {
	for name, text := range keys(t) {
		key, err := ParseKey(text)
		require.NoError(t, err, name)
		assert.Equal(t, name[:5], string(key.algorithm))
		public, err := key.JWKS()
		require.NoError(t, err)
		var set struct{ Keys []map[string]any }
		require.NoError(t, json.Unmarshal(public, &set))
		require.Len(t, set.Keys, 1)
		assert.NotContains(t, set.Keys[0], "d", "the private half")
		assert.Equal(t, "sig", set.Keys[0]["use"])
		assert.NotEmpty(t, set.Keys[0]["kid"])
		assert.Equal(t, "[private key] [private key]", fmt.Sprintf("%s %#v", key, key))
	}
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	wide, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	for want, text := range map[string][]byte{
		"no private key in PEM":         []byte("hunter2"),
		"has 1024 bits: 2048 are":       encode(t, short),
		"curve P-384: P-256 is needed":  encode(t, wide),
		"no private key in PEM: openss": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
	} {
		_, err := ParseKey(text)
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "hunter2")
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	_, err = ReadKey(file)
	assert.ErrorContains(t, err, "key.pem: no private key in PEM")
	_, err = ReadKey(file + ".gone")
	assert.ErrorContains(t, err, "read key")
}

// receiver is after RFC 8935.
type receiver struct {
	*httptest.Server
	got    *http.Request
	body   string
	status int
	answer string
}

func receive(t *testing.T) *receiver {
	r := &receiver{status: http.StatusAccepted}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		text, err := io.ReadAll(req.Body)
		assert.NoError(t, err)
		r.got, r.body = req, string(text)
		w.WriteHeader(r.status)
		_, _ = io.WriteString(w, r.answer)
	}))
	t.Cleanup(r.Close)
	return r
}

func newPush(t *testing.T, algorithm, endpoint string) *Push {
	t.Helper()
	key, err := ParseKey(keys(t)[algorithm])
	require.NoError(t, err)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	return &Push{
		Client: wire.Client(&http.Client{Transport: transport, Timeout: 5 * time.Second}), Endpoint: endpoint, UserAgent: "Holter/test",
		Secrets: wire.NewSecrets("receivers-token"), Key: key,
		Words: Words{Issuer: "https://holter.example.com", Audience: "https://rp.example.com", Subject: Subject{Format: FormatIssSub}, CredentialType: "api_key"},
		Kinds: map[response.Action]Kind{response.Lock: CredentialCompromise, response.Reauthenticate: SessionRevoked, response.Restrict: RiskLevelChange},
	}
}

func delivery(action response.Action, step response.Step) *response.Delivery {
	return &response.Delivery{ID: "act-1", Body: []byte(flagged), Action: action, Step: step, Arrived: noon}
}

func TestPushSendsASignedEvent(t *testing.T) {
	r := receive(t)
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		p := newPush(t, algorithm, r.URL)
		a := p.Send(t.Context(), delivery(response.Lock, response.Do), noon.Add(time.Hour))
		require.Equal(t, response.Done, a.Verdict, a.Reason)
		assert.Equal(t, "application/secevent+jwt", r.got.Header.Get("Content-Type"))
		assert.Equal(t, "application/json", r.got.Header.Get("Accept"))
		token, err := jwt.ParseSigned(r.body, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
		require.NoError(t, err)
		assert.Equal(t, "secevent+jwt", token.Headers[0].ExtraHeaders["typ"])
		assert.Equal(t, p.Key.private.KeyID, token.Headers[0].KeyID)
		var claims map[string]any
		public := p.Key.private.Public()
		require.NoError(t, token.Claims(public.Key, &claims))
		text, err := json.Marshal(claims)
		require.NoError(t, err)
		assert.JSONEq(t, `{
			"iss":"https://holter.example.com","aud":"https://rp.example.com","iat":1774440000,"jti":"act-1","txn":"i-1",
			"sub_id":{"format":"iss_sub","iss":"https://id.example.com","sub":"ada@example.com"},
			"events":{"https://schemas.openid.net/secevent/risc/event-type/credential-compromise":{
				"credential_type":"api_key","event_timestamp":1774439940,"initiating_entity":"policy",
				"reason_admin":{"en":"The key sk_…9f3a is used from NL."}}}}`, string(text))
	}
}

func TestWhatEventsSay(t *testing.T) {
	r := receive(t)
	p := newPush(t, "ES256", r.URL)
	for _, c := range []struct {
		kind   Kind
		action response.Action
		step   response.Step
		uri    string
		want   string
	}{
		{RiskLevelChange, response.Restrict, response.Do, "caep/event-type/risk-level-change", `{"principal":"USER","current_level":"MEDIUM","risk_reason":"IDENTITY_SHIFT"}`},
		{RiskLevelChange, response.Lock, response.Undo, "caep/event-type/risk-level-change", `{"principal":"USER","current_level":"LOW","previous_level":"HIGH","risk_reason":"IDENTITY_SHIFT"}`},
		{SessionRevoked, response.Reauthenticate, response.Do, "caep/event-type/session-revoked", `{}`},
		{CredentialChange, response.Lock, response.Do, "caep/event-type/credential-change", `{"credential_type":"api_key","change_type":"revoke","friendly_name":"sk_…9f3a"}`},
		{TokenClaimsChange, response.Restrict, response.Do, "caep/event-type/token-claims-change", `{"claims":{"scope":"orders.read orders.list"}}`},
		{CredentialCompromise, response.Lock, response.Do, "risc/event-type/credential-compromise", `{"credential_type":"api_key"}`},
	} {
		p.Kinds[c.action] = c.kind
		d := delivery(c.action, c.step)
		d.DryRun = true
		a := p.Send(t.Context(), d, noon)
		require.Equal(t, response.Described, a.Verdict, a.Reason)
		var want map[string]any
		require.NoError(t, json.Unmarshal([]byte(c.want), &want))
		_, text, _ := cut(a.Request)
		var claims struct{ Events map[string]map[string]any }
		require.NoError(t, json.Unmarshal([]byte(text), &claims))
		require.Len(t, claims.Events, 1, "one event a token")
		got := claims.Events["https://schemas.openid.net/secevent/"+c.uri]
		for _, common := range []string{"event_timestamp", "initiating_entity", "reason_admin"} {
			assert.Contains(t, got, common)
			delete(got, common)
		}
		assert.Equal(t, want, got)
	}
	assert.Nil(t, r.got, "dry run asks nobody")
}

// cut parts what a dry run shows into head and body.
func cut(request string) (head, body string, ok bool) {
	for i := range len(request) - 1 {
		if request[i] == '\n' && request[i+1] == '\n' {
			return request[:i], request[i+2:], true
		}
	}
	return request, "", false
}

func TestSubjects(t *testing.T) {
	var e response.Event
	var envelope struct{ Data *response.Event }
	envelope.Data = &e
	require.NoError(t, json.Unmarshal([]byte(flagged), &envelope))
	for _, c := range []struct {
		subject Subject
		want    map[string]string
	}{
		{Subject{Format: FormatOpaque}, map[string]string{"format": "opaque", "id": "key_123"}},
		{Subject{Format: FormatIssSub, Issuer: "https://other"}, map[string]string{"format": "iss_sub", "iss": "https://other", "sub": "ada@example.com"}},
		{Subject{Format: FormatEmail}, map[string]string{"format": "email", "email": "ada@example.com"}},
		{Subject{Format: FormatAccount, Account: "{token}@example.com"}, map[string]string{"format": "account", "uri": "acct:tok_abc@example.com"}},
	} {
		require.NoError(t, c.subject.Valid())
		got, err := c.subject.of(&e)
		require.NoError(t, err)
		assert.Equal(t, c.want, got)
	}
	e.Token.Issuer, e.Token.RegistryID = "", ""
	_, err := Subject{Format: FormatIssSub}.of(&e)
	assert.ErrorContains(t, err, "token.issuer")
	id, err := Subject{Format: FormatOpaque}.of(&e)
	require.NoError(t, err)
	assert.Equal(t, "tok_abc", id["id"])
	e.Token.Owner.ID = "acme"
	_, err = Subject{Format: FormatEmail}.of(&e)
	assert.ErrorContains(t, err, `"acme" is no address`)
	e.Token.Owner, e.Token.ID = nil, ""
	_, err = Subject{Format: FormatEmail}.of(&e)
	assert.ErrorContains(t, err, "token.owner.id")
	_, err = Subject{Format: FormatOpaque}.of(&e)
	assert.Error(t, err)
}

func TestPushJudges(t *testing.T) {
	r := receive(t)
	p := newPush(t, "ES256", r.URL)
	for _, c := range []struct {
		status  int
		body    string
		verdict response.Verdict
		why     string
	}{
		{202, ``, response.Done, ""},
		{200, ``, response.Refused, "status 200 is not 202"},
		{400, `{"err":"invalid_key","description":"receivers-token"}`, response.Final, "status 400, invalid_key: the receiver does not accept the key"},
		{400, `{"err":"invalid_issuer"}`, response.Final, "look at issuer"},
		{400, `{"err":"invalid_audience"}`, response.Final, "look at audience"},
		{400, `{"err":"authentication_failed"}`, response.Final, "headers and auth"},
		{400, `{"err":"access_denied"}`, response.Final, "may not send"},
		{400, `{"err":"invalid_request"}`, response.Final, "cannot read"},
		{400, `{"err":"novel"}`, response.Final, "status 400, novel: the receiver refuses the event"},
		{400, `<html>`, response.Refused, "status 400 is not 202"},
		{401, ``, response.Refused, "status 401"},
		{429, ``, response.Refused, "status 429"},
		{500, ``, response.Lost, "may have the event"},
		{503, ``, response.Refused, "status 503"},
	} {
		r.status, r.answer = c.status, c.body
		a := p.Send(t.Context(), delivery(response.Lock, response.Do), noon)
		assert.Equal(t, c.verdict, a.Verdict, "%d %s", c.status, c.body)
		assert.Contains(t, a.Reason, c.why)
		assert.NotContains(t, a.Text, "receivers-token")
	}
	r.Close()
	assert.Equal(t, response.Unreached, p.Send(t.Context(), delivery(response.Lock, response.Do), noon).Verdict)
}

func TestWhatAReceiverCannotBeTold(t *testing.T) {
	p := newPush(t, "ES256", "http://127.0.0.1:1")
	assert.Equal(t, response.Ability{Do: true, Idempotent: true}, p.Can(response.Lock))
	assert.Equal(t, response.Ability{Do: true, Undo: true, Idempotent: true}, p.Can(response.Restrict))
	assert.Zero(t, p.Can(response.Notify))
	final := func(why string, d *response.Delivery) {
		t.Helper()
		a := p.Send(t.Context(), d, noon)
		assert.Equal(t, response.Final, a.Verdict)
		assert.Contains(t, a.Reason, why)
	}
	final("no event for notify", delivery(response.Notify, response.Do))
	final("cannot be asked", delivery(response.Lock, response.Verify))
	final("no event takes credential-compromise back", delivery(response.Lock, response.Undo))
	broken := delivery(response.Lock, response.Do)
	broken.Body = []byte("?")
	final("cannot be read", broken)
	p.Kinds[response.Restrict] = TokenClaimsChange
	bare := delivery(response.Restrict, response.Do)
	bare.Body = []byte(`{"data":{"token":{"id":"tok_abc","issuer":"i","owner":{"id":"o"}}}}`)
	final("incident.grant.scopes", bare)
	assert.ErrorContains(t, Kind("revoke").Valid(), "write one of risk-level-change, ")
}

func TestWhatWasDoneInEarnestIsTakenBackInDryRun(t *testing.T) {
	r := receive(t)
	p := newPush(t, "ES256", r.URL)
	p.DryRun = true
	assert.Equal(t, response.Described, p.Send(t.Context(), delivery(response.Restrict, response.Do), noon).Verdict)
	assert.Nil(t, r.got)
	assert.Equal(t, response.Done, p.Send(t.Context(), delivery(response.Restrict, response.Undo), noon).Verdict)
	assert.NotNil(t, r.got)
}

func TestAnActHoldsWhomItsEndIsAbout(t *testing.T) {
	p := newPush(t, "ES256", "https://rp.example.com")
	one := p.Subject(response.Restrict, []byte(flagged))
	assert.NotEmpty(t, one)
	assert.Equal(t, one, p.Subject(response.Restrict, []byte(strings.ReplaceAll(flagged, "identity_shift", "new_country"))))
	assert.Empty(t, p.Subject(response.Lock, []byte(flagged)), "no event takes it back")
}
