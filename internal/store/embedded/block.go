package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// codec is how a block is compressed. The numbers are in files.
type codec byte

const (
	small codec = 1 // zstd
	quick codec = 2 // S2
)

// A block is up to blockRows rows of a section in columns: who and what, with how many rows each; when; how many; and how long their histograms are,
// and these. Columns are differences in variable length; all together are compressed: those of minutes, which are most of what is on the disk, with zstd,
// and those of hours and days, which are most of what is read, with S2, which is longer and unpacked faster. The first byte says with which.
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
	codec   codec
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
	to = append(to, byte(e.codec))
	if e.codec == small {
		return packer().EncodeAll(e.plain, to)
	}
	return append(to, s2.EncodeBetter(nil, e.plain)...)
}

// decoder keeps what decoding needs, to be used again.
type decoder struct {
	plain []byte
	section
}

// decode reads a block of so many rows; of it, what the subjects did that keep wants. What it returns is good until the next call.
func (d *decoder) decode(packed []byte, rows int, keep func(subject uint32) bool) (*section, error) {
	d.rows, d.histograms = d.rows[:0], d.histograms[:0]
	plain, err := d.unpack(packed)
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

func (d *decoder) unpack(packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return nil, errBlock
	}
	switch codec(packed[0]) {
	case small:
		return unpacker().DecodeAll(packed[1:], d.plain[:0])
	case quick:
		if size, err := s2.DecodedLen(packed[1:]); err != nil || size > blockMost {
			return nil, errBlock
		}
		return s2.Decode(d.plain[:cap(d.plain)], packed[1:])
	}
	return nil, errBlock
}

func (d *decoder) rowsOf(columns [5][]byte, base uint32, rows int, keep func(uint32) bool) (*section, error) {
	structure, times, values := varints{left: columns[0]}, varints{left: columns[1]}, varints{left: columns[2]}
	sizes, histograms := varints{left: columns[3]}, columns[4]
	withHistograms := len(columns[3]) > 0
	if cap(d.rows) < min(rows, blockRows) {
		d.rows = make([]row, 0, min(rows, blockRows))
	}
	// Rows of others are passed over many at a time.
	passed := 0
	pass := func() bool {
		times.skip(passed)
		values.skip(passed)
		if withHistograms {
			size := sizes.sum(passed)
			if size > uint64(len(histograms)) {
				return false
			}
			histograms = histograms[size:]
		}
		passed = 0
		return true
	}
	subject, left := uint64(0), uint64(rows)
	for subjects := structure.next(); subjects > 0 && !structure.broken; subjects-- {
		subject = structure.number(subject)
		wanted := keep == nil || keep(uint32(subject))
		key := uint64(0)
		for keys := structure.next(); keys > 0 && !structure.broken; keys-- {
			key = structure.number(key)
			count := structure.next()
			if count > left {
				return nil, errBlock
			}
			left -= count
			if !wanted {
				passed += int(count)
				continue
			}
			if passed > 0 && !pass() {
				return nil, errBlock
			}
			at := uint64(base)
			for i := range count {
				later := times.next()
				if i > 0 {
					later++
				}
				at += later
				folded := values.next()
				if withHistograms {
					size := sizes.next()
					if size > uint64(len(histograms)) {
						return nil, errBlock
					}
					d.histograms = append(d.histograms, histograms[:size]...)
					histograms = histograms[size:]
				}
				if later > math.MaxUint32 || at > math.MaxUint32 {
					return nil, errBlock
				}
				d.rows = append(d.rows, row{
					subject: uint32(subject), key: uint32(key), at: uint32(at), end: uint32(len(d.histograms)), value: int64(folded>>1) ^ -int64(folded&1),
				})
			}
		}
	}
	if left > 0 || structure.broken || times.broken || values.broken || sizes.broken {
		return nil, errBlock
	}
	return &d.section, nil
}
