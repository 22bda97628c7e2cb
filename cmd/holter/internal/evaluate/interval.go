package evaluate

import "math"

// z is the 97.5 % quantile of the normal distribution: intervals hold 95 %.
const z = 1.959963984540054

// wilson is the interval of a share, k of n. Source: Wilson, Probable inference, the law of succession, and statistical inference,
// JASA 1927.
func wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	p, size := float64(k)/float64(n), float64(n)
	centre := p + z*z/2/size
	spread := z * math.Sqrt(p*(1-p)/size+z*z/4/size/size)
	return max(0, (centre-spread)/(1+z*z/size)), min(1, (centre+spread)/(1+z*z/size))
}

// poisson is the exact interval of the mean of a count. Source: Garwood, Fiducial limits for the Poisson distribution, Biometrika 1936.
func poisson(k int) (low, high float64) {
	if k > 0 {
		low = solve(float64(k), func(mean float64) bool { return 1-atMost(k-1, mean) >= 0.025 })
	}
	return low, solve(float64(k)+1, func(mean float64) bool { return atMost(k, mean) <= 0.025 })
}

// solve is the least mean for which a condition holds that goes on to hold beyond it.
func solve(near float64, holds func(mean float64) bool) float64 {
	low, high := 0.0, near
	for !holds(high) {
		high *= 2
	}
	for range 100 {
		if middle := (low + high) / 2; holds(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// atMost is the chance that a Poisson count of the given mean is at most k.
func atMost(k int, mean float64) float64 {
	if mean == 0 {
		return 1
	}
	var sum float64
	for i := k; i >= 0; i-- {
		factorial, _ := math.Lgamma(float64(i) + 1)
		term := math.Exp(float64(i)*math.Log(mean) - mean - factorial)
		sum += term
		if term < sum*1e-16 && float64(i) < mean {
			break
		}
	}
	return min(1, sum)
}
