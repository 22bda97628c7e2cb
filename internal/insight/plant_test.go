package insight

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/store/embedded"
)

// now is when the questions of these tests are asked.
var now = time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC)

// ago is noon so many days before.
func ago(days int) time.Time { return now.AddDate(0, 0, -days) }

// planted is a store with what a test has put there.
type planted struct {
	store.Store
	t     *testing.T
	facts []store.Fact
}

func plant(t *testing.T) *planted {
	t.Helper()
	s, err := embedded.Open(embedded.Options{Folder: t.TempDir(), Sync: -1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return &planted{Store: s, t: t}
}

// done writes what was planted.
func (p *planted) done() store.Store {
	p.t.Helper()
	require.NoError(p.t, p.Write(p.t.Context(), store.Batch{Facts: p.facts}))
	p.facts = nil
	return p.Store
}

// token makes one known.
func (p *planted) token(t store.Token) {
	p.t.Helper()
	require.NoError(p.t, p.PutTokens(p.t.Context(), []store.Token{t}))
	if !t.LastUse.At.IsZero() {
		require.NoError(p.t, p.Write(p.t.Context(), store.Batch{Sightings: []store.Sighting{{Token: t}}}))
	}
}

// use is that a token made requests in a minute.
type use struct {
	token, owner   string
	at             time.Time
	route, network string
	service        string
	requests       int64
}

// add plants requests, in all the dimensions that are given.
func (p *planted) add(u use) {
	fact := func(kind store.Kind, first, second string) {
		p.facts = append(p.facts, store.Fact{
			Minute: u.at.Unix() / 60, Kind: kind, Subject: store.Subject{Token: u.token, Owner: u.owner}, First: first, Second: second, Value: u.requests,
		})
	}
	fact(store.Outcomes, "success", "")
	if u.route != "" {
		fact(store.Routes, u.route, "")
	}
	if u.network != "" {
		fact(store.Origins, "DE", u.network)
	}
	if u.service != "" {
		fact(store.Releases, u.service, "1")
	}
}

// daily plants the same use on each of so many days, the last of them so many days ago.
func (p *planted) daily(u use, days, until int) {
	for d := range days {
		u.at = ago(until + d)
		p.add(u)
	}
}
