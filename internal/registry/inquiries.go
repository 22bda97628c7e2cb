package registry

import (
	"container/heap"
	lists "container/list"
	"crypto/hmac"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holterhq/holter/internal/credential"
)

// InquiriesConfig bounds what is remembered of answers, and for how long.
type InquiriesConfig struct {
	MaxTokens      int
	QueueSize      int
	TTL            time.Duration // of the answer that a token is active, unless it expires before
	NegativeTTL    time.Duration // of the answer that it is not
	ProvisionalFor time.Duration // how long a token without an answer may turn out to be another one
	Revoked        bool          // a token that was never known and is not active is a revoked one; else it is unknown
}

// Inquiries remember what a slow source has answered about tokens, and which are to be asked about. They keep no token: one
// that waits to be asked about is in the queue and nowhere else. Safe for concurrent use.
type Inquiries struct {
	cfg   InquiriesConfig
	key   []byte // of the digests, of this process alone
	queue chan Question

	dropped, evicted atomic.Int64

	mu      sync.Mutex
	known   map[inquiryKey]*Inquiry
	running deadlines   // those whose answer has a time to end, soonest first
	idle    *lists.List // those that nobody has used since it ended, the longest first
}

type inquiryKey [sha256.Size]byte

// Question is a token that waits to be asked about. Whoever takes it calls Answered or Failed, and wipes Secret.
type Question struct {
	Inquiry *Inquiry
	Secret  []byte
}

// Inquiry is what is known of one token. Its fields belong to Inquiries.
type Inquiry struct {
	version atomic.Uint32

	name     inquiryKey
	first    time.Time // when it was first looked for
	answered bool
	token    *Token // the last that is known of it; nil: nothing
	claims   credential.Claims
	asking   bool // in the queue or on its way
	failures int
	askAt    time.Time
	due      time.Time // when Look may say something else
	place    int       // in running, -1 outside
	resting  *lists.Element
}

// Version grows whenever Look may say something else.
func (i *Inquiry) Version() uint32 { return i.version.Load() }

// Known is what Look says.
type Known struct {
	Inquiry     *Inquiry
	Version     uint32
	Token       *Token // nil: not known, or not known yet
	Claims      credential.Claims
	Answered    bool // somebody could say
	Provisional bool // an answer is to come
}

// NewInquiries makes an empty memory; key makes its digests.
func NewInquiries(cfg InquiriesConfig, key []byte) *Inquiries {
	return &Inquiries{cfg: cfg, key: key, queue: make(chan Question, cfg.QueueSize), known: make(map[inquiryKey]*Inquiry), idle: lists.New()}
}

// Questions are those that wait.
func (q *Inquiries) Questions() <-chan Question { return q.queue }

// Dropped is how many questions found the queue full since the last call.
func (q *Inquiries) Dropped() int64 { return q.dropped.Swap(0) }

// Evicted is how many answers were forgotten for others since the last call.
func (q *Inquiries) Evicted() int64 { return q.evicted.Swap(0) }

// Len is how many tokens are remembered.
func (q *Inquiries) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.known)
}

// Look says what is known of a token, and puts it into the queue if it is time to ask. It never waits.
func (q *Inquiries) Look(secret string, now time.Time) Known {
	mac := hmac.New(sha256.New, q.key)
	mac.Write([]byte(secret))
	d := inquiryKey(mac.Sum(nil))
	q.mu.Lock()
	defer q.mu.Unlock()
	i := q.known[d]
	if i == nil {
		i = &Inquiry{name: d, first: now, askAt: now, place: -1}
		q.admit(i)
	}
	if i.resting != nil {
		q.idle.Remove(i.resting)
		i.resting = nil
	}
	if !i.asking && !now.Before(i.askAt) {
		q.ask(i, secret, now)
	}
	q.schedule(i, now)
	return Known{
		Inquiry: i, Version: i.version.Load(), Token: i.token, Claims: i.claims, Answered: i.answered,
		Provisional: !i.answered && now.Sub(i.first) < q.cfg.ProvisionalFor,
	}
}

// retryDropped is when a token that found the queue full is asked about again.
const retryDropped = 10 * time.Second

func (q *Inquiries) ask(i *Inquiry, secret string, now time.Time) {
	select {
	case q.queue <- Question{i, []byte(secret)}:
		i.asking = true
	default:
		q.dropped.Add(1)
		i.askAt = now.Add(retryDropped)
	}
}

// Answered takes an answer.
func (q *Inquiries) Answered(i *Inquiry, a Introspected, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i.asking, i.answered, i.failures = false, true, 0
	if a.Active {
		i.token, i.claims, i.askAt = a.token(), a.claims(), now.Add(q.cfg.TTL)
		if a.ExpiresAt.After(now) && a.ExpiresAt.Before(i.askAt) {
			i.askAt = a.ExpiresAt
		}
	} else {
		i.token, i.askAt = q.inactive(i.token, now), now.Add(q.cfg.NegativeTTL)
	}
	i.version.Add(1)
	q.schedule(i, now)
}

// inactive is what is known of a token that is not active: what was known before. If its time had come its expiry says enough.
func (q *Inquiries) inactive(before *Token, now time.Time) *Token {
	switch {
	case before == nil && !q.cfg.Revoked:
		return nil
	case before == nil:
		return &Token{Status: Revoked}
	case !before.ExpiresAt.IsZero() && !now.Before(before.ExpiresAt):
		return before
	}
	revoked := *before
	revoked.Status = Revoked
	return &revoked
}

// Failed takes the news that nobody answered: what is known stays, and the token is asked about later, each time later.
func (q *Inquiries) Failed(i *Inquiry, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	const longest = 5 * time.Minute
	wait := min(longest, time.Second<<min(i.failures, 9))
	i.asking, i.askAt = false, now.Add(wait)
	i.failures++
	q.schedule(i, now)
}

// Tick ends the answers whose time has come: whoever uses such a token again has it asked about again.
func (q *Inquiries) Tick(now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.running) > 0 && !now.Before(q.running[0].due) {
		i := heap.Pop(&q.running).(*Inquiry)
		i.resting = q.idle.PushBack(i)
		i.version.Add(1)
	}
}

// schedule says when an inquiry's answer ends.
func (q *Inquiries) schedule(i *Inquiry, now time.Time) {
	if q.known[i.name] != i || i.resting != nil {
		return
	}
	i.due = i.askAt
	if settles := i.first.Add(q.cfg.ProvisionalFor); !i.answered && now.Before(settles) && (i.asking || settles.Before(i.due)) {
		i.due = settles
	} else if i.asking {
		i.due = now.Add(24 * time.Hour) // the answer comes before
	}
	if i.place < 0 {
		heap.Push(&q.running, i)
	} else {
		heap.Fix(&q.running, i.place)
	}
}

// admit makes room for one more.
func (q *Inquiries) admit(i *Inquiry) {
	for len(q.known) >= max(1, q.cfg.MaxTokens) {
		var gone *Inquiry
		if front := q.idle.Front(); front != nil {
			gone = q.idle.Remove(front).(*Inquiry)
			gone.resting = nil
		} else {
			gone = heap.Pop(&q.running).(*Inquiry)
		}
		delete(q.known, gone.name)
		gone.version.Add(1)
		q.evicted.Add(1)
	}
	q.known[i.name] = i
}

// deadlines is a heap of inquiries by the time when they are due.
type deadlines []*Inquiry

func (d deadlines) Len() int           { return len(d) }
func (d deadlines) Less(a, b int) bool { return d[a].due.Before(d[b].due) }

func (d deadlines) Swap(a, b int) {
	d[a], d[b] = d[b], d[a]
	d[a].place, d[b].place = a, b
}

// Push is heap.Interface's.
func (d *deadlines) Push(x any) {
	i := x.(*Inquiry)
	i.place = len(*d)
	*d = append(*d, i)
}

// Pop is heap.Interface's.
func (d *deadlines) Pop() any {
	last := len(*d) - 1
	i := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	i.place = -1
	return i
}
