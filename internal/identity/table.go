package identity

import "sync/atomic"

// table is a hash table with linear probing. Key and value of an entry lie together, so that finding one touches
// little memory: with a million tokens that is most of what it costs. Several may read it at the same time.
type table[T any] struct {
	slots []slot[T] // a power of two of them
	n     int
	hand  int // where the next entry to drop is looked for
}

type slot[T any] struct {
	key   Key
	value T
}

// Key is what a Cache knows a credential by: 126 bits of a hash, and the two lowest bits of the first word as marks.
type Key [2]uint64

const (
	taken = 1 << iota // the slot is not empty
	used              // the entry was used since the hand came by
	marks = taken | used
)

const leastSlots = 8

// home is the slot that a key belongs into.
func (t *table[T]) home(key Key) int { return int(key[0] >> 8 & uint64(len(t.slots)-1)) }

func (t *table[T]) next(i int) int { return (i + 1) & (len(t.slots) - 1) }

// find is the slot that a key is in, or the empty one that it would go into.
func (t *table[T]) find(key Key) (i int, ok bool) {
	for i = t.home(key); ; i = t.next(i) {
		s := &t.slots[i]
		first := atomic.LoadUint64(&s.key[0])
		if first|used == key[0]|used && s.key[1] == key[1] {
			return i, true
		}
		if first == 0 {
			return i, false
		}
	}
}

// begins says whether something may be found under a key. It is there to be called for many keys before get is.
func (t *table[T]) begins(key Key) bool {
	return len(t.slots) > 0 && atomic.LoadUint64(&t.slots[t.home(key)].key[0]) != 0
}

func (t *table[T]) get(key Key) (v T, ok bool) {
	if t.n == 0 {
		return v, false
	}
	i, ok := t.find(key)
	if !ok {
		return v, false
	}
	s := &t.slots[i]
	if atomic.LoadUint64(&s.key[0])&used == 0 {
		atomic.OrUint64(&s.key[0], used)
	}
	return s.value, true
}

// put enters a value. It says whether it was not there, and whether another one had to go for it, as in a full cache one has to.
func (t *table[T]) put(key Key, v T, full bool) (added, dropped bool) {
	if drops := full && t.n > 0; !drops && (t.n+1)*4 > len(t.slots)*3 {
		t.grow()
	}
	i, ok := t.find(key)
	if !ok && full && t.n > 0 {
		t.drop()
		dropped = true
		i, _ = t.find(key)
	}
	if !ok {
		t.n++
	}
	t.slots[i] = slot[T]{key, v}
	return !ok, dropped
}

func (t *table[T]) grow() {
	old := t.slots
	t.slots = make([]slot[T], max(leastSlots, 2*len(old)))
	t.hand = 0
	for i := range old {
		if old[i].key[0] != 0 {
			at, _ := t.find(old[i].key)
			t.slots[at] = old[i]
		}
	}
}

// drop takes out the next entry that was not used since the hand came by.
func (t *table[T]) drop() {
	for ; ; t.hand = t.next(t.hand) {
		switch s := &t.slots[t.hand]; {
		case s.key[0] == 0:
		case s.key[0]&used != 0:
			s.key[0] &^= used
		default:
			t.remove(t.hand)
			t.n--
			return
		}
	}
}

// remove empties a slot and moves up what was put further on because the slot was not empty (Knuth, The Art of Computer Programming,
// vol. 3, 2nd ed., section 6.4, algorithm R).
func (t *table[T]) remove(hole int) {
	for i := t.next(hole); t.slots[i].key[0] != 0; i = t.next(i) {
		if home := t.home(t.slots[i].key); (i-home)&(len(t.slots)-1) >= (i-hole)&(len(t.slots)-1) {
			t.slots[hole] = t.slots[i]
			hole = i
		}
	}
	t.slots[hole] = slot[T]{}
}
