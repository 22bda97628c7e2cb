package embedded

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/store/storetest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB, folder string) store.Store {
		s, err := Open(Options{Folder: folder})
		require.NoError(t, err)
		return s
	})
}

// With room for few rows everything is in chunks, many to a bucket.
func TestContractWithLittleMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB, folder string) store.Store {
		s, err := Open(Options{Folder: folder, Rows: 50, Sync: -1})
		require.NoError(t, err)
		return s
	})
}
