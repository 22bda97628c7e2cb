package courier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/outbox"
)

// disk is a store in memory that survives dispatchers and can be told to refuse.
type disk struct {
	mu     sync.Mutex
	values map[string][]byte
	full   bool
}

func (d *disk) Get(_ context.Context, keys ...string) ([][]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	values := make([][]byte, len(keys))
	for i, k := range keys {
		values[i] = d.values[k]
	}
	return values, nil
}

func (d *disk) Apply(_ context.Context, changes ...outbox.Change) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		return errors.New("no space left on device")
	}
	for _, c := range changes {
		if c.Value == nil {
			delete(d.values, c.Key)
		} else {
			d.values[c.Key] = c.Value
		}
	}
	return nil
}

func (d *disk) refuse(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

// place is a target that answers as it is told, and remembers what came when.
type place struct {
	world  *world
	name   string
	mu     sync.Mutex
	answer func(n int, d *response.Delivery) response.Answer
	takes  time.Duration
	began  func(d *response.Delivery) // called as soon as the target has got it
	log    []string
}

func (p *place) Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer {
	p.mu.Lock()
	p.log = append(p.log, fmt.Sprintf("%v %s %s", now.Sub(p.world.begin), d.ID, d.Body))
	n, answer, takes := len(p.log), p.answer, p.takes
	if p.began != nil {
		p.began(d)
	}
	p.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return response.Answer{Verdict: response.Lost, Reason: "no answer in time"}
	}
	return answer(n, d)
}

// says changes what the target answers from now on.
func (p *place) says(v response.Verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = always(v)
}

func (p *place) visits() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.log)
}

// world is a dispatcher with its disk and targets, in the time of a synctest bubble.
type world struct {
	t       *testing.T
	begin   time.Time
	disk    *disk
	places  map[string]*place
	targets []Target
	*Dispatcher
	recalled func(*response.Delivery) string

	mu      sync.Mutex
	notices []Notice
}

func newWorld(t *testing.T) *world {
	return &world{t: t, begin: time.Now(), disk: &disk{values: map[string][]byte{}}, places: map[string]*place{}}
}

func always(v response.Verdict) func(int, *response.Delivery) response.Answer {
	return func(int, *response.Delivery) response.Answer { return response.Answer{Verdict: v} }
}

// target adds a place that says yes at once.
func (w *world) target(name string, kind response.Kind, change ...func(*Target)) *place {
	p := &place{world: w, name: name, answer: always(response.Done)}
	t := Target{
		Name: name, Sender: p, MaxPending: 100, Parallel: 2, Timeout: 15 * time.Second,
		Terms: response.Terms{Kind: kind, Schedule: response.Schedule{Delays: response.StandardSchedule().Delays}},
	}
	for _, c := range change {
		c(&t)
	}
	w.places[name] = p
	w.targets = append(w.targets, t)
	return p
}

// start opens the outbox and runs a dispatcher over it.
func (w *world) start() {
	limits := outbox.Limits{Memory: 1 << 20, Seen: 1000, SeenFor: 7 * 24 * time.Hour, DeadLetters: 100, Acts: 100}
	out, found, err := outbox.Open(w.t.Context(), w.disk, limits, time.Now())
	require.NoError(w.t, err)
	w.Dispatcher = New(out, w.targets, Environment{
		Now: time.Now, Luck: func() float64 { return 0.5 }, DownAfter: 5 * time.Minute, Recalled: w.recalled,
	}, func(n Notice) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.notices = append(w.notices, n)
	})
	w.Start(w.t.Context(), found)
}

func (w *world) stop() { require.NoError(w.t, w.Shutdown(context.WithoutCancel(w.t.Context()))) }

// send accepts one anomaly for some targets.
func (w *world) send(id string, targets ...string) error {
	var all []*response.Delivery
	now := time.Now()
	for _, target := range targets {
		all = append(all, &response.Delivery{
			ID: id, Target: target, Arrived: now, Body: []byte("body of " + id), Progress: response.Progress{Due: now},
		})
	}
	return w.Accept(w.t.Context(), all...)
}

func (w *world) sends(id string, targets ...string) { require.NoError(w.t, w.send(id, targets...)) }

// told are the notices of one kind.
func (w *world) told(kind Kind) []Notice {
	w.mu.Lock()
	defer w.mu.Unlock()
	var some []Notice
	for _, n := range w.notices {
		if n.Kind == kind {
			some = append(some, n)
		}
	}
	return some
}

// ends are the states in which deliveries came to an end, by target and anomaly.
func (w *world) ends() map[string]response.State {
	ends := map[string]response.State{}
	for _, n := range w.told(Ended) {
		name := n.Target + " " + n.Delivery.ID
		if _, twice := ends[name]; twice {
			w.t.Errorf("%s ended twice", name)
		}
		ends[name] = n.Delivery.State
	}
	return ends
}

// pass lets time go by until everything has settled.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
