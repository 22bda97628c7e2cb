package usage

import (
	"unique"
	"unsafe"

	"github.com/holterhq/holter/internal/prefetch"
)

// Series counts by a key, up to a limit of keys; what comes beyond is counted together.
type Series[K comparable] struct {
	Keys   []K
	Counts []uint64 // one for each key
	Rest   uint64   // of all keys beyond the limit

	limit   int
	unnamed bool      // the zero key has no series of its own: nothing would tell it from Rest
	last    int       // the key that was counted last: mostly it is the next as well
	index   map[K]int // once there are many keys
}

// newSeries counts in memory that is there already, as long as it lasts.
func newSeries[K comparable](keys []K, counts []uint64, limit int) Series[K] {
	return Series[K]{Keys: keys, Counts: counts, limit: limit}
}

// share makes it the series of all that have none of their own.
func (s *Series[K]) share(limit int) { s.limit, s.unnamed = limit, true }

// indexed is the number of keys from which on an index is faster than looking at each.
const indexed = 24

// add counts n for k. It is false if k has no place.
func (s *Series[K]) add(k K, n uint64) bool {
	if s.last < len(s.Keys) && s.Keys[s.last] == k {
		s.Counts[s.last] += n
		return true
	}
	if i, ok := s.find(k); ok {
		s.last = i
		s.Counts[i] += n
		return true
	}
	var zero K
	if len(s.Keys) >= s.limit || s.unnamed && k == zero {
		s.Rest += n
		return false
	}
	s.last = len(s.Keys)
	s.Keys = append(s.Keys, unique.Make(k).Value()) // all tokens share one copy
	s.Counts = append(s.Counts, n)
	if s.index != nil {
		s.index[k] = s.last
	} else if len(s.Keys) == indexed {
		s.index = make(map[K]int, 2*indexed)
		for i, key := range s.Keys {
			s.index[key] = i
		}
	}
	return true
}

func (s *Series[K]) find(k K) (int, bool) {
	if s.index != nil {
		i, ok := s.index[k]
		return i, ok
	}
	for i := range s.Keys {
		if s.Keys[i] == k {
			return i, true
		}
	}
	return 0, false
}

// await asks for what the next add will need beside the series itself.
func (s *Series[K]) await() {
	if s.last < len(s.Keys) {
		prefetch.Lines(unsafe.Pointer(&s.Keys[s.last]), unsafe.Sizeof(s.Keys[0]))
		prefetch.Lines(unsafe.Pointer(&s.Counts[s.last]), unsafe.Sizeof(s.Counts[0]))
	}
}

// snapshot is a copy that counting does not change. Until the series is reset keys are only appended, so both may share them.
func (s *Series[K]) snapshot() Series[K] {
	return Series[K]{Keys: s.Keys[:len(s.Keys):len(s.Keys)], Counts: append([]uint64(nil), s.Counts...), Rest: s.Rest}
}

// detached is a copy that outlives a reset.
func (s *Series[K]) detached() Series[K] {
	c := s.snapshot()
	c.Keys = append([]K(nil), c.Keys...)
	return c
}

// table holds a value for each key up to a limit, and one for all others.
type table[K comparable, V any] struct {
	values map[K]*V
	rest   *V
	limit  int

	last  K // that was asked for: mostly the next is the same
	value *V
}

func (t *table[K, V]) at(k K) *V {
	if t.value == nil || t.last != k {
		t.last, t.value = k, t.find(k)
	}
	return t.value
}

func (t *table[K, V]) find(k K) *V {
	if v, ok := t.values[k]; ok {
		return v
	}
	if len(t.values) >= t.limit {
		if t.rest == nil {
			t.rest = new(V)
		}
		return t.rest
	}
	if t.values == nil {
		t.values = make(map[K]*V)
	}
	v := new(V)
	t.values[k] = v
	return v
}

// reset empties the table.
func (t *table[K, V]) reset() { *t = table[K, V]{limit: t.limit} }
