package identity

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/credential"
)

// shelf is a store in memory that may fail.
type shelf struct {
	values map[string][]byte
	err    error
	writes int
}

func newShelf() *shelf { return &shelf{values: make(map[string][]byte)} }

func (s *shelf) Get(_ context.Context, key string) ([]byte, error) { return s.values[key], s.err }

func (s *shelf) Set(_ context.Context, key string, value []byte) error {
	if s.err == nil {
		s.values[key], s.writes = value, s.writes+1
	}
	return s.err
}

func anID(n int) string {
	return NewNamer(Keys{Identity: []byte(strings.Repeat("k", 32)), Fingerprint: []byte(strings.Repeat("f", 32))}).ID("", credential.Credential{Raw: fmt.Sprint(n)})
}

func aKey(n int) LineageKey { return NewLineageKey("registry", "", fmt.Sprint(n)) }

func TestTheFirstIDStays(t *testing.T) {
	l := NewLineage(100_000)
	_, known := l.Known(aKey(1))
	assert.False(t, known)
	assert.Equal(t, anID(1), l.First(aKey(1), anID(1)))
	assert.Equal(t, anID(1), l.First(aKey(1), anID(2)), "the successor keeps it")
	l.Put(aKey(1), anID(3))
	got, known := l.Known(aKey(1))
	assert.True(t, known)
	assert.Equal(t, anID(3), got)
	for _, other := range []LineageKey{NewLineageKey("registry", "tenant", "1"), NewLineageKey("client", "", "1"), NewLineageKey("registry", "", "1", "")} {
		_, known := l.Known(other)
		assert.False(t, known, "names of other kinds and tenants do not mix")
	}
	for _, bad := range []string{"", "tok_", "tok_" + strings.Repeat("A", 26), strings.Repeat("a", 30), "tok_" + strings.Repeat("1", 26), "tok_" + strings.Repeat("b", 26)} {
		assert.Equal(t, bad, l.First(aKey(9), bad))
		_, known = l.Known(aKey(9))
		assert.False(t, known, bad)
	}
	key, ok := SuccessorKey(anID(1))
	require.True(t, ok)
	assert.Equal(t, anID(1), idOf(key))
}

func TestALineageOutlivesARestart(t *testing.T) {
	const many = 20_000
	store := newShelf()
	l := NewLineage(1_000_000)
	require.NoError(t, l.Load(t.Context(), store))
	for i := range many {
		l.First(aKey(i), anID(i))
	}
	require.NoError(t, l.Save(t.Context(), store))
	writes := store.writes
	l.First(aKey(7), anID(8))
	require.NoError(t, l.Save(t.Context(), store))
	assert.Equal(t, writes, store.writes, "what has not changed is not written")

	after := NewLineage(1_000_000)
	require.NoError(t, after.Load(t.Context(), store))
	assert.Equal(t, many, after.Len())
	for i := range many {
		got, known := after.Known(aKey(i))
		require.True(t, known)
		require.Equal(t, anID(i), got)
	}
}

// A storage that fails at the start and works later neither loses what it keeps nor what was learned meanwhile.
func TestAStorageThatComesBack(t *testing.T) {
	store := newShelf()
	before := NewLineage(100_000)
	before.First(aKey(1), anID(1))
	require.NoError(t, before.Save(t.Context(), store))

	l := NewLineage(100_000)
	store.err = errors.New("the disk is full")
	require.ErrorContains(t, l.Load(t.Context(), store), "read the lineage from storage: the disk is full")
	assert.Equal(t, anID(2), l.First(aKey(1), anID(2)), "nobody knows better")
	l.First(aKey(2), anID(2))
	kept := maps.Clone(store.values)
	require.Error(t, l.Save(t.Context(), store))
	assert.Equal(t, kept, store.values)
	store.err = nil
	require.NoError(t, l.Save(t.Context(), store))
	got, _ := l.Known(aKey(1))
	assert.Equal(t, anID(1), got, "what is kept was first")

	l = NewLineage(1_000_000)
	require.NoError(t, l.Load(t.Context(), store))
	assert.Equal(t, 2, l.Len())
}

func TestALineageIsBounded(t *testing.T) {
	const size = 2 * lineageShards * lineageBuckets
	l := NewLineage(size)
	for i := range 2 * size {
		l.First(aKey(i), anID(1))
		l.First(aKey(0), anID(1)) // what is used stays
	}
	assert.LessOrEqual(t, l.Len(), size)
	assert.Equal(t, int64(2*size-l.Len()), l.Evicted())
	assert.Zero(t, l.Evicted())
	_, known := l.Known(aKey(0))
	assert.True(t, known)
}

func BenchmarkLineage(b *testing.B) {
	l := NewLineage(1_000_000)
	id := anID(1)
	for i := range 1_000_000 {
		l.First(aKey(i), id)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		l.First(aKey(i%1_000_000), id)
	}
}

// An id and its bytes are one for one, whatever the last letter: two spellings of one id would be two tokens.
func TestIDBytes(t *testing.T) {
	for n := range 1000 {
		var want [16]byte
		for i := range want {
			want[i] = byte(n * (i + 7) >> (n % 5))
		}
		got, ok := idBytes(idOf(want))
		assert.True(t, ok)
		assert.Equal(t, want, got)
	}
	good := idOf([16]byte{1, 2, 3})
	for _, bad := range []string{"", "tok_", good[:29], good + "a", good[:29] + "b", good[:29] + "1", "TOK_" + good[4:], "tok_A" + good[5:], good[:10] + "\xff" + good[11:]} {
		_, ok := idBytes(bad)
		assert.False(t, ok, "%q", bad)
	}
}

func TestALineageForgets(t *testing.T) {
	ctx := t.Context()
	kept := newShelf()
	l := NewLineage(100_000)
	first, successor, other := idOf([16]byte{1}), idOf([16]byte{2}), idOf([16]byte{3})
	key, _ := SuccessorKey(successor)
	l.Put(key, first)
	l.First(NewLineageKey("registry", "", "a"), first)
	l.First(NewLineageKey("registry", "", "b"), other)
	require.NoError(t, l.Save(ctx, kept))
	again := NewLineage(100_000)
	for i := range again.shards {
		again.shards[i].unread = true
	}
	require.NoError(t, again.Forget(ctx, kept, []string{first, "no id"}))
	require.NoError(t, again.Save(ctx, kept))
	require.Equal(t, 1, again.Len())
	for name, text := range kept.values {
		require.NotContains(t, string(text), string([]byte{1, 0, 0, 0}), name)
	}
	id, known := again.Known(NewLineageKey("registry", "", "b"))
	require.True(t, known)
	require.Equal(t, other, id)
}
