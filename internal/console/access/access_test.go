package access

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/holterhq/holter/internal/store"
)

var now = time.Date(2026, 3, 25, 3, 12, 0, 0, time.UTC)

// hashed is a bcrypt hash that is quick to compare with.
func hashed(t testing.TB, password string) Password {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	require.NoError(t, err)
	return Password(hash)
}

func TestRolesIncludeThoseBefore(t *testing.T) {
	w := Who{Roles: []Role{Respond}}
	assert.Equal(t, []bool{true, true, true, false}, []bool{w.May(""), w.May(Read), w.May(Respond), w.May(Admin)})
	assert.False(t, Who{}.May(Read))
	assert.Equal(t, []Role{Read, Respond}, Held(w))
}

func TestScopes(t *testing.T) {
	w := Who{Scope: store.Scope{Tenants: []string{"acme"}, Teams: []string{"payments", "web"}}}
	assert.True(t, w.Sees("acme", "web"))
	assert.False(t, w.Sees("acme", ""))
	assert.False(t, w.Sees("other", "web"))
	assert.True(t, Who{}.Sees("other", ""))
}

func TestPasswords(t *testing.T) {
	for _, p := range []Password{hashed(t, "correct horse"), "correct horse", argonOf("correct horse")} {
		require.NoError(t, p.Validate(), string(p))
		assert.True(t, p.Is("correct horse"))
		assert.False(t, p.Is("correct horsf"))
		assert.False(t, p.Is(""))
	}
	for _, p := range []Password{
		"", "short", "$2a$10$abc", "$argon2id$", "$argon2id$v=19$m=99999999,t=3,p=4$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA", "$argon2id$v=19$m=0$c$c",
		"$argon2id$v=19$m=1024,t=0,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA", "$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHQ$c2Fs",
	} {
		assert.Error(t, p.Validate(), string(p))
		assert.False(t, p != "short" && p.Is("correct horse"), string(p))
	}
}

func FuzzPassword(f *testing.F) {
	f.Add("$argon2id$v=19$m=16,t=1,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA")
	f.Add("$2a$04$abc")
	f.Fuzz(func(_ *testing.T, text string) { _ = Password(text).Validate() })
}

func gate(t testing.TB) *Gate {
	return (&Gate{
		Login: LoginUsers, Sessions: &Sessions{Lifetime: time.Hour, Most: 2}, Attempts: &Rates{Each: .1, Burst: 3, Keys: 100},
		Users: []User{{Who{Name: "ana", Roles: []Role{Admin}}, hashed(t, "open sesame")}},
	}).Open()
}

func request(method string, cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(method, "http://console.example/api/v1/session", http.NoBody)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

func TestLoggingInAndOut(t *testing.T) {
	g := gate(t)
	_, in := g.Who(request("GET"), now)
	require.False(t, in)

	w := httptest.NewRecorder()
	who, c, _, err := g.LogIn(w, request("POST"), "ana", "open sesame", now)
	require.NoError(t, err)
	assert.Equal(t, "ana", who.Name)
	assert.True(t, c.HttpOnly)
	assert.Equal(t, http.SameSiteStrictMode, c.SameSite)
	_, in = g.Who(request("GET", c), now)
	assert.True(t, in)
	_, in = g.Who(request("GET", &http.Cookie{Name: cookie, Value: c.Value + "x"}), now)
	assert.False(t, in)
	_, in = g.Who(request("GET", c), now.Add(time.Hour))
	assert.False(t, in, "it has ended")

	_, c, _, err = g.LogIn(w, request("POST"), "ana", "open sesame", now)
	require.NoError(t, err)
	g.LogOut(w, request("DELETE", c))
	_, in = g.Who(request("GET", c), now)
	assert.False(t, in)
}

func TestGuessingIsSlow(t *testing.T) {
	g := gate(t)
	for range 3 {
		_, _, wait, err := g.LogIn(httptest.NewRecorder(), request("POST"), "ana", "guess", now)
		require.ErrorIs(t, err, ErrPassword)
		require.Zero(t, wait)
	}
	_, _, wait, err := g.LogIn(httptest.NewRecorder(), request("POST"), "ana", "open sesame", now)
	require.ErrorIs(t, err, ErrPassword, "the right one does not help either")
	assert.Positive(t, wait)
	_, _, _, err = g.LogIn(httptest.NewRecorder(), request("POST"), "ana", "open sesame", now.Add(wait))
	require.NoError(t, err)
}

func TestNobodyIsNoUser(t *testing.T) {
	g := gate(t)
	g.Users = append(g.Users, User{Who: Who{Name: "vouched"}})
	for _, name := range []string{"", "bob", "vouched"} {
		_, _, _, err := g.LogIn(httptest.NewRecorder(), request("POST"), name, "", now)
		require.ErrorIs(t, err, ErrPassword, name)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	evicted := 0
	s := &Sessions{Lifetime: time.Hour, Most: 2, Evicted: func() { evicted++ }}
	first := s.begin(Who{Name: "a"}, now)
	s.begin(Who{Name: "b"}, now.Add(time.Minute))
	s.begin(Who{Name: "c"}, now.Add(2*time.Minute))
	_, ok := s.find(first, now)
	assert.False(t, ok, "it would have ended first")
	assert.Equal(t, 1, evicted)
	s.begin(Who{Name: "d"}, now.Add(3*time.Hour))
	assert.Len(t, s.held, 1)
	assert.Equal(t, 1, evicted, "those had ended by themselves")
}

func TestOtherSitesChangeNothing(t *testing.T) {
	g := gate(t)
	_, c, _, err := g.LogIn(httptest.NewRecorder(), request("POST"), "ana", "open sesame", now)
	require.NoError(t, err)
	csrf := g.CSRF(request("GET", c), now)
	assert.NotEqual(t, csrf, g.CSRF(request("GET"), now))
	for name, headers := range map[string]map[string]string{
		"no token":     {},
		"another's":    {"X-CSRF-Token": g.CSRF(request("GET"), now)},
		"other origin": {"X-CSRF-Token": csrf, "Origin": "https://evil.example"},
		"other site":   {"X-CSRF-Token": csrf, "Sec-Fetch-Site": "cross-site"},
		"sandboxed":    {"X-CSRF-Token": csrf, "Origin": "null"},
	} {
		r := request("POST", c)
		for k, v := range headers {
			r.Header.Set(k, v)
		}
		assert.Error(t, g.CheckChange(r, now), name)
	}
	r := request("POST", c)
	r.Header.Set("X-CSRF-Token", csrf)
	r.Header.Set("Origin", "http://console.example")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	assert.NoError(t, g.CheckChange(r, now))
}

func TestNamesThatPointHereAreNotBelieved(t *testing.T) {
	g := (&Gate{Login: LoginNone}).Open()
	for host, good := range map[string]bool{
		"localhost:8686": true, "127.0.0.1:8686": true, "[::1]:8686": true, "127.0.0.1": true, "[::1]": true, "evil.example:8686": false, "10.0.0.1:8686": false, "": false,
		"localhost.evil.example": false,
	} {
		r := request("GET")
		r.Host = host
		assert.Equal(t, good, g.CheckHost(r) == nil, host)
	}
}

func TestRates(t *testing.T) {
	r := &Rates{Each: 1, Burst: 2, Keys: 2}
	take := func(key string, at time.Time) bool { _, ok := r.Take(key, at); return ok }
	assert.True(t, take("a", now))
	assert.True(t, take("a", now), "two at once")
	assert.False(t, take("a", now))
	assert.True(t, take("b", now), "others are not bothered")
	assert.True(t, take("a", now.Add(time.Second)))
	assert.True(t, take("c", now.Add(2*time.Second)))
	assert.Len(t, r.held, 2)
	_, ok := (&Rates{}).Take("a", now)
	assert.True(t, ok, "no bound")
}
