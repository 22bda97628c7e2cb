package denylist

import (
	"encoding/base64"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/holterhq/holter/internal/credential"
)

const (
	someKey    = "corp_4f9Kq2LmX8vR7tBz1WcY6nHs3JdGpA0e"
	anotherKey = "corp_Zp81sLq0VbN5xTgR2mKc7YdW4hFjE9aU"
)

var someJWT = func() string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"ES256","typ":"JWT"}`)) + "." + enc([]byte(`{"iss":"https://id.example","sub":"u1","client_id":"app"}`)) + "." +
		strings.Repeat("a1B2", 21)
}()

func headers(pairs ...string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := 0; i < len(pairs); i += 2 {
			if !yield(pairs[i], pairs[i+1]) {
				return
			}
		}
	}
}

func usual() *Finder { return NewFinder(credential.UsualSources()) }

func found(f *Finder, r Request) []string {
	var all []string
	f.Find(&r, func(_ credential.Scheme, secret string) bool {
		all = append(all, strings.Clone(secret))
		return true
	})
	return all
}

func TestEveryCredentialOfARequestIsFound(t *testing.T) {
	basic := base64.StdEncoding.EncodeToString([]byte("alice:correct horse"))
	for _, c := range []struct {
		name string
		r    Request
		want []string
	}{
		{"bearer", Request{Headers: headers("Authorization", "Bearer "+someKey)}, []string{someKey}},
		{"as gRPC has it", Request{Headers: headers("authorization", "bearer "+someJWT)}, []string{someJWT}},
		{"a key", Request{Headers: headers("X-API-Key", someKey)}, []string{someKey}},
		{"basic", Request{Headers: headers("Authorization", "Basic "+basic)}, []string{basic}},
		{"a cookie", Request{Headers: headers("Cookie", "theme=dark; session="+someKey)}, []string{someKey}},
		{"a parameter", Request{URI: "/v1/orders?page=2&api_key=" + someKey}, []string{someKey}},
		{"encoded", Request{URI: "/v1/orders?api_key=" + strings.ReplaceAll(someKey, "_", "%5f")}, []string{someKey}},
		{"one behind a decoy", Request{Headers: headers("Authorization", "Bearer "+anotherKey, "X-Api-Key", someKey), URI: "/?token=" + someJWT}, []string{anotherKey, someKey, someJWT}},
		{"a header that came twice", Request{Headers: headers("Authorization", "Bearer "+anotherKey+", Bearer "+someKey)}, nil},
		{"no credential", Request{Headers: headers("User-Agent", "curl/8", "Accept", "*/*"), URI: "/v1/orders?page=2"}, nil},
		{"a header that nobody takes a token from", Request{Headers: headers("X-Request-Id", someKey)}, nil},
		{"nothing", Request{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := found(usual(), c.r)
			if c.name == "a header that came twice" {
				assert.Subset(t, got, []string{anotherKey, someKey})
				return
			}
			slices.Sort(got)
			slices.Sort(c.want)
			assert.Equal(t, c.want, slices.Compact(got))
		})
	}
	own := NewFinder(credential.SourceNames{Headers: []string{"X-Corp-Ticket"}})
	assert.Equal(t, []string{someKey}, found(own, Request{Headers: headers("x-corp-ticket", someKey, "authorization", "Bearer "+anotherKey)}))
}

func FuzzFind(f *testing.F) {
	f.Add("Authorization", "Bearer "+someKey, "/v1?api_key="+someKey)
	f.Add("Cookie", "a=b; session="+someJWT, "/%00?token=%%")
	f.Add("X-Api-Key", ",,,"+someKey+",", "?&&=")
	finder := usual()
	f.Fuzz(func(t *testing.T, name, value, uri string) {
		for _, secret := range found(finder, Request{Headers: headers(name, value), URI: uri}) {
			if secret == "" {
				t.Error("an empty credential is nobody's")
			}
		}
	})
}
