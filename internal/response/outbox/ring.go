package outbox

// ring is a bounded list of stored values, the oldest is forgotten first. Each has a label that is counted.
type ring struct {
	prefix string
	max    int
	low    uint64
	labels []string
	count  map[string]int
}

func newRing(prefix string, limit int, low uint64) *ring {
	return &ring{prefix: prefix, max: limit, low: low, count: make(map[string]int)}
}

func (r *ring) span() span { return span{r.low, r.low + uint64(len(r.labels))} }

// note counts a value that is stored already.
func (r *ring) note(label string) {
	r.labels = append(r.labels, label)
	if label != "" {
		r.count[label]++
	}
}

// remove leaves a gap where a value was; false: there is none.
func (r *ring) remove(n uint64) bool {
	if n < r.low || n >= r.span().High || r.labels[n-r.low] == "" {
		return false
	}
	r.count[r.labels[n-r.low]]--
	r.labels[n-r.low] = ""
	return true
}

// push returns the changes that store a value, and the labels of those that had to go.
func (r *ring) push(label string, value []byte) (changes []Change, evicted []string) {
	changes = append(changes, Change{key(r.prefix, r.span().High), value})
	r.note(label)
	for len(r.labels) > r.max {
		gone := r.labels[0]
		changes = append(changes, Change{Key: key(r.prefix, r.low)})
		if gone != "" {
			evicted = append(evicted, gone)
			r.count[gone]--
		}
		r.labels = r.labels[1:]
		r.low++
	}
	return changes, evicted
}
