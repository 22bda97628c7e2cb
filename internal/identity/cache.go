package identity

import (
	"hash/maphash"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/holterhq/holter/internal/credential"
)

// Cache remembers what was made of a credential, so that hashing, parsing and joining happen once for each. It keeps no
// credential: its keys are a hash that is keyed by chance, anew in each process. Safe for concurrent use.
//
// Each shard is one table. When all of them are full together, a new entry takes the place of one of its shard that has not been used
// since the hand that looks for such came by last (the clock algorithm).
type Cache[T any] struct {
	first, second maphash.Seed
	shards        [shards]shard[T]
	size          int64
	entries       atomic.Int64 // in all shards
	evicted       atomic.Int64
}

const shards = 16

type shard[T any] struct {
	sync.RWMutex
	table[T]
	_ [24]byte // keeps neighbours off this cache line
}

// NewCache makes a cache of at most size entries, and of one in each shard.
func NewCache[T any](size int) *Cache[T] {
	return &Cache[T]{first: maphash.MakeSeed(), second: maphash.MakeSeed(), size: int64(size)}
}

// Entry is what is remembered under a key.
type Entry[T any] struct {
	Key   Key
	Value T
	Found bool
}

// Find looks many entries up at once: with a million tokens each is waited for in memory, here all together.
func (c *Cache[T]) Find(entries []Entry[T]) {
	var wanted uint32
	for i := range entries {
		wanted |= 1 << (entries[i].Key[1] % shards)
	}
	for left := wanted; left != 0; left &= left - 1 {
		c.shards[bits.TrailingZeros32(left)].RLock()
	}
	for i := range entries {
		entries[i].Found = c.shards[entries[i].Key[1]%shards].begins(entries[i].Key)
	}
	for i := range entries {
		if e := &entries[i]; e.Found {
			e.Value, e.Found = c.shards[e.Key[1]%shards].get(e.Key)
		}
	}
	for left := wanted; left != 0; left &= left - 1 {
		c.shards[bits.TrailingZeros32(left)].RUnlock()
	}
}

// Get is what make made for the key, now or earlier. fresh may refuse what is remembered.
func (c *Cache[T]) Get(key Key, fresh func(T) bool, make func() T) T {
	s := &c.shards[key[1]%shards]
	s.RLock()
	v, ok := s.get(key)
	s.RUnlock()
	if ok && fresh(v) {
		return v
	}
	v = make()
	s.Lock()
	added, dropped := s.put(key, v, c.entries.Load() >= c.size)
	s.Unlock()
	switch {
	case dropped:
		c.evicted.Add(1)
	case added:
		c.entries.Add(1)
	}
	return v
}

// Evicted is how many entries were dropped because the cache was full, since the last call.
func (c *Cache[T]) Evicted() int64 { return c.evicted.Swap(0) }

// Len is how many entries there are.
func (c *Cache[T]) Len() int {
	n := 0
	for i := range c.shards {
		s := &c.shards[i]
		s.RLock()
		n += s.n
		s.RUnlock()
	}
	return n
}

// Key is that of a credential.
func (c *Cache[T]) Key(tenant string, scheme credential.Scheme, secret string) Key {
	key := Key{maphash.String(c.first, secret), maphash.String(c.second, secret)}
	if tenant != "" || scheme != credential.Plain {
		const odd = 0x9e3779b97f4a7c15
		key[0] ^= maphash.String(c.second, tenant) + uint64(scheme)*odd
		key[1] ^= maphash.String(c.first, tenant) + uint64(scheme)*odd
	}
	key[0] = key[0]&^uint64(marks) | taken
	return key
}
