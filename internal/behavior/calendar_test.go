package behavior

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTurnOfTheMonth(t *testing.T) {
	at := func(s string) int64 {
		at, err := time.Parse("2006-01-02 15:04", s)
		require.NoError(t, err)
		return at.Unix()
	}
	for now, want := range map[string]struct {
		begins string
		of     bool
	}{
		"2026-03-30 09:59": {"2026-02-28", false},
		"2026-03-30 10:00": {"2026-03-31", true}, // Kiribati's last of March
		"2026-03-31 00:00": {"2026-03-31", true},
		"2026-04-01 12:00": {"2026-03-31", true},
		"2026-04-03 23:59": {"2026-03-31", true},
		"2026-04-04 00:00": {"2026-03-31", true},
		"2026-04-04 11:59": {"2026-03-31", true}, // Baker Island's third of April
		"2026-04-04 12:00": {"2026-03-31", false},
		"2024-02-28 09:59": {"2024-01-31", false},
		"2024-02-28 10:00": {"2024-02-29", true},
		"2024-02-29 00:00": {"2024-02-29", true},
		"2026-01-01 00:00": {"2025-12-31", true},
		"2025-12-31 00:00": {"2025-12-31", true},
	} {
		begins, of := turn(at(now))
		require.Equal(t, at(want.begins+" 00:00")/86400, int64(begins), now)
		require.Equal(t, want.of, of, now)
	}
}
