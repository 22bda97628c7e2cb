package otelattr

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/holterhq/holter/internal/store"
)

// Unread is what of telemetry a store cannot take, by why.
type Unread struct {
	Foreign    int   // of metrics or events that are not about tokens
	Cumulative int   // sums since the start: what is added up twice is wrong
	Malformed  int   // that say too little, or what cannot be
	Err        error // what is wrong with the first that is malformed
}

func (u *Unread) malformed(err error) {
	u.Malformed++
	if u.Err == nil {
		u.Err = err
	}
}

var (
	errNoToken   = errors.New("neither " + TokenID + " nor " + MetricOverflow)
	errNoTime    = errors.New("no time")
	errValue     = errors.New("not a count")
	errHistogram = errors.New("a histogram that does not add up")
)

// bounds of histograms that are read
const (
	mostBuckets  = 4_096
	finestScale  = 20
	coarsestGrid = -10
)

// storedKinds are the facts that the points of a metric are.
var storedKinds = map[string]store.Kind{
	MetricRequests:        store.Outcomes,
	MetricRequestDuration: store.Durations,
	MetricIO:              store.Bytes,
	MetricRouteRequests:   store.Routes,
	MetricOriginRequests:  store.Origins,
	MetricReleaseRequests: store.Releases,
	MetricClientRequests:  store.Clients,
	MetricRouteDuration:   store.RouteDurations,
	MetricUnits:           store.Units,
	MetricCost:            store.Costs,
	MetricCoverage:        store.Coverage,
}

// StoredUsage reads usage metrics: a batch of each scope that says anything, with the engine and the sequence that it is known by.
func StoredUsage(md pmetric.Metrics) ([]store.Batch, Unread) {
	r := storedReader{routes: make(map[[2]string]string), systems: make(map[int64]string)}
	var batches []store.Batch
	for _, resource := range md.ResourceMetrics().All() {
		for _, scope := range resource.ScopeMetrics().All() {
			r.batch, r.sightings = store.Batch{}, make(map[[2]string]int)
			for _, m := range scope.Metrics().All() {
				r.metric(m)
			}
			r.batch.Sightings = telling(r.batch.Sightings)
			if len(r.batch.Facts)+len(r.batch.Sightings) == 0 {
				continue
			}
			attrs := scope.Scope().Attributes()
			r.batch.Engine, r.batch.Pipe = textOf(attrs, BatchEngineID), textOf(attrs, BatchPipe)
			if sequence, ok := attrs.Get(BatchSequence); ok {
				r.batch.Sequence = uint64(sequence.Int())
			}
			batches = append(batches, r.batch)
		}
	}
	return batches, r.unread
}

func textOf(attrs pcommon.Map, key string) string {
	v, ok := attrs.Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}

// storedReader turns the metrics of a scope into a batch.
type storedReader struct {
	batch     store.Batch
	sightings map[[2]string]int // by token and direction
	routes    map[[2]string]string
	systems   map[int64]string
	unread    Unread
}

func (r *storedReader) metric(m pmetric.Metric) {
	switch m.Name() {
	case MetricActive: // what a store counts by itself
		return
	case MetricLastUsed:
		r.gauge(m, r.lastUsed)
		return
	case MetricEvidence:
		r.gauge(m, r.evidence)
		return
	case MetricEvidenceThreshold:
		r.gauge(m, r.threshold)
		return
	}
	kind, ours := storedKinds[m.Name()]
	switch {
	case !ours:
		r.unread.Foreign += points(m)
	case kind == store.Durations || kind == store.RouteDurations:
		r.histograms(m, kind)
	default:
		r.sums(m, kind)
	}
}

func points(m pmetric.Metric) int {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return m.Gauge().DataPoints().Len()
	case pmetric.MetricTypeSum:
		return m.Sum().DataPoints().Len()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().DataPoints().Len()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().DataPoints().Len()
	case pmetric.MetricTypeSummary:
		return m.Summary().DataPoints().Len()
	}
	return 0
}

func (r *storedReader) misfit(m pmetric.Metric) {
	for range points(m) {
		r.unread.malformed(fmt.Errorf("%s: a %s was not expected", m.Name(), strings.ToLower(m.Type().String())))
	}
}

func (r *storedReader) sums(m pmetric.Metric, kind store.Kind) {
	if m.Type() != pmetric.MetricTypeSum {
		r.misfit(m)
		return
	}
	if m.Sum().AggregationTemporality() != pmetric.AggregationTemporalityDelta {
		r.unread.Cumulative += points(m)
		return
	}
	for _, p := range m.Sum().DataPoints().All() {
		fact, err := r.fact(kind, p.Attributes(), p.StartTimestamp(), p.Timestamp())
		if err == nil {
			fact.Value, err = count(p, kind)
		}
		if err != nil {
			r.unread.malformed(fmt.Errorf("%s: %w", m.Name(), err))
			continue
		}
		r.batch.Facts = append(r.batch.Facts, fact)
	}
}

// count is the value of a sum; of costs in billionths.
func count(p pmetric.NumberDataPoint, kind store.Kind) (int64, error) {
	value, scale := float64(p.IntValue()), 1.0
	if p.ValueType() == pmetric.NumberDataPointValueTypeDouble {
		value = p.DoubleValue()
	}
	if kind == store.Costs {
		scale = 1e9
	} else if p.ValueType() == pmetric.NumberDataPointValueTypeInt && p.IntValue() >= 0 {
		return p.IntValue(), nil
	}
	value = math.Round(value * scale)
	if !(value >= 0 && value < math.MaxInt64) {
		return 0, fmt.Errorf("%v: %w", value/scale, errValue)
	}
	return int64(value), nil
}

func (r *storedReader) histograms(m pmetric.Metric, kind store.Kind) {
	if m.Type() != pmetric.MetricTypeExponentialHistogram {
		r.misfit(m)
		return
	}
	if m.ExponentialHistogram().AggregationTemporality() != pmetric.AggregationTemporalityDelta {
		r.unread.Cumulative += points(m)
		return
	}
	for _, p := range m.ExponentialHistogram().DataPoints().All() {
		fact, err := r.fact(kind, p.Attributes(), p.StartTimestamp(), p.Timestamp())
		if err == nil {
			fact.Value = int64(p.Count())
			fact.Histogram, err = histogramOf(p)
		}
		if err != nil {
			r.unread.malformed(fmt.Errorf("%s: %w", m.Name(), err))
			continue
		}
		r.batch.Facts = append(r.batch.Facts, fact)
	}
}

func histogramOf(p pmetric.ExponentialHistogramDataPoint) (*store.Histogram, error) {
	h := &store.Histogram{
		Scale: p.Scale(), Offset: p.Positive().Offset(), Counts: p.Positive().BucketCounts().AsRaw(), Zeros: p.ZeroCount(), Sum: p.Sum(),
	}
	total := h.Zeros
	for _, n := range h.Counts {
		total += n
	}
	if total != p.Count() || p.Count() > math.MaxInt64 || len(h.Counts) > mostBuckets || h.Scale > finestScale || h.Scale < coarsestGrid ||
		!(h.Sum >= 0 && h.Sum <= math.MaxFloat64) {
		return nil, errHistogram
	}
	return h, nil
}

// pointKeys are the attributes of a data point that make its place among the facts.
type pointKeys struct {
	store.Subject
	outcome, direction, method, route, country, service, version, client, unit, model, currency, cover string
	system                                                                                             int64
	overflow                                                                                           bool
}

func (k *pointKeys) read(attrs pcommon.Map) {
	for name, v := range attrs.All() {
		switch name {
		case TokenID:
			k.Token = v.AsString()
		case TokenOwnerID:
			k.Owner = v.AsString()
		case TokenOwnerTeam:
			k.Team = v.AsString()
		case TokenOutcome:
			k.outcome = v.AsString()
		case IODirection:
			k.direction = v.AsString()
		case HTTPMethod:
			k.method = v.AsString()
		case HTTPRoute:
			k.route = v.AsString()
		case GeoCountry:
			k.country = v.AsString()
		case ClientASNumber:
			k.system = v.Int()
		case ServiceName:
			k.service = v.AsString()
		case ServiceVersion:
			k.version = v.AsString()
		case UserAgentName:
			k.client = v.AsString()
		case UnitName:
			k.unit = v.AsString()
		case RequestModel:
			k.model = v.AsString()
		case UnitCurrency:
			k.currency = v.AsString()
		case CoverageState:
			k.cover = v.AsString()
		case MetricOverflow:
			k.overflow = v.Bool()
		}
	}
}

// fact is what a data point counts, yet without its value.
func (r *storedReader) fact(kind store.Kind, attrs pcommon.Map, start, end pcommon.Timestamp) (store.Fact, error) {
	if start == 0 && end > 0 {
		start = end - 1
	}
	if start == 0 {
		return store.Fact{}, errNoTime
	}
	var keys pointKeys
	keys.read(attrs)
	f := store.Fact{Minute: int64(start / pcommon.Timestamp(time.Minute)), Kind: kind, Subject: keys.Subject, Overflow: keys.overflow}
	if kind == store.RouteDurations || kind == store.Coverage {
		f.Subject = store.Subject{}
	} else if f.Subject.Token == "" && !keys.overflow {
		return store.Fact{}, errNoToken
	}
	switch kind {
	case store.Outcomes:
		f.First = keys.outcome
	case store.Routes:
		f.First = r.route(keys.method, keys.route)
	case store.Origins:
		f.First, f.Second = keys.country, r.system(keys.system)
	case store.Releases:
		f.First, f.Second = keys.service, keys.version
	case store.Clients:
		f.First = keys.client
	case store.Bytes:
		f.First = keys.direction
	case store.RouteDurations:
		f.First, f.Second = r.route(keys.method, keys.route), keys.outcome
	case store.Units:
		f.First, f.Second = keys.unit, keys.model
	case store.Costs:
		f.First, f.Second = keys.currency, keys.model
	case store.Coverage:
		f.First, f.Second = keys.service, keys.cover
	}
	return f, nil
}

// route is one text of a method and a route. The same is the same string, so that a batch does not hold it often.
func (r *storedReader) route(method, route string) string {
	key := [2]string{method, route}
	text, ok := r.routes[key]
	if !ok {
		text = strings.TrimSpace(method + " " + route)
		r.routes[key] = text
	}
	return text
}

func (r *storedReader) system(number int64) string {
	if number <= 0 {
		return ""
	}
	text, ok := r.systems[number]
	if !ok {
		text = "AS" + strconv.FormatInt(number, 10)
		r.systems[number] = text
	}
	return text
}
