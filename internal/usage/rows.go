package usage

import "iter"

// rowTable finds the rows of tokens by the hash of their ids, with linear probing. Rows of one token are behind each other, see row.next.
type rowTable struct {
	slots []slot
	used  int
}

func newRowTable() rowTable { return rowTable{slots: make([]slot, 16)} }

type slot struct {
	hash uint32
	row  *row // nil: the slot is free
}

// home is where a hash belongs.
func (x *rowTable) home(hash uint32) uint32 { return hash * 0x9e3779b1 >> 4 & uint32(len(x.slots)-1) }

func (x *rowTable) next(at uint32) uint32 { return (at + 1) & uint32(len(x.slots)-1) }

// place is where the rows of a token are, or would be.
func (x *rowTable) place(id string, hash uint32) *slot {
	for at := x.home(hash); ; at = x.next(at) {
		if s := &x.slots[at]; s.row == nil || s.hash == hash && s.row.token.ID == id {
			return s
		}
	}
}

// likely is the first row of the token with this hash, nil if there is none; one in some billions is another one's.
func (x *rowTable) likely(hash uint32) *row {
	for at := x.home(hash); ; at = x.next(at) {
		if s := &x.slots[at]; s.row == nil || s.hash == hash {
			return s.row
		}
	}
}

// of is the first row of a token, nil if there is none.
func (x *rowTable) of(id string, hash uint32) *row { return x.place(id, hash).row }

// set makes r the first row of its token.
func (x *rowTable) set(r *row) {
	s := x.place(r.token.ID, r.hash)
	if s.row == nil {
		x.used++
	}
	*s = slot{r.hash, r}
	if 2*x.used > len(x.slots) {
		x.grow()
	}
}

func (x *rowTable) grow() {
	old := x.slots
	x.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s.row != nil {
			*x.place(s.row.token.ID, s.hash) = s
		}
	}
}

// remove takes a token out and closes the gap.
func (x *rowTable) remove(r *row) {
	gap := x.home(r.hash)
	for x.slots[gap].row != r {
		gap = x.next(gap)
	}
	mask := uint32(len(x.slots) - 1)
	for at := x.next(gap); x.slots[at].row != nil; at = x.next(at) {
		if (at-x.home(x.slots[at].hash))&mask >= (at-gap)&mask {
			x.slots[gap], gap = x.slots[at], at
		}
	}
	x.slots[gap] = slot{}
	x.used--
}

// all are the rows, in no particular order.
func (x *rowTable) all() iter.Seq[*row] {
	return func(yield func(*row) bool) {
		for _, s := range x.slots {
			for r := s.row; r != nil; r = r.next {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// clear takes all out and keeps the memory.
func (x *rowTable) clear() {
	clear(x.slots)
	x.used = 0
}
