package plant

import (
	"math/rand/v2"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRulesFindTheirOwnSecrets(t *testing.T) {
	all := Rules()
	require.Greater(t, len(all), 170)
	random := rand.New(rand.NewPCG(1, 1))
	for _, rule := range all {
		pattern := regexp.MustCompile("^(?:" + rule.Pattern + ")$")
		for range 20 {
			assert.Regexp(t, pattern, rule.Secret(random), rule.ID)
		}
	}
}
