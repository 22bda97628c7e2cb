package embedded

import (
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMembers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, most := range []int{1, 63, 64, 65, 1_000, 10_800} {
		var m members
		want, words := map[uint32]bool{}, 0
		for range 2 * most {
			n := uint32(random.IntN(most))
			want[n] = true
			words += m.add(n, most)
			assert.LessOrEqual(t, words, (most+63)/64+4)
		}
		all := make([]uint64, (most+63)/64)
		m.union(all)
		n := 0
		for i, word := range all {
			n += bits.OnesCount64(word)
			for ; word != 0; word &= word - 1 {
				assert.True(t, want[uint32(64*i+bits.TrailingZeros64(word))])
			}
		}
		assert.Len(t, want, n)
	}
	var few members
	assert.LessOrEqual(t, few.add(5, 1_000_000), 2, "a token in a minute takes no more than it has to")
}
