package tokenbehaviorconnector

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/holterhq/holter/internal/otelattr"
)

// postbox is a pipeline of numbers.
type postbox struct {
	mu       sync.Mutex
	refuses  func(n int) error
	accepted []int
	dropped  []int
}

func (p *postbox) courier(group int) *courier[int] {
	return newCourier(courierOptions[int]{
		send: func(_ context.Context, all []int) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			for _, n := range all {
				if err := p.refuses(n); err != nil {
					return err
				}
			}
			p.accepted = append(p.accepted, all...)
			return nil
		},
		sent:    func([]int) {},
		refused: func(error) {},
		dropped: func(gone []int, _ error) { p.dropped = append(p.dropped, gone...) },
		limit:   1_000, group: group, backoff: time.Second,
	})
}

func (p *postbox) refuse(with func(n int) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = with
}

var errForGood = consumererror.NewPermanent(errors.New("400 Bad Request"))

func TestWhatIsRefusedForGoodDelaysNothingElse(t *testing.T) {
	for _, group := range []int{1, 7, 100} {
		synctest.Test(t, func(t *testing.T) {
			box := new(postbox)
			box.refuse(func(n int) error {
				if n == 0 || n == 13 || n == 14 {
					return errForGood
				}
				return nil
			})
			c := box.courier(group)
			c.start()
			var want []int
			for n := range 300 {
				c.put(n)
				if n != 0 && n != 13 && n != 14 {
					want = append(want, n)
				}
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			slices.Sort(box.accepted)
			assert.Equal(t, want, box.accepted, "each once")
			assert.Equal(t, []int{0, 13, 14}, box.dropped)
			assert.Zero(t, c.len())
			c.close(t.Context())
		})
	}
}

// A pipeline that takes nothing may have an exporter with a wrong password.
func TestAPipelineThatTakesNothingLosesNothing(t *testing.T) {
	for _, group := range []int{1, 100} {
		synctest.Test(t, func(t *testing.T) {
			box := new(postbox)
			box.refuse(func(int) error { return errForGood })
			c := box.courier(group)
			c.start()
			var all []int
			for n := range 300 {
				c.put(n)
				all = append(all, n)
			}
			time.Sleep(time.Hour)
			assert.Equal(t, 300, c.len())
			box.refuse(func(int) error { return nil })
			time.Sleep(time.Hour)
			synctest.Wait()
			assert.Equal(t, all, box.accepted)
			assert.Empty(t, box.dropped)
			c.close(t.Context())
		})
	}
}

// While a pipeline is away for a moment, what it refused for good before stays: who knows what it refuses next.
func TestNothingIsGivenUpForAPipelineThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := new(postbox)
		box.refuse(func(n int) error {
			if n == 0 {
				return errForGood
			}
			return errors.New("away")
		})
		c := box.courier(10)
		c.start()
		c.put(0, 1, 2)
		time.Sleep(time.Hour)
		assert.Equal(t, []int{0, 1, 2}, c.waiting())
		c.close(t.Context())
		assert.Empty(t, box.dropped)
	})
}

// The Collector sets no time-out at shutdown.
func TestPipelinesThatHangAreNotWaitedForInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, heedless := time.Now(), make(chan struct{})
		hanging := func(heeds bool) *courier[int] {
			c := newCourier(courierOptions[int]{
				send: func(ctx context.Context, _ []int) error {
					if !heeds {
						<-heedless
						return nil
					}
					<-ctx.Done()
					return ctx.Err()
				},
				sent: func([]int) {}, refused: func(error) {}, dropped: func([]int, error) {}, limit: 10, group: 1, backoff: time.Second,
			})
			c.start()
			c.put(1)
			return c
		}
		all := []*courier[int]{hanging(true), hanging(false), hanging(true)}
		var closes []func(context.Context)
		for _, c := range all {
			closes = append(closes, c.close)
		}
		closeAll(context.Background(), closes)
		require.LessOrEqual(t, time.Since(began), closePatience+time.Second)
		for _, c := range all {
			assert.Equal(t, []int{1}, c.waiting(), "it is saved")
		}
		close(heedless)
	})
}

// Deltas add up: a pipeline that is away for a long time gets them in few batches.
func TestDeltasOfALongOutageAreNotGivenUp(t *testing.T) {
	h := newHouse(t, withDelta).start()
	h.warehouse.set(errors.New("away"))
	for i := range deltaBatches + deltaBatches/4 {
		h.send(many(i*10, 10))
		h.runtime().worker.ask(t.Context(), func() {
			for _, v := range h.runtime().metrics.views {
				v.flushed = time.Time{}
			}
			h.runtime().worker.flushDue()
		})
	}
	h.warehouse.set(nil)
	h.stop()
	assert.EqualValues(t, 10*(deltaBatches+deltaBatches/4), h.warehouse.sum(otelattr.MetricRequests))
	assert.LessOrEqual(t, len(h.warehouse.AllMetrics()), mostBehind+1)
}
