package behavior

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTurnOfTheMonth(t *testing.T) {
	days := func(s string) int32 {
		at, err := time.Parse(time.DateOnly, s)
		require.NoError(t, err)
		return int32(at.Unix() / 86400)
	}
	for today, want := range map[string]struct {
		begins string
		of     bool
	}{
		"2026-03-30": {"2026-02-28", false},
		"2026-03-31": {"2026-03-31", true},
		"2026-04-01": {"2026-03-31", true},
		"2026-04-03": {"2026-03-31", true},
		"2026-04-04": {"2026-03-31", false},
		"2024-02-28": {"2024-01-31", false},
		"2024-02-29": {"2024-02-29", true},
		"2026-01-01": {"2025-12-31", true},
		"2025-12-31": {"2025-12-31", true},
	} {
		begins, of := turn(days(today))
		require.Equal(t, days(want.begins), begins, today)
		require.Equal(t, want.of, of, today)
	}
}
