package seal

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func small() *Store { return NewStore(Limits{TTL: time.Hour, Entries: 3, Bytes: 10_000}) }

func TestAStoreIsBounded(t *testing.T) {
	s := small()
	for i := range 5 {
		require.True(t, s.Put(fmt.Sprint("fp", i), "", nil, []byte{byte(i)}, noon.Add(time.Duration(i)*time.Minute)))
	}
	assert.Equal(t, 3, s.Len())
	_, ok := s.Get("fp1", noon)
	assert.False(t, ok, "the oldest went")
	got, ok := s.Get("fp4", noon.Add(5*time.Minute))
	assert.True(t, ok)
	assert.Equal(t, []byte{4}, got)
	_, ok = s.Get("fp4", noon.Add(2*time.Hour))
	assert.False(t, ok, "too old")
	s.Expire(noon.Add(time.Hour + 2*time.Minute))
	assert.Equal(t, 2, s.Len())
	expired, full := s.Evicted()
	assert.EqualValues(t, 1, expired)
	assert.EqualValues(t, 2, full)

	assert.False(t, s.Put("fp9", "", nil, make([]byte, 10_000), noon), "it would not fit alone")
	assert.Equal(t, 2, s.Len())
	require.True(t, s.Put("fp5", "", nil, make([]byte, 9_300), noon.Add(time.Hour)))
	assert.Equal(t, 2, s.Len(), "room was made")
}

// Whoever asks by the fingerprint of before a rotation finds what was sealed after it.
func TestFormerFingerprints(t *testing.T) {
	s := small()
	s.Put("old", "", nil, []byte{1}, noon)
	s.Put("new", "", []string{"old", "older"}, []byte{2}, noon)
	assert.Equal(t, 1, s.Len())
	for _, f := range []string{"old", "older", "new"} {
		got, ok := s.Get(f, noon)
		require.True(t, ok, f)
		assert.Equal(t, []byte{2}, got)
	}
	s.Expire(noon.Add(2 * time.Hour))
	assert.Empty(t, s.former)
	assert.Zero(t, s.bytes)
}

func TestAStoreComesBack(t *testing.T) {
	s := NewStore(Limits{TTL: time.Hour, Entries: 1000, Bytes: 1 << 20})
	disk := make([][]byte, Buckets)
	save := func() {
		for i, b := range s.Changed() {
			disk[i] = b
		}
	}
	for i := range 300 {
		s.Put(fmt.Sprint("fp", i), fmt.Sprint("tok", i), []string{fmt.Sprint("old", i)}, []byte{byte(i)}, noon.Add(time.Duration(i)*time.Second))
	}
	save()
	assert.Nil(t, s.Changed())
	s.Expire(noon.Add(time.Hour + 99*time.Second))
	save()

	back := NewStore(Limits{TTL: time.Hour, Entries: 150, Bytes: 1 << 20})
	require.NoError(t, back.Restore(disk, noon.Add(time.Hour+149*time.Second)))
	assert.Equal(t, 150, back.Len())
	got, ok := back.Get("old299", noon.Add(time.Hour))
	assert.True(t, ok)
	assert.Equal(t, []byte{byte(299 % 256)}, got)
	assert.Equal(t, s.bytes*150/200, back.bytes)

	disk[3] = []byte("torn")
	require.ErrorIs(t, NewStore(s.limits).Restore(disk, noon), errTorn)
	back.Again(3)
	assert.Contains(t, back.Changed(), 3)
}

func FuzzRestore(f *testing.F) {
	s := small()
	s.Put("fp1", "", []string{"old"}, []byte("sealed"), noon)
	for _, b := range s.Changed() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := small()
		_ = s.Restore([][]byte{b}, noon)
		assert.LessOrEqual(t, s.Len(), 3)
		assert.LessOrEqual(t, s.bytes, 10_000)
		s.Expire(noon.Add(24 * time.Hour))
		assert.Zero(t, s.bytes)
		assert.Empty(t, s.former)
	})
}

// Of an erased token nothing stays, and nothing that might be its.
func TestAStoreForgets(t *testing.T) {
	s := NewStore(Limits{TTL: time.Hour, Entries: 10, Bytes: 10_000})
	s.Put("fp1", "tok1", []string{"old1"}, []byte("of one"), noon)
	s.Put("fp2", "tok2", nil, []byte("of another"), noon)
	s.Put("fp3", "", nil, []byte("of nobody knows whom"), noon)
	require.Len(t, s.Changed(), 3)
	assert.Equal(t, 2, s.Forget([]string{"tok1"}))
	for _, f := range []string{"fp1", "old1", "fp3"} {
		_, ok := s.Get(f, noon)
		assert.False(t, ok, f)
	}
	for _, b := range s.Changed() {
		assert.NotContains(t, string(b), "of one")
		assert.NotContains(t, string(b), "nobody")
	}
	_, ok := s.Get("fp2", noon)
	assert.True(t, ok)
}

// Buckets of before there were tokens in them are read.
func TestAStoreReadsItsFirstVersion(t *testing.T) {
	b := appendText([]byte{1}, "fp1")
	b = binary.AppendUvarint(b, 1)
	b = appendText(b, "old")
	b = binary.AppendUvarint(b, uint64(noon.Add(time.Minute).Unix()))
	b = appendText(b, "sealed")
	s := small()
	require.NoError(t, s.Restore([][]byte{b}, noon))
	got, ok := s.Get("old", noon)
	require.True(t, ok)
	assert.Equal(t, "sealed", string(got))
}
