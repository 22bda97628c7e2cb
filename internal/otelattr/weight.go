package otelattr

import "github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"

// weightOf is how many requests a span stands for by the sampling threshold in its tracestate (ot=th:…); 0 if it says none.
func weightOf(tracestate string) float64 {
	state, err := sampling.NewW3CTraceState(tracestate)
	if err != nil {
		return 0
	}
	return state.OTelValue().AdjustedCount()
}
