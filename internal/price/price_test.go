package price

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const example = `
currency: USD
models:
  gpt-4o: {input: 2.5, output: 10}
  gpt-4o-mini: {input: 0.15, output: 0.6}
units:
  pages: 0.01
`

func TestPrices(t *testing.T) {
	path := filepath.Join(t.TempDir(), "prices.yaml")
	require.NoError(t, os.WriteFile(path, []byte(example), 0o600))
	l, err := Read(path)
	require.NoError(t, err)
	for _, c := range []struct {
		unit, model string
		amount      uint64
		cost        float64
		known       bool
	}{
		{InputTokens, "gpt-4o-2024-08-06", 2_000_000, 5, true},
		{OutputTokens, "gpt-4o-mini", 1_000_000, 0.6, true},
		{OutputTokens, "gpt-4", 1_000_000, 0, false},
		{"pages", "", 3, 0.03, true},
		{"minutes", "gpt-4o", 3, 0, false},
	} {
		cost, known := l.Of(c.unit, c.model, c.amount)
		require.InDelta(t, c.cost, cost, 1e-9, c)
		require.Equal(t, c.known, known, c)
	}
}

func TestPricesSayWhatIsWrong(t *testing.T) {
	for want, text := range map[string]string{
		"currency": "models: {}", "write currency": "currencies: USD", "models::x": "{currency: USD, models: {x: {input: -1}}}",
		"units::pages": "{currency: USD, units: {pages: .inf}}",
	} {
		_, err := Parse([]byte(text))
		require.ErrorContains(t, err, want)
	}
	_, err := Read("nowhere.yaml")
	require.ErrorContains(t, err, "read prices")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Fuzz(func(t *testing.T, text []byte) {
		if l, err := Parse(text); err == nil {
			cost, _ := l.Of(InputTokens, "gpt-4o", 1000)
			require.GreaterOrEqual(t, cost, 0.0)
		}
	})
}
