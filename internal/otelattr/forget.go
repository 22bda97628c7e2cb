package otelattr

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Gone are tokens, by their ids, and owners that somebody has erased.
type Gone struct{ Tokens, Owners map[string]bool }

// NewGone makes sets of lists.
func NewGone(tokens, owners []string) Gone {
	set := func(list []string) map[string]bool {
		all := make(map[string]bool, len(list))
		for _, one := range list {
			all[one] = true
		}
		return all
	}
	return Gone{set(tokens), set(owners)}
}

// ForgetUsage takes the points of tokens and owners out of usage metrics. It says whether there were any.
func ForgetUsage(md pmetric.Metrics, gone Gone) (changed bool) {
	theirs := func(attrs pcommon.Map) bool {
		is := gone.tellsOf(attrs)
		changed = changed || is
		return is
	}
	for _, resource := range md.ResourceMetrics().All() {
		for _, scope := range resource.ScopeMetrics().All() {
			scope.Metrics().RemoveIf(func(m pmetric.Metric) bool {
				switch m.Type() {
				case pmetric.MetricTypeSum:
					m.Sum().DataPoints().RemoveIf(func(p pmetric.NumberDataPoint) bool { return theirs(p.Attributes()) })
					return m.Sum().DataPoints().Len() == 0
				case pmetric.MetricTypeGauge:
					m.Gauge().DataPoints().RemoveIf(func(p pmetric.NumberDataPoint) bool { return theirs(p.Attributes()) })
					return m.Gauge().DataPoints().Len() == 0
				case pmetric.MetricTypeExponentialHistogram:
					m.ExponentialHistogram().DataPoints().RemoveIf(func(p pmetric.ExponentialHistogramDataPoint) bool { return theirs(p.Attributes()) })
					return m.ExponentialHistogram().DataPoints().Len() == 0
				}
				return false
			})
		}
	}
	return changed
}

// ForgetEvent is an event without some tokens: kept is false where it tells of one of them, and of many it names the others.
func ForgetEvent(log plog.LogRecord, gone Gone) (event plog.LogRecord, kept bool) {
	if gone.tellsOf(log.Attributes()) {
		return log, false
	}
	named := func(list pcommon.Slice) bool {
		for _, id := range list.All() {
			if gone.Tokens[id.Str()] {
				return true
			}
		}
		return false
	}
	list, ok := log.Attributes().Get(AnomalyTokens)
	if !ok || list.Type() != pcommon.ValueTypeSlice || !named(list.Slice()) {
		return log, true
	}
	others := plog.NewLogRecord() // who reads the other one just now goes on to
	log.CopyTo(others)
	list, _ = others.Attributes().Get(AnomalyTokens)
	list.Slice().RemoveIf(func(id pcommon.Value) bool { return gone.Tokens[id.Str()] })
	return others, true
}

func (g *Gone) tellsOf(attrs pcommon.Map) bool {
	id, ok := attrs.Get(TokenID)
	owner, owned := attrs.Get(TokenOwnerID)
	return ok && g.Tokens[id.Str()] || owned && g.Owners[owner.Str()]
}
