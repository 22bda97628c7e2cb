package integration

import (
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// Sample is one line of a metrics page.
type Sample struct {
	Name   string
	Labels map[string]string
	Value  float64
}

// samples reads a page in Prometheus' text format. Of a histogram it gives <name>_count and <name>_sum.
func samples(t testing.TB, page string) []Sample {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(page))
	require.NoError(t, err)
	var all []Sample
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			add := func(suffix string, value float64) {
				all = append(all, Sample{Name: name + suffix, Labels: labels(metric), Value: value})
			}
			switch family.GetType() {
			case dto.MetricType_COUNTER:
				add("", metric.GetCounter().GetValue())
			case dto.MetricType_GAUGE:
				add("", metric.GetGauge().GetValue())
			case dto.MetricType_HISTOGRAM:
				add("_count", float64(metric.GetHistogram().GetSampleCount()))
				add("_sum", metric.GetHistogram().GetSampleSum())
			default:
				add("", metric.GetUntyped().GetValue())
			}
		}
	}
	return all
}

func labels(metric *dto.Metric) map[string]string {
	all := map[string]string{}
	for _, pair := range metric.GetLabel() {
		all[pair.GetName()] = pair.GetValue()
	}
	return all
}

// sum adds up the samples of a metric that carry these labels: sum(all, "m", "label", "value", …).
func sum(all []Sample, name string, labelsAndValues ...string) float64 {
	total := 0.0
	for _, sample := range all {
		if sample.Name == name && sample.has(labelsAndValues) {
			total += sample.Value
		}
	}
	return total
}

func (s Sample) has(labelsAndValues []string) bool {
	for i := 0; i+1 < len(labelsAndValues); i += 2 {
		if s.Labels[labelsAndValues[i]] != labelsAndValues[i+1] {
			return false
		}
	}
	return true
}
