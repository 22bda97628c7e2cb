package tokenbehaviorconnector

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/holterhq/holter/internal/otelattr"
)

// distinct are requests of a token each.
func distinct(from, n int) ptrace.Traces {
	calls := make([]call, n)
	for i := range calls {
		calls[i] = call{n: from + i, token: fmt.Sprint("tok_", from+i)}
	}
	return spans(calls...)
}

func TestEvidenceOfManyTokensReplacesNoCumulativeUsage(t *testing.T) {
	h := newHouse(t, func(c *Config) {
		c.Outputs = map[pipeline.ID]Output{warehouse: {Evidence: true}}
	}).start()
	const tokens = pageTokens + pageTokens/10
	h.send(distinct(0, tokens))
	h.stop()
	assert.EqualValues(t, tokens, h.prometheus.last(otelattr.MetricRequests))
	assert.EqualValues(t, tokens, h.warehouse.last(otelattr.MetricRequests))
	assert.Len(t, h.warehouse.tokensOf(otelattr.MetricEvidence), tokens)
}

func TestWhatACumulativePipelineRefusedIsSaidAgain(t *testing.T) {
	h := newHouse(t, func(c *Config) {
		c.Outputs = map[pipeline.ID]Output{warehouse: {LastUsed: true, Evidence: true}}
	}).start()
	flush := func() { h.runtime().worker.ask(t.Context(), h.runtime().worker.flush) }
	h.warehouse.set(errors.New("for a moment"))
	for i := range 3 {
		h.send(distinct(i*5, 5))
		flush()
	}
	h.warehouse.set(nil)
	h.stop()
	assert.EqualValues(t, 15, h.warehouse.last(otelattr.MetricRequests))
	assert.Len(t, h.warehouse.tokensOf(otelattr.MetricLastUsed), 15)
	assert.Len(t, h.warehouse.tokensOf(otelattr.MetricEvidence), 15)
}

// tokensOf are those that a metric has points of.
func (s *metricsSink) tokensOf(name string) map[string]bool {
	all := make(map[string]bool)
	s.points(name, func(attrs pcommon.Map, _ pmetric.NumberDataPoint) {
		token, _ := attrs.Get(otelattr.TokenID)
		all[token.Str()] = true
	})
	return all
}
