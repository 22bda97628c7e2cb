package geo

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDistance(t *testing.T) {
	for name, test := range map[string]struct {
		a, b string
		km   float64
	}{
		"neighbours":        {"DE", "NL", 360},
		"over the Atlantic": {"US", "GB", 6900},
		"the date line":     {"NZ", "FJ", 2600},
		"half the world":    {"ES", "NZ", 19_900},
	} {
		t.Run(name, func(t *testing.T) {
			assert.InEpsilon(t, test.km, Distance(test.a, test.b), 0.1)
			assert.Equal(t, Distance(test.a, test.b), Distance(test.b, test.a))
		})
	}
	assert.Zero(t, Distance("DE", "DE"))
	assert.Zero(t, Distance("DE", "ZZ"), "what is not known is not far")
	assert.Greater(t, len(centreOf()), 240)
	for code, at := range centreOf() {
		assert.Len(t, code, 2)
		assert.InDelta(t, 0, at[0], 1.4, code)
		assert.InDelta(t, 0, at[1], 3.15, code)
	}
}
