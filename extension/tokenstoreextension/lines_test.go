package tokenstoreextension

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
)

// line is a batch of anomalies as the file exporter writes it.
func line(t testing.TB, tokens ...string) string {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, token := range tokens {
		record := records.AppendEmpty()
		record.Body().SetStr("Key of " + token + " was used from Brazil.")
		record.Attributes().PutStr(otelattr.TokenID, token)
	}
	text, err := new(plog.JSONMarshaler).MarshalLogs(ld)
	require.NoError(t, err)
	return string(text)
}

func TestLinesAreForgotten(t *testing.T) {
	folder := t.TempDir()
	path, rotated := filepath.Join(folder, "anomalies.jsonl"), filepath.Join(folder, "anomalies-2026-11-01.jsonl")
	text := strings.Join([]string{
		line(t, "tok_a"), line(t, "tok_b"), line(t, "tok_b", "tok_a", "tok_c"), "", `{"other":"of Carol \u0026 Sons"}`, `not JSON tok_a`, line(t, "tok_bc", "tok_d"), line(t, "tok_d"), line(t, "tok_e of Carol & Sons", "tok_f"),
	}, "\n")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	require.NoError(t, os.WriteFile(rotated, []byte(line(t, "tok_a")+"\n"), 0o600))
	l := lines{pattern: filepath.Join(folder, "anomalies*.jsonl")}
	of := store.Forgetting{Tokens: []string{"tok_a"}, Words: []string{"Carol & Sons"}}
	require.NoError(t, l.forget(t.Context(), of))
	left, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Len(t, left, len(text), "nobody's place in the file moves")
	var rest []string
	for part := range strings.SplitSeq(string(left), "\n") {
		rest = append(rest, strings.TrimRight(part, " "))
	}
	assert.Equal(t, []string{"{}", line(t, "tok_b"), line(t, "tok_b", "tok_c"), "", "{}", "{}", line(t, "tok_bc", "tok_d"), line(t, "tok_d"), line(t, "tok_f")}, rest)
	old, err := os.ReadFile(rotated)
	require.NoError(t, err)
	assert.False(t, bytes.Contains(old, []byte("tok_a")))
	assert.NoError(t, lines{pattern: filepath.Join(folder, "none.jsonl")}.forget(t.Context(), of), "it may not be there yet")
}

// Whatever a line is, what is left of it is as long, and tells of nobody who is gone.
func FuzzWithout(f *testing.F) {
	f.Add([]byte(line(f, "tok_a", "tok_b")))
	f.Add([]byte("tok_a"))
	f.Add([]byte(`{"resourceLogs":[{"resource":{"attributes":[{"key":"tok_a"}]}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := newSweeper(store.Forgetting{Tokens: []string{"tok_a"}})
		rest := s.without(text)
		assert.Len(t, rest, len(text))
		if ld, err := new(plog.JSONUnmarshaler).UnmarshalLogs(rest); err == nil {
			for _, resource := range ld.ResourceLogs().All() {
				for _, scope := range resource.ScopeLogs().All() {
					for _, record := range scope.LogRecords().All() {
						assert.False(t, s.told(record.Body()) || s.toldIn(record.Attributes()))
					}
				}
			}
		}
	})
}
