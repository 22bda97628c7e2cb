package tokenbehaviorconnector

import (
	"encoding/json"
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/holterhq/holter/internal/otelattr"
)

const cutKey = "cut"

// cut is what a restart must know of delta batches: up to where they were cut, so that a replay counts the rest only, and
// which of them may still be on their way.
type cut struct {
	Released uint64             `json:"released"` // records that are in batches of any pipeline
	At       int64              `json:"at"`
	Pipes    map[string]cutPipe `json:"pipes"`
}

type cutPipe struct {
	Oldest   uint64 `json:"oldest"`   // first batch that was perhaps not accepted
	Last     uint64 `json:"last"`     // latest batch
	Released uint64 `json:"released"` // records that are in batches
	At       int64  `json:"at"`       // when the latest was cut; 0: as that of all pipelines
}

func batchKey(pipe string, sequence uint64) string {
	return fmt.Sprintf("delta/%s/%016x", pipe, sequence)
}

// everyView is cut whatever its time.
func everyView(*view) bool { return true }

// cutDelta hands what was counted to the pipelines that want deltas. A batch is in the storage before it is sent, so that
// it is sent again as it was after a crash: who receives it knows it by engine id and sequence.
func (o *metricsOutput) cutDelta(now int64, released uint64, s *store, due func(*view) bool) {
	state := cut{Released: released, At: now, Pipes: make(map[string]cutPipe)}
	var ops []*storage.Operation
	var ready []func()
	for _, v := range o.views {
		if !v.Delta {
			continue
		}
		var pages []pmetric.Metrics
		if due(v) {
			pages = o.pages(v, now)
			v.released, v.at = released, now
		}
		for _, pipe := range v.pipes {
			for _, page := range pages {
				batch := o.number(page, v, pipe)
				if s.writer != nil && batch.encoded != nil {
					ops = append(ops, storage.SetOperation(batchKey(pipe.id, batch.sequence), batch.encoded))
				}
				ready = append(ready, func() { pipe.courier.put(batch) })
			}
			state.Pipes[pipe.id] = cutPipe{Oldest: pipe.accepted.Load() + 1, Last: pipe.sequence, Released: v.released, At: v.at}
		}
	}
	if len(ready) == 0 {
		return
	}
	send := func() {
		for _, put := range ready {
			put()
		}
	}
	value, _ := json.Marshal(state) // of numbers: cannot fail
	ops = append(ops, storage.SetOperation(cutKey, value))
	if s.hangs() {
		s.write(func(error) {}, ops...)
		send()
		return
	}
	s.write(func(error) { send() }, ops...)
}

// number makes the next batch of a pipeline.
func (o *metricsOutput) number(page pmetric.Metrics, v *view, pipe *metricsPipe) *metricsBatch {
	pipe.sequence++
	if len(v.pipes) > 1 {
		own := pmetric.NewMetrics()
		page.CopyTo(own)
		page = own
	}
	attrs := page.ResourceMetrics().At(0).ScopeMetrics().At(0).Scope().Attributes()
	attrs.PutStr(otelattr.BatchEngineID, o.engineID)
	attrs.PutInt(otelattr.BatchSequence, int64(pipe.sequence))
	if v.ByMinute {
		attrs.PutStr(otelattr.BatchPipe, pipe.id)
	}
	batch := &metricsBatch{metrics: &page, sequence: pipe.sequence}
	batch.encoded, _ = new(pmetric.ProtoMarshaler).MarshalMetrics(page)
	if batch.encoded != nil && pipe.courier.len() >= mostBehind {
		batch.metrics = nil
	}
	return batch
}

// accept notes that a pipeline has taken a batch, or that it was given up.
func (p *metricsPipe) accept(batches []*metricsBatch, s *store) {
	ops := make([]*storage.Operation, len(batches))
	for i, batch := range batches {
		ops[i] = storage.DeleteOperation(batchKey(p.id, batch.sequence))
	}
	p.accepted.Store(max(p.accepted.Load(), batches[len(batches)-1].sequence))
	s.write(func(error) {}, ops...)
}

// restore puts back the batches that were on their way.
func (o *metricsOutput) restore(s *store) error {
	value, err := s.get(cutKey)
	if err != nil || value == nil {
		return err
	}
	var state cut
	if err := json.Unmarshal(value, &state); err != nil {
		return fmt.Errorf("%s: %w", cutKey, err)
	}
	for _, v := range o.views {
		if !v.Delta {
			continue
		}
		v.begin(state.At)
		v.released = state.Released
		if from, ok := state.Pipes[v.pipes[0].id]; ok && from.At > 0 {
			v.begin(from.At)
			v.released = from.Released
		}
		for _, pipe := range v.pipes {
			if err := pipe.restore(state.Pipes[pipe.id], s); err != nil {
				return err
			}
			delete(state.Pipes, pipe.id)
		}
	}
	for gone, pipe := range state.Pipes { // pipelines that are no more
		for sequence := pipe.Oldest; sequence <= pipe.Last; sequence++ {
			s.keep(batchKey(gone, sequence), nil)
		}
	}
	return nil
}

func (p *metricsPipe) restore(state cutPipe, s *store) error {
	p.sequence = state.Last
	p.accepted.Store(state.Last)
	if state.Oldest > 0 {
		p.accepted.Store(state.Oldest - 1)
	}
	for sequence := state.Oldest; sequence > 0 && sequence <= state.Last; sequence++ {
		value, err := s.get(batchKey(p.id, sequence))
		if err != nil {
			return err
		}
		if value == nil {
			continue
		}
		if _, err := new(pmetric.ProtoUnmarshaler).UnmarshalMetrics(value); err != nil {
			return fmt.Errorf("%s: %w", batchKey(p.id, sequence), err)
		}
		p.courier.put(&metricsBatch{encoded: value, sequence: sequence})
	}
	return nil
}
