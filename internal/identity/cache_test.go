package identity

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/holterhq/holter/internal/credential"
)

func always(int) bool { return true }

func TestCacheMakesOnce(t *testing.T) {
	c := NewCache[int](1000)
	made := 0
	get := func(tenant string, scheme credential.Scheme, secret string) int {
		return c.Get(c.Key(tenant, scheme, secret), always, func() int { made++; return made })
	}
	assert.Equal(t, 1, get("", credential.Plain, "a"))
	assert.Equal(t, 1, get("", credential.Plain, "a"))
	assert.Equal(t, 2, get("", credential.Plain, "b"))
	assert.Equal(t, 3, get("t", credential.Plain, "a"), "another tenant")
	assert.Equal(t, 4, get("", credential.BasicScheme, "a"), "another scheme")
	assert.Equal(t, 4, made)
	assert.Equal(t, 5, c.Get(c.Key("", credential.Plain, "a"), func(int) bool { return false }, func() int { return 5 }), "no longer fresh")
	assert.Equal(t, 5, get("", credential.Plain, "a"))
}

func TestCacheIsBounded(t *testing.T) {
	const size = 640
	c := NewCache[int](size)
	for i := range 100_000 {
		c.Get(c.Key("", credential.Plain, strconv.Itoa(i)), always, func() int { return i })
	}
	assert.LessOrEqual(t, c.Len(), size)
	assert.Greater(t, c.Len(), size/4)
	assert.Equal(t, int64(100_000-c.Len()), c.Evicted(), "what was dropped is counted")
	assert.Zero(t, c.Evicted())
}

func TestWhatIsUsedStays(t *testing.T) {
	c := NewCache[int](640)
	made := 0
	for i := range 10_000 {
		c.Get(c.Key("", credential.Plain, "busy"), always, func() int { made++; return 0 })
		c.Get(c.Key("", credential.Plain, strconv.Itoa(i)), always, func() int { return i })
	}
	assert.Equal(t, 1, made)
}

func TestCacheIsSafe(t *testing.T) {
	c := NewCache[string](64)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 5000 {
				key := strconv.Itoa(i % 300)
				if got := c.Get(c.Key("", credential.Plain, key), func(string) bool { return true }, func() string { return key }); got != key {
					panic(fmt.Sprintf("%q for %q", got, key))
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkCache(b *testing.B) {
	for _, tokens := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprintf("tokens=%d", tokens), func(b *testing.B) {
			c := NewCache[int](100_000)
			keys := make([]string, tokens)
			for i := range keys {
				keys[i] = "corp_live_" + strconv.Itoa(i*7919)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				c.Get(c.Key("", credential.Plain, keys[i%tokens]), always, func() int { return i })
				i++
			}
		})
	}
}
