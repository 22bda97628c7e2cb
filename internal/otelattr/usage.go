package otelattr

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/usage"
)

// Usage metrics.
const (
	MetricRequests        = "api_token.requests"
	MetricRequestDuration = "api_token.request.duration"
	MetricIO              = "api_token.io"
	MetricRouteRequests   = "api_token.route.requests"
	MetricOriginRequests  = "api_token.origin.requests"
	MetricReleaseRequests = "api_token.release.requests"
	MetricClientRequests  = "api_token.client.requests"
	MetricRouteDuration   = "api_token.route.duration"
	MetricUnits           = "api_token.units"
	MetricCost            = "api_token.units.cost"
	MetricActive          = "api_token.active"
	MetricCoverage        = "api_token.coverage"
)

// Metrics of the tokens themselves, for who keeps them.
const (
	MetricLastUsed          = "api_token.last_used"          // gauge in s: unix time of the latest request
	MetricEvidence          = "api_token.evidence"           // gauge in nats: how much speaks against the token
	MetricEvidenceThreshold = "api_token.evidence.threshold" // and how much the alert budget asks for
	EvidenceState           = "api_token.baseline.state"     // of a data point: BaselineLearning …
)

// Attributes of usage metrics.
const (
	IODirection     = "network.io.direction" // receive or transmit, as seen from the server
	MetricOverflow  = "otel.metric.overflow" // true: the series of all that has none of its own
	CoverageState   = "api_token.coverage.state"
	BatchEngineID   = "holter.engine.id" // of a delta batch's scope, with BatchSequence: the same batch twice is to be counted once
	BatchSequence   = "holter.batch.sequence"
	BatchPipe       = "holter.batch.pipe" // the pipeline that sequences are counted for
	UnitName        = "unit"              // input_tokens, output_tokens, or what the configuration names
	UnitCurrency    = "currency"
	RequestModel    = "gen_ai.request.model"
	CoverWith       = "with"
	CoverWithout    = "without"
	CoverUnreadable = "unreadable"
)

// PutUsage writes a batch of usage into empty metrics.
func PutUsage(b *usage.Batch, metrics pmetric.MetricSlice) {
	w := NewUsageWriter(b.Delta, metrics)
	w.Put(b)
	w.Close()
}

// Put writes a batch of usage.
func (w *UsageWriter) Put(b *usage.Batch) {
	w.start, w.end = pcommon.Timestamp(b.Start), pcommon.Timestamp(b.End)
	for i := range b.Tokens {
		w.token(&b.Tokens[i])
	}
	for i := range b.Routes {
		w.route(&b.Routes[i])
	}
	for i := range b.Active {
		w.owner(&b.Active[i])
	}
	for i := range b.Cover {
		w.service(&b.Cover[i])
	}
}

// Close leaves out the metrics that nothing was written to.
func (w *UsageWriter) Close() {
	w.metrics.RemoveIf(func(m pmetric.Metric) bool {
		switch m.Type() {
		case pmetric.MetricTypeSum:
			return m.Sum().DataPoints().Len() == 0
		case pmetric.MetricTypeGauge:
			return m.Gauge().DataPoints().Len() == 0
		default:
			return m.ExponentialHistogram().DataPoints().Len() == 0
		}
	})
}

// UsageWriter writes batches of usage into the same metrics.
type UsageWriter struct {
	metrics                                        pmetric.MetricSlice
	end                                            pcommon.Timestamp
	start                                          pcommon.Timestamp
	requests, io, routes, origins, releases, cover pmetric.NumberDataPointSlice
	clients, active, units, costs                  pmetric.NumberDataPointSlice
	lastUsed, evidence, threshold                  pmetric.NumberDataPointSlice
	duration, stress                               pmetric.ExponentialHistogramDataPointSlice
}

// NewUsageWriter writes into empty metrics.
func NewUsageWriter(delta bool, metrics pmetric.MetricSlice) *UsageWriter {
	temporality := pmetric.AggregationTemporalityCumulative
	if delta {
		temporality = pmetric.AggregationTemporalityDelta
	}
	sum := func(name, unit, description string) pmetric.NumberDataPointSlice {
		s := describe(metrics, name, unit, description).SetEmptySum()
		s.SetAggregationTemporality(temporality)
		s.SetIsMonotonic(true)
		return s.DataPoints()
	}
	histogram := func(name, unit, description string) pmetric.ExponentialHistogramDataPointSlice {
		h := describe(metrics, name, unit, description).SetEmptyExponentialHistogram()
		h.SetAggregationTemporality(temporality)
		return h.DataPoints()
	}
	return &UsageWriter{
		metrics:  metrics,
		requests: sum(MetricRequests, "{request}", "Requests made with the token."),
		duration: histogram(MetricRequestDuration, "s", "How long requests made with the token took."),
		io:       sum(MetricIO, "By", "Bytes of request and response bodies."),
		routes:   sum(MetricRouteRequests, "{request}", "Requests made with the token, by route."),
		units:    sum(MetricUnits, "{unit}", "What requests made with the token used beside themselves, such as tokens of a language model."),
		costs:    sum(MetricCost, "{currency}", "What that cost, by the price file."),
		origins:  sum(MetricOriginRequests, "{request}", "Requests made with the token, by where they came from."),
		releases: sum(MetricReleaseRequests, "{request}", "Requests made with the token, by the service and version that answered."),
		clients:  sum(MetricClientRequests, "{request}", "Requests made with the token, by the client that made them."),
		stress:   histogram(MetricRouteDuration, "s", "How long requests to the route took, whoever made them."),
		active: describe(metrics, MetricActive, "{token}", "Distinct tokens used since the previous data point.").
			SetEmptyGauge().DataPoints(),
		cover: sum(MetricCoverage, "{span}", "Server spans with a token, without one, and with a credential that cannot be read."),
	}
}

func describe(metrics pmetric.MetricSlice, name, unit, description string) pmetric.Metric {
	m := metrics.AppendEmpty()
	m.SetName(name)
	m.SetUnit(unit)
	m.SetDescription(description)
	return m
}

func (w *UsageWriter) token(u *usage.TokenUsage) {
	start := pcommon.Timestamp(u.Start)
	add := func(points pmetric.NumberDataPointSlice, n uint64) pcommon.Map {
		attrs := w.add(points, start, n)
		putTokenSeries(u.Token, attrs)
		return attrs
	}
	for outcome, n := range u.Outcomes {
		if n > 0 {
			add(w.requests, n).PutStr(TokenOutcome, behavior.Outcome(outcome).String())
		}
	}
	if u.Duration.Count > 0 {
		p := w.duration.AppendEmpty()
		w.histogram(&u.Duration, start, p)
		putTokenSeries(u.Token, p.Attributes())
		putExemplar(u.Slowest, p)
	}
	if u.Received > 0 {
		add(w.io, u.Received).PutStr(IODirection, "receive")
	}
	if u.Sent > 0 {
		add(w.io, u.Sent).PutStr(IODirection, "transmit")
	}
	for i, route := range u.Routes.Keys {
		putRoute(route, add(w.routes, u.Routes.Counts[i]))
	}
	for i, origin := range u.Origins.Keys {
		attrs := add(w.origins, u.Origins.Counts[i])
		putSome(attrs, GeoCountry, origin.Country)
		putASNumber(origin.AS, attrs)
	}
	for i, release := range u.Releases.Keys {
		attrs := add(w.releases, u.Releases.Counts[i])
		putSome(attrs, ServiceName, release.Service)
		putSome(attrs, ServiceVersion, release.Version)
	}
	for i, client := range u.Clients.Keys {
		putSome(add(w.clients, u.Clients.Counts[i]), UserAgentName, client)
	}
	if u.Units != nil {
		w.spent(u, start)
	}
	rest := func(points pmetric.NumberDataPointSlice, n uint64) {
		if n > 0 {
			add(points, n).PutBool(MetricOverflow, true)
		}
	}
	rest(w.routes, u.Routes.Rest)
	rest(w.origins, u.Origins.Rest)
	rest(w.releases, u.Releases.Rest)
	rest(w.clients, u.Clients.Rest)
}

// spent writes what the requests of a token used, and what that cost.
func (w *UsageWriter) spent(u *usage.TokenUsage, start pcommon.Timestamp) {
	amounts, costs := &u.Units.Amounts, &u.Units.Costs
	for i, unit := range amounts.Keys {
		attrs := w.add(w.units, start, amounts.Counts[i])
		putTokenSeries(u.Token, attrs)
		putSome(attrs, UnitName, unit.Name)
		putSome(attrs, RequestModel, unit.Model)
	}
	if amounts.Rest > 0 {
		attrs := w.add(w.units, start, amounts.Rest)
		putTokenSeries(u.Token, attrs)
		attrs.PutBool(MetricOverflow, true)
	}
	cost := func(counted uint64) pcommon.Map {
		attrs := w.add(w.costs, start, 0)
		w.costs.At(w.costs.Len() - 1).SetDoubleValue(usage.Cost(counted))
		putTokenSeries(u.Token, attrs)
		putSome(attrs, UnitCurrency, u.Units.Money)
		return attrs
	}
	for i, unit := range costs.Keys {
		putSome(cost(costs.Counts[i]), RequestModel, unit.Model)
	}
	if costs.Rest > 0 {
		cost(costs.Rest).PutBool(MetricOverflow, true)
	}
}

func (w *UsageWriter) route(r *usage.RouteDuration) {
	p := w.stress.AppendEmpty()
	w.histogram(&r.Duration, w.start, p)
	p.Attributes().PutStr(TokenOutcome, r.Outcome.String())
	if r.Overflow {
		p.Attributes().PutBool(MetricOverflow, true)
		return
	}
	putRoute(r.Route, p.Attributes())
}

func (w *UsageWriter) owner(a *usage.Active) {
	attrs := w.add(w.active, 0, a.Tokens)
	putSome(attrs, TokenOwnerID, a.OwnerID)
	putSome(attrs, TokenOwnerTeam, a.OwnerTeam)
	if a.Overflow {
		attrs.PutBool(MetricOverflow, true)
	}
}

func (w *UsageWriter) service(s *usage.ServiceCoverage) {
	put := func(state string, n uint64) {
		if n == 0 {
			return
		}
		attrs := w.add(w.cover, w.start, n)
		attrs.PutStr(CoverageState, state)
		if s.Overflow {
			attrs.PutBool(MetricOverflow, true)
			return
		}
		putSome(attrs, ServiceName, s.Service)
	}
	put(CoverWith, s.With)
	put(CoverWithout, s.Without)
	put(CoverUnreadable, s.Unreadable)
}

// add appends a data point and returns its empty attributes.
func (w *UsageWriter) add(points pmetric.NumberDataPointSlice, start pcommon.Timestamp, n uint64) pcommon.Map {
	p := points.AppendEmpty()
	p.SetStartTimestamp(start)
	p.SetTimestamp(w.end)
	p.SetIntValue(int64(n))
	return p.Attributes()
}

func (w *UsageWriter) histogram(h *usage.Histogram, start pcommon.Timestamp, p pmetric.ExponentialHistogramDataPoint) {
	p.SetStartTimestamp(start)
	p.SetTimestamp(w.end)
	p.SetCount(h.Count)
	p.SetSum(h.Sum)
	p.SetMin(h.Min)
	p.SetMax(h.Max)
	p.SetZeroCount(h.Zero)
	p.SetScale(h.Scale())
	p.Positive().SetOffset(h.Offset)
	p.Positive().BucketCounts().FromRaw(h.Buckets)
}

func putTokenSeries(t usage.Token, attrs pcommon.Map) {
	if t.Overflow {
		attrs.PutBool(MetricOverflow, true)
		return
	}
	attrs.PutStr(TokenID, t.ID)
	putSome(attrs, TokenOwnerID, t.OwnerID)
	putSome(attrs, TokenOwnerTeam, t.OwnerTeam)
}

func putRoute(r usage.Route, attrs pcommon.Map) {
	putSome(attrs, HTTPMethod, r.Method)
	putSome(attrs, HTTPRoute, r.Route)
}

func putExemplar(e usage.Exemplar, p pmetric.ExponentialHistogramDataPoint) {
	if e.Trace == [16]byte{} {
		return
	}
	x := p.Exemplars().AppendEmpty()
	x.SetTraceID(e.Trace)
	x.SetSpanID(e.Span)
	x.SetTimestamp(pcommon.Timestamp(e.Time))
	x.SetDoubleValue(e.Seconds)
}
