package tokenregistryextension

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/registry"
)

// snippets are the README's examples of a language.
func snippets(t *testing.T, language string) (all []string) {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for i, part := range strings.Split(string(text), "```") {
		if rest, ok := strings.CutPrefix(part, language+"\n"); ok && i%2 == 1 {
			all = append(all, rest)
		}
	}
	return all
}

func TestTheExamplesOfTheREADMEAreGood(t *testing.T) {
	configs, registries := 0, 0
	for _, text := range snippets(t, "yaml") {
		var file struct {
			Extensions map[string]map[string]any `yaml:"extensions"`
			Tokens     []any                     `yaml:"tokens"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(text), &file))
		if file.Tokens != nil {
			registries++
			read(t, registry.YAML, text)
			continue
		}
		configs++
		cfg := NewFactory().CreateDefaultConfig()
		require.NoError(t, confmap.NewFromStringMap(file.Extensions["token_registry"]).Unmarshal(cfg))
		require.NoError(t, confmap.Validate(cfg), text)
	}
	for _, text := range snippets(t, "csv") {
		registries++
		read(t, registry.CSV, text)
	}
	assert.Equal(t, [2]int{4, 2}, [2]int{configs, registries})
}

func read(t *testing.T, format registry.Format, text string) {
	t.Helper()
	snapshot, err := format.Parse(strings.NewReader(text))
	require.NoError(t, err)
	found := snapshot.Find(credential.Credential{Raw: "corp_live_example"})
	require.NotNil(t, found, "the digest is that of corp_live_example")
	assert.Equal(t, "key_2 Acme gold", fmt.Sprint(found.ID, " ", found.Owner.Name, " ", found.Tags["plan"]))
}
