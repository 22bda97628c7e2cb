package tokenbehaviorconnector

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/requests"
	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/usage"
)

// observations are those of the records of a batch that are counted, where they stand.
type observations struct {
	all   []*behavior.Observation
	marks []mark
}

// mark is what belongs to an observation and is not for the engine.
type mark struct {
	token      string // of an observation that is not learned from: the engine does not see it
	role       usage.Role
	served     bool // a server span: counts for the coverage of its service
	unreadable bool
	ordinal    uint64
}

var (
	reasonDuplicate = metric.WithAttributeSet(attribute.NewSet(attribute.String("reason", "duplicate")))
	reasonNested    = metric.WithAttributeSet(attribute.NewSet(attribute.String("reason", "nested")))
	taskLearning    = metric.WithAttributeSet(attribute.NewSet(attribute.String("task", "learning")))
	taskCounting    = metric.WithAttributeSet(attribute.NewSet(attribute.String("task", "counting")))
)

// process counts and learns from records that need not wait any longer. Requests that we answer come before those that we
// make, which may be part of them and end earlier.
func (w *worker) process(records []otelattr.Record) {
	obs := &w.buffers.obs
	obs.all, obs.marks = obs.all[:0], obs.marks[:0]
	var tally tally
	first := w.released
	made := 0 // requests that we make
	for i := range records {
		w.recent.Await(records[i:])
		if records[i].Outbound {
			made++
		} else {
			w.admit(&records[i], first+uint64(i)+1, &tally)
		}
	}
	for i := 0; made > 0; i++ {
		if records[i].Outbound {
			made--
			w.admit(&records[i], first+uint64(i)+1, &tally)
		}
	}
	w.released += uint64(len(records))
	if len(obs.all) > 0 {
		events, learned := w.learner.learn(obs.all, tally.learn)
		for i := range obs.marks {
			if token := obs.marks[i].token; token != "" {
				obs.all[i].Token = token
			}
		}
		w.count(obs)
		if !learned {
			tally.unlearned = tally.learn
		}
		w.tell(events)
		w.settleCharges()
	}
	tally.report(w)
	clear(obs.all)
}

// admit decides what a record is and appends its observation.
func (w *worker) admit(r *otelattr.Record, ordinal uint64, tally *tally) {
	var counted, learn bool
	switch w.recent.Admit(r) {
	case requests.Duplicate:
		tally.duplicates++
		return
	case requests.Nested:
		tally.nested++
		if !r.Served {
			return
		}
	case requests.Counterpart:
		tally.nested++
		learn = true
	default:
		counted = r.Token != ""
		learn = counted
	}
	if counted {
		tally.requests++
		if r.Time == 0 {
			tally.untimed++
		}
		if r.Weight < 0 {
			tally.sampled++
		}
		w.takeRequest(r, learn && r.Time != 0 && !r.Provisional, ordinal)
	}
	obs := &w.buffers.obs
	obs.all = append(obs.all, &r.Observation)
	obs.marks = append(obs.marks, mark{})
	m := &obs.marks[len(obs.marks)-1] // filled in where it stands: copied, it would wait for all that was written before
	m.role.Request, m.role.Served, m.role.At, m.role.Details = counted, r.Served, w.timeOf(&r.Observation), r.Details
	m.served, m.unreadable, m.ordinal = r.Served, r.Unreadable, ordinal
	if learn && r.Time != 0 && !r.Provisional {
		tally.learn++
	} else {
		m.token = r.Token
		r.Token = ""
	}
}

// timeOf is when something is counted: in event time, or on arrival where event time means nothing.
func (w *worker) timeOf(o *behavior.Observation) int64 {
	if o.Time <= 0 || o.Astray {
		return w.arrival
	}
	return o.Time
}

// count adds observations to the usage.
func (w *worker) count(obs *observations) {
	for i := range obs.all {
		w.metrics.await(obs.all[i:])
		w.metrics.record(obs.all[i], &obs.marks[i])
	}
	w.health.recovered(faultCounting)
}

// tally is what happened to the records of a batch.
type tally struct {
	requests, duplicates, nested, untimed, sampled, learn, unlearned int64
}

func (t *tally) report(w *worker) {
	ctx := context.Background()
	add := func(counter metric.Int64Counter, n int64, options ...metric.AddOption) {
		if n > 0 {
			counter.Add(ctx, n, options...)
		}
	}
	add(w.telemetry.TokenBehaviorObservations, t.requests)
	add(w.telemetry.TokenBehaviorSkipped, t.duplicates, reasonDuplicate)
	add(w.telemetry.TokenBehaviorSkipped, t.nested, reasonNested)
	add(w.telemetry.TokenBehaviorUntimed, t.untimed)
	add(w.telemetry.TokenBehaviorUnlearned, t.unlearned)
	add(w.telemetry.TokenBehaviorUnknownSampling, t.sampled)
	if t.sampled > 0 && !w.saidSampled {
		w.saidSampled = true
		w.logger.Warn("requests were sampled on the way here for a reason and not by chance: they are counted once, and counts and errors of their tokens " +
			"are not judged; put tail_sampling after token_behavior")
	}
}

// report tells telemetry how large things are.
func (w *worker) report() {
	ctx := context.Background()
	w.telemetry.TokenBehaviorTokens.Record(ctx, int64(w.learner.told.Tokens))
	w.telemetry.TokenBehaviorTenants.Record(ctx, int64(w.learner.told.Tenants))
	w.telemetry.TokenBehaviorWatched.Record(ctx, int64(w.learner.told.Watched))
	w.telemetry.TokenBehaviorRoutes.Record(ctx, int64(w.learner.tree.Routes()))
	w.telemetry.TokenBehaviorOutboxSize.Record(ctx, int64(w.events.waiting()))
	pending, size := w.store.sizes()
	w.telemetry.TokenBehaviorJournalPending.Record(ctx, int64(pending))
	w.telemetry.TokenBehaviorJournalSize.Record(ctx, int64(size))
}
