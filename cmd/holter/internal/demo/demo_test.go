package demo

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/sim"
)

// The test binary is also the collector that the demo starts: one that raises an anomaly for each of the listed traces.
const fakeTraces = "HOLTER_DEMO_FAKE_TRACES"

func TestMain(m *testing.M) {
	if traces, ok := os.LookupEnv(fakeTraces); ok {
		fakeCollector(traces)
		return
	}
	os.Exit(m.Run())
}

type fake struct {
	ptraceotlp.UnimplementedGRPCServer
	mu     sync.Mutex
	traces string
	path   string
}

func (f *fake) Export(_ context.Context, req ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rs := range req.Traces().ResourceSpans().All() {
		for _, sp := range rs.ScopeSpans().At(0).Spans().All() {
			id := sp.TraceID().String()
			if !strings.Contains(f.traces, id) {
				continue
			}
			f.traces = strings.ReplaceAll(f.traces, id, "")
			file, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
			if err != nil {
				return ptraceotlp.NewExportResponse(), err
			}
			_, err = file.Write(line(sp.TraceID(), sp.EndTimestamp(), "someone"))
			if err := file.Close(); err != nil {
				return ptraceotlp.NewExportResponse(), err
			}
			if err != nil {
				return ptraceotlp.NewExportResponse(), err
			}
		}
	}
	return ptraceotlp.NewExportResponse(), nil
}

// line is an anomaly as the file exporter writes it.
func line(trace pcommon.TraceID, at pcommon.Timestamp, registry string) []byte {
	logs := plog.NewLogs()
	r := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetEventName(otelattr.EventAnomaly)
	r.SetTimestamp(at)
	r.SetTraceID(trace)
	r.SetSeverityText("ERROR")
	r.Body().SetStr("Key sk_live_…9f3a (Acme, payments) called GET /v1/exports for the first time, from NL.")
	r.Attributes().PutStr(otelattr.AnomalyDetector, "new_country")
	r.Attributes().PutStr(otelattr.TokenRegistryID, registry)
	r.Attributes().PutStr(otelattr.TokenOwnerName, "Acme")
	r.Attributes().PutStr(otelattr.GeoCountry, "NL")
	r.Attributes().PutDouble(otelattr.AnomalyScore, 12.5)
	e := r.Attributes().PutEmptySlice(otelattr.AnomalyEvidence).AppendEmpty().SetEmptyMap()
	e.PutStr(otelattr.EvidenceFacet, "country")
	e.PutStr(otelattr.EvidenceObserved, "NL")
	e.PutStr(otelattr.EvidenceExpected, "DE")
	e.PutDouble(otelattr.EvidenceNats, 7.5)
	e.PutInt(otelattr.EvidenceSamples, 412)
	e.PutDouble(otelattr.EvidenceAge, 86400*28)
	b, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	if err != nil {
		panic(err)
	}
	return append(b, '\n')
}

func fakeCollector(traces string) {
	endpoint := ""
	for _, a := range os.Args {
		if v, ok := strings.CutPrefix(a, "--set=receivers::otlp::protocols::grpc::endpoint="); ok {
			endpoint = v
		}
	}
	if traces == "" {
		fmt.Println("token_identity: no such thing")
		os.Exit(1)
	}
	l, err := net.Listen("tcp", endpoint)
	if err != nil {
		panic(err)
	}
	s := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(s, &fake{traces: traces, path: filepath.Join(os.Getenv("HOLTER_DATA"), "anomalies.jsonl")})
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	go func() {
		<-ended
		s.GracefulStop()
	}()
	_ = s.Serve(l)
}

func config(t *testing.T) Config {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return Config{
		Collector: self, Seed: 3, Tokens: 40, Days: 9, Duration: time.Second, Budget: 1, Wait: 3 * time.Second,
		Now: time.Date(2026, 4, 26, 12, 0, 0, 0, time.UTC),
	}
}

// traces of the demo's fleet: the thief's in order, and somebody else's.
func traces(t *testing.T, cfg Config) (thief, others []string) {
	t.Helper()
	f, err := sim.New(sim.Config{
		Seed: cfg.Seed, Tokens: cfg.Tokens, Start: cfg.Now.AddDate(0, 0, -cfg.Days), Days: cfg.Days,
		Attacks: []sim.Attack{{Name: "stolen-key", Start: cfg.Now.Add(-theftBefore)}},
	})
	require.NoError(t, err)
	for q := range f.Requests() {
		if q.Attack != nil {
			thief = append(thief, hex.EncodeToString(q.Trace[:]))
		} else if q.Token.ID != f.Labels()[0].RegistryID {
			others = append(others, hex.EncodeToString(q.Trace[:]))
		}
	}
	return thief, others
}

func TestTheDemoShowsTheTheft(t *testing.T) {
	cfg := config(t)
	thief, others := traces(t, cfg)
	t.Setenv(fakeTraces, thief[4]+","+others[100])
	var out bytes.Buffer
	require.NoError(t, Run(t.Context(), cfg, &out))
	for _, want := range []string{
		"40 API tokens", "new_country, at the thief's request 5,", "owner Acme", "country NL", "observed NL", "expected DE", "from 412 requests in 28 days",
		"Else: 1 alert in 9 days; the budget of 1 a week allows 1.", "within the budget", "thief",
	} {
		assert.Contains(t, out.String(), want)
	}
	t.Log("\n" + out.String())
}

func TestTheDemoFailsWhenTheKeyIsMissed(t *testing.T) {
	cfg := config(t)
	cfg.Data = t.TempDir()
	_, others := traces(t, cfg)
	t.Setenv(fakeTraces, others[100])
	err := Run(t.Context(), cfg, &bytes.Buffer{})
	require.ErrorContains(t, err, "was missed")
	assert.FileExists(t, filepath.Join(cfg.Data, "collector.log"))
}

func TestTheDemoFailsWhenTheBudgetIsExceeded(t *testing.T) {
	cfg := config(t)
	cfg.Data = t.TempDir()
	thief, others := traces(t, cfg)
	t.Setenv(fakeTraces, strings.Join(append(others[:4], thief[0]), ","))
	require.EqualError(t, Run(t.Context(), cfg, &bytes.Buffer{}), "4 other alerts exceed the budget of 1")
}

func TestACollectorThatDoesNotStartIsQuoted(t *testing.T) {
	cfg := config(t)
	cfg.Data = t.TempDir()
	t.Setenv(fakeTraces, "")
	require.ErrorContains(t, Run(t.Context(), cfg, &bytes.Buffer{}), "token_identity: no such thing")
}

func TestOwnersFilesOfOthersAreLeftAlone(t *testing.T) {
	cfg := config(t)
	cfg.Collector, cfg.Endpoint, cfg.Data = "", "127.0.0.1:1", t.TempDir()
	mine := filepath.Join(cfg.Data, "owners.yaml")
	require.NoError(t, os.WriteFile(mine, []byte("owners: []\n"), 0o644))
	require.ErrorContains(t, Run(t.Context(), cfg, &bytes.Buffer{}), "was not drawn by holter")
	b, err := os.ReadFile(mine)
	require.NoError(t, err)
	assert.Equal(t, "owners: []\n", string(b))
}

func TestEventsAreFollowedAcrossPartialLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anomalies.jsonl")
	f, err := followFrom(path)
	require.NoError(t, err)
	got, err := f.more()
	require.NoError(t, err)
	assert.Empty(t, got)

	one := line(pcommon.TraceID{1}, pcommon.Timestamp(1e18), "key_1")
	require.NoError(t, os.WriteFile(path, one[:50], 0o644))
	got, err = f.more()
	require.NoError(t, err)
	assert.Empty(t, got)
	require.NoError(t, os.WriteFile(path, append(one, one...), 0o644))
	got, err = f.more()
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.Equal(t, "key_1", got[0].registry)
	assert.Equal(t, []evidence{{"country", "NL", "DE", 7.5, 412, 28 * 24 * time.Hour}}, got[0].evidence)
}

func TestTheStripShowsOwnerAndThief(t *testing.T) {
	end := time.Date(2026, 4, 26, 12, 0, 0, 0, time.UTC)
	at := func(d, h int) int64 { return time.Date(2026, 4, d, h, 0, 0, 0, time.UTC).Unix() / 3600 }
	th := &theft{own: map[int64]int{at(24, 9): 16, at(24, 13): 4}, hostile: map[int64]int{at(26, 2): 9}}
	got := th.strip(end, time.UTC, false)
	assert.Equal(t, []string{
		"         Mon 20  Tue 21  Wed 22  Thu 23  Fri 24  Sat 25  Sun 26  ",
		"  owner  " + strings.Repeat("▁", 35) + "█▅" + strings.Repeat("▁", 19),
		"  thief  " + strings.Repeat(" ", 48) + "▆" + strings.Repeat(" ", 7),
	}, got)
}
