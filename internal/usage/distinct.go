package usage

import (
	"math"
	"math/bits"

	"github.com/cespare/xxhash/v2"
)

// distinct estimates how many different strings were added, within some 3 %, in one KiB. The zero value is empty.
//
// Source: Flajolet, Fusy, Gandouet, Meunier, “HyperLogLog”, AofA 2007, with linear counting for small numbers.
type distinct struct{ registers [1 << distinctBits]uint8 }

const distinctBits = 10

func (d *distinct) add(s string) {
	hash := xxhash.Sum64String(s)
	register := &d.registers[hash>>(64-distinctBits)]
	*register = max(*register, uint8(bits.LeadingZeros64(hash<<distinctBits|1))+1)
}

func (d *distinct) count() uint64 {
	const m = 1 << distinctBits
	var sum float64
	var empty int
	for _, r := range d.registers {
		sum += math.Ldexp(1, -int(r))
		if r == 0 {
			empty++
		}
	}
	estimate := 0.7213 / (1 + 1.079/m) * m * m / sum
	if estimate <= 2.5*m && empty > 0 {
		estimate = m * math.Log(m/float64(empty))
	}
	return uint64(math.Round(estimate))
}
