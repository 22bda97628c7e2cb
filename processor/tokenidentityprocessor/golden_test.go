package tokenidentityprocessor

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/otelattr"
)

var update = flag.Bool("update", false, "write the expected files of the golden tests")

// goldenEngine knows the owner of one token of the golden files, and one proxy.
func goldenEngine(t *testing.T) *engine {
	t.Helper()
	cfg := testConfig()
	cfg.Registry.File = filepath.Join("testdata", "golden", "owners.yaml")
	cfg.TrustedProxies = []string{"10.0.0.0/8"}
	cfg.Attributes = []string{otelattr.TokenOwnerName, otelattr.TokenType}
	return startedEngine(t, cfg)
}

func cases(t *testing.T, signal string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join("testdata", "golden", signal, "*"))
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

func TestGoldenTraces(t *testing.T) {
	for _, dir := range cases(t, "traces") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			in, err := golden.ReadTraces(filepath.Join(dir, "input.yaml"))
			require.NoError(t, err)
			out, err := goldenEngine(t).processTraces(t.Context(), in)
			require.NoError(t, err)
			path := filepath.Join(dir, "expected.yaml")
			if *update {
				require.NoError(t, golden.WriteTracesToFile(path, out))
				return
			}
			want, err := golden.ReadTraces(path)
			require.NoError(t, err)
			require.NoError(t, ptracetest.CompareTraces(want, out))
		})
	}
}

func TestGoldenLogs(t *testing.T) {
	for _, dir := range cases(t, "logs") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			in, err := golden.ReadLogs(filepath.Join(dir, "input.yaml"))
			require.NoError(t, err)
			out, err := goldenEngine(t).processLogs(t.Context(), in)
			require.NoError(t, err)
			path := filepath.Join(dir, "expected.yaml")
			if *update {
				require.NoError(t, golden.WriteLogsToFile(path, out))
				return
			}
			want, err := golden.ReadLogs(path)
			require.NoError(t, err)
			require.NoError(t, plogtest.CompareLogs(want, out))
		})
	}
}

// TestGoldenFilesHoldNoProvidersKey keeps what secret scanners look for out of the repository.
func TestGoldenFilesHoldNoProvidersKey(t *testing.T) {
	for _, signal := range []string{"traces", "logs"} {
		for _, dir := range cases(t, signal) {
			for _, name := range []string{"input.yaml", "expected.yaml"} {
				b, err := os.ReadFile(filepath.Join(dir, name))
				require.NoError(t, err)
				for _, rule := range rules {
					if prefix, _ := regexp.MustCompile(rule.Pattern).LiteralPrefix(); !rule.Named && len(prefix) > 3 && !strings.HasPrefix(prefix, "http") {
						require.NotContains(t, string(b), prefix, rule.ID)
					}
				}
			}
		}
	}
}
