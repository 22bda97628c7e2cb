package tokenstorereceiver

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

func TestConfig(t *testing.T) {
	require.NoError(t, confmap.Validate(createDefaultConfig()))
	for kind, says := range map[string]string{"Audit": `kinds[0]: "Audit": use feedback`, "": "use feedback", "audit": ""} {
		err := confmap.Validate(&Config{TokenStore: component.MustNewID("token_store"), Kinds: []string{kind}})
		if says == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, says)
		}
	}
	assert.ErrorContains(t, confmap.Validate(&Config{}), "token_store: name the extension")
}

func TestTheExampleOfTheREADMEIsGood(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	examples := 0
	for i, part := range strings.Split(string(text), "```") {
		snippet, ok := strings.CutPrefix(part, "yaml\n")
		if !ok || i%2 == 0 {
			continue
		}
		var file struct {
			Receivers map[string]map[string]any `yaml:"receivers"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(snippet), &file))
		for _, settings := range file.Receivers {
			examples++
			cfg := createDefaultConfig()
			require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(cfg))
			require.NoError(t, confmap.Validate(cfg))
		}
	}
	assert.Equal(t, 2, examples)
}
