package tokenresponseexporter

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	extauthzv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
)

// denyListDocs are the blocks of the documentation in one language.
func denyListDocs(t *testing.T, language string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile("docs/deny_list.md")
	require.NoError(t, err)
	for _, match := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, match[1])
	}
	return blocks
}

func TestTheExampleIsValid(t *testing.T) {
	raw, err := confmap.NewRetrievedFromYAML([]byte(denyListDocs(t, "yaml")[0]))
	require.NoError(t, err)
	whole, err := raw.AsConf()
	require.NoError(t, err)
	conf, err := whole.Sub("exporters::token_response")
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, conf.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	assert.True(t, cfg.DenyList.HTTP.HasValue())
}

// Envoy takes the filters by its own definition of them: no field that it does not know, none that it forbids.
func TestEnvoyTakesTheFilters(t *testing.T) {
	filters := 0
	for _, block := range denyListDocs(t, "yaml") {
		if !strings.Contains(block, "ExtAuthz") {
			continue
		}
		filters++
		var list []struct {
			Name   string         `yaml:"name"`
			Config map[string]any `yaml:"typed_config"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(block), &list))
		require.Len(t, list, 1)
		require.Equal(t, "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz", list[0].Config["@type"])
		delete(list[0].Config, "@type")
		text, err := json.Marshal(list[0].Config)
		require.NoError(t, err)
		var filter extauthzv3.ExtAuthz
		require.NoError(t, protojson.Unmarshal(text, &filter))
		require.NoError(t, filter.ValidateAll())
		assert.True(t, filter.GetFailureModeAllow())
	}
	assert.Equal(t, 2, filters)
}

// The formula for gateways that poll makes the id that stands in the list.
func TestTheFormulaMakesTheID(t *testing.T) {
	for _, program := range []string{"openssl", "base32", "od"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is missing", program)
			}
			t.Skipf("SKIPPED: %s is missing", program)
		}
	}
	formula := denyListDocs(t, "sh")
	require.Len(t, formula, 1)
	out, err := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", formula[0]+`id "$1" "$2"`, "bash", stolenKey, denyKey).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Equal(t, idOf(t, stolenKey), strings.TrimSpace(string(out)))
}
