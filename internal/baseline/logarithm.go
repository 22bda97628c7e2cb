package baseline

import "math"

// The logarithms of a request are a good part of what it costs to judge it. ln is math.Log to within 2^-51, at two thirds of its price:
// evidence is no more precise than that. It goes by a table of 128 parts of an octave and a polynomial for what is left.
// Source: Tang, Table-driven implementation of the logarithm function in IEEE floating-point arithmetic, ACM TOMS 1990.
func ln(x float64) float64 {
	bits := math.Float64bits(x)
	if bits-leastNormal >= infinite-leastNormal { // zero, negative, subnormal, infinite or no number
		return math.Log(x)
	}
	part := bits - octaveFrom
	octave := float64(int64(part) >> mantissaBits)
	at := &logTable[part>>(mantissaBits-logBits)%(1<<logBits)]
	r := math.Float64frombits(bits-part>>mantissaBits<<mantissaBits)*at.inverse - 1
	s := r * r
	return octave*math.Ln2 + at.log + (r + s*((-1.0/2+r*(1.0/3))+s*((-1.0/4+r*(1.0/5))+s*(-1.0/6+r*(1.0/7)))))
}

const (
	mantissaBits = 52
	logBits      = 7
	leastNormal  = uint64(1) << mantissaBits
	infinite     = uint64(0x7ff) << mantissaBits
	octaveFrom   = uint64(0x3fe6) << 48 // 0.6875: one lies within the octave, so that its neighbours lose nothing to rounding
)

// logTable has for each part of the octave the inverse of a number in its middle, and that number's logarithm.
var logTable = func() (table [1 << logBits]struct{ inverse, log float64 }) {
	for i := range table {
		from := octaveFrom + uint64(i)<<(mantissaBits-logBits)
		low, high := math.Float64frombits(from), math.Float64frombits(from+1<<(mantissaBits-logBits))
		inverse := 2 / (low + high)
		if low <= 1 && high >= 1 {
			inverse = 1
		}
		table[i].inverse, table[i].log = inverse, -math.Log(inverse)
	}
	return table
}()
