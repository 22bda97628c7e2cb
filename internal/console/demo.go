package console

import (
	"context"
	"sync"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// Demo is traffic that is made up, to look at before there is any of one's own.
type Demo interface {
	// Play sends it, and says how far it is. It goes on, live, after it has said that all is done. It ends with the context.
	Play(ctx context.Context, report func(done float64, requests int)) error
	// Known is what is known of the tokens that it uses, for those that have been seen.
	Known(seen []store.Token) []store.Token
}

// stage is where the demo is played, by one at a time.
type stage struct {
	c *Console

	mu      sync.Mutex
	stop    context.CancelFunc // nil: nothing is played
	over    chan struct{}
	playing bool // and not yet live
	removed time.Time
}

// States of the demo, as the stream tells them.
const (
	demoPlaying = "playing"
	demoDone    = "done"
	demoFailed  = "failed"
	demoRemoved = "removed"
)

// demoEvent is how far the demo is.
type demoEvent struct {
	State    string  `json:"state" enum:"playing,done,failed,removed"`
	Done     float64 `json:"done" doc:"0 to 1"`
	Requests int     `json:"requests"`
	Message  string  `json:"message"`
}

// demoOrder is what POST /demo takes.
type demoOrder struct {
	Action string `json:"action" enum:"play,remove"`
}

func (k *call) demo() (any, error) {
	if k.Demo == nil {
		return nil, conflict("there is no demo here: demo::enabled of token_console is false")
	}
	if k.who.Scoped() {
		return nil, forbidden("the demo is everybody's: it takes an admin of all tenants and teams")
	}
	var order demoOrder
	if err := k.body(&order); err != nil {
		return nil, err
	}
	switch order.Action {
	case "play":
		return k.playDemo()
	case "remove":
		return k.removeDemo()
	}
	return nil, badRequest("action", "%q: write play or remove", order.Action)
}

func (k *call) playDemo() (any, error) {
	n, err := k.count(store.TokenFilter{Environments: []string{DemoEnvironment}})
	if err != nil {
		return nil, err
	}
	if n > 0 {
		return nil, conflict("the demo has been played: remove it first")
	}
	if !k.stage.play() {
		return nil, conflict("the demo is being played")
	}
	return demoEvent{State: demoPlaying}, k.audit("demo_play", k.by()+" plays the demo", nil)
}

func (k *call) removeDemo() (any, error) {
	k.stage.end()
	erased, err := k.erase(store.Erasure{Environment: DemoEnvironment, By: k.by(), At: k.now})
	if err != nil {
		return nil, err
	}
	k.stage.sweep(k.by())
	k.hub.tellDemo(demoEvent{State: demoRemoved, Message: count(float64(len(erased.Tokens)), "token") + " of the demo removed"})
	return demoEvent{State: demoRemoved}, k.audit("demo_remove", k.by()+" removed the demo", map[string]any{"audit.tokens": len(erased.Tokens)})
}

// play begins; false: it is being played.
func (s *stage) play() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil || s.c.ctx.Err() != nil {
		return false
	}
	ctx, stop := context.WithCancel(s.c.ctx)
	s.stop, s.over, s.playing, s.removed = stop, make(chan struct{}), true, time.Time{}
	s.c.running.Go(func() { s.run(ctx) })
	return true
}

// run plays to the end.
func (s *stage) run(ctx context.Context) {
	requests, told := 0, time.Time{}
	err := s.c.Demo.Play(ctx, func(done float64, n int) {
		requests = n
		if done < 1 && time.Since(told) < time.Second {
			return
		}
		told = time.Now()
		event := demoEvent{State: demoPlaying, Done: done, Requests: n}
		if done >= 1 {
			event.State = demoDone
			s.set(false)
		}
		s.c.hub.tellDemo(event)
		s.introduce(ctx)
	})
	s.introduce(ctx)
	if err != nil && ctx.Err() == nil {
		s.c.Trouble("play the demo", err)
		s.c.hub.tellDemo(demoEvent{State: demoFailed, Requests: requests, Message: err.Error()})
	} else if ctx.Err() == nil && s.going() {
		s.c.hub.tellDemo(demoEvent{State: demoDone, Done: 1, Requests: requests})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop, s.playing = nil, false
	close(s.over)
}

func (s *stage) set(playing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.playing = playing
}

// going says whether what is past is still being sent.
func (s *stage) going() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.playing
}

// introduce tells the store whose the demo's tokens are, as a registry would.
func (s *stage) introduce(ctx context.Context) {
	seen, err := s.c.tokensOf(ctx, store.TokenFilter{Environments: []string{DemoEnvironment}})
	if err == nil {
		if known := s.c.Demo.Known(seen); len(known) > 0 {
			err = s.c.Store.PutTokens(ctx, known)
		}
	}
	if err != nil && ctx.Err() == nil {
		s.c.Trouble("tell whose the demo's tokens are", err)
	}
}

// end stops what is played, and waits for it.
func (s *stage) end() {
	s.mu.Lock()
	stop, over := s.stop, s.over
	s.mu.Unlock()
	if stop != nil {
		stop()
		<-over
	}
}

// Times of what arrives after the demo was removed: token_behavior sends its metrics every so often.
const (
	sweepEvery = 5 * time.Second
	sweepFor   = 3 * time.Minute
)

// sweep erases what was still on its way.
func (s *stage) sweep(by string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	running := !s.removed.IsZero()
	s.removed = s.c.Now()
	if running {
		return
	}
	s.c.running.Go(func() {
		for rest(s.c.ctx, sweepEvery) && s.sweeping() {
			page, err := s.c.Store.Tokens(s.c.ctx, store.TokenQuery{Filter: store.TokenFilter{Environments: []string{DemoEnvironment}}, Limit: 1})
			if err == nil && page.Total > 0 {
				_, err = s.c.Store.Erase(s.c.ctx, store.Erasure{Environment: DemoEnvironment, By: by, At: s.c.Now()})
			}
			if err != nil && s.c.ctx.Err() == nil {
				s.c.Trouble("remove what is left of the demo", err)
			}
		}
	})
}

// sweeping says whether there may be more; not when it is played anew.
func (s *stage) sweeping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.removed.IsZero() && s.c.Now().Sub(s.removed) > sweepFor {
		s.removed = time.Time{}
	}
	return !s.removed.IsZero()
}

// erase lets go of what is known of somebody.
func (k *call) erase(what store.Erasure) (store.Erased, error) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(k.ctx), 10*k.Limits.Timeout) // half an erasure is none
	defer stop()
	erased, err := k.Store.Erase(ctx, what)
	k.ledger.forget()
	k.answers.forget()
	return erased, err
}
