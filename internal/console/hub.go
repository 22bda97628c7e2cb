package console

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// hub looks at the store once for all who watch, when something has happened and at most once a second.
type hub struct {
	c    *Console
	wake chan struct{} // somebody begins to watch
	done chan struct{} // nobody can watch any more

	mu     sync.Mutex
	subs   map[*subscription]struct{}
	looked atomic.Int64 // how often

	// What was seen last; only the hub's own goroutine looks at it.
	known  map[string]glimpse
	newest time.Time // last use of any token, in event time
	since  time.Time // of tokens that were not used since then it may not be known how they were; zero: of all it is
	heard  map[string]bool
	failed map[string]float64 // errors of each token since base
	base   time.Time
}

// glimpse is what was seen of a token.
type glimpse struct {
	requests  int64
	used      time.Time
	nats      float64
	threshold float64
}

// subscription is one stream.
type subscription struct {
	watcher
	messages chan message
}

// message is one event of a stream.
type message struct {
	event string
	data  []byte
}

const (
	lookEvery   = time.Second
	mostWatched = 10_000 // tokens: those used latest
	mostHeard   = 200    // anomalies: the latest
	mostMoved   = 50     // tokens that are shown anew in a beat
	backlog     = 64     // messages that wait for a reader
)

func newHub(c *Console) *hub {
	return &hub{c: c, wake: make(chan struct{}, 1), done: make(chan struct{}), subs: map[*subscription]struct{}{}}
}

// subscribe begins a stream; false: there are too many.
func (h *hub) subscribe(w watcher) (*subscription, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.subs) >= h.c.Limits.Streams {
		h.c.Count(DroppedStream)
		return nil, false
	}
	s := &subscription{watcher: w, messages: make(chan message, backlog)}
	h.subs[s] = struct{}{}
	select {
	case h.wake <- struct{}{}:
	default:
	}
	return s, true
}

func (h *hub) unsubscribe(s *subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(s)
}

// drop ends a stream. Whoever calls holds the lock.
func (h *hub) drop(s *subscription) {
	if _, ok := h.subs[s]; ok {
		delete(h.subs, s)
		close(s.messages)
	}
}

// all are those who watch now.
func (h *hub) all() []*subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]*subscription, 0, len(h.subs))
	for s := range h.subs {
		out = append(out, s)
	}
	return out
}

// tell gives a message to a stream. One that reads too slowly is ended: browsers begin anew by themselves.
func (h *hub) tell(s *subscription, event string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		h.c.Trouble("write to a stream", err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.subs[s]; !ok {
		return
	}
	select {
	case s.messages <- message{event, text}:
	default:
		h.c.Count(DroppedBeat)
		h.drop(s)
	}
}

// tellDemo tells everybody how far the demo is, which is nobody's secret.
func (h *hub) tellDemo(e demoEvent) {
	for _, s := range h.all() {
		h.tell(s, "demo", e)
	}
}

// run looks until the context ends.
func (h *hub) run(ctx context.Context) {
	defer func() {
		close(h.done)
		for _, s := range h.all() {
			h.unsubscribe(s)
		}
	}()
	for ctx.Err() == nil {
		changed := h.c.Store.Changed()
		if len(h.all()) == 0 {
			h.known = nil // what is seen next is where the first beat counts from
			select {
			case <-ctx.Done():
			case <-h.wake:
			}
			continue
		}
		began := time.Now()
		if err := h.look(ctx); err != nil && ctx.Err() == nil {
			h.c.Trouble("look at the store for those who watch", err)
		}
		h.looked.Add(1)
		if !rest(ctx, lookEvery-time.Since(began)) {
			return
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-h.wake:
		}
	}
}

func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// beat is what happened since the one before.
type beat struct {
	At       time.Time             `json:"at"`
	Tokens   map[string][2]float64 `json:"tokens" doc:"requests and errors"`
	Evidence map[string][2]float64 `json:"evidence" doc:"nats, and how many raise an alert"`
}

// change is what happened to one token.
type change struct {
	token    store.Token
	requests int64
	errors   float64
	evidence bool
	moved    bool
	unknown  bool // how it was before
}

// look tells everybody what has changed in what they see.
func (h *hub) look(ctx context.Context) error {
	first := h.known == nil
	if first {
		h.known, h.heard, h.newest, h.since, h.base = map[string]glimpse{}, map[string]bool{}, time.Time{}, time.Time{}, time.Time{}
	}
	changes, err := h.changes(ctx)
	if err != nil {
		return err
	}
	if err := h.countErrors(ctx, changes); err != nil {
		return err
	}
	news, err := h.news(ctx)
	if err != nil || first {
		return err
	}
	now := h.c.Now().UTC()
	for _, s := range h.all() {
		h.tellChanges(s, now, changes)
		for _, n := range news {
			if s.hears(n.event, n.token) {
				h.tell(s, "anomaly", n.found)
			}
		}
	}
	return nil
}

func (h *hub) tellChanges(s *subscription, now time.Time, changes []change) {
	b := beat{At: now, Tokens: map[string][2]float64{}, Evidence: map[string][2]float64{}}
	moved := 0
	for _, c := range changes {
		if !s.sees(c.token) {
			continue
		}
		if c.requests > 0 || c.errors > 0 {
			b.Tokens[c.token.ID] = [2]float64{float64(c.requests), c.errors}
		}
		if c.evidence {
			b.Evidence[c.token.ID] = [2]float64{c.token.Evidence.Nats, c.token.Evidence.Threshold}
		}
		if c.moved && moved < mostMoved {
			moved++
			h.tell(s, "token", c.token)
		}
	}
	if len(b.Tokens)+len(b.Evidence) > 0 {
		h.tell(s, "beat", b)
	}
}

// changes are the tokens that are not as they were.
func (h *hub) changes(ctx context.Context) (out []change, err error) {
	query := store.TokenQuery{Sort: "-last_used", Limit: 1000}
	if !h.newest.IsZero() {
		query.Filter.SeenSince = h.newest.Add(-time.Hour) // others sleep
	}
	since := query.Filter.SeenSince
	for left := mostWatched / query.Limit; ; {
		page, err := h.c.Store.Tokens(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, t := range page.Tokens {
			was, seen := h.known[t.ID]
			now := glimpse{t.Requests, t.LastUse.At, t.Evidence.Nats, t.Evidence.Threshold}
			if seen && was == now {
				continue
			}
			h.known[t.ID] = now
			out = append(out, change{
				token: t, requests: max(0, now.requests-was.requests), evidence: was.nats != now.nats || was.threshold != now.threshold, moved: !seen || !was.used.Equal(now.used),
				unknown: !seen && t.FirstSeen.Before(h.since),
			})
			if t.LastUse.At.After(h.newest) {
				h.newest = t.LastUse.At
			}
		}
		if query.Cursor = page.Next; page.Next == "" {
			break
		}
		if left--; left == 0 {
			since = page.Tokens[len(page.Tokens)-1].LastUse.At
			break
		}
	}
	if err := h.countUnknown(ctx, out, later(h.since, query.Filter.SeenSince)); err != nil {
		return nil, err
	}
	h.since = later(h.since, since)
	h.forgetOthers()
	return out, nil
}

// countUnknown asks what those did since then of whom it is not known how they were: all they ever did is not what happened now.
func (h *hub) countUnknown(ctx context.Context, changes []change, since time.Time) error {
	query := store.Query{To: h.newest.Truncate(time.Minute).Add(time.Minute), Measure: store.MeasureRequests, Group: store.ByToken, Limit: mostWatched}
	for _, c := range changes {
		if c.unknown {
			query.Filter.IDs = append(query.Filter.IDs, c.token.ID)
		}
	}
	if len(query.Filter.IDs) == 0 {
		return nil
	}
	query.From = since.Truncate(time.Minute).Add(time.Minute) // what was in that minute may have been before
	if !query.From.Before(query.To) {
		query.From = query.To.Add(-time.Minute)
	}
	answer, err := h.c.Store.Query(ctx, query)
	if err != nil {
		return err
	}
	did := totals(answer)
	for i := range changes {
		if c := &changes[i]; c.unknown {
			least := 0.
			if !c.token.LastUse.At.Before(since) {
				least = 1 // it has been used
			}
			c.requests = min(c.requests, int64(max(least, did[c.token.ID])))
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// forgetOthers keeps what is known from growing: tokens that were not used for long are new when they wake.
func (h *hub) forgetOthers() {
	if len(h.known) <= 2*mostWatched {
		return
	}
	for id, g := range h.known {
		if g.used.Before(h.newest.Add(-time.Hour)) {
			delete(h.known, id)
		}
	}
}

// countErrors adds the errors that came with the changes. They are counted from a base that moves on in event time.
func (h *hub) countErrors(ctx context.Context, changes []change) error {
	const window = 10 * time.Minute
	if h.newest.IsZero() || len(changes) == 0 {
		return nil
	}
	if !h.base.IsZero() {
		failed, err := h.errorsSince(ctx, h.base, changes)
		if err != nil {
			return err
		}
		for i := range changes {
			id := changes[i].token.ID
			changes[i].errors = max(0, min(failed[id]-h.failed[id], float64(changes[i].requests)))
			h.failed[id] = failed[id]
		}
	}
	base := h.newest.Truncate(window).Add(-window)
	if base.Equal(h.base) {
		return nil
	}
	failed, err := h.errorsSince(ctx, base, nil)
	if err == nil {
		h.base, h.failed = base, failed
	}
	return err
}

// errorsSince are the errors of each token; of those that changed, where they are few.
func (h *hub) errorsSince(ctx context.Context, base time.Time, changes []change) (map[string]float64, error) {
	const few = 500
	query := store.Query{From: base, To: h.newest.Truncate(time.Minute).Add(time.Minute), Measure: store.MeasureErrors, Group: store.ByToken, Limit: mostWatched}
	if len(changes) <= few {
		for _, c := range changes {
			query.Filter.IDs = append(query.Filter.IDs, c.token.ID)
		}
	}
	answer, err := h.c.Store.Query(ctx, query)
	return totals(answer), err
}

// report is an anomaly that was not there before.
type report struct {
	event store.Event
	token *store.Token
	found finding
}

// news are the anomalies that nobody has been told of.
func (h *hub) news(ctx context.Context) (out []report, err error) {
	page, err := h.c.Store.Events(ctx, store.EventQuery{Kinds: []string{store.EventAnomaly}, Limit: mostHeard})
	if err != nil {
		return nil, err
	}
	heard := make(map[string]bool, len(page.Events))
	var ids []string
	for _, e := range page.Events {
		heard[e.ID] = true
		if !h.heard[e.ID] && e.Token != "" {
			ids = append(ids, e.Token)
		}
	}
	tokens := map[string]*store.Token{}
	if len(ids) > 0 {
		known, err := h.c.tokensOf(ctx, store.TokenFilter{IDs: ids})
		if err != nil {
			return nil, err
		}
		for i := range known {
			tokens[known[i].ID] = &known[i]
		}
	}
	for _, e := range slices.Backward(page.Events) { // the oldest first
		if h.heard[e.ID] || e.Token != "" && tokens[e.Token] == nil {
			continue
		}
		out = append(out, report{e, tokens[e.Token], h.c.findings([]store.Event{e})[0]})
	}
	h.heard = heard
	return out, nil
}
