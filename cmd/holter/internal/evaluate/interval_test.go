package evaluate

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWilson(t *testing.T) {
	low, high := wilson(5, 10)
	assert.InDelta(t, 0.2366, low, 1e-4)
	assert.InDelta(t, 0.7634, high, 1e-4)
	low, high = wilson(0, 10)
	assert.Zero(t, low)
	assert.InDelta(t, 0.2775, high, 1e-4)
	low, high = wilson(0, 0)
	assert.Equal(t, []float64{0, 1}, []float64{low, high})
}

// The values are those of Garwood's table.
func TestPoisson(t *testing.T) {
	for k, want := range map[int][2]float64{0: {0, 3.689}, 1: {0.0253, 5.572}, 10: {4.795, 18.390}, 50: {37.111, 65.919}} {
		low, high := poisson(k)
		assert.InDelta(t, want[0], low, 1e-3, k)
		assert.InDelta(t, want[1], high, 1e-3, k)
	}
	low, high := poisson(5000)
	assert.InDelta(t, 4862, low, 1, "many of them, as the normal distribution has it")
	assert.InDelta(t, 5140.5, high, 1)
}
