package registry

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var seenAt = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func used(minute int, service, addr, country string) Sighting {
	s := Sighting{When: seenAt.Add(time.Duration(minute) * time.Minute), Requests: 3, Service: service, Country: country}
	if addr != "" {
		s.Addr = netip.MustParseAddr(addr)
	}
	return s
}

func owned(by string, s Sighting) Sighting {
	s.Owner = by
	return s
}

func introduced(s *Seen, id string) *Seen {
	s.Introduce(SeenToken{ID: id, Hint: "corp_…" + id, Type: "api_key"})
	return s
}

func TestWhatIsRememberedOfAnUnregisteredToken(t *testing.T) {
	s := introduced(NewSeen(10), "tok_a")
	assert.Empty(t, s.Unregistered(10), "nobody has used it yet")
	s.Saw("tok_a", used(1, "orders", "203.0.113.77", "DE"))
	s.Saw("tok_a", used(0, "billing", "2001:db8:1:2::9", "DE"))
	s.Saw("tok_a", used(2, "orders", "203.0.113.9", "NL"))
	s.Saw("tok_b", used(2, "orders", "203.0.113.9", "NL"))
	require.Len(t, s.Unregistered(10), 1)
	got, ok := s.Find("tok_a")
	require.True(t, ok)
	assert.Equal(t, Suspect{SeenToken: SeenToken{
		ID: "tok_a", Hint: "corp_…tok_a", Type: "api_key", FirstSeen: seenAt, LastSeen: seenAt.Add(2 * time.Minute), Requests: 9,
		Services: []string{"orders", "billing"}, Countries: []string{"NL", "DE"},
		Networks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8:1::/48")},
	}}, got)
	s.Registered("tok_a")
	assert.Empty(t, s.Unregistered(10))
}

func TestAGuessSaysWhyAndHowSure(t *testing.T) {
	s := introduced(introduced(introduced(NewSeen(10), "tok_a"), "tok_b"), "tok_c")
	s.SawOwner(owned("acme", used(0, "orders", "203.0.113.5", "")))
	s.SawOwner(owned("beta", used(0, "orders", "198.51.100.5", "")))
	s.SawOwner(owned("acme", used(0, "", "192.0.2.1", "")))
	s.SawOwner(owned("beta", used(0, "", "192.0.2.1", "")))
	guess := func(id string, use Sighting) *Guess {
		s.Saw(id, use)
		found, _ := s.Find(id)
		return found.Guess
	}
	sure := guess("tok_a", used(1, "orders", "203.0.113.200", ""))
	require.NotNil(t, sure)
	assert.Equal(t, "acme", sure.Owner)
	assert.Equal(t, "shares network 203.0.113.0/24 (no other owner); service orders (1 other owner)", sure.Reason)
	assert.InDelta(t, 0.64, sure.Confidence, 0.01)
	either := guess("tok_b", used(1, "orders", "192.0.2.200", ""))
	require.NotNil(t, either)
	assert.Less(t, either.Confidence, sure.Confidence, "a shared network tells less")
	assert.Nil(t, guess("tok_c", used(1, "other", "192.0.99.1", "")))
}

func TestSeenIsBounded(t *testing.T) {
	s := NewSeen(100)
	for i := range 1000 {
		id := fmt.Sprint("tok_", i)
		introduced(s, id)
		s.Saw(id, used(i, fmt.Sprint("s", i), fmt.Sprintf("10.%d.%d.1", i/256, i%256), fmt.Sprint(i%20)))
		s.Saw("tok_0", used(i, fmt.Sprint("s", i), fmt.Sprintf("10.%d.%d.1", i/256, i%256), fmt.Sprint(i%20)))
		s.SawOwner(owned(fmt.Sprint("o", i), used(i, "s", "10.0.0.1", "")))
	}
	assert.Equal(t, 100, s.Len())
	assert.Len(t, s.owners, 100)
	assert.Equal(t, int64(1800), s.Evicted())
	busy, ok := s.Find("tok_0")
	require.True(t, ok, "what is used stays")
	assert.Len(t, busy.Services, mostServices)
	assert.Len(t, busy.Networks, mostPlaces)
	assert.Len(t, busy.Countries, mostCountries)
	assert.Equal(t, "s999", busy.Services[0])
}

func TestSeenSurvivesARestart(t *testing.T) {
	s := NewSeen(100)
	for i := range 60 {
		introduced(s, fmt.Sprint("tok_", i))
		s.Saw(fmt.Sprint("tok_", i), used(i, "orders", "203.0.113.77", "DE"))
	}
	s.SawOwner(owned("acme", used(0, "orders", "203.0.113.5", "")))
	kept, err := s.Changes()
	require.NoError(t, err)
	again, err := s.Changes()
	require.NoError(t, err)
	assert.Empty(t, again, "nothing has changed")
	s.Unkept(map[string][]byte{habitsKey: nil})
	again, err = s.Changes()
	require.NoError(t, err)
	assert.Len(t, again, 1)
	next := NewSeen(100)
	for key, text := range kept {
		assert.Contains(t, SeenKeys(), key)
		require.NoError(t, next.Restore(key, text))
	}
	assert.Equal(t, s.Unregistered(100), next.Unregistered(100))
	require.Error(t, next.Restore("seen/00", []byte("{")))
	require.Error(t, next.Restore(habitsKey, []byte("[")))
}

func TestASightingThatIsNotNewAllocatesNothing(t *testing.T) {
	s := introduced(NewSeen(10), "tok_a")
	use := used(1, "orders", "203.0.113.77", "DE")
	s.Saw("tok_a", use)
	s.SawOwner(owned("acme", use))
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		s.Saw("tok_a", use)
		s.SawOwner(owned("acme", use))
	}))
}

func FuzzRestoreSeen(f *testing.F) {
	f.Add("seen/00", []byte(`[{"id":"a","last_seen":"2026-11-22T09:00:00Z","networks":["10.0.0.0/24"]},null]`))
	f.Add(habitsKey, []byte(`{"acme":{"services":["a"],"networks":["10.0.0.0/24"]},"b":null}`))
	f.Fuzz(func(_ *testing.T, key string, text []byte) {
		s := NewSeen(5)
		_ = s.Restore(key, text)
		s.Saw("a", used(1, "b", "10.0.0.1", "DE"))
		s.SawOwner(owned("acme", used(1, "b", "10.0.0.1", "DE")))
		_, _ = s.Changes()
		s.Unregistered(10)
	})
}
