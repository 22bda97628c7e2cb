package denylist

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/registry"
	"github.com/holterhq/holter/internal/response"
)

// newGate names tokens by their own secrets.
func newGate(t *testing.T) *Gate {
	t.Helper()
	closed, err := registry.ParseRoute("POST /v1/payments/*")
	require.NoError(t, err)
	exception, err := registry.ParseRoute("/v1/payments/status")
	require.NoError(t, err)
	return &Gate{
		List: New(100), Finder: usual(),
		IDs: func(tenant string, _ credential.Scheme, secret string) [2]string {
			return [2]string{tenant + secret, "former " + tenant + secret}
		},
		Locate: func(addr netip.Addr) (string, uint32) {
			if addr.Is6() {
				return "NL", 64500
			}
			return "DE", 3320
		},
		Routes: []Failing{{Route: exception}, {Route: closed, Closed: true}},
	}
}

func TestGate(t *testing.T) {
	g := newGate(t)
	with := func(key string) Request {
		return Request{Method: "GET", URI: "/v1/orders", Headers: headers("X-Api-Key", key)}
	}
	check := func(r Request) Answer { return g.Check(&r, noon) }
	assert.Equal(t, Answer{}, check(with(someKey)), "nobody is refused")

	require.NoError(t, g.List.Put(lock(someKey, "1"), noon))
	answer := check(with(someKey))
	assert.Equal(t, Locked, answer.Verdict)
	assert.Equal(t, "decoy_use", answer.Entry.Reason)
	assert.Equal(t, Passed, check(with(anotherKey)).Verdict)
	assert.Equal(t, Passed, check(Request{}).Verdict)
	other := with(someKey)
	other.Tenant = "acme"
	assert.Equal(t, Passed, check(other).Verdict, "another tenant's token")
	require.True(t, g.List.Remove(someKey, "1"))
	assert.Equal(t, Passed, check(with(someKey)).Verdict)

	require.NoError(t, g.List.Put(lock("former "+someKey, "1"), noon))
	assert.Equal(t, Locked, check(with(someKey)).Verdict, "locked before the registry knew of it")

	until := lock(anotherKey, "1")
	until.Action, until.Until = response.Reauthenticate, noon.Add(time.Minute)
	require.NoError(t, g.List.Put(until, noon))
	assert.Equal(t, Reauthenticated, check(with(anotherKey)).Verdict)
	r := with(anotherKey)
	late := g.Check(&r, noon.Add(time.Minute))
	assert.Equal(t, Passed, late.Verdict, "its time is over, whether or not it has been swept")
}

func TestTheStrictestActCounts(t *testing.T) {
	narrow := Entry{Token: someKey, Act: "narrow", Action: response.Restrict, Since: noon, Grant: &Grant{
		Scopes: []string{"orders.read"}, Routes: []string{"GET /v1/orders"}, Countries: []string{"DE"},
	}}
	narrower := Entry{Token: someKey, Act: "narrower", Action: response.Restrict, Since: noon, Grant: &Grant{Routes: []string{"GET /v1/orders", "GET /v1/items"}}}
	relogin := Entry{Token: someKey, Act: "relogin", Action: response.Reauthenticate, Since: noon}
	for _, order := range [][]Entry{{narrow, narrower, relogin, lock(someKey, "lock")}, {lock(someKey, "lock"), relogin, narrower, narrow}} {
		g := newGate(t)
		check := func(uri string, from string) Answer {
			r := Request{Method: "GET", URI: uri, Headers: headers("X-Api-Key", someKey), Client: netip.MustParseAddr(from)}
			return g.Check(&r, noon)
		}
		for _, e := range order {
			require.NoError(t, g.List.Put(e, noon))
		}
		assert.Equal(t, Locked, check("/v1/orders", "192.0.2.1").Verdict)
		g.List.Remove(someKey, "lock")
		assert.Equal(t, Reauthenticated, check("/v1/orders", "192.0.2.1").Verdict)
		g.List.Remove(someKey, "relogin")
		answer := check("/v1/orders?page=2", "192.0.2.1")
		assert.Equal(t, Passed, answer.Verdict)
		assert.NotNil(t, answer.Entry.Grant)
		answer = check("/v1/items", "192.0.2.1")
		assert.Equal(t, Restricted, answer.Verdict, "inside of one grant is outside of the other")
		assert.Equal(t, "route", answer.Outside)
		assert.Equal(t, "country", check("/v1/orders", "2001:db8::1").Outside)
	}
}

func TestWhenItIsNotKnownWhomToRefuse(t *testing.T) {
	g := newGate(t)
	require.NoError(t, g.List.Put(lock(someKey, "1"), noon))
	d := newDisk()
	d.err = errors.New("disk on fire")
	require.Error(t, g.List.Load(context.Background(), d))
	check := func(method, uri, key string) Verdict {
		r := Request{Method: method, URI: uri, Headers: headers("X-Api-Key", key)}
		return g.Check(&r, noon).Verdict
	}
	assert.Equal(t, Opened, check("GET", "/v1/orders", anotherKey))
	assert.Equal(t, Closed, check("POST", "/v1/payments/7", anotherKey))
	assert.Equal(t, Closed, check("POST", "/v1/x/../payments/7", anotherKey))
	assert.Equal(t, Opened, check("GET", "/v1/payments/7", anotherKey))
	assert.Equal(t, Opened, check("POST", "/v1/payments/status", anotherKey), "the first that matches counts")
	assert.Equal(t, Closed, check("", "", anotherKey), "it may be one of the closed routes")
	assert.Equal(t, Locked, check("GET", "/v1/orders", someKey), "what is known is refused")
	d.err = nil
	require.NoError(t, g.List.Load(context.Background(), d))
	assert.Equal(t, Passed, check("POST", "/v1/payments/7", anotherKey))

	g.IDs = func(string, credential.Scheme, string) [2]string { panic(someKey) }
	r := Request{Method: "GET", URI: "/v1/orders", Headers: headers("X-Api-Key", someKey)}
	answer := g.Check(&r, noon)
	assert.Equal(t, Opened, answer.Verdict)
	assert.NotContains(t, answer.Err.Error(), someKey)
}

func TestVerdictsHaveNames(t *testing.T) {
	for _, v := range Verdicts() {
		assert.NotContains(t, v.String(), "(")
	}
	assert.Equal(t, "verdict(9)", Verdict(9).String())
}
