package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/otelcol/otelcoltest"
	"gopkg.in/yaml.v3"
)

const (
	root       = "../.."
	ourModule  = "github.com/holterhq/holter"
	manifest   = root + "/builder-config.yaml"
	forOthers  = root + "/docs/other-distribution/builder-config.yaml"
	ourVersion = ourModule + " v" + version
)

type builderConfig struct {
	Dist       struct{ Version string }
	Receivers  []builderModule
	Processors []builderModule
	Connectors []builderModule
	Exporters  []builderModule
	Extensions []builderModule
	Providers  []builderModule
	Replaces   []string
}

type builderModule struct{ GoMod, Import, Name, Path string }

func (c builderConfig) modules() []builderModule {
	var all []builderModule
	for _, section := range [][]builderModule{c.Receivers, c.Processors, c.Connectors, c.Exporters, c.Extensions, c.Providers} {
		all = append(all, section...)
	}
	return all
}

func readManifest(t *testing.T, path string) builderConfig {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var c builderConfig
	require.NoError(t, yaml.Unmarshal(text, &c))
	return c
}

func TestVersionsOfTheManifestAreThoseOfGoMod(t *testing.T) {
	c := readManifest(t, manifest)
	goMod, err := os.ReadFile(root + "/go.mod")
	require.NoError(t, err)

	assert.Equal(t, version, c.Dist.Version)
	for _, module := range c.modules() {
		if strings.HasPrefix(module.GoMod, ourModule+" ") {
			assert.Equal(t, ".", module.Path, module.Import)
			continue
		}
		assert.Regexp(t, `(?m)^\t`+regexp.QuoteMeta(module.GoMod)+`( // indirect)?$`, string(goMod))
	}
	for _, replace := range c.Replaces {
		assert.Contains(t, string(goMod), "replace "+replace)
	}
}

func TestOddVersionsSayWhy(t *testing.T) {
	text, err := os.ReadFile(manifest)
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	base := regexp.MustCompile(`\(v(\S+), stable modules v(\S+)\)`).FindStringSubmatch(string(text))
	require.NotNil(t, base, "the manifest says what its base is")
	regular := regexp.MustCompile(fmt.Sprintf(`(%s v0\.0\.0|v%s|v%s)$`, ourModule, regexp.QuoteMeta(base[1]), regexp.QuoteMeta(base[2])))
	for i, line := range lines {
		if strings.Contains(line, "gomod:") && !regular.MatchString(line) {
			assert.Contains(t, lines[i-1], "#", "%s: no reason beside it", strings.TrimSpace(line))
		}
	}
}

func TestShippedConfigsAreValid(t *testing.T) {
	factories, err := components()
	require.NoError(t, err)
	t.Setenv("HOLTER_DATA", t.TempDir())
	t.Setenv("HOLTER_IDENTITY_KEY", "YW4gaWRlbnRpdHkga2V5IG9mIHRoaXJ0eS10d28gYnl0ZXM=")
	t.Setenv("HOLTER_FINGERPRINT_KEY", "YSBmaW5nZXJwcmludCBrZXkgb2YgMzIgYnl0ZXMgaGVyZSE=")
	t.Setenv("HOLTER_WEBHOOK_URL", "https://alerts.example.com/holter")
	t.Setenv("HOLTER_WEBHOOK_SECRET", "whsec_ZXhhbXBsZS1vbmx5LXJlcGxhY2UtbWUtMTIzNDU2")

	shipped, err := filepath.Glob(root + "/configs/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, shipped)
	for _, config := range shipped {
		t.Run(filepath.Base(config), func(t *testing.T) {
			_, err := otelcoltest.LoadConfigAndValidate(config, factories)
			assert.NoError(t, err)
		})
		t.Run(filepath.Base(config)+" with what it offers in comments", func(t *testing.T) {
			_, err := otelcoltest.LoadConfigAndValidate(uncommented(t, config), factories)
			assert.NoError(t, err)
		})
	}
}

// uncommented is a copy of a config with all the settings that it holds in comments. What stands before the first setting
// is prose.
func uncommented(t *testing.T, config string) string {
	t.Helper()
	text, err := os.ReadFile(config)
	require.NoError(t, err)
	setting := regexp.MustCompile(`^( +)# ( *(- )?[a-z_]+:( .*)?)$`)
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		lines[i] = setting.ReplaceAllString(line, "$1$2")
	}
	path := filepath.Join(t.TempDir(), filepath.Base(config))
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600))
	return path
}

// A manifest outside the repository adds Holter's components to another set of components.
func TestOtherDistributionsCanBeGenerated(t *testing.T) {
	text, err := os.ReadFile(forOthers)
	require.NoError(t, err)
	assert.NotContains(t, strings.ReplaceAll(string(text), ourVersion+"\n", ""), "gomod: "+ourModule, "another version than this one")
	repository, err := filepath.Abs(root)
	require.NoError(t, err)

	outside := t.TempDir()
	ours := string(text) + fmt.Sprintf("\nreplaces:\n  - %s => %s\n", ourModule, repository)
	require.NoError(t, os.WriteFile(filepath.Join(outside, "builder-config.yaml"), []byte(ours), 0o600))
	args := []string{"tool", "-modfile=" + repository + "/internal/tools/go.mod", "builder", "--skip-compilation"}
	if os.Getenv("HOLTER_PROVE") == "" {
		args = append(args, "--skip-get-modules") // which would ask the network for every module
	}
	builder := exec.Command("go", append(args, "--config", filepath.Join(outside, "builder-config.yaml"), "--output-path", filepath.Join(outside, "build"))...)
	builder.Dir = repository
	output, err := builder.CombinedOutput()
	require.NoError(t, err, string(output))

	generated, err := os.ReadFile(filepath.Join(outside, "build", "components.go"))
	require.NoError(t, err)
	for _, component := range []string{"tokenidentityprocessor", "tokenbehaviorconnector", "tokenresponseexporter", "tokenstoreexporter", "tokenstorereceiver", "tokenstoreextension"} {
		assert.Contains(t, string(generated), component+".NewFactory()")
	}
}
