package baseline

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLogarithmIsThatOfTheLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	check := func(x float64) {
		want := math.Log(x)
		require.InDelta(t, want, ln(x), 0x1p-51*max(1, math.Abs(want)), x)
	}
	for range 50_000 {
		check(math.Exp(1400*random.Float64() - 700))
		check(random.Float64())
		near := 1 + (random.Float64()-0.5)/32
		require.InEpsilon(t, math.Log(near), ln(near), 1e-13, near)
	}
	for i := range logTable {
		edge := octaveFrom + uint64(i)<<(mantissaBits-logBits)
		check(math.Float64frombits(edge))
		check(math.Float64frombits(edge - 1))
	}
	for _, x := range []float64{1, math.SmallestNonzeroFloat64, 0x1p-1022, math.MaxFloat64} {
		check(x)
	}
	for _, x := range []float64{0, math.Copysign(0, -1), -1, math.Inf(1), math.Inf(-1), math.NaN()} {
		require.Equal(t, math.Float64bits(math.Log(x)), math.Float64bits(ln(x)), x)
	}
}

func BenchmarkLog(b *testing.B) {
	for name, of := range map[string]func(float64) float64{"own": ln, "library": math.Log} {
		b.Run(name, func(b *testing.B) {
			var sum float64
			x := 0.37
			for b.Loop() {
				sum += of(x)
				x += 0.01
			}
			if sum == 0 {
				b.Log(sum)
			}
		})
	}
}
