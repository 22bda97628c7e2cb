package courier

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/outbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	sec  = time.Second
	hour = time.Hour
	day  = 24 * hour
)

func TestDeliveryIsImmediate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		people := w.target("people", response.Message)
		w.start()
		w.pass(hour)
		w.sends("a", "people")
		synctest.Wait()
		assert.Equal(t, []string{"1h0m0s a body of a"}, people.visits())
		assert.Equal(t, map[string]response.State{"people a": response.Delivered}, w.ends())
		assert.Equal(t, map[string]int{"people": 0}, w.Pending())
		w.stop()
	})
}

func TestRetriesFollowTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		people := w.target("people", response.Message)
		people.says(response.Refused)
		w.start()
		w.sends("a", "people")
		w.pass(10 * day)
		assert.Equal(t, []string{
			"0s a body of a", "5s a body of a", "5m5s a body of a", "35m5s a body of a", "2h35m5s a body of a",
			"7h35m5s a body of a", "17h35m5s a body of a", "31h35m5s a body of a", "51h35m5s a body of a", "75h35m5s a body of a",
		}, people.visits())
		assert.Equal(t, map[string]response.State{"people a": response.Dead}, w.ends())
		assert.Len(t, w.told(Retried), 9)
		assert.Equal(t, map[string]int{"people": 1}, w.DeadLetters())
		w.stop()
	})
}

func TestADeadTargetDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		dead := w.target("dead", response.Message)
		dead.takes = hour // until the time-out
		people := w.target("people", response.Message)
		w.start()
		for i := range 20 {
			w.sends(fmt.Sprint(i), "dead", "people")
		}
		synctest.Wait()
		assert.Len(t, people.visits(), 20)
		for _, n := range w.told(Ended) {
			assert.Equal(t, "people", n.Target)
			assert.Zero(t, n.Wait, "not a moment later")
		}
		assert.Equal(t, 20, w.Pending()["dead"])
		w.stop()
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		people := w.target("people", response.Message)
		people.answer = func(n int, _ *response.Delivery) response.Answer {
			if n == 1 {
				return response.Answer{Verdict: response.Refused, Status: 429, Busy: true, RetryAfter: time.Minute}
			}
			return response.Answer{Verdict: response.Done}
		}
		w.start()
		w.sends("a", "people")
		w.pass(sec)
		w.sends("b", "people")
		w.pass(hour)
		assert.Equal(t, []string{"0s a body of a", "1m0s b body of b", "1m0.5s a body of a"}, people.visits(), "the target is left alone by others, too")
		w.stop()
	})
}

func TestGoneDisablesTheTargetAndKeepsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		people := w.target("people", response.Message)
		people.says(response.Gone)
		w.start()
		w.sends("a", "people")
		synctest.Wait()
		w.sends("b", "people")
		w.pass(5 * day)
		assert.Len(t, people.visits(), 1)
		assert.Len(t, w.told(Disabled), 1)
		assert.Equal(t, map[string]bool{"people": true}, w.Disabled())
		assert.Empty(t, w.ends())
		w.stop()

		people.says(response.Done)
		w.start()
		w.pass(0)
		assert.Len(t, w.ends(), 2, "after a restart the target has another chance")
		w.stop()
	})
}

func TestTheSameAnomalyTwiceIsDeliveredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		people := w.target("people", response.Message)
		w.start()
		w.sends("a", "people")
		w.sends("a", "people")
		w.pass(sec)
		w.stop()
		w.start()
		w.sends("a", "people")
		w.pass(hour)
		assert.Len(t, people.visits(), 1)
		assert.Len(t, w.told(Duplicate), 2)
		w.stop()
	})
}

func TestRestartInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		people := w.target("people", response.Message)
		people.says(response.Refused)
		w.start()
		w.sends("a", "people")
		w.pass(time.Minute)
		w.stop()
		w.pass(time.Minute)
		people.says(response.Done)
		w.start()
		w.pass(hour)
		assert.Equal(t, []string{"0s a body of a", "5s a body of a", "5m5s a body of a"}, people.visits(), "due times survive")
		assert.Equal(t, map[string]response.State{"people a": response.Delivered}, w.ends())
		w.stop()
	})
}

func TestShutdownCutsMessagesShortAndLetsActsFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		people := w.target("people", response.Message)
		kong := w.target("kong", response.Act)
		people.takes, kong.takes = 10*sec, 10*sec
		w.start()
		w.sends("a", "people", "kong")
		synctest.Wait()
		begin := time.Now()
		w.stop()
		assert.Equal(t, 10*sec, time.Since(begin), "for as long as the act took")
		assert.Equal(t, map[string]response.State{"kong a": response.Delivered}, w.ends())
		assert.ErrorIs(t, w.send("b", "people"), ErrClosed)
		w.stop()

		people.takes = 0
		w.start()
		w.pass(0)
		assert.Len(t, people.visits(), 2, "what was cut short is sent again")
		assert.Len(t, kong.visits(), 1)
		w.stop()
	})
}

func TestShutdownWithoutStart(t *testing.T) {
	w := newWorld(t)
	out, _, err := outbox.Open(t.Context(), nil, outbox.Limits{}, time.Now())
	require.NoError(t, err)
	w.Dispatcher = New(out, nil, Environment{Now: time.Now}, nil)
	w.stop()
	w.stop()
	assert.ErrorIs(t, w.Accept(t.Context()), ErrClosed)
}

func TestShutdownHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		kong := w.target("kong", response.Act)
		kong.takes = 10 * sec
		w.start()
		w.sends("a", "kong")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), sec)
		defer cancel()
		assert.ErrorIs(t, w.Shutdown(ctx), context.DeadlineExceeded)
		w.pass(hour)
	})
}

func TestTooManyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		people := w.target("people", response.Message, func(t *Target) { t.MaxPending = 3 })
		people.says(response.Refused)
		w.start()
		for i := range 5 {
			w.sends(fmt.Sprint(i), "people")
			synctest.Wait()
		}
		assert.Equal(t, map[string]response.State{"people 0": response.Dead, "people 1": response.Dead}, w.ends(), "the oldest go")
		assert.Equal(t, 3, w.Pending()["people"])
		w.stop()
	})
}

func TestHealthOfATarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		people := w.target("people", response.Message)
		people.says(response.Refused)
		w.start()
		w.sends("a", "people")
		w.pass(5*time.Minute - sec)
		assert.Empty(t, w.told(TargetDown))
		w.pass(sec)
		require.Len(t, w.told(TargetDown), 1)
		assert.Equal(t, 5*time.Minute, w.told(TargetDown)[0].Wait)
		w.pass(hour)
		assert.Len(t, w.told(TargetDown), 1, "once")
		people.says(response.Done)
		w.pass(day)
		assert.Len(t, w.told(TargetUp), 1)
		w.stop()
	})
}

func TestFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		people := w.target("people", response.Message)
		w.start()
		w.disk.refuse(true)
		w.sends("a", "people")
		synctest.Wait()
		assert.Len(t, people.visits(), 1, "it is delivered at once")
		w.pass(5 * sec)
		assert.Len(t, w.told(StoreFailed), 1)
		w.disk.refuse(false)
		w.pass(5 * sec)
		assert.Len(t, w.told(StoreWorks), 1)
		w.stop()
		w.start()
		w.sends("a", "people")
		w.pass(hour)
		assert.Len(t, people.visits(), 1, "and remembered as soon as the disk takes it")
		w.stop()
	})
}

func TestParkedTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.target("people", response.Message).says(response.Refused)
		w.start()
		w.sends("a", "people")
		w.pass(sec)
		w.stop()

		people := w.targets
		w.targets = nil
		w.start()
		require.Len(t, w.told(Parked), 1)
		assert.Equal(t, 1, w.told(Parked)[0].Count)
		w.stop()

		w.targets = people
		w.places["people"].says(response.Done)
		w.start()
		w.pass(hour)
		assert.Equal(t, map[string]response.State{"people a": response.Delivered}, w.ends(), "it came back")
		w.sends("b", "people")
		w.pass(0)
		w.stop()
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.target("people", response.Message).says(response.Refused)
		w.start()
		w.sends("a", "people")
		w.pass(sec)
		w.stop()
		w.targets = nil
		w.pass(31 * day)
		w.start()
		assert.Equal(t, map[string]response.State{"people a": response.Dead}, w.ends(), "it never came back")
		w.stop()
	})
}

func TestABugInASender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		buggy := func(n int, _ *response.Delivery) response.Answer {
			if n == 1 {
				panic("oops")
			}
			return response.Answer{Verdict: response.Done}
		}
		w.target("people", response.Message).answer = buggy
		w.target("kong", response.Act).answer = buggy
		w.start()
		w.sends("a", "people", "kong")
		w.pass(hour)
		assert.Equal(t, map[string]response.State{"people a": response.Delivered, "kong a": response.Unknown}, w.ends())
		assert.Equal(t, "panic: oops", w.told(Retried)[0].Delivery.Answer.Reason)
		w.stop()
	})
}
