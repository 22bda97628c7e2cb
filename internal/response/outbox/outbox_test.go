package outbox

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

var (
	noon  = time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)
	roomy = Limits{Memory: 1 << 20, Seen: 1000, SeenFor: time.Hour, DeadLetters: 10, Acts: 10}
)

func open(t testing.TB, store Store, limits Limits) (*Outbox, []*response.Delivery) {
	t.Helper()
	o, found, damage := Open(context.Background(), store, limits, noon)
	require.NoError(t, damage)
	return o, found
}

func delivery(id, target string) *response.Delivery {
	return &response.Delivery{
		ID: id, Target: target, Rule: "r", Arrived: noon, Body: []byte(`{"id":"` + id + `","html":"<&>"}` + "\n tail"),
		Progress: response.Progress{Due: noon},
	}
}

func add(t testing.TB, o *Outbox, deliveries ...*response.Delivery) Receipt {
	t.Helper()
	r, err := o.Add(context.Background(), noon, deliveries...)
	require.NoError(t, err)
	return r
}

func TestWhatIsAddedIsThereAfterARestart(t *testing.T) {
	ctx := context.Background()
	store := newDisk()
	o, found := open(t, store, roomy)
	require.Empty(t, found)
	a, b, c := delivery("a", "people"), delivery("a", "kong"), delivery("b", "people")
	b.DryRun = true
	r := add(t, o, a, b, c)
	assert.True(t, r.Durable)
	assert.Len(t, r.Fresh, 3)

	b.Attempts, b.Due = 3, noon.Add(time.Hour)
	b.Answer = response.Answer{Verdict: response.Refused, Status: 503, Text: "busy", Reason: "503"}
	o.Save(ctx, noon, b)
	c.State = response.Delivered
	_, gone := o.End(ctx, noon, c, response.Message, Batch{})
	assert.Empty(t, gone)

	o, found = open(t, store.snapshot(), roomy)
	require.Len(t, found, 2)
	assert.Equal(t, "people", found[0].Target)
	assert.Equal(t, response.Waiting, found[0].State)
	assert.Nil(t, found[0].Body)
	require.NoError(t, o.Fetch(ctx, found[0]))
	assert.Equal(t, delivery("a", "people").Body, found[0].Body, "to the byte")

	assert.Equal(t, "kong", found[1].Target)
	assert.True(t, found[1].DryRun)
	assert.Equal(t, 3, found[1].Attempts)
	assert.True(t, found[1].Due.Equal(noon.Add(time.Hour)))
	assert.Equal(t, b.Answer, found[1].Answer)
}

func TestAnAnomalyIsAcceptedOncePerTarget(t *testing.T) {
	ctx := context.Background()
	store := newDisk()
	o, _ := open(t, store, roomy)
	first := delivery("a", "people")
	add(t, o, first)
	r := add(t, o, delivery("a", "people"), delivery("a", "kong"), delivery("a", "kong"))
	assert.Len(t, r.Fresh, 1)
	assert.Len(t, r.Duplicates, 2)

	first.State = response.Delivered
	o.End(ctx, noon, first, response.Message, Batch{})
	assert.Empty(t, add(t, o, delivery("a", "people")).Fresh, "also once it was delivered")

	o, _ = open(t, store.snapshot(), roomy)
	assert.Empty(t, add(t, o, delivery("a", "people"), delivery("a", "kong")).Fresh, "also after a restart")
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	ctx := context.Background()
	store := newDisk()
	limits := roomy
	limits.Seen = 2 * pageEntries
	o, _ := open(t, store, limits)
	evicted := 0
	for i := range 10 * pageEntries {
		d := delivery(fmt.Sprint(i), "people")
		r, err := o.Add(ctx, noon, d)
		require.NoError(t, err)
		evicted += r.Evicted
		d.State = response.Delivered
		o.End(ctx, noon, d, response.Message, Batch{})
	}
	assert.InDelta(t, 8*pageEntries, evicted, pageEntries)
	assert.LessOrEqual(t, len(store.values), 5, "pages and the table of contents")
	assert.Len(t, add(t, o, delivery("0", "people")).Fresh, 1, "the oldest was forgotten")
	assert.Empty(t, add(t, o, delivery(fmt.Sprint(10*pageEntries-1), "people")).Fresh)

	t.Run("by age without being counted", func(t *testing.T) {
		o, _ := open(t, newDisk(), limits)
		for i := range pageEntries {
			add(t, o, delivery(fmt.Sprint(i), "people"))
		}
		r, err := o.Add(ctx, noon.Add(2*time.Hour), delivery("late", "people"))
		require.NoError(t, err)
		assert.Zero(t, r.Evicted)
		assert.Len(t, o.seen.ids, 1)
	})
}

func TestAFullDiskDoesNotStopDeliveries(t *testing.T) {
	ctx := context.Background()
	store := newDisk()
	o, _ := open(t, store, roomy)
	store.set(true)
	d := delivery("a", "people")
	r := add(t, o, d)
	assert.Len(t, r.Fresh, 1)
	assert.False(t, r.Durable)
	assert.ErrorIs(t, o.Trouble(), errDisk)
	assert.Empty(t, add(t, o, delivery("a", "people")).Fresh, "it is remembered in memory")
	d.Body = nil
	require.NoError(t, o.Fetch(ctx, d))
	assert.NotEmpty(t, d.Body)
	_, found := open(t, store.snapshot(), roomy)
	assert.Empty(t, found)

	assert.Error(t, o.Flush(ctx, noon.Add(time.Minute)))
	store.set(false)
	assert.NoError(t, o.Flush(ctx, noon.Add(2*time.Minute)))
	assert.NoError(t, o.Trouble())
	_, found = open(t, store.snapshot(), roomy)
	assert.Len(t, found, 1, "it is written as soon as the disk takes it")
}

func TestWithoutRoomNothingIsAccepted(t *testing.T) {
	ctx := context.Background()
	limits := roomy
	limits.Memory = 3000
	for name, store := range map[string]Store{"no storage": nil, "a full disk": &disk{full: true, values: map[string][]byte{}}} {
		t.Run(name, func(t *testing.T) {
			o, _ := open(t, store, limits)
			var accepted []*response.Delivery
			for i := range 100 {
				d := delivery(fmt.Sprint(i), "people")
				if _, err := o.Add(ctx, noon, d); err != nil {
					require.ErrorIs(t, err, ErrFull)
					break
				}
				accepted = append(accepted, d)
			}
			require.NotEmpty(t, accepted)
			require.Less(t, len(accepted), 100)
			next := delivery(fmt.Sprint(len(accepted)), "people")
			big := delivery("big", "people")
			big.Body = bytes.Repeat([]byte("x"), 3000)
			_, err := o.Add(ctx, noon, next, big)
			require.ErrorIs(t, err, ErrFull, "all or none")

			for _, d := range accepted {
				d.State = response.Delivered
				o.End(ctx, noon, d, response.Message, Batch{})
			}
			if store == nil {
				assert.Len(t, add(t, o, next).Fresh, 1, "what was refused was not remembered, and there is room again")
			}
		})
	}
}

func TestIntent(t *testing.T) {
	ctx := context.Background()
	t.Run("is seen by the next process", func(t *testing.T) {
		store := newDisk()
		o, _ := open(t, store, roomy)
		d := delivery("a", "kong")
		add(t, o, d)
		assert.True(t, o.Intend(ctx, noon, d))
		assert.Equal(t, response.Waiting, d.State, "the delivery itself is as it was")
		_, found := open(t, store.snapshot(), roomy)
		require.Len(t, found, 1)
		assert.Equal(t, response.Sending, found[0].State)
	})
	t.Run("cannot be written though the delivery is on disk", func(t *testing.T) {
		store := newDisk()
		o, _ := open(t, store, roomy)
		d := delivery("a", "kong")
		add(t, o, d)
		store.set(true)
		assert.False(t, o.Intend(ctx, noon, d))
		store.set(false)
		require.NoError(t, o.Flush(ctx, noon.Add(time.Minute)))
		_, found := open(t, store.snapshot(), roomy)
		assert.Equal(t, response.Waiting, found[0].State, "an act that was not sent does not count as begun")
	})
	t.Run("nothing of it is on disk", func(t *testing.T) {
		store := newDisk()
		o, _ := open(t, store, roomy)
		store.set(true)
		d := delivery("a", "kong")
		add(t, o, d)
		assert.True(t, o.Intend(ctx, noon, d), "the next process will know nothing of it, and cannot send it again")
		store.set(false)
		require.NoError(t, o.Flush(ctx, noon.Add(time.Minute)))
		_, found := open(t, store.snapshot(), roomy)
		assert.Equal(t, response.Sending, found[0].State)
	})
	t.Run("without storage", func(t *testing.T) {
		o, _ := open(t, nil, roomy)
		d := delivery("a", "kong")
		add(t, o, d)
		assert.True(t, o.Intend(ctx, noon, d))
	})
}

func TestDeadLettersAndActsAreKept(t *testing.T) {
	ctx := context.Background()
	store := newDisk()
	limits := roomy
	limits.DeadLetters = 3
	o, _ := open(t, store, limits)
	var evicted []string
	for i := range 5 {
		d := delivery(fmt.Sprint(i), "people")
		add(t, o, d)
		d.State, d.Attempts, d.Answer = response.Dead, 10, response.Answer{Verdict: response.Refused, Status: 500, Reason: "broken"}
		d.Body = nil
		_, gone := o.End(ctx, noon.Add(time.Hour), d, response.Message, Batch{})
		evicted = append(evicted, gone...)
	}
	act := delivery("lock", "kong")
	add(t, o, act)
	act.State, act.Answer = response.Delivered, response.Answer{Status: 204, Text: "ok"}
	o.End(ctx, noon, act, response.Act, Batch{})
	assert.Equal(t, []string{"people", "people"}, evicted)

	o, found := open(t, store.snapshot(), limits)
	assert.Empty(t, found)
	assert.Equal(t, map[string]int{"people": 3}, o.DeadLetters())
	var letters []Letter
	require.NoError(t, o.Letters(ctx, func(l Letter) { letters = append(letters, l) }))
	require.Len(t, letters, 4)
	assert.Equal(t, "2", letters[0].ID)
	assert.Equal(t, delivery("2", "people").Body, letters[0].Body, "to the byte, so that it can be sent again")
	assert.True(t, letters[0].Ended.Equal(noon.Add(time.Hour)))
	assert.Equal(t, "broken", letters[0].Answer.Reason)
	assert.Equal(t, "kong", letters[3].Target)
	assert.Equal(t, "ok", letters[3].Answer.Text)
}

func TestWhatIsSentAgainMayHaveBeenDoneBefore(t *testing.T) {
	ctx := context.Background()
	store := newDisk()
	o, _ := open(t, store, roomy)
	act := delivery("lock", "kong")
	add(t, o, act)
	act.State, act.Doubt = response.Dead, true
	o.End(ctx, noon, act, response.Act, Batch{})
	o, _ = open(t, store.snapshot(), roomy)
	letters, err := o.Find(ctx, "lock", "kong")
	require.NoError(t, err)
	receipt, err := o.Commit(ctx, noon, true, Batch{Replay: letters})
	require.NoError(t, err)
	require.Len(t, receipt.Fresh, 1)
	assert.Equal(t, response.Progress{Due: noon, Doubt: true}, receipt.Fresh[0].Progress)
}

func TestDamageIsToldAndLeftAlone(t *testing.T) {
	ctx := context.Background()
	t.Run("one record", func(t *testing.T) {
		store := newDisk()
		o, _ := open(t, store, roomy)
		add(t, o, delivery("a", "people"), delivery("b", "people"), delivery("c", "people"))
		store.values[key(deliveryPrefix, 0)] = []byte{version + 1, 'x', '\n'}
		store.values[key(progressPrefix, 1)] = []byte("?")
		o, found, damage := Open(ctx, store, roomy, noon)
		require.NotNil(t, o)
		assert.ErrorContains(t, damage, "delivery 0: written by another version")
		assert.ErrorContains(t, damage, "progress of delivery 1")
		require.Len(t, found, 2)
		assert.Equal(t, response.Sending, found[0].State, "what cannot be read may have been sent")
		assert.Contains(t, store.values, key(deliveryPrefix, 0))
	})
	t.Run("the table of contents", func(t *testing.T) {
		for _, value := range []string{"", "?", string(encode(meta{Low: 5, High: 1})), string(encode(meta{High: 1 << 60}))} {
			store := newDisk()
			store.values[metaKey] = []byte(value)
			store.values[key(deliveryPrefix, 0)] = []byte("precious")
			o, found, damage := Open(ctx, store, roomy, noon)
			require.NotNil(t, o)
			assert.ErrorContains(t, damage, "the table of contents cannot be read")
			assert.Empty(t, found)
			add(t, o, delivery("a", "people"))
			assert.Equal(t, "precious", string(store.values[key(deliveryPrefix, 0)]), "nothing is overwritten")
		}
	})
	t.Run("the store", func(t *testing.T) {
		store := newDisk()
		store.broken = true
		o, _, err := Open(ctx, store, roomy, noon)
		assert.Nil(t, o)
		assert.ErrorIs(t, err, errDisk)
	})
	t.Run("a record that vanishes", func(t *testing.T) {
		store := newDisk()
		o, _ := open(t, store, roomy)
		d := delivery("a", "people")
		add(t, o, d)
		d.Body = nil
		delete(store.values, key(deliveryPrefix, d.Seq))
		assert.ErrorIs(t, o.Fetch(ctx, d), ErrGone)
	})
}

func TestBodiesInMemoryAreBounded(t *testing.T) {
	limits := roomy
	limits.Memory = 60
	o, _ := open(t, newDisk(), limits)
	a, b, c := delivery("a", "people"), delivery("b", "people"), delivery("c", "people")
	add(t, o, a, b, c)
	assert.NotNil(t, a.Body)
	assert.Nil(t, c.Body, "it is on disk")
	require.NoError(t, o.Fetch(context.Background(), c))
	assert.NotNil(t, c.Body)
	for _, d := range []*response.Delivery{a, b, c} {
		d.State = response.Delivered
		o.End(context.Background(), noon, d, response.Message, Batch{})
	}
	assert.Zero(t, o.hot)
}

func BenchmarkAdd(b *testing.B) {
	o, _ := open(b, newDisk(), roomy)
	ctx := context.Background()
	for i := 0; b.Loop(); i++ {
		d := delivery(fmt.Sprint(i), "people")
		if _, err := o.Add(ctx, noon, d); err != nil {
			b.Fatal(err)
		}
		d.State = response.Delivered
		o.End(ctx, noon, d, response.Message, Batch{})
	}
}
