package baseline

import "math"

// Magnitude is the level and spread of a heavy-tailed quantity on the log scale, response sizes, with bounded memory.
// Source: normal-gamma updating, Murphy, Conjugate Bayesian analysis of the Gaussian distribution, 2007.
type Magnitude struct {
	mean   float32
	weight float32
	square float32
	free   float32
}

const (
	magnitudeMemory = 60 // requests that the level rests on at most
	magnitudeLevel  = 8  // log bytes
	magnitudePrior  = 0.5
	magnitudeSquare = 6
	magnitudeFree   = 3
	magnitudeOffset = 100 // bytes: below that sizes are all alike
)

// LogOf is the scale on which a Magnitude measures.
func LogOf(bytes float64) float64 { return math.Log(bytes + magnitudeOffset) }

// Typical is the usual quantity.
func (m *Magnitude) Typical() float64 {
	mean, _ := m.level()
	return max(0, math.Exp(mean)-magnitudeOffset)
}

func (m *Magnitude) level() (mean, sd float64) {
	weight, square, free := float64(m.weight)+magnitudePrior, float64(m.square)+magnitudeSquare, float64(m.free)+magnitudeFree
	mean = (float64(m.mean)*float64(m.weight) + magnitudeLevel*magnitudePrior) / weight
	return mean, math.Sqrt(square / free * (1 + 1/weight))
}

// Density is the predictive density of the logarithm, a Student t. It is a copy: learning does not change it.
type Density struct{ mean, scale, free, norm float32 }

// Density is what the next request is expected to be like.
func (m *Magnitude) Density() Density {
	mean, scale := m.level()
	free := float64(m.free) + magnitudeFree
	upper, _ := math.Lgamma((free + 1) / 2)
	lower, _ := math.Lgamma(free / 2)
	return Density{
		mean: float32(mean), scale: float32(scale), free: float32(free),
		norm: float32(upper - lower - math.Log(free*math.Pi)/2 - math.Log(scale)),
	}
}

// Log is the log density of a quantity, given by its LogOf.
func (d *Density) Log(log float64) float64 {
	z := (log - float64(d.mean)) / float64(d.scale)
	return float64(d.norm) - (float64(d.free)+1)/2*math.Log1p(z*z/float64(d.free))
}

// Learn takes one request in.
func (m *Magnitude) Learn(bytes float64) {
	v := math.Log(bytes + magnitudeOffset)
	if m.weight > magnitudeMemory {
		k := magnitudeMemory / m.weight
		m.weight, m.square, m.free = m.weight*k, m.square*k, m.free*k
	}
	mean, _ := m.level()
	w := float64(m.weight) + magnitudePrior
	m.square += float32(w / (w + 1) * (v - mean) * (v - mean))
	m.mean = float32((float64(m.mean)*float64(m.weight) + v) / (float64(m.weight) + 1))
	m.weight++
	m.free++
}
