package otelattr

import (
	"flag"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/usage"
)

var update = flag.Bool("update", false, "write the golden files")

func TestAnomalyEvent(t *testing.T) {
	at := time.Date(2026, 3, 25, 3, 12, 0, 0, time.UTC).UnixNano()
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	PutAnomaly(&anomaly.Event{
		ID: "0b8f7f0e-4a63-5a6c-9d3b-0d5c2f1f7a11", Time: at, Trace: [16]byte{1}, Span: [8]byte{2}, Detector: anomaly.IdentityShift,
		Severity: anomaly.Act, Score: 23.5, Limit: 14.25, Action: anomaly.Restrict,
		Sentence: "Key sk_live_…9f3a (Acme, payments) called GET /v1/exports from AS14061 in NL at 03:12 UTC.",
		Evidence: []anomaly.Evidence{
			{Facet: "country", Observed: "NL", Expected: "DE", Nats: 9.5, Samples: 18000, Age: 64 * 24 * time.Hour, Others: anomaly.Others{Tokens: 5, Same: 2, Mostly: "DE"}},
			{Facet: "endpoint", Observed: "GET /v1/exports", Expected: "6 others", Nats: 14, Samples: 18000, Age: 64 * 24 * time.Hour},
		},
		Examples: [][16]byte{{3}, {4}},
		Token: anomaly.Token{
			ID: "tok_a", Hint: "sk_live_…9f3a", Type: "api_key", Registry: "key_1", OwnerID: "acme", OwnerName: "Acme", OwnerTeam: "payments",
		},
		Trigger: anomaly.Trigger{
			Service: "shop", Version: "1.4.2", Environment: "production", Method: "GET", Route: "/v1/exports", HTTPStatus: 200, Country: "NL",
			Network: "AS14061", Client: "python-requests",
		},
	}, pcommon.Timestamp(at+5e8), records.AppendEmpty())
	PutAnomaly(&anomaly.Event{
		ID: "5c6e1c0e-7b0d-5b0c-8f57-3d3f2b1f7a12", Time: at, Detector: anomaly.UnknownToken, Severity: anomaly.Look, Action: anomaly.Observe,
		Sentence: "Key tok_b is not in the registry.",
		Token:    anomaly.Token{ID: "tok_b", Outbound: true},
		Trigger:  anomaly.Trigger{Network: "192.0.2.0/24"},
		Remedy:   anomaly.Remedy{ID: "3f1e", Action: "lock", Target: "kong", Time: at},
	}, pcommon.Timestamp(at+5e8), records.AppendEmpty())

	file := filepath.Join("testdata", "anomaly.yaml")
	if *update {
		require.NoError(t, golden.WriteLogs(t, file, ld))
	}
	want, err := golden.ReadLogs(file)
	require.NoError(t, err)
	require.NoError(t, plogtest.CompareLogs(want, ld))
}

func TestUsageMetrics(t *testing.T) {
	for name, delta := range map[string]bool{"usage-cumulative.yaml": false, "usage-delta.yaml": true} {
		start := time.Date(2026, 3, 25, 3, 0, 0, 0, time.UTC).UnixNano()
		m := usage.New(usage.Options{Delta: delta, MaxTokens: 2, MaxRoutes: 2, MaxOrigins: 2, MaxReleases: 2, MaxClients: 2, MaxShared: 3}, start)
		count := func(n int, o behavior.Observation) {
			o.Trace, o.Span, o.Time = [16]byte{1}, [8]byte{byte(n)}, start+int64(n)
			m.Record(&o, usage.Role{Request: o.Token != "", Served: true})
		}
		request := behavior.Observation{
			Token: "tok_a", OwnerID: "acme", OwnerTeam: "payments", Service: "shop", Version: "1.4.2", Method: "GET", Route: "/v1/orders",
			Country: "DE", Network: "AS3320", RequestBytes: 10, ResponseBytes: 100, Duration: 3e6, Client: "curl",
		}
		count(1, request)
		for i, route := range []string{"/v1/orders/{id}", "/v1/exports", "/v1/users"} {
			other := request
			other.Client = []string{"okhttp", "", "curl"}[i]
			other.Route, other.Outcome, other.Duration = route, behavior.Outcome(i), int64(i+1)*40e6
			count(2+i, other)
		}
		for i, token := range []string{"tok_b", "tok_c", "tok_d"} {
			other := request
			other.Token, other.OwnerID, other.OwnerTeam, other.Network = token, "", "", "192.0.2.0/24"
			count(5+i, other)
		}
		request.Token = ""
		count(9, request)
		m.Cover(start, "shop", usage.Coverage{With: 7, Without: 1, Unreadable: 2})

		md := pmetric.NewMetrics()
		PutUsage(m.Collect(start+15e9), md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics())
		file := filepath.Join("testdata", name)
		if *update {
			require.NoError(t, golden.WriteMetrics(t, file, md, golden.SkipMetricTimestampNormalization()))
		}
		want, err := golden.ReadMetrics(file)
		require.NoError(t, err)
		require.NoError(t, pmetrictest.CompareMetrics(want, md, pmetrictest.IgnoreMetricDataPointsOrder(), pmetrictest.IgnoreMetricsOrder()))
	}
}
