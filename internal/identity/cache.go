package identity

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/holterhq/holter/internal/credential"
)

// Cache remembers what was made of a credential, so that hashing, parsing and joining happen once for each. It keeps no
// credential: its keys are 128 bits of a hash that is keyed by chance, anew in each process. Safe for concurrent use.
//
// Each shard has two generations. What is used moves to the young one; when that is full, the old one is dropped.
type Cache[T any] struct {
	first, second maphash.Seed
	limit         int // of one generation of one shard
	shards        [shards]shard[T]
	evicted       atomic.Int64
}

const shards = 16

type shard[T any] struct {
	sync.Mutex
	young, old map[cacheKey]T
	_          [40]byte // keeps neighbours off this cache line
}

type cacheKey [2]uint64

// NewCache makes a cache of at most size entries.
func NewCache[T any](size int) *Cache[T] {
	c := &Cache[T]{first: maphash.MakeSeed(), second: maphash.MakeSeed(), limit: max(1, size/(2*shards))}
	for i := range c.shards {
		c.shards[i].young = make(map[cacheKey]T)
	}
	return c
}

// Get is what make made of the credential, now or earlier. fresh may refuse what is remembered.
func (c *Cache[T]) Get(tenant string, scheme credential.Scheme, secret string, fresh func(T) bool, make func() T) T {
	key := c.key(tenant, scheme, secret)
	s := &c.shards[key[0]%shards]
	s.Lock()
	v, ok := s.young[key]
	if !ok {
		if v, ok = s.old[key]; ok {
			c.put(s, key, v)
		}
	}
	s.Unlock()
	if ok && fresh(v) {
		return v
	}
	v = make()
	s.Lock()
	c.put(s, key, v)
	s.Unlock()
	return v
}

// Evicted is how many entries were dropped because the cache was full, since the last call.
func (c *Cache[T]) Evicted() int64 { return c.evicted.Swap(0) }

// Len is how many entries there are.
func (c *Cache[T]) Len() int {
	n := 0
	for i := range c.shards {
		s := &c.shards[i]
		s.Lock()
		n += len(s.young)
		for key := range s.old {
			if _, ok := s.young[key]; !ok {
				n++
			}
		}
		s.Unlock()
	}
	return n
}

func (c *Cache[T]) put(s *shard[T], key cacheKey, v T) {
	if _, ok := s.young[key]; !ok && len(s.young) >= c.limit {
		dropped := 0
		for key := range s.old {
			if _, ok := s.young[key]; !ok {
				dropped++
			}
		}
		c.evicted.Add(int64(dropped))
		s.old, s.young = s.young, make(map[cacheKey]T, c.limit/4)
	}
	s.young[key] = v
}

func (c *Cache[T]) key(tenant string, scheme credential.Scheme, secret string) cacheKey {
	key := cacheKey{maphash.String(c.first, secret), maphash.String(c.second, secret)}
	if tenant != "" || scheme != credential.Plain {
		const odd = 0x9e3779b97f4a7c15
		key[0] ^= maphash.String(c.second, tenant) + uint64(scheme)*odd
		key[1] ^= maphash.String(c.first, tenant) + uint64(scheme)*odd
	}
	return key
}
