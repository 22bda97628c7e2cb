package credential

import (
	"hash/crc32"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// routable makes a GitLab key of the form that has a checksum.
func routable(r *rand.Rand, prefix string) string {
	key := prefix + draw(r, lower+upper+digits, 36) + ".10"
	sum := strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(key))), 36)
	return key + strings.Repeat("0", 7-len(sum)) + sum
}

func TestKeysWithAWrongChecksumAreOpaque(t *testing.T) {
	r := newRandom(60)
	asked := make(map[string]bool)
	for f := range everyFormat {
		if checksums[f.Name] == nil {
			continue
		}
		asked[f.Name] = true
		key := f.sample(r)
		switch {
		case strings.HasPrefix(f.Name, "gitlab"):
			key = routable(r, f.prefix)
		case f.Name == "grafana_service_account":
			key += grafanaSum(key)
		}
		c := Parse(Plain, key)
		assert.Equal(t, f.Name, c.Format)
		assert.Equal(t, f.Kind, c.Kind)
		forged := key[:len(key)-1] + string("01"[key[len(key)-1]&1])
		if forged == key {
			forged = key[:len(key)-1] + "2"
		}
		c = Parse(Plain, forged)
		assert.Empty(t, c.Format, "%s with a wrong checksum is no such key", f.Name)
		assert.Equal(t, APIKey, c.Kind)
		assert.Equal(t, "see REDACTED there", erased(Text, "see "+forged+" there"), "and is erased all the same")
	}
	assert.Len(t, asked, len(checksums), "a checksum of a format that is not there")

	for name, key := range map[string]string{
		"github_app": "ghs_123_" + sampleJWT(r, `{"iss":"1"}`), "gitlab_pat": "glpat-" + draw(r, lower+upper+digits, 20),
		"grafana_service_account": "glsa_" + draw(r, lower+upper+digits, 33),
	} {
		require.Equal(t, name, Parse(Plain, key).Format, "a form without a checksum")
	}
}
