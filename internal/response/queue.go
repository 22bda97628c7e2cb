package response

import (
	"container/heap"
	"time"
)

// Queue holds what waits for one target, and says what goes out when. Not safe for concurrent use.
type Queue struct {
	waiting byDue
	pace    Pace
	closed  bool
}

// Add puts a delivery in line.
func (q *Queue) Add(d *Delivery) { heap.Push(&q.waiting, d) }

// Len is how many deliveries are in line.
func (q *Queue) Len() int { return len(q.waiting) }

// Next takes the first delivery out of the line if one is due and the target's pace allows it.
func (q *Queue) Next(now time.Time) (*Delivery, bool) {
	at, ok := q.Wake()
	if !ok || at.After(now) {
		return nil, false
	}
	q.pace.Sent(now)
	return heap.Pop(&q.waiting).(*Delivery), true
}

// Wake is when Next will have something; false: not before something is added.
func (q *Queue) Wake() (time.Time, bool) {
	if q.closed || len(q.waiting) == 0 {
		return time.Time{}, false
	}
	return later(q.waiting[0].Due, q.pace.Free()), true
}

// Answered lets the queue learn the target's pace. After a target said that it wants no more, nothing leaves the queue.
func (q *Queue) Answered(a Answer, now time.Time) {
	q.pace.Answered(a, now)
	if a.Verdict == Gone {
		q.closed = true
	}
}

// Closed says whether the target wants no more.
func (q *Queue) Closed() bool { return q.closed }

// Take takes out the delivery with an id, nil if none is in line.
func (q *Queue) Take(id string) *Delivery {
	for i, d := range q.waiting {
		if d.ID == id {
			return heap.Remove(&q.waiting, i).(*Delivery)
		}
	}
	return nil
}

// Oldest takes out the delivery that has been in the outbox for longest.
func (q *Queue) Oldest() (*Delivery, bool) {
	if len(q.waiting) == 0 {
		return nil, false
	}
	oldest := 0
	for i, d := range q.waiting {
		if d.Seq < q.waiting[oldest].Seq {
			oldest = i
		}
	}
	return heap.Remove(&q.waiting, oldest).(*Delivery), true
}

// byDue is a heap of deliveries, the earliest due first; among equals the one that came first.
type byDue []*Delivery

func (h byDue) Len() int { return len(h) }

func (h byDue) Less(i, j int) bool {
	if h[i].Due.Equal(h[j].Due) {
		return h[i].Seq < h[j].Seq
	}
	return h[i].Due.Before(h[j].Due)
}

func (h byDue) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *byDue) Push(d any) { *h = append(*h, d.(*Delivery)) }

func (h *byDue) Pop() any {
	last := len(*h) - 1
	d := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return d
}
