package embedded

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

// drawSection is rows in order, some with histograms.
func drawSection(random *rand.Rand, n int, withHistograms bool) section {
	var (
		rows       []row
		histograms [][]byte
	)
	for range n {
		rows = append(rows, row{subject: random.Uint32() >> random.IntN(32), key: random.Uint32() >> random.IntN(32), at: random.Uint32() >> random.IntN(32), value: random.Int64() >> random.IntN(64)})
		if withHistograms {
			h := &store.Histogram{Scale: int32(random.IntN(8)) - 4, Offset: int32(random.IntN(100)) - 50, Zeros: uint64(random.IntN(2)), Sum: float64(random.IntN(1000)) / 8}
			for range random.IntN(10) {
				h.Counts = append(h.Counts, random.Uint64N(3))
			}
			histograms = append(histograms, appendHistogram(nil, h))
		}
	}
	return sortRows(rows, histograms)
}

func TestBlockComesBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var (
		e encoder
		d decoder
	)
	for i := range 200 {
		s := drawSection(random, 1+random.IntN(500), i%2 == 0)
		e.codec = small + codec(i/2%2)
		packed := e.appendBlock(nil, &s)
		got, err := d.decode(packed, len(s.rows), nil)
		require.NoError(t, err)
		require.Equal(t, s.rows, got.rows)
		require.True(t, bytes.Equal(s.histograms, got.histograms))

		odd := func(subject uint32) bool { return subject%2 == 1 }
		got, err = d.decode(packed, len(s.rows), odd)
		require.NoError(t, err)
		var want section
		for i, r := range s.rows {
			if odd(r.subject) {
				want.add(r, s.histogram(i))
			}
		}
		require.Len(t, got.rows, len(want.rows))
		for i := range want.rows {
			require.Equal(t, want.rows[i], got.rows[i])
			require.Equal(t, string(want.histogram(i)), string(got.histogram(i)))
		}
	}
}

// What a file says is believed only as far as it makes sense: no panic, rows in order, and no more of them than there are to be.
func FuzzBlock(f *testing.F) {
	random := rand.New(rand.NewPCG(2, 2))
	var (
		e encoder
		d decoder
	)
	for i := range 6 {
		s := drawSection(random, 1+i*3, i%2 == 0)
		e.appendBlock(nil, &s)
		f.Add(bytes.Clone(e.plain), len(s.rows))
	}
	f.Fuzz(func(t *testing.T, plain []byte, rows int) {
		if rows < 0 || rows > blockRows {
			return
		}
		s, err := d.decode(packer().EncodeAll(plain, []byte{byte(small)}), rows, nil)
		if err == nil {
			require.Len(t, s.rows, rows)
			for i := range s.rows {
				var h store.Histogram
				_, _ = unpack(s.histogram(i), &h)
				_ = sumOf(s.histogram(i))
			}
		}
		_, _ = d.decode(plain, rows, nil)
		_, _ = d.decode(append([]byte{byte(quick)}, s2.Encode(nil, plain)...), rows, nil)
		_, _ = parseDirectory(plain, 1<<30)
		_, _, _ = decodeUses(plain, 10)
		_, _ = decodeRun(plain)
	})
}

func TestVarintsAreSkipped(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 1))
	for range 200 {
		var column []byte
		var numbers []uint64
		for range random.IntN(100) {
			numbers = append(numbers, random.Uint64()>>random.IntN(64))
			column = binary.AppendUvarint(column, numbers[len(numbers)-1])
		}
		n := random.IntN(len(numbers) + 1)
		v := varints{left: column}
		v.skip(n)
		require.False(t, v.broken)
		for _, want := range numbers[n:] {
			require.Equal(t, want, v.next())
		}
		v.skip(1)
		require.True(t, v.broken)
	}
}

func TestHistogramsAreMerged(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 1))
	for range 100 {
		s := drawSection(random, 2, true)
		if len(s.rows) < 2 {
			continue
		}
		var want, got store.Histogram
		first, err := unpack(s.histogram(0), &want)
		require.NoError(t, err)
		second, err := unpack(s.histogram(1), &want)
		require.NoError(t, err)
		sum, err := unpack(mergeHistograms(s.histogram(0), s.histogram(1)), &got)
		require.NoError(t, err)
		assert.Equal(t, first+second, sum)
		assert.Equal(t, want.Count(), got.Count())
		if want.Count() > 0 {
			assert.InDelta(t, want.Quantile(.9), got.Quantile(.9), 1e-9)
		}
	}
}
