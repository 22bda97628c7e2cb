package tokenregistry

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// No source can see by itself that rotations go round in a circle through several.
func TestACircleThroughSourcesIsSaid(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string, ago time.Duration) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		require.NoError(t, os.Chtimes(path, time.Now().Add(-ago), time.Now().Add(-ago)))
		return path
	}
	a := write("a.csv", "id,user,replaces\na,u,b\n", 3*time.Hour)
	b := write("b.csv", "id,user,replaces\nb,v,a\n", 3*time.Hour)
	d := startDesk(t, "{keys: {identity: "+encoded(1)+"}, registry: {sources: [{file: {path: "+a+", reload_interval: 1h}}, {file: {path: "+b+", reload_interval: 1h}}]}}")
	require.Len(t, d.logs.FilterMessageSnippet("Rotations go round in a circle").All(), 1)
	require.Len(t, d.health.troubles, 1)
	assert.Contains(t, d.health.troubles[0], "go round in a circle through several sources")
	errors, err := d.telemetry.GetMetric("otelcol_token_registry_source_errors")
	require.NoError(t, err)
	assert.Len(t, errors.Data.(metricdata.Sum[int64]).DataPoints, 1)

	write("b.csv", "id,user,replaces\nb,v,\n", time.Hour)
	require.NoError(t, d.Check(t.Context()))
	assert.Equal(t, 1, d.health.well)
	require.Len(t, d.logs.FilterMessageSnippet("circle no longer").All(), 1)
}
