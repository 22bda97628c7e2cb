package tokenbehaviorconnector

import (
	"bytes"
	"cmp"
	"container/heap"
	"time"

	"github.com/holterhq/holter/internal/otelattr"
)

// reorder holds records back for a while and lets them go in the order of (time, trace id, span id). What it does depends
// on what is put in alone, never on the clock.
type reorder struct {
	window int64
	limit  int
	heap   recordHeap
	newest int64 // latest event time that was believed
	passed int64 // event time up to which records were let go
	late   uint64
}

// add takes records in and appends those to ready that need not wait any longer. Event times beyond arrival are not
// believed: one clock that is ahead must not hurry everybody else's records through, and what it says waits no longer
// than a record that was made on arrival.
func (r *reorder) add(records []otelattr.Record, arrival int64, ready []otelattr.Record) []otelattr.Record {
	for i := range records {
		record := &records[i]
		if record.Time <= arrival+r.window {
			r.newest = max(r.newest, record.Time)
		}
		own := r.key(record)
		key := min(own, arrival+r.window)
		if key < r.passed {
			r.late++
			ready = append(ready, *record)
			continue
		}
		heap.Push(&r.heap, waiting{key, own, *record})
	}
	for len(r.heap) > 0 && (r.heap[0].key <= r.newest-r.window || len(r.heap) > r.limit) {
		r.passed = max(r.passed, r.heap[0].key)
		ready = append(ready, heap.Pop(&r.heap).(waiting).record)
	}
	return ready
}

// drain lets everything go.
func (r *reorder) drain(ready []otelattr.Record) []otelattr.Record {
	for len(r.heap) > 0 {
		next := heap.Pop(&r.heap).(waiting)
		if next.record.Time <= r.newest {
			r.passed = max(r.passed, next.key)
		}
		ready = append(ready, next.record)
	}
	return ready
}

// key is the time by which records are sorted. A request that we make ends before the one that we answer with its help;
// it is sorted behind that, which decides whether it counts.
func (r *reorder) key(record *otelattr.Record) int64 {
	if record.Outbound {
		return record.Time + r.window/2
	}
	return record.Time
}

// held returns what waits, in no particular order.
func (r *reorder) held() []otelattr.Record {
	records := make([]otelattr.Record, len(r.heap))
	for i := range r.heap {
		records[i] = r.heap[i].record
	}
	return records
}

// restore puts back what waited.
func (r *reorder) restore(records []otelattr.Record, newest, passed int64) {
	r.newest, r.passed = newest, passed
	for i := range records {
		own := r.key(&records[i])
		heap.Push(&r.heap, waiting{min(own, newest+2*r.window), own, records[i]})
	}
}

// idleAfter is how long nothing must arrive until what waits is let go.
func (r *reorder) idleAfter() time.Duration { return max(time.Duration(r.window), time.Second) }

type waiting struct {
	key    int64 // what it waits for
	own    int64 // the key of the record, which may not be believed
	record otelattr.Record
}

type recordHeap []waiting

func (h recordHeap) Len() int      { return len(h) }
func (h recordHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *recordHeap) Push(x any)   { *h = append(*h, x.(waiting)) }

func (h recordHeap) Less(i, j int) bool {
	a, b := &h[i], &h[j]
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.own, b.own), bytes.Compare(a.record.Trace[:], b.record.Trace[:]),
		bytes.Compare(a.record.Span[:], b.record.Span[:])) < 0
}

func (h *recordHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	(*h)[last] = waiting{}
	*h = (*h)[:last]
	return x
}
