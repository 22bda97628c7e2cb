package integration

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/holterhq/holter/internal/freeport"
)

// ours are the component types that the stock collector does not know, and the extension that holds their state.
var ours = []string{"token_identity", "token_behavior", "token_response", "token_store", "token_console", "file_storage"}

func stockConfigs(t *testing.T) []string {
	t.Helper()
	configs, err := filepath.Glob("testdata/stock/*.yaml")
	require.NoError(t, err)
	kept := configs[:0]
	for _, config := range configs {
		if filepath.Base(config) != "components.yaml" {
			kept = append(kept, config)
		}
	}
	require.NotEmpty(t, kept)
	return kept
}

func TestEveryShippedAndStockConfigIsValid(t *testing.T) {
	shipped, err := filepath.Glob("../configs/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, shipped)
	for _, config := range append(shipped, stockConfigs(t)...) {
		t.Run(filepath.Base(config), func(t *testing.T) {
			t.Parallel()
			code, output := newCollector(t, onTopOf(config)...).Run("validate")
			require.Zero(t, code, output)
		})
	}
}

// onTopOf gives the configs that a config is meant to be laid over, and itself. A shipped config that is no whole pipeline
// says so in its first lines: "--config configs/gateway.yaml --config configs/webhook.yaml".
func onTopOf(config string) []string {
	text, err := os.ReadFile(config)
	if err != nil {
		return []string{config}
	}
	chain := regexp.MustCompile(`--config configs/(\S+\.yaml) --config configs/` + regexp.QuoteMeta(filepath.Base(config)))
	if match := chain.FindStringSubmatch(string(text)); match != nil {
		return []string{filepath.Join("../configs", match[1]), config}
	}
	return []string{config}
}

func TestStockConfigsRun(t *testing.T) {
	// One after the other: they listen on the same well-known ports.
	for _, config := range stockConfigs(t) {
		t.Run(filepath.Base(config), func(t *testing.T) {
			c := newCollector(t, withFreePorts(t, config)).Start()
			require.False(t, c.Exited())
		})
	}
}

// withFreePorts is the config as it stands, or a copy with other ports where somebody already listens on one of its own.
func withFreePorts(t *testing.T, config string) string {
	t.Helper()
	text, err := os.ReadFile(config)
	require.NoError(t, err)
	moved := regexp.MustCompile(`(\d+\.\d+\.\d+\.\d+:|port: )(\d+)`).ReplaceAllStringFunc(string(text), func(address string) string {
		cut := strings.LastIndexAny(address, ": ") + 1
		port, err := strconv.Atoi(address[cut:])
		require.NoError(t, err)
		if freeport.Free(port) {
			return address
		}
		return address[:cut] + freePorts(t, 1)[0]
	})
	if moved == string(text) {
		return config
	}
	t.Logf("some ports of %s are taken on this machine: it runs on others", config)
	copied := filepath.Join(t.TempDir(), filepath.Base(config))
	require.NoError(t, os.WriteFile(copied, []byte(moved), 0o600))
	return copied
}

// sections are the kinds of components in a config.
var sections = []string{"receivers", "processors", "exporters", "connectors", "extensions"}

func TestHoldsEveryComponentOfTheStockDistribution(t *testing.T) {
	c := newCollector(t)
	code, output := c.Run("components")
	require.Zero(t, code, output)
	var built map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(output), &built))
	for section, names := range stockComponents(t) {
		var have []string
		for _, entry := range built[section].([]any) {
			have = append(have, entry.(map[string]any)["name"].(string))
		}
		require.Subset(t, have, names, section)
	}
}

func stockComponents(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/stock/components.yaml")
	require.NoError(t, err)
	var components map[string][]string
	require.NoError(t, yaml.Unmarshal(text, &components))
	return components
}

func TestWithoutOurComponentsTheDefaultConfigIsAStockConfig(t *testing.T) {
	text, err := os.ReadFile("../configs/default.yaml")
	require.NoError(t, err)
	var config map[string]any
	require.NoError(t, yaml.Unmarshal(text, &config))

	takeOut(config)
	for section, known := range stockComponents(t) {
		components, _ := config[section].(map[string]any)
		for id := range components {
			require.Contains(t, known, typeOf(id), "%s of a stock collector", section)
		}
	}
	stripped, err := yaml.Marshal(config)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "stripped.yaml")
	require.NoError(t, os.WriteFile(path, stripped, 0o600))
	code, output := newCollector(t, path).Run("validate")
	require.Zero(t, code, output)
}

// takeOut removes our components, and with them the pipelines that they alone fed, or that fed them alone.
func takeOut(config map[string]any) {
	for _, section := range sections {
		components, _ := config[section].(map[string]any)
		for id := range components {
			if isOurs(id) {
				delete(components, id)
			}
		}
	}
	service := config["service"].(map[string]any)
	service["extensions"] = withoutOurs(service["extensions"])
	pipelines := service["pipelines"].(map[string]any)
	for id, value := range pipelines {
		pipeline := value.(map[string]any)
		for _, section := range []string{"receivers", "processors", "exporters"} {
			pipeline[section] = withoutOurs(pipeline[section])
		}
		if len(pipeline["receivers"].([]any)) == 0 || len(pipeline["exporters"].([]any)) == 0 {
			delete(pipelines, id)
		}
	}
}

func withoutOurs(ids any) []any {
	kept := []any{}
	list, _ := ids.([]any)
	for _, id := range list {
		if !isOurs(id.(string)) {
			kept = append(kept, id)
		}
	}
	return kept
}

func isOurs(id string) bool {
	for _, name := range ours {
		if typeOf(id) == name {
			return true
		}
	}
	return false
}

func typeOf(id string) string {
	name, _, _ := strings.Cut(id, "/")
	return name
}
