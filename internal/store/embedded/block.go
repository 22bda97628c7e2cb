package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// A block is up to blockRows rows of a section in columns: who and what, with how many rows each; when; how many; and how long their histograms are,
// and these. Columns are differences in variable length; all together are compressed.
//
//	base      the earliest time
//	lengths   of the columns, five times
//	structure subjects, and of each: difference, keys, and of each key: difference, rows
//	times     of each key's rows: difference to the base, then to the one before, less one
//	values    folded to the left, for there may be negative ones
//	sizes     of histograms; none where there are none
//	packed    histograms, one after the other
const (
	blockRows = 4096
	// blockMost is the most bytes that a block may unpack to.
	blockMost = 64 << 20
)

var errBlock = errors.New("a block's columns do not fit together")

var packer = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(2), zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true))
	if err != nil {
		panic(fmt.Sprintf("these options of zstd are constant: %v", err))
	}
	return e
})

var unpacker = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(4), zstd.WithDecoderMaxMemory(blockMost), zstd.WithDecodeAllCapLimit(false))
	if err != nil {
		panic(fmt.Sprintf("these options of zstd are constant: %v", err))
	}
	return d
})

// encoder keeps the columns of the block that is being made, to be used again.
type encoder struct {
	columns [5][]byte
	plain   []byte
}

// appendBlock encodes rows of a section.
func (e *encoder) appendBlock(to []byte, s *section) []byte {
	for i := range e.columns {
		e.columns[i] = e.columns[i][:0]
	}
	base := uint32(math.MaxUint32)
	subjects := 0
	for i, r := range s.rows {
		base = min(base, r.at)
		if i == 0 || s.rows[i-1].subject != r.subject {
			subjects++
		}
	}
	structure := binary.AppendUvarint(e.columns[0], uint64(subjects))
	before := uint32(0)
	for i := 0; i < len(s.rows); {
		subject := s.rows[i].subject
		j, keys := i, 0
		for ; j < len(s.rows) && s.rows[j].subject == subject; j++ {
			if j == i || s.rows[j-1].key != s.rows[j].key {
				keys++
			}
		}
		structure = binary.AppendUvarint(structure, uint64(subject-before))
		structure = binary.AppendUvarint(structure, uint64(keys))
		before = subject
		lastKey := uint32(0)
		for i < j {
			key, n := s.rows[i].key, i
			for ; n < j && s.rows[n].key == key; n++ {
				if n == i {
					e.columns[1] = binary.AppendUvarint(e.columns[1], uint64(s.rows[n].at-base))
				} else {
					e.columns[1] = binary.AppendUvarint(e.columns[1], uint64(s.rows[n].at-s.rows[n-1].at-1))
				}
			}
			structure = binary.AppendUvarint(structure, uint64(key-lastKey))
			structure = binary.AppendUvarint(structure, uint64(n-i))
			lastKey, i = key, n
		}
	}
	e.columns[0] = structure
	for i, r := range s.rows {
		e.columns[2] = binary.AppendVarint(e.columns[2], r.value)
		if len(s.histograms) > 0 {
			h := s.histogram(i)
			e.columns[3] = binary.AppendUvarint(e.columns[3], uint64(len(h)))
			e.columns[4] = append(e.columns[4], h...)
		}
	}
	e.plain = binary.AppendUvarint(e.plain[:0], uint64(base))
	for _, c := range e.columns {
		e.plain = binary.AppendUvarint(e.plain, uint64(len(c)))
	}
	for _, c := range e.columns {
		e.plain = append(e.plain, c...)
	}
	return packer().EncodeAll(e.plain, to)
}

// decoder keeps what decoding needs, to be used again.
type decoder struct {
	plain []byte
	section
}

// decode reads a block of so many rows; of it, what the subjects did that keep wants. What it returns is good until the next call.
func (d *decoder) decode(packed []byte, rows int, keep func(subject uint32) bool) (*section, error) {
	d.rows, d.histograms = d.rows[:0], d.histograms[:0]
	plain, err := unpacker().DecodeAll(packed, d.plain[:0])
	if err != nil {
		return nil, fmt.Errorf("unpacking a block: %w", err)
	}
	d.plain = plain
	base, n := binary.Uvarint(plain)
	if n <= 0 || base > math.MaxUint32 {
		return nil, errBlock
	}
	plain = plain[n:]
	var sizes [5]uint64
	for i := range sizes {
		sizes[i], n = binary.Uvarint(plain)
		if n <= 0 {
			return nil, errBlock
		}
		plain = plain[n:]
	}
	var columns [5][]byte
	for i, size := range sizes {
		if size > uint64(len(plain)) {
			return nil, errBlock
		}
		columns[i], plain = plain[:size], plain[size:]
	}
	if len(plain) > 0 {
		return nil, errBlock
	}
	return d.rowsOf(columns, uint32(base), rows, keep)
}

func (d *decoder) rowsOf(columns [5][]byte, base uint32, rows int, keep func(uint32) bool) (*section, error) {
	structure, times, values, lengths, histograms := columns[0], columns[1], columns[2], columns[3], columns[4]
	withHistograms := len(lengths) > 0
	ok := true
	next := func(column *[]byte) uint64 {
		c := *column
		if len(c) > 0 && c[0] < 0x80 {
			*column = c[1:]
			return uint64(c[0])
		}
		v, n := binary.Uvarint(c)
		if n <= 0 {
			ok = false
			return 0
		}
		*column = c[n:]
		return v
	}
	// more adds a difference; what is numbered fits into 32 bits.
	more := func(to uint64) uint64 {
		difference := next(&structure)
		if to += difference; difference > math.MaxUint32 || to > math.MaxUint32 {
			ok = false
		}
		return to
	}
	if cap(d.rows) < min(rows, blockRows) {
		d.rows = make([]row, 0, min(rows, blockRows))
	}
	subject, left := uint64(0), uint64(rows)
	for subjects := next(&structure); subjects > 0 && ok; subjects-- {
		if subject = more(subject); !ok {
			break
		}
		wanted := keep == nil || keep(uint32(subject))
		key := uint64(0)
		for keys := next(&structure); keys > 0 && ok; keys-- {
			key = more(key)
			count := next(&structure)
			if count > left {
				return nil, errBlock
			}
			left -= count
			at := uint64(base)
			for i := range count {
				later := next(&times)
				if i > 0 {
					later++
				}
				at += later
				folded := next(&values)
				size := uint64(0)
				if withHistograms {
					size = next(&lengths)
				}
				if !ok || later > math.MaxUint32 || at > math.MaxUint32 || size > uint64(len(histograms)) {
					return nil, errBlock
				}
				if wanted {
					d.histograms = append(d.histograms, histograms[:size]...)
					d.rows = append(d.rows, row{
						subject: uint32(subject), key: uint32(key), at: uint32(at), end: uint32(len(d.histograms)),
						value: int64(folded>>1) ^ -int64(folded&1),
					})
				}
				histograms = histograms[size:]
			}
		}
	}
	if !ok || left > 0 {
		return nil, errBlock
	}
	return &d.section, nil
}
