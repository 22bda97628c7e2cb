package baseline

import (
	"cmp"
	"slices"
)

// Share is a value and its decayed count.
type Share[V comparable] struct {
	Value  V
	Weight float32
}

// Categorical is a decayed Dirichlet over the few values that a token uses, with the token's own rate of novelty: how often a
// block brings a value never seen before. It keeps at most its capacity of values and forgets the lightest.
type Categorical[V comparable] struct {
	values []Share[V]
	total  float32
	novel  float32 // blocks with a new value, decayed
	usual  float32 // blocks without, decayed
}

// Prior blocks of novelty: a token is taken to meet something new about once in fifty blocks until it shows otherwise.
const (
	novelPrior   = 0.2
	usualPrior   = 10
	noveltyDecay = 0.995 // per active block: half-life 138 blocks
	alphaFloor   = 0.2   // pseudo-counts on the peers' distribution, at least
)

// P is the predictive probability of a value that peers use with frequency g: (count + α·g) / (total + α), where α makes the
// chance of a new value equal to the token's own rate of novelty.
func (c *Categorical[V]) P(value V, g float64) float64 {
	alpha := c.alpha(float64(c.total))
	return (float64(c.Weight(value)) + alpha*g) / (float64(c.total) + alpha)
}

func (c *Categorical[V]) alpha(total float64) float64 {
	rate := (float64(c.novel) + novelPrior) / (float64(c.novel) + float64(c.usual) + novelPrior + usualPrior)
	return max(alphaFloor, rate*total/(1-rate))
}

// A value that is new to an established token settles slowly: one count a block, whatever its share, until it has a few. In that
// time it is evidence still, for who has taken over a token stays.
const (
	established = 20 // counts of a token that has habits
	settled     = 3  // counts of a value that is one of them
	stays       = 0.3
)

func (c *Categorical[V]) settling(weight float32) bool {
	return weight < settled && c.total > established
}

// Q is the probability of a value under an attack: as frequent as among peers (g), and likely again where it is new and came to stay.
func (c *Categorical[V]) Q(value V, g float64) float64 {
	if w := c.Weight(value); w > 0 && c.settling(w) {
		return max(g, stays)
	}
	return g
}

// Strange says whether a value is new, or has not settled among the others yet.
func (c *Categorical[V]) Strange(value V) bool {
	w := c.Weight(value)
	return w == 0 || c.settling(w)
}

// Weight is the decayed count of a value; 0: never seen, or forgotten.
func (c *Categorical[V]) Weight(value V) float32 {
	for i := range c.values {
		if c.values[i].Value == value {
			return c.values[i].Weight
		}
	}
	return 0
}

// Total is the decayed count of all values.
func (c *Categorical[V]) Total() float32 { return c.total }

// Values are the values with their decayed counts, in no order. The caller must not change them.
func (c *Categorical[V]) Values() []Share[V] { return c.values }

// Learn counts a value that a block has shown weight times and keeps at most capacity values.
func (c *Categorical[V]) Learn(value V, weight float32, capacity int) {
	if c.settling(c.Weight(value)) {
		weight = min(weight, 1)
	}
	c.total += weight
	for i := range c.values {
		if c.values[i].Value == value {
			c.values[i].Weight += weight
			return
		}
	}
	if len(c.values) < capacity {
		c.values = append(c.values, Share[V]{value, weight})
		return
	}
	lightest := 0
	for i := range c.values {
		if c.values[i].Weight < c.values[lightest].Weight {
			lightest = i
		}
	}
	c.total -= c.values[lightest].Weight
	c.values[lightest] = Share[V]{value, weight}
}

// Forget takes a value out.
func (c *Categorical[V]) Forget(value V) {
	for i := range c.values {
		if c.values[i].Value == value {
			c.total = max(0, c.total-c.values[i].Weight)
			c.values = slices.Delete(c.values, i, i+1)
			return
		}
	}
}

// Close ends a block in which a new value appeared, or none did.
func (c *Categorical[V]) Close(novel bool) {
	c.novel *= noveltyDecay
	c.usual *= noveltyDecay
	if novel {
		c.novel++
	} else {
		c.usual++
	}
}

// Decay multiplies all counts by factor, a number in (0, 1].
func (c *Categorical[V]) Decay(factor float32) {
	for i := range c.values {
		c.values[i].Weight *= factor
	}
	c.total *= factor
}

// Within lets it keep its values in memory that is there already, as long as it lasts. It must have learned nothing yet.
func (c *Categorical[V]) Within(room []Share[V]) { c.values = room[:0] }

// Emptied has learned nothing, and uses the memory of c again.
func (c *Categorical[V]) Emptied() Categorical[V] { return Categorical[V]{values: c.values[:0]} }

// Top returns the n heaviest values, heaviest first, ties in the order of their arrival.
func (c *Categorical[V]) Top(n int) []Share[V] {
	top := slices.Clone(c.values)
	slices.SortStableFunc(top, func(a, b Share[V]) int { return cmp.Compare(b.Weight, a.Weight) })
	return top[:min(n, len(top))]
}
