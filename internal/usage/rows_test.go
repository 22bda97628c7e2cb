package usage

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Rows come and go, many of them under one hash, and each is found by its token alone.
func TestRowsAreFound(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	table, known := newRowTable(), make(map[string]*row)
	for range 20_000 {
		k := random.IntN(500)
		id, hash := fmt.Sprint(k), uint32(k%70)<<28|uint32(k%7)
		if r := known[id]; r != nil && random.IntN(2) == 0 {
			table.remove(r)
			delete(known, id)
		} else {
			known[id] = &row{token: Token{ID: id}, hash: hash, next: r}
			table.set(known[id])
		}
		require.Same(t, known[id], table.of(id, hash))
		require.Equal(t, len(known), table.used)
	}
	for k := range 500 {
		id := fmt.Sprint(k)
		require.Same(t, known[id], table.of(id, uint32(k%70)<<28|uint32(k%7)))
	}
}
