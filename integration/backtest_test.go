package integration

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// capture writes calls as the file exporter would, a batch a line, a file for each two weeks.
func capture(t *testing.T, folder string, calls []Call) {
	t.Helper()
	files := map[int]*strings.Builder{}
	for from := 0; from < len(calls); {
		part := int(calls[from].At.Sub(start) / (14 * 24 * time.Hour))
		to := from
		for to < len(calls) && to-from < 3000 && int(calls[to].At.Sub(start)/(14*24*time.Hour)) == part {
			to++
		}
		line, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces(calls[from:to]...))
		require.NoError(t, err)
		if files[part] == nil {
			files[part] = &strings.Builder{}
		}
		files[part].Write(line)
		files[part].WriteByte('\n')
		from = to
	}
	for part, text := range files {
		path := filepath.Join(folder, "requests-"+strconv.Itoa(part)+".jsonl")
		require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	}
}

// anomaliesIn are the anomaly events of a file: time, detector and hint.
func anomaliesIn(t *testing.T, path string) (events []string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	for line := range strings.Lines(string(data)) {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs([]byte(line))
		if err != nil {
			continue // the last line may be half written
		}
		for _, resource := range ld.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					detector, _ := record.Attributes().Get("anomaly.detector")
					hint, _ := record.Attributes().Get("api_token.hint")
					events = append(events, record.Timestamp().AsTime().Format(time.RFC3339)+" "+detector.AsString()+" "+hint.AsString())
				}
			}
		}
	}
	return events
}

// configs/backtest.yaml says what would have fired on telemetry that lies in files, and says the same again.
func TestBacktest(t *testing.T) {
	key := keyNumber(1)
	calls := history(key, 42, 20)
	stolen := calls[len(calls)-1].At.Add(9 * time.Hour)
	calls = append(calls, theft(key, stolen, 40)...)
	input := t.TempDir()
	capture(t, input, calls)
	require.FileExists(t, filepath.Join(input, "requests-2.jsonl"))
	info, err := os.Stat(filepath.Join(input, "requests-0.jsonl"))
	require.NoError(t, err)
	require.Greater(t, info.Size(), int64(1<<20), "lines that are longer than what is usual for a log")

	run := func() []string {
		c := newCollector(t, "../configs/backtest.yaml", `yaml:service: {telemetry: {metrics: {readers: [pull: {exporter: {prometheus: {host: 127.0.0.1, port: "${env:TELEMETRY}"}}}]}}}`)
		c.Env["HOLTER_INPUT"], c.Env["HOLTER_OUTPUT"] = filepath.Join(input, "*.jsonl"), c.File("backtest.jsonl")
		c.Start()
		waitFor(t, "every line to be read", func() bool {
			return sum(samples(t, c.Telemetry()), "otelcol_receiver_accepted_spans") == float64(len(calls))
		})
		c.Stop()
		require.Empty(t, newHunt(map[string]string{"the key": key}).SearchFolder(t, c.Data))
		return anomaliesIn(t, c.File("backtest.jsonl"))
	}
	events := run()
	require.NotEmpty(t, events)
	for _, event := range events {
		at, err := time.Parse(time.RFC3339, strings.Fields(event)[0])
		require.NoError(t, err)
		require.False(t, at.Before(stolen), "a regular life raises nothing: %s", event)
	}
	require.Equal(t, events, run())
}
