package otelattr

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// BenchmarkStoredUsage reads a second's usage of a thousand tokens: outcomes, routes, origins, releases and clients of each.
func BenchmarkStoredUsage(b *testing.B) {
	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	const tokens = 1000
	for name, attributes := range map[string]map[string]any{
		MetricRequests:        {TokenOutcome: "success"},
		MetricRouteRequests:   {HTTPMethod: "GET", HTTPRoute: "/v1/orders/{id}"},
		MetricOriginRequests:  {GeoCountry: "DE", ClientASNumber: 3320},
		MetricReleaseRequests: {ServiceName: "shop", ServiceVersion: "1.4.2"},
		MetricClientRequests:  {UserAgentName: "curl"},
	} {
		m := metrics.AppendEmpty()
		m.SetName(name)
		s := m.SetEmptySum()
		s.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		for i := range tokens {
			p := s.DataPoints().AppendEmpty()
			p.SetStartTimestamp(pcommon.Timestamp(1774407600e9))
			p.SetTimestamp(pcommon.Timestamp(1774407660e9))
			p.SetIntValue(7)
			if err := p.Attributes().FromRaw(attributes); err != nil {
				b.Fatal(err)
			}
			p.Attributes().PutStr(TokenID, fmt.Sprintf("tok_%026d", i))
			p.Attributes().PutStr(TokenOwnerID, "acme")
		}
	}
	points := metrics.Len() * tokens
	b.ReportAllocs()
	for b.Loop() {
		batches, _ := StoredUsage(md)
		if len(batches[0].Facts) != points {
			b.Fatal("some are missing")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*points), "ns/point")
}
