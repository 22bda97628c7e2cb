package courier

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

func TestAnActIsSentOnce(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*Target)
		answers []response.Verdict
		visits  int
		end     response.State
	}{
		{"done", nil, []response.Verdict{response.Done}, 1, response.Delivered},
		{"the answer is lost", nil, []response.Verdict{response.Lost}, 1, response.Unknown},
		{"it could not be sent at first", nil, []response.Verdict{response.Unreached, response.Unreached, response.Done}, 3, response.Delivered},
		{"it was refused at first", nil, []response.Verdict{response.Refused, response.Done}, 2, response.Delivered},
		{"it was refused, then the answer is lost", nil, []response.Verdict{response.Refused, response.Lost}, 2, response.Unknown},
		{"no use", nil, []response.Verdict{response.Final}, 1, response.Dead},
		{"idempotent", func(t *Target) { t.Terms.Idempotent = true }, []response.Verdict{response.Lost, response.Lost, response.Done}, 3, response.Delivered},
		{"asked, it was done", func(t *Target) { t.Terms.ReadBack = true }, []response.Verdict{response.Lost, response.Refused, response.Done}, 3, response.Delivered},
		{"asked, it was not done", func(t *Target) { t.Terms.ReadBack = true }, []response.Verdict{response.Lost, response.Undone, response.Done}, 3, response.Delivered},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				if c.change == nil {
					c.change = func(*Target) {}
				}
				kong := w.target("kong", response.Act, c.change)
				kong.answer = func(n int, _ *response.Delivery) response.Answer {
					return response.Answer{Verdict: c.answers[n-1]}
				}
				w.start()
				w.sends("a", "kong")
				w.pass(10 * day)
				assert.Len(t, kong.visits(), c.visits)
				assert.Equal(t, map[string]response.State{"kong a": c.end}, w.ends())
				w.stop()
			})
		})
	}
}

// crash runs until the target has got the act, and starts again with the disk as it was at that moment.
func crash(w *world, kong *place) (left *world) {
	kong.takes = 10 * sec
	w.start()
	w.sends("a", "kong")
	w.pass(sec)
	w.disk.mu.Lock()
	values := maps.Clone(w.disk.values)
	w.disk.mu.Unlock()
	w.stop()
	left = newWorld(w.t)
	left.disk.values = values
	return left
}

func TestAnActThatWasBegunWhenTheProcessDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w = crash(w, w.target("kong", response.Act))
		kong := w.target("kong", response.Act)
		w.start()
		w.pass(day)
		assert.Empty(t, kong.visits(), "never sent again")
		assert.Equal(t, map[string]response.State{"kong a": response.Unknown}, w.ends())
		assert.Contains(t, w.told(Ended)[0].Delivery.Answer.Reason, "the process ended")
		w.sends("a", "kong")
		w.pass(day)
		assert.Empty(t, kong.visits(), "not even if the anomaly comes again")
		w.stop()
	})
	synctest.Test(t, func(t *testing.T) {
		idempotent := func(t *Target) { t.Terms.Idempotent = true }
		w := newWorld(t)
		w = crash(w, w.target("kong", response.Act, idempotent))
		kong := w.target("kong", response.Act, idempotent)
		w.start()
		w.pass(0)
		assert.Len(t, kong.visits(), 1, "sending it again does no harm")
		w.stop()
	})
}

func TestAnActWaitsWhileItsIntentCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		kong := w.target("kong", response.Act)
		kong.says(response.Refused)
		w.start()
		w.sends("a", "kong")
		w.pass(sec)
		w.disk.refuse(true)
		w.pass(time.Minute)
		assert.Len(t, kong.visits(), 1, "a crash now would make the next process send it again")
		assert.NotEmpty(t, w.told(Held))
		w.disk.refuse(false)
		kong.says(response.Done)
		w.pass(10 * sec)
		assert.Equal(t, map[string]response.State{"kong a": response.Delivered}, w.ends())
		w.stop()
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		kong := w.target("kong", response.Act)
		w.start()
		w.disk.refuse(true)
		w.sends("a", "kong")
		synctest.Wait()
		assert.Len(t, kong.visits(), 1, "nothing of it is on disk: a crash would not make it twice")
		w.stop2()
	})
}

// stop2 stops a dispatcher whose disk still refuses.
func (w *world) stop2() {
	assert.Error(w.t, w.Shutdown(w.t.Context()))
}

func TestDryRunNeedsNoIntent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		kong := w.target("kong", response.Act, func(t *Target) { t.DryRun = true })
		kong.says(response.Described)
		w.start()
		w.sends("a", "kong")
		w.pass(day)
		assert.Len(t, kong.visits(), 1)
		assert.Equal(t, map[string]response.State{"kong a": response.DryRun}, w.ends())
		w.stop()
	})
}

// What is taken back in earnest at a target that is dry by now is as careful as ever.
func TestUndoingInDryRunNeedsItsIntent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		dry := func(t *Target) { t.DryRun = true }
		kong := w.target("kong", response.Act, dry)
		kong.takes = 10 * sec
		w.start()
		now := time.Now()
		require.NoError(t, w.Accept(t.Context(), &response.Delivery{
			ID: "a", Target: "kong", Arrived: now, Action: response.Lock, Step: response.Undo, Body: []byte("b"), Progress: response.Progress{Due: now},
		}))
		w.pass(sec)
		w.disk.mu.Lock()
		values := maps.Clone(w.disk.values)
		w.disk.mu.Unlock()
		w.stop()
		w = newWorld(t)
		w.disk.values = values
		kong = w.target("kong", response.Act, dry)
		w.start()
		w.pass(day)
		assert.Empty(t, kong.visits())
		assert.Equal(t, map[string]response.State{"kong a": response.Unknown}, w.ends())
		w.stop()
	})
}

// An act that waits for its provider can be called back for as long as no request may have done it.
func TestAnActIsCalledBack(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Target)
		answer response.Verdict
		visits int
		end    response.State
	}{
		{"the provider refuses", nil, response.Refused, 1, response.Recalled},
		{"it cannot be reached", nil, response.Unreached, 1, response.Recalled},
		{"an answer was lost, it may be sent again", func(t *Target) { t.Terms.Idempotent = true }, response.Lost, 2, response.Delivered},
		{"an answer was lost, it is asked", func(t *Target) { t.Terms.ReadBack = true }, response.Lost, 2, response.Delivered},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				if c.change == nil {
					c.change = func(*Target) {}
				}
				kong := w.target("kong", response.Act, c.change)
				kong.says(c.answer)
				var mu sync.Mutex
				why := ""
				w.recalled = func(*response.Delivery) string {
					mu.Lock()
					defer mu.Unlock()
					return why
				}
				w.start()
				w.sends("a", "kong")
				w.sends("b", "kong")
				w.pass(sec)
				w.Recall("kong", "a")
				w.pass(sec)
				assert.Empty(t, w.ends(), "it was asked, and is wanted still")
				mu.Lock()
				why = "ann does not want it"
				mu.Unlock()
				w.Recall("kong", "a")
				w.Recall("kong", "unheard of")
				w.Recall("nowhere", "a")
				w.pass(0)
				if c.end == response.Recalled {
					assert.Equal(t, map[string]response.State{"kong a": c.end}, w.ends(), "at once, not when its next attempt is due")
					assert.Equal(t, "ann does not want it", w.told(Ended)[0].Delivery.Answer.Reason)
				}
				kong.says(response.Done)
				w.pass(day)
				assert.Equal(t, map[string]response.State{"kong a": c.end, "kong b": c.end}, w.ends(), "the other when it is due")
				assert.Len(t, kong.visits(), 2*c.visits)
				assert.Empty(t, w.DeadLetters()["kong"])
				w.stop()
				w.start()
				w.pass(day)
				assert.Len(t, kong.visits(), 2*c.visits)
				w.stop()
			})
		})
	}
}

// Whatever the targets answer and whenever the process stops: every message arrives, every act is done once or its end is
// told, and nothing ends twice.
func TestNothingIsLostAndNoActIsDoneTwice(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				luck := rand.New(rand.NewPCG(seed, 1))
				w := newWorld(t)
				done := map[string]int{} // what a target really did
				var mu sync.Mutex
				flaky := func(_ int, d *response.Delivery) response.Answer {
					mu.Lock()
					defer mu.Unlock()
					roll := luck.IntN(10)
					if d.State != response.Asking && roll < 6 {
						done[d.Target+" "+d.ID]++
					}
					switch {
					case roll < 4:
						return response.Answer{Verdict: response.Done}
					case roll < 7:
						return response.Answer{Verdict: response.Lost, Busy: roll == 5}
					case roll == 7:
						return response.Answer{Verdict: response.Refused, Busy: true, RetryAfter: 30 * sec}
					}
					return response.Answer{Verdict: response.Unreached, Busy: true}
				}
				one := func(t *Target) { t.Parallel = 1 }
				w.target("people", response.Message, one).answer = flaky
				w.target("kong", response.Act, one).answer = flaky
				const anomalies = 30
				for i := range anomalies {
					if i%7 == 0 {
						if w.Dispatcher != nil {
							w.stop()
						}
						w.start()
					}
					w.sends(fmt.Sprint(i), "people", "kong")
					mu.Lock()
					pause := time.Duration(luck.IntN(60)) * sec
					mu.Unlock()
					w.pass(pause)
				}
				w.pass(10 * day)
				w.stop()
				ends := w.ends()
				require.Len(t, ends, 2*anomalies)
				for name, state := range ends {
					if name[0] == 'k' {
						assert.LessOrEqual(t, done[name], 1, "%s %s", name, state)
						if state == response.Delivered {
							assert.Equal(t, 1, done[name], name)
						}
						continue
					}
					if state == response.Delivered {
						assert.GreaterOrEqual(t, done[name], 1, name)
					}
				}
			})
		})
	}
}

// The same with a process that dies at any moment: the next one finds the disk as it was then. Every act was done once, or
// its end says that it is not known.
func TestKilledAtAnyMoment(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			luck := rand.New(rand.NewPCG(seed, 2))
			var mu sync.Mutex
			done := map[string]int{}
			roll := func(n int) int {
				mu.Lock()
				defer mu.Unlock()
				return luck.IntN(n)
			}
			slow := func(w *world, name string, kind response.Kind) {
				p := w.target(name, kind)
				p.takes = 2 * sec
				p.began = func(d *response.Delivery) {
					mu.Lock()
					defer mu.Unlock()
					done[d.Target+" "+d.ID]++
				}
			}
			w := newWorld(t)
			ends := map[string]response.State{}
			const lives = 6
			for life := range lives {
				slow(w, "people", response.Message)
				slow(w, "kong", response.Act)
				w.start()
				for i := range 5 {
					w.sends(fmt.Sprint(life*5+i), "people", "kong")
				}
				if life < lives-1 {
					w.pass(time.Duration(roll(15000)) * time.Millisecond)
				} else {
					w.pass(day)
				}

				// What is on disk now, and what has been done until now, is what remains of this life.
				w.disk.mu.Lock()
				values := maps.Clone(w.disk.values)
				w.disk.mu.Unlock()
				maps.Copy(ends, w.ends())
				mu.Lock()
				until := maps.Clone(done)
				mu.Unlock()
				w.stop()
				mu.Lock()
				done = until
				mu.Unlock()
				w = newWorld(t)
				w.disk.values = values
			}
			unknown := 0
			for i := range lives * 5 {
				act, message := fmt.Sprintf("kong %d", i), fmt.Sprintf("people %d", i)
				require.Equal(t, response.Delivered, ends[message])
				require.GreaterOrEqual(t, done[message], 1)
				switch ends[act] {
				case response.Delivered:
					require.Equal(t, 1, done[act], "seed %d %s", seed, act)
				case response.Unknown:
					unknown++
					require.LessOrEqual(t, done[act], 1, "seed %d %s", seed, act)
				default:
					t.Errorf("seed %d %s: %v", seed, act, ends[act])
				}
			}
			require.LessOrEqual(t, unknown, 2*(lives-1), "only what was under way")
		})
	}
}
