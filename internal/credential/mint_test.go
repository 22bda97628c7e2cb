package credential

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMintedKeysAreTakenForRealOnes(t *testing.T) {
	for _, format := range Mintable() {
		random := rand.NewChaCha8([32]byte{1})
		seen := make(map[string]bool)
		for range 200 {
			key, err := Mint(format, random)
			require.NoError(t, err)
			require.False(t, seen[key], format)
			seen[key] = true
			c := Parse(Plain, key)
			require.Equal(t, format, c.Format)
			require.NotContains(t, c.Hint(), key)
			var s Scanner
			require.Len(t, s.Scan(Text, "see "+key+" there"), 1, "%s is found in text", format)
		}
	}
	_, err := Mint("morse", rand.NewChaCha8([32]byte{}))
	require.ErrorContains(t, err, `format "morse" cannot be minted: choose from github_pat`)
	_, err = Mint("github_pat", bytes.NewReader(nil))
	require.ErrorContains(t, err, "draw a key")
}

// The example of a well-known description of the format, with the checksum that its author gives.
func TestChecksums(t *testing.T) {
	assert.Equal(t, "0mLq17", base62Sum("ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ"))
	assert.Equal(t, "000000", base62Sum("ghp_"))
}

func TestMintOwn(t *testing.T) {
	key, err := MintOwn("corp_live_", rand.NewChaCha8([32]byte{2}))
	require.NoError(t, err)
	assert.Regexp(t, `^corp_live_[0-9A-Za-z]{32}$`, key)
	assert.True(t, strings.HasPrefix(Parse(Plain, key).Hint(), "corp_live_…"))
}
