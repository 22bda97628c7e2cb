package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pair is a key of an issuer.
type pair struct {
	id        string
	algorithm jose.SignatureAlgorithm
	private   crypto.Signer
}

func newPair(t testing.TB, id string, algorithm jose.SignatureAlgorithm) pair {
	t.Helper()
	var private crypto.Signer
	var err error
	switch algorithm {
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	require.NoError(t, err)
	return pair{id, algorithm, private}
}

func (p pair) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: p.private.Public(), KeyID: p.id, Algorithm: string(p.algorithm), Use: "sig"}
}

func (p pair) sign(t testing.TB, payload string) string {
	t.Helper()
	key := jose.SigningKey{Algorithm: p.algorithm, Key: jose.JSONWebKey{Key: p.private, KeyID: p.id}}
	signer, err := jose.NewSigner(key, nil)
	require.NoError(t, err)
	signed, err := signer.Sign([]byte(payload))
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	return token
}

func setOf(t testing.TB, pairs ...pair) []byte {
	t.Helper()
	var set jose.JSONWebKeySet
	for _, p := range pairs {
		set.Keys = append(set.Keys, p.public())
	}
	b, err := json.Marshal(set)
	require.NoError(t, err)
	return b
}

// provider is an issuer on a server of its own.
type provider struct {
	*httptest.Server
	mu    sync.Mutex
	set   []byte
	down  bool
	asked atomic.Int64
}

func newProvider(t testing.TB, set []byte) *provider {
	t.Helper()
	p := &provider{set: set}
	mux := http.NewServeMux()
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		p.asked.Add(1)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.down {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write(p.set)
	})
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": p.URL, "jwks_uri": p.URL + "/keys"})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) serve(set []byte, down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set, p.down = set, down
}

// started is a verifier whose issuers may be asked again at once.
func started(t testing.TB, told Told, issuers ...Issuer) *Verifier {
	t.Helper()
	if told == nil {
		told = func(string, error) {}
	}
	v := New(issuers, http.DefaultClient, told)
	for _, k := range v.issuers {
		k.soonest = time.Millisecond
	}
	v.Start()
	t.Cleanup(v.Shutdown)
	return v
}

// settled is the verdict when it is no longer pending.
func settled(t testing.TB, v *Verifier, issuer, token string) Verdict {
	t.Helper()
	var verdict Verdict
	require.Eventually(t, func() bool {
		verdict = v.Check(issuer, token)
		return verdict.State != Pending
	}, 10*time.Second, time.Millisecond)
	return verdict
}

func TestGenuineAndForged(t *testing.T) {
	rs, es, ed := newPair(t, "rs", jose.RS256), newPair(t, "es", jose.ES256), newPair(t, "ed", jose.EdDSA)
	p := newProvider(t, setOf(t, rs, es, ed))
	for name, issuer := range map[string]Issuer{
		"url":       {URL: p.URL + "/keys"},
		"discovery": {},
		"audience":  {Audience: []string{"orders", "billing"}},
	} {
		t.Run(name, func(t *testing.T) {
			issuer.Name, issuer.Refresh = p.URL, time.Hour
			v := started(t, nil, issuer)
			for _, one := range []pair{rs, es, ed} {
				for _, payload := range []string{`{"aud":"orders"}`, `{"aud":["x","billing"]}`} {
					assert.Equal(t, Genuine, settled(t, v, p.URL, one.sign(t, payload)).State, one.id)
				}
			}
			thief := newPair(t, "rs", jose.RS256)
			assert.Equal(t, Forged, settled(t, v, p.URL, thief.sign(t, `{"aud":"orders"}`)).State, "another key of the same id")
			assert.Equal(t, Forged, settled(t, v, p.URL, newPair(t, "unheard", jose.ES256).sign(t, `{"aud":"orders"}`)).State)
			none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"aud":"orders"}`)) + "."
			assert.Equal(t, Forged, settled(t, v, p.URL, none).State)
			assert.Equal(t, Unasked, v.Check("https://elsewhere.example", none).State)
			if name == "audience" {
				assert.Equal(t, Forged, settled(t, v, p.URL, rs.sign(t, `{"aud":"elsewhere"}`)).State)
				assert.Equal(t, Forged, settled(t, v, p.URL, rs.sign(t, `{}`)).State)
			}
		})
	}
}

// The public key must not serve as the secret of a symmetric signature.
func TestSymmetricSignaturesAreForged(t *testing.T) {
	rs := newPair(t, "rs", jose.RS256)
	p := newProvider(t, setOf(t, rs))
	v := started(t, nil, Issuer{Name: "i", URL: p.URL + "/keys", Refresh: time.Hour})
	public, err := rs.public().MarshalJSON()
	require.NoError(t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: public, KeyID: "rs"}}, nil)
	require.NoError(t, err)
	signed, err := signer.Sign([]byte(`{}`))
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	assert.Equal(t, Forged, settled(t, v, "i", token).State)
}

func TestKeysAreRotated(t *testing.T) {
	first, second := newPair(t, "1", jose.ES256), newPair(t, "2", jose.ES256)
	p := newProvider(t, setOf(t, first))
	v := started(t, nil, Issuer{Name: "i", URL: p.URL + "/keys", Refresh: time.Hour})
	old := settled(t, v, "i", first.sign(t, `{}`))
	assert.Equal(t, Genuine, old.State)

	p.serve(setOf(t, first, second), false)
	waiting := v.Check("i", second.sign(t, `{}`))
	assert.Equal(t, Pending, waiting.State, "it may be new")
	assert.Equal(t, Genuine, settled(t, v, "i", second.sign(t, `{}`)).State)
	assert.False(t, v.Fresh(waiting))
	assert.False(t, v.Fresh(old), "another set")
	old = v.Check("i", first.sign(t, `{}`))
	assert.Equal(t, Genuine, old.State)
	assert.True(t, v.Fresh(old))

	p.serve(setOf(t, second), false)
	third := newPair(t, "3", jose.ES256)
	assert.Equal(t, Forged, settled(t, v, "i", third.sign(t, `{}`)).State)
	assert.Equal(t, Forged, settled(t, v, "i", first.sign(t, `{}`)).State, "a key that was taken back")
}

// A flood of tokens with made-up key ids does not become a flood of requests.
func TestUnknownKeysAreAskedForOnce(t *testing.T) {
	p := newProvider(t, setOf(t, newPair(t, "1", jose.ES256)))
	v := New([]Issuer{{Name: "i", URL: p.URL + "/keys", Refresh: time.Hour}}, http.DefaultClient, func(string, error) {})
	v.Start()
	t.Cleanup(v.Shutdown)
	require.Eventually(t, func() bool { return v.issuers["i"].read.Load() == 1 }, 10*time.Second, time.Millisecond)
	thief := newPair(t, "x", jose.ES256)
	for range 100 {
		v.Check("i", thief.sign(t, `{}`))
	}
	assert.EqualValues(t, 1, p.asked.Load(), "the next request is some seconds away")
}

func TestAnIssuerThatIsDown(t *testing.T) {
	key := newPair(t, "1", jose.ES256)
	p := newProvider(t, nil)
	p.serve(nil, true)
	var failed, worked atomic.Int64
	v := started(t, func(issuer string, err error) {
		assert.Equal(t, "i", issuer)
		if err != nil {
			failed.Add(1)
		} else {
			worked.Add(1)
		}
	}, Issuer{Name: "i", URL: p.URL + "/keys", Refresh: 2 * time.Millisecond})
	require.Eventually(t, func() bool { return failed.Load() > 1 }, 10*time.Second, time.Millisecond)
	assert.Equal(t, Pending, v.Check("i", key.sign(t, `{}`)).State, "neither genuine nor forged")
	p.serve(setOf(t, key), false)
	assert.Equal(t, Genuine, settled(t, v, "i", key.sign(t, `{}`)).State)
	p.serve([]byte(`{"keys":[]}`), false)
	before := failed.Load()
	require.Eventually(t, func() bool { return failed.Load() > before }, 10*time.Second, time.Millisecond)
	assert.Equal(t, Genuine, v.Check("i", key.sign(t, `{}`)).State, "the last good set stays in force")
	assert.Positive(t, worked.Load())
}

func TestKeysFromAFile(t *testing.T) {
	key := newPair(t, "1", jose.ES256)
	path := filepath.Join(t.TempDir(), "jwks.json")
	require.NoError(t, os.WriteFile(path, setOf(t, key), 0o600))
	v := started(t, nil, Issuer{Name: "i", File: path, Refresh: time.Hour})
	assert.Equal(t, Genuine, settled(t, v, "i", key.sign(t, `{}`)).State)
}

func TestParseTakesPublicKeysForSignaturesOnly(t *testing.T) {
	_, err := parse([]byte(`{"keys":[{"kty":"oct","k":"c2VjcmV0"},{"kty":"unheard-of"}]}`))
	require.ErrorContains(t, err, "no public key for signatures")
	_, err = parse([]byte(`<html>`))
	require.ErrorContains(t, err, "no JSON web key set")
	encryption := newPair(t, "e", jose.ES256).public()
	encryption.Use = "enc"
	b, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{encryption}})
	require.NoError(t, err)
	_, err = parse(b)
	require.Error(t, err)
}

func FuzzParse(f *testing.F) {
	f.Add(setOf(f, newPair(f, "1", jose.ES256), newPair(f, "2", jose.RS256)))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		set, err := parse(document)
		if err == nil {
			assert.NotEmpty(t, set)
		}
	})
}

func TestNobodyIsAsked(t *testing.T) {
	v := New(nil, nil, nil)
	v.Start()
	assert.Equal(t, Unasked, v.Check("i", "x").State)
	assert.True(t, v.Fresh(Verdict{}))
	v.Shutdown()
}

func BenchmarkCheck(b *testing.B) {
	for _, algorithm := range []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA} {
		b.Run(string(algorithm), func(b *testing.B) {
			key := newPair(b, "1", algorithm)
			p := newProvider(b, setOf(b, key))
			v := started(b, nil, Issuer{Name: "i", URL: p.URL + "/keys", Refresh: time.Hour})
			token := key.sign(b, `{"sub":"ada"}`)
			settled(b, v, "i", token)
			for b.Loop() {
				v.Check("i", token)
			}
		})
	}
}
