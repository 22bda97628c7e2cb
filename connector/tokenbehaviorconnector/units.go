package tokenbehaviorconnector

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/requests"
	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/price"
	"github.com/holterhq/holter/internal/usage"
)

var (
	unitsJoined   = metric.WithAttributeSet(attribute.NewSet(attribute.String("join", "joined")))
	unitsLost     = metric.WithAttributeSet(attribute.NewSet(attribute.String("join", "lost")))
	unitsUnpriced = metric.WithAttributeSet(attribute.NewSet(attribute.String("join", "unpriced")))
)

// units brings what spans within a request used to the token that the request was made with. Spans within end before it does, so most
// of them wait for it; those that come later find it among the latest.
type units struct {
	telemetry *metadata.TelemetryBuilder
	prices    *price.List
	seen      *requests.Recent // spans whose units were taken
	waiting   recentTraces[[16]byte, *[]otelattr.Consumption]
	requests  recentTraces[[16]byte, request]
	any       bool // units were seen at all: before that no request is remembered
	charges   []*behavior.Observation
	weights   usage.Weights
}

// usesKept is how many uses wait for a request each by itself. Those beyond are added to others of their model.
const usesKept = 1_000

// request is one that an entry span told of.
type request struct {
	obs     behavior.Observation
	learned bool
}

func newUnits(config *Config, prices *price.List, telemetry *metadata.TelemetryBuilder) *units {
	limit := config.Limits.MaxTraces
	u := &units{telemetry: telemetry, prices: prices, seen: requests.NewRecent("spans", limit, true)}
	u.waiting.limit, u.requests.limit = limit, limit
	u.waiting.dropped = func(all *[]otelattr.Consumption) {
		telemetry.TokenBehaviorUnits.Add(context.Background(), int64(len(*all)), unitsLost)
	}
	return u
}

// readUnits reads what spans used.
func (w *worker) readUnits(td ptrace.Traces) (all []otelattr.Consumption) {
	if !w.config.Units.Enabled {
		return nil
	}
	for _, resource := range td.ResourceSpans().All() {
		from := len(all)
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				if use, ok := w.useOf(resource, scope, span); ok {
					all = append(all, use)
				}
			}
		}
		if len(all) > from {
			w.clocks.uses(resource.Resource().Attributes(), all[from:], now())
		}
	}
	return all
}

// useOf reads what a span within a request used.
func (w *worker) useOf(resource ptrace.ResourceSpans, scope ptrace.ScopeSpans, span ptrace.Span) (otelattr.Consumption, bool) {
	if kind := span.Kind(); kind != ptrace.SpanKindInternal && kind != ptrace.SpanKindClient {
		return otelattr.Consumption{}, false
	}
	return otelattr.UseOf(span, w.unitAttributes, amountsOf(w.unitValues, resource, scope, span))
}

// takeUnits brings uses to requests that are known, and lets the others wait. What they cost has an ordinal of its own, since it may come when
// their requests are in a batch that was cut.
func (w *worker) takeUnits(all []otelattr.Consumption) {
	u := w.units
	if len(all) > 0 {
		w.released++
	}
	for i := range all {
		use := &all[i]
		switch {
		case use.Trace == [16]byte{} || use.Span == [8]byte{}:
			u.telemetry.TokenBehaviorUnits.Add(context.Background(), 1, unitsLost)
		case u.first(use):
			w.takeUse(use)
		}
	}
	w.settleCharges()
}

// first says whether a span's units were not taken yet.
func (u *units) first(use *otelattr.Consumption) bool {
	u.any = true
	return u.seen.Admit(&otelattr.Record{Observation: behavior.Observation{Trace: use.Trace, Span: use.Span}}) != requests.Duplicate
}

// takeUse brings a use to its request, or lets it wait.
func (w *worker) takeUse(use *otelattr.Consumption) {
	u := w.units
	if r, ok := u.requests.get(use.Trace); ok {
		w.chargeOne(&r, use, w.released)
		return
	}
	waiting, ok := u.waiting.get(use.Trace)
	if !ok {
		u.waiting.put(use.Trace, &[]otelattr.Consumption{*use})
		return
	}
	if len(*waiting) < usesKept {
		*waiting = append(*waiting, *use)
		return
	}
	alike := slices.IndexFunc(*waiting, func(w otelattr.Consumption) bool { return w.Model == use.Model && w.Weight == use.Weight })
	if alike < 0 {
		u.telemetry.TokenBehaviorUnits.Add(context.Background(), 1, unitsLost)
		return
	}
	(*waiting)[alike].Merge(use)
	u.telemetry.TokenBehaviorUnits.Add(context.Background(), 1, unitsJoined)
}

// takeRequest brings the uses that have waited for a request to it.
func (w *worker) takeRequest(r *otelattr.Record, learned bool, ordinal uint64) {
	u := w.units
	if !u.any || r.Trace == [16]byte{} || r.Outbound {
		return
	}
	entry := request{obs: r.Observation, learned: learned}
	u.requests.put(r.Trace, entry)
	if waiting, ok := u.waiting.get(r.Trace); ok {
		u.waiting.remove(r.Trace)
		for i := range *waiting {
			w.chargeOne(&entry, &(*waiting)[i], ordinal)
		}
	}
}

func (w *worker) chargeOne(r *request, use *otelattr.Consumption, ordinal uint64) {
	u, ctx := w.units, context.Background()
	obs := r.obs
	obs.Time, obs.Trace, obs.Span = use.Time, use.Trace, use.Span
	u.telemetry.TokenBehaviorUnits.Add(ctx, 1, unitsJoined)
	weight := cmp.Or(use.Weight, r.obs.Weight)
	for _, a := range use.Amounts {
		cost, known := u.prices.Of(a.Unit, use.Model, a.N)
		if !known {
			u.telemetry.TokenBehaviorUnits.Add(ctx, 1, unitsUnpriced)
		}
		if weight > 0 {
			cost *= weight
		}
		w.metrics.charge(&obs, ordinal, &usage.Charge{
			Unit: usage.Unit{Name: a.Unit, Model: use.Model}, Amount: u.weights.Scaled(a.N, weight), Cost: cost, Currency: u.prices.Currency, At: w.timeOf(&obs),
		})
		obs.Cost += cost
	}
	if r.learned && obs.Cost > 0 && obs.Time != 0 {
		u.charges = append(u.charges, &obs)
	}
}

// settleCharges judges what was spent.
func (w *worker) settleCharges() {
	if len(w.units.charges) == 0 {
		return
	}
	events, _ := w.learner.learn(w.units.charges, 0)
	clear(w.units.charges)
	w.units.charges = w.units.charges[:0]
	w.tell(events)
}

// held returns what waits for its request, in the order of trace and span.
func (u *units) held() (all []otelattr.Consumption) {
	for _, generation := range [...]map[[16]byte]*[]otelattr.Consumption{u.waiting.old, u.waiting.young} {
		for _, uses := range generation {
			all = append(all, *uses...)
		}
	}
	slices.SortFunc(all, func(a, b otelattr.Consumption) int {
		return cmp.Or(bytes.Compare(a.Trace[:], b.Trace[:]), bytes.Compare(a.Span[:], b.Span[:]))
	})
	return all
}

// recentTraces remembers the latest keys, in two generations.
type recentTraces[K comparable, V any] struct {
	young, old map[K]V
	limit      int
	dropped    func(V)
}

func (r *recentTraces[K, V]) get(k K) (v V, ok bool) {
	if v, ok = r.young[k]; !ok {
		v, ok = r.old[k]
	}
	return v, ok
}

func (r *recentTraces[K, V]) put(k K, v V) {
	if len(r.young) >= max(1, r.limit/2) {
		if r.dropped != nil {
			for _, gone := range r.old {
				r.dropped(gone)
			}
		}
		r.young, r.old = nil, r.young
	}
	if r.young == nil {
		r.young = make(map[K]V)
	}
	delete(r.old, k)
	r.young[k] = v
}

func (r *recentTraces[K, V]) remove(k K) {
	delete(r.young, k)
	delete(r.old, k)
}
