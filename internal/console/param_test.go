package console

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMoments(t *testing.T) {
	now := monday
	for text, want := range map[string]time.Time{
		"now": now, "-24h": now.Add(-24 * time.Hour), "-7d": now.AddDate(0, 0, -7), "-2w": now.AddDate(0, 0, -14), "-90m": now.Add(-90 * time.Minute),
		"2026-03-25T04:12:00+01:00": time.Date(2026, 3, 25, 3, 12, 0, 0, time.UTC),
	} {
		got, err := parseMoment(text, now)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "24h", "yesterday", "-", "-9999999d", "--7d", "-7x", "2026-03-25", "0001-01-01T00:00:00Z", "-10000000h"} {
		_, err := parseMoment(text, now)
		assert.Error(t, err, text)
	}
}

func FuzzMoment(f *testing.F) {
	for _, seed := range []string{"now", "-24h", "-7d", "2026-03-25T04:12:00Z", "-99999999999999999999d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := parseMoment(text, monday)
		if err == nil && (at.Year() < 1900 || at.Year() > 9000) {
			t.Errorf("%q is %v", text, at)
		}
	})
}

func TestStepsFit(t *testing.T) {
	now := monday
	oldest := now.AddDate(0, 0, -7)
	for _, c := range []struct {
		back time.Duration
		most int
		want time.Duration
	}{
		{time.Hour, 300, time.Minute},
		{24 * time.Hour, 300, 5 * time.Minute},
		{24 * time.Hour, 72, 30 * time.Minute},
		{7 * 24 * time.Hour, 300, time.Hour},
		{8 * 24 * time.Hour, 2000, time.Hour}, // minutes are not kept so long
		{100 * 24 * time.Hour, 2000, 24 * time.Hour},
	} {
		assert.Equal(t, c.want, stepFor(now.Add(-c.back), now, now, oldest, c.most), c.back)
	}
}

func TestNetworksAreNobodysAlone(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.77": "203.0.113.0/24", "2001:db8:1:2::3": "2001:db8:1::/48", "::ffff:203.0.113.77": "203.0.113.0/24", "127.0.0.1": "loopback", "x": "",
	} {
		assert.Equal(t, want, network(address))
	}
}

func TestDurationsInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		30 * time.Minute: "30 minutes", time.Hour: "1 hour", 10 * time.Hour: "10 hours", 800 * 24 * time.Hour: "800 days", 90 * time.Minute: "90 minutes", 1500 * time.Millisecond: "1.5s",
	} {
		assert.Equal(t, want, duration(d))
	}
}
