package otelattr

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/behavior"
)

func TestWeightIsReadFromWhatSamplersLeave(t *testing.T) {
	for name, c := range map[string]struct {
		state string
		attrs map[string]any
		tail  bool
		want  float64
	}{
		"not sampled":            {},
		"consistent probability": {state: "ot=th:c", want: 4},
		"somebody else's state":  {state: "congo=t61rcWkgMzE"},
		"tail sampling":          {tail: true, want: behavior.UnknownWeight},
		"head and tail":          {state: "ot=th:c", tail: true, want: behavior.UnknownWeight},
		"tail, on the span":      {state: "ot=th:c", attrs: map[string]any{tailPolicy: "slow"}, want: behavior.UnknownWeight},
		"Jaeger, always":         {attrs: map[string]any{samplerType: "const", samplerParam: true}},
		"Jaeger, one in eight":   {attrs: map[string]any{samplerType: "probabilistic", samplerParam: 0.125}, want: 8},
		"Jaeger, ten a second":   {attrs: map[string]any{samplerType: "ratelimiting", samplerParam: 10.0}, want: behavior.UnknownWeight},
		"Jaeger, nonsense":       {attrs: map[string]any{samplerType: "probabilistic", samplerParam: -1.0}, want: behavior.UnknownWeight},
		"Honeycomb":              {attrs: map[string]any{sampleRate: 20}, want: 20},
		"threshold of a log":     {attrs: map[string]any{samplingThreshold: "8"}, want: 2},
		"threshold, unreadable":  {attrs: map[string]any{samplingThreshold: "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			span := ptrace.NewSpan()
			span.SetKind(ptrace.SpanKindServer)
			span.TraceState().FromRaw(c.state)
			require.NoError(t, span.Attributes().FromRaw(c.attrs))
			scope := pcommon.NewMap()
			if c.tail {
				scope.PutStr(tailPolicy, "slow")
			}
			var r Record
			require.True(t, Origin{Sampled: TailSampled(scope)}.Span(span, &r))
			require.InDelta(t, c.want, r.Weight, 1e-9)
			if c.state != "" || c.tail {
				return
			}
			log := plog.NewLogRecord()
			require.NoError(t, log.Attributes().FromRaw(c.attrs))
			log.Attributes().PutStr(TokenID, "tok_a")
			log.Attributes().PutStr("method", "GET")
			require.True(t, Origin{}.Log(log, &r))
			require.InDelta(t, c.want, r.Weight, 1e-9)
		})
	}
}
