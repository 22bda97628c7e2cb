package otelattr

import (
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/holterhq/holter/internal/behavior"
)

// What samplers leave behind.
const (
	tailPolicy        = "tailsampling.policy" // contrib's tail_sampling, on the scope
	samplingThreshold = "sampling.threshold"  // contrib's probabilistic_sampler, on log records
	samplerType       = "sampler.type"        // Jaeger's clients, on the first span of a trace
	samplerParam      = "sampler.param"
	sampleRate        = "SampleRate" // Honeycomb's
)

// TailSampled says whether the spans of a scope were kept by a tail sampler: nobody knows what they stand for.
func TailSampled(scope pcommon.Map) bool {
	_, ok := scope.Get(tailPolicy)
	return ok
}

// readSampling reads what a sampler says in the attributes of a record.
func (f *fields) readSampling(k string, v pcommon.Value) {
	switch k {
	case tailPolicy:
		f.Weight = behavior.UnknownWeight
	case samplingThreshold:
		if threshold, err := sampling.TValueToThreshold(v.AsString()); err == nil {
			f.Weight = threshold.AdjustedCount()
		}
	case sampleRate:
		if n := number(v, 0); n > 1 {
			f.Weight = float64(n)
		}
	case samplerType:
		f.sampler = v.AsString()
	case samplerParam:
		f.samplerParam = v.Double()
	}
}

// jaeger is the weight by Jaeger's sampler. One of another type than these two keeps so many a second.
func (f *fields) jaeger() {
	switch {
	case f.sampler == "" || f.sampler == "const" || f.Weight != 0:
	case f.sampler == "probabilistic" && f.samplerParam > 0 && f.samplerParam <= 1:
		f.Weight = 1 / f.samplerParam
	default:
		f.Weight = behavior.UnknownWeight
	}
}

// weightOf is how many requests a span stands for by the sampling threshold in its tracestate (ot=th:…); 0 if it says none.
func weightOf(tracestate string) float64 {
	state, err := sampling.NewW3CTraceState(tracestate)
	if err != nil {
		return 0
	}
	return state.OTelValue().AdjustedCount()
}
