package usage

// candidates are the heaviest of the tokens that have no row: the Space-Saving sketch of Metwally, Agrawal and El Abbadi,
// “Efficient computation of frequent and top-k elements in data streams”, ICDT 2005.
type candidates struct {
	size  int
	heap  []*candidate // lightest first
	index map[Token]*candidate
}

type candidate struct {
	token  Token
	weight float64
	error  float64 // how much of the weight may be another token's
	at     int
}

// sure is the weight that is the candidate's own.
func (c *candidate) sure() float64 { return c.weight - c.error }

func newCandidates(size int) *candidates {
	return &candidates{size: size, index: make(map[Token]*candidate)}
}

func (c *candidates) add(token Token, n uint64) {
	if known, ok := c.index[token]; ok {
		known.weight += float64(n)
		c.down(known.at)
		return
	}
	token = token.clone()
	if len(c.heap) < c.size {
		fresh := &candidate{token: token, weight: float64(n), at: len(c.heap)}
		c.heap = append(c.heap, fresh)
		c.index[token] = fresh
		c.up(fresh.at)
		return
	}
	lightest := c.heap[0]
	delete(c.index, lightest.token)
	lightest.token, lightest.error = token, lightest.weight
	lightest.weight += float64(n)
	c.index[token] = lightest
	c.down(0)
}

// decay makes older requests count less. It does not change the order.
func (c *candidates) decay(factor float64) {
	for _, one := range c.heap {
		one.weight *= factor
		one.error *= factor
	}
}

func (c *candidates) remove(token Token) {
	gone, ok := c.index[token]
	if !ok {
		return
	}
	delete(c.index, token)
	last := len(c.heap) - 1
	c.swap(gone.at, last)
	c.heap = c.heap[:last]
	if at := gone.at; at < last {
		c.down(at)
		c.up(at)
	}
}

func (c *candidates) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if c.heap[parent].weight <= c.heap[i].weight {
			return
		}
		c.swap(i, parent)
		i = parent
	}
}

func (c *candidates) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(c.heap); child++ {
			if c.heap[child].weight < c.heap[least].weight {
				least = child
			}
		}
		if least == i {
			return
		}
		c.swap(i, least)
		i = least
	}
}

func (c *candidates) swap(i, j int) {
	c.heap[i], c.heap[j] = c.heap[j], c.heap[i]
	c.heap[i].at, c.heap[j].at = i, j
}
