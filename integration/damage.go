package integration

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// damageState overwrites the middle of every value of the connector's storage, as a failing disk might. The file itself stays
// one that can be opened.
func damageState(t testing.TB, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "connector_token_behavior_*"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "the connector has no state in %s", folder)
	for _, file := range files {
		info, err := os.Stat(file)
		require.NoError(t, err)
		db, err := bbolt.Open(file, info.Mode(), nil)
		require.NoError(t, err)
		require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
			return tx.ForEach(func(_ []byte, bucket *bbolt.Bucket) error { return damageBucket(bucket) })
		}))
		require.NoError(t, db.Close())
	}
}

func damageBucket(bucket *bbolt.Bucket) error {
	damaged := map[string][]byte{}
	err := bucket.ForEach(func(key, value []byte) error {
		torn := append([]byte(nil), value...)
		for i := len(torn) / 3; i < 2*len(torn)/3; i++ {
			torn[i] ^= 0x5a
		}
		damaged[string(key)] = torn
		return nil
	})
	if err != nil {
		return err
	}
	for key, value := range damaged {
		if err := bucket.Put([]byte(key), value); err != nil {
			return err
		}
	}
	return nil
}
