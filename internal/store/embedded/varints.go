package embedded

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// varints is a column of numbers of variable length that is being read.
type varints struct {
	left   []byte
	broken bool // it ended early
}

func (v *varints) next() uint64 {
	if len(v.left) > 0 && v.left[0] < 0x80 {
		n := uint64(v.left[0])
		v.left = v.left[1:]
		return n
	}
	return v.long()
}

func (v *varints) long() uint64 {
	n, size := binary.Uvarint(v.left)
	if size <= 0 {
		v.broken, v.left = true, nil
		return 0
	}
	v.left = v.left[size:]
	return n
}

// number adds a difference to what fits into 32 bits, and must fit again.
func (v *varints) number(to uint64) uint64 {
	difference := v.next()
	if difference > math.MaxUint32 || to+difference > math.MaxUint32 {
		v.broken, v.left = true, nil
		return 0
	}
	return to + difference
}

// ends are the bits of eight bytes that say that a number ends there.
const ends = 0x8080808080808080

// skip passes over n numbers.
func (v *varints) skip(n int) {
	for n >= 8 && len(v.left) >= 8 {
		n -= bits.OnesCount64(^binary.LittleEndian.Uint64(v.left) & ends)
		v.left = v.left[8:]
	}
	for ; n > 0 && len(v.left) > 0; v.left = v.left[1:] {
		if v.left[0] < 0x80 {
			n--
		}
	}
	if n > 0 {
		v.broken = true
	}
}

// sum adds up n numbers.
func (v *varints) sum(n int) (sum uint64) {
	for range n {
		one := v.next()
		if one > math.MaxUint32 {
			v.broken, v.left = true, nil
			return 0
		}
		sum += one
	}
	return sum
}
