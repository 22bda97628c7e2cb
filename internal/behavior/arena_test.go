package behavior

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// What was written is read, whatever else was written, grew, shrank and was dropped; and blocks are used again.
func TestArenaAgainstAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var a arena
	first, want := map[int]uint32{}, map[int][]byte{}
	var most int
	for range 20_000 {
		k := r.IntN(200)
		if r.IntN(10) == 0 {
			a.drop(first[k])
			delete(first, k)
			delete(want, k)
			continue
		}
		text := bytes.Repeat([]byte{byte(1 + r.IntN(255))}, r.IntN(1000))
		first[k], want[k] = a.write(first[k], text), text
		blocks := 0
		for _, text := range want {
			blocks += max(1, (len(text)+blockText-1)/blockText)
		}
		most = max(most, blocks)
	}
	for k, text := range want {
		require.Equal(t, text, a.read(first[k], len(text), []byte{}))
	}
	require.LessOrEqual(t, int(a.blocks), most)
}
