package tokenconsoleextension

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

func TestTheExamplesOfTheREADMEAreGood(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	examples := 0
	for i, part := range strings.Split(string(text), "```") {
		example, ok := strings.CutPrefix(part, "yaml\n")
		if !ok || i%2 == 0 {
			continue
		}
		examples++
		var file struct {
			Extensions map[string]map[string]any `yaml:"extensions"`
		}
		example = strings.NewReplacer("${env:ANA_PASSWORD_HASH}", hash, "${env:BEN_PASSWORD_HASH}", hash, "${env:HOLTER_CLIENT_SECRET}", "secret").Replace(example)
		require.NoError(t, yaml.Unmarshal([]byte(example), &file))
		assert.NoError(t, confmap.Validate(configOf(t, file.Extensions["token_console"])), example)
	}
	assert.Equal(t, 3, examples)
}
