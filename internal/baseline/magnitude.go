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
	magnitudeWithin = 1   // request that the level of a larger kind counts for
)

// LogOf is the scale on which a Magnitude measures.
func LogOf(bytes float64) float64 { return ln(bytes + magnitudeOffset) }

// Typical is the usual quantity.
func (m *Magnitude) Typical() float64 {
	mean, _ := m.level()
	return max(0, math.Exp(mean)-magnitudeOffset)
}

func (m *Magnitude) level() (mean, sd float64) { return m.about(magnitudeLevel, magnitudePrior) }

// about is the level and spread where a level is expected that counts for as many requests as trust says.
func (m *Magnitude) about(expected, trust float64) (mean, sd float64) {
	weight, square, free := float64(m.weight)+trust, float64(m.square)+magnitudeSquare, float64(m.free)+magnitudeFree
	mean = (float64(m.mean)*float64(m.weight) + expected*trust) / weight
	return mean, math.Sqrt(square / free * (1 + 1/weight))
}

// Density is the predictive density of the logarithm, a Student t. It is a copy: learning does not change it.
type Density struct {
	mean, norm float32
	narrow     float64 // 1 over the squared scale and the degrees of freedom
	power      float64
}

// Density is what the next request is expected to be like.
func (m *Magnitude) Density() Density {
	mean, scale := m.level()
	return density(mean, scale, float64(m.free)+magnitudeFree)
}

// DensityWithin is what the next request of a kind is expected to be like, all being what a larger kind is like: the same, until there was one.
func (m *Magnitude) DensityWithin(all *Magnitude) Density {
	if m.weight == 0 {
		return all.Density()
	}
	level, _ := all.level()
	mean, scale := m.about(level, magnitudeWithin)
	return density(mean, scale, float64(m.free)+magnitudeFree)
}

func density(mean, scale, free float64) Density {
	upper, _ := math.Lgamma((free + 1) / 2)
	lower, _ := math.Lgamma(free / 2)
	return Density{
		mean: float32(mean), norm: float32(upper - lower - math.Log(free*math.Pi)/2 - math.Log(scale)),
		narrow: 1 / (scale * scale * free), power: (free + 1) / 2,
	}
}

// Log is the log density of a quantity, given by its LogOf.
func (d *Density) Log(log float64) float64 {
	z := log - float64(d.mean)
	return float64(d.norm) - d.power*ln(1+z*z*d.narrow)
}

// Learn takes one request in.
func (m *Magnitude) Learn(bytes float64) { m.learn(bytes, magnitudeLevel, magnitudePrior) }

// LearnWithin takes one request of a kind in, all being what a larger kind is like.
func (m *Magnitude) LearnWithin(bytes float64, all *Magnitude) {
	level, _ := all.level()
	m.learn(bytes, level, magnitudeWithin)
}

func (m *Magnitude) learn(bytes, expected, trust float64) {
	v := math.Log(bytes + magnitudeOffset)
	if m.weight > magnitudeMemory {
		k := magnitudeMemory / m.weight
		m.weight, m.square, m.free = m.weight*k, m.square*k, m.free*k
	}
	mean, _ := m.about(expected, trust)
	w := float64(m.weight) + trust
	m.square += float32(w / (w + 1) * (v - mean) * (v - mean))
	m.mean = float32((float64(m.mean)*float64(m.weight) + v) / (float64(m.weight) + 1))
	m.weight++
	m.free++
}
