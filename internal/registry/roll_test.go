package registry

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAllTokensAreListedOnce(t *testing.T) {
	source := func(name, text string) Source {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		f := NewFile(path, time.Second, false)
		_, err := f.Check(t.Context())
		require.NoError(t, err)
		return f
	}
	first := source("a.yaml", "owners: [{id: acme, name: Acme}]\ntokens: [{id: a, owner: acme, prefix: aaaa, last_four: bbbb}, {id: b, prefix: cccc, last_four: dddd, status: revoked}]")
	second := source("b.yaml", "tokens: [{id: b, prefix: eeee, last_four: ffff}, {id: c, prefix: gggg, last_four: hhhh}]")
	d := NewDirectory(first, second)
	var ids []string
	for token := range d.All() {
		ids = append(ids, token.ID+" "+string(token.Status))
	}
	assert.Equal(t, []string{"a active", "b revoked", "c active"}, ids, "of what both know the first is believed")
	assert.Empty(t, slices.Collect((*Directory)(nil).All()))
}
