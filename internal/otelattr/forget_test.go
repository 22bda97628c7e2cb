package otelattr

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

func TestForgetUsage(t *testing.T) {
	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	sum, gauge, histogram, owners, rest := metrics.AppendEmpty(), metrics.AppendEmpty(), metrics.AppendEmpty(), metrics.AppendEmpty(), metrics.AppendEmpty()
	sum.SetEmptySum()
	gauge.SetEmptyGauge()
	histogram.SetEmptyExponentialHistogram()
	for _, id := range []string{"tok_a", "tok_b"} {
		sum.Sum().DataPoints().AppendEmpty().Attributes().PutStr(TokenID, id)
		gauge.Gauge().DataPoints().AppendEmpty().Attributes().PutStr(TokenID, id)
		histogram.ExponentialHistogram().DataPoints().AppendEmpty().Attributes().PutStr(TokenID, id)
	}
	owners.SetEmptyGauge().DataPoints().AppendEmpty().Attributes().PutStr(TokenOwnerID, "acme")
	rest.SetEmptySum().DataPoints().AppendEmpty().Attributes().PutStr(HTTPRoute, "/v1/orders")
	assert.False(t, ForgetUsage(md, NewGone([]string{"tok_c"}, []string{"zeta"})))
	assert.Equal(t, 8, md.DataPointCount())
	assert.True(t, ForgetUsage(md, NewGone([]string{"tok_a"}, []string{"acme"})))
	assert.Equal(t, 4, md.DataPointCount())
	assert.Equal(t, 4, md.MetricCount(), "one has nothing left")
	assert.False(t, ForgetUsage(md, NewGone([]string{"tok_a"}, []string{"acme"})))
}

func TestForgetEvent(t *testing.T) {
	gone := NewGone([]string{"tok_a"}, []string{"acme"})
	event := plog.NewLogRecord()
	event.Attributes().PutStr(TokenID, "tok_b")
	_, kept := ForgetEvent(event, gone)
	assert.True(t, kept)
	event.Attributes().PutStr(TokenOwnerID, "acme")
	_, kept = ForgetEvent(event, gone)
	assert.False(t, kept)

	many := plog.NewLogRecord()
	list := many.Attributes().PutEmptySlice(AnomalyTokens)
	for _, id := range []string{"tok_a", "tok_b"} {
		list.AppendEmpty().SetStr(id)
	}
	changed, kept := ForgetEvent(many, gone)
	assert.True(t, kept)
	named, _ := changed.Attributes().Get(AnomalyTokens)
	assert.Equal(t, []any{"tok_b"}, named.Slice().AsRaw())
	assert.Equal(t, 2, list.Len(), "who reads it just now is not disturbed")
}
