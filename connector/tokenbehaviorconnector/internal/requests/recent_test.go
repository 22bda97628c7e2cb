package requests

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
)

// span is a record of trace 1 from start to end, in milliseconds.
func span(id byte, service string, start, end int64) *otelattr.Record {
	r := new(otelattr.Record)
	r.Token, r.Service, r.Trace, r.Span = "tok", service, [16]byte{1}, [8]byte{id}
	r.Time, r.Duration = end*1e6, (end-start)*1e6
	return r
}

func with(r *otelattr.Record, change func(*otelattr.Record)) *otelattr.Record {
	change(r)
	return r
}

func outbound(r *otelattr.Record) { r.Outbound = true }
func remote(r *otelattr.Record)   { r.Remote = true }

func TestOneRequestIsCountedOnce(t *testing.T) {
	for name, test := range map[string]struct {
		records []*otelattr.Record
		want    []Verdict
	}{
		"the same span again": {
			[]*otelattr.Record{span(1, "a", 0, 10), span(1, "a", 0, 10)},
			[]Verdict{New, Duplicate},
		},
		"its access log": {
			[]*otelattr.Record{span(1, "a", 0, 10), with(span(1, "a", 10, 10), func(r *otelattr.Record) { r.Duration = -1 })},
			[]Verdict{New, Duplicate},
		},
		"gateway, then the service behind it": {
			[]*otelattr.Record{span(1, "gateway", 0, 10), span(2, "service", 1, 9)},
			[]Verdict{New, Nested},
		},
		"service, then the gateway before it": {
			[]*otelattr.Record{span(2, "service", 1, 9), span(1, "gateway", 0, 10), span(3, "another", 4, 5)},
			[]Verdict{New, Nested, Nested},
		},
		"clocks that differ a little": {
			[]*otelattr.Record{span(1, "gateway", 0, 10), span(2, "service", 4, 12)},
			[]Verdict{New, Nested},
		},
		"one after the other": {
			[]*otelattr.Record{span(1, "a", 0, 10), span(2, "a", 11, 20), span(3, "a", 21, 30)},
			[]Verdict{New, New, New},
		},
		"side by side, of one parent": {
			[]*otelattr.Record{
				with(span(1, "a", 0, 10), func(r *otelattr.Record) { r.Parent = [8]byte{9} }),
				with(span(2, "a", 1, 9), func(r *otelattr.Record) { r.Parent = [8]byte{9} }),
			},
			[]Verdict{New, New},
		},
		"side by side, from elsewhere": {
			[]*otelattr.Record{with(span(1, "a", 0, 10), remote), with(span(2, "a", 1, 9), remote)},
			[]Verdict{New, New},
		},
		"from the gateway": {
			[]*otelattr.Record{with(span(1, "gateway", 0, 10), remote), with(span(2, "a", 1, 9), remote)},
			[]Verdict{New, Nested},
		},
		"service, then the gateway before it, the service's end told late": {
			[]*otelattr.Record{with(span(2, "service", 8, 19), remote), span(1, "gateway", 0, 12)},
			[]Verdict{New, Nested},
		},
		"one service after the other": {
			[]*otelattr.Record{with(span(1, "one", 0, 10), remote), with(span(2, "other", 11, 20), remote)},
			[]Verdict{New, New},
		},
		"answered, then asked, the answer's end told late": {
			[]*otelattr.Record{
				with(span(2, "service", 12, 27), func(r *otelattr.Record) { r.Parent = [8]byte{1} }),
				with(span(1, "gateway", 1, 18), outbound),
			},
			[]Verdict{New, Nested},
		},
		"asked, then answered, the answer's end told late": {
			[]*otelattr.Record{
				with(span(1, "gateway", 1, 18), outbound),
				with(span(2, "service", 12, 27), func(r *otelattr.Record) { r.Parent = [8]byte{1} }),
			},
			[]Verdict{New, Counterpart},
		},
		"another token": {
			[]*otelattr.Record{span(1, "a", 0, 10), with(span(2, "b", 1, 9), func(r *otelattr.Record) { r.Token = "other" })},
			[]Verdict{New, New},
		},
		"another trace": {
			[]*otelattr.Record{span(1, "a", 0, 10), with(span(2, "b", 1, 9), func(r *otelattr.Record) { r.Trace[3] = 1 })},
			[]Verdict{New, New},
		},
		"passed on": {
			[]*otelattr.Record{span(1, "gateway", 0, 10), with(span(2, "gateway", 1, 9), outbound)},
			[]Verdict{New, Nested},
		},
		"asked, then answered": {
			[]*otelattr.Record{with(span(1, "app", 0, 10), outbound), span(2, "service", 1, 9), span(3, "deeper", 2, 8)},
			[]Verdict{New, Counterpart, Nested},
		},
		"no token": {
			[]*otelattr.Record{
				with(span(1, "a", 0, 10), func(r *otelattr.Record) { r.Token = "" }),
				with(span(2, "a", 1, 9), func(r *otelattr.Record) { r.Token = "" }),
				with(span(2, "a", 1, 9), func(r *otelattr.Record) { r.Token = "" }),
			},
			[]Verdict{New, New, Duplicate},
		},
		"no ids": {
			[]*otelattr.Record{
				with(span(0, "a", 0, 10), func(r *otelattr.Record) { r.Trace = [16]byte{} }),
				with(span(0, "a", 0, 10), func(r *otelattr.Record) { r.Trace = [16]byte{} }),
			},
			[]Verdict{New, New},
		},
	} {
		t.Run(name, func(t *testing.T) {
			recent := NewRecent("recent", 100, false)
			for i, record := range test.records {
				assert.Equal(t, test.want[i], recent.Admit(record), "record %d", i)
			}
		})
	}
}

func TestEverySpanMayCount(t *testing.T) {
	recent := NewRecent("recent", 100, true)
	assert.Equal(t, New, recent.Admit(span(1, "gateway", 0, 10)))
	assert.Equal(t, New, recent.Admit(span(2, "service", 1, 9)))
	assert.Equal(t, Duplicate, recent.Admit(span(2, "service", 1, 9)))
}

// A batch job may make many requests in one trace: each is known again, and another trace's are not mixed up with them.
func TestLongTraces(t *testing.T) {
	recent := NewRecent("recent", 100_000, true)
	one := func(n int) *otelattr.Record {
		r := span(0, "a", 0, 10)
		binary.BigEndian.PutUint32(r.Span[:], uint32(n)+1)
		return r
	}
	for n := range 3 * maxWalk {
		require.Equal(t, New, recent.Admit(one(n)))
		require.Equal(t, New, recent.Admit(numbered(n+1<<60)))
		for _, again := range []int{0, n / 2, n} {
			require.Equal(t, Duplicate, recent.Admit(one(again)), "%d after %d", again, n)
		}
	}
}

// numbered is the n-th of many requests, each in a trace of its own.
func numbered(n int) *otelattr.Record {
	r := span(1, "a", 0, 10)
	binary.BigEndian.PutUint64(r.Trace[:], uint64(n)+1)
	return r
}

func TestMemoryIsBoundedAndSurvives(t *testing.T) {
	const capacity = 4000
	recent := NewRecent("recent", capacity, false)
	storage := make(map[string][]byte)
	var saved State
	for n := range 3 * capacity {
		require.Equal(t, New, recent.Admit(numbered(n)))
		if n%777 == 0 {
			saved = save(recent, saved, storage)
		}
	}
	saved = save(recent, saved, storage)
	assert.LessOrEqual(t, len(recent.young.entries)+len(recent.old.entries), capacity)

	restored := NewRecent("recent", capacity, false)
	require.NoError(t, restored.Load(saved, func(key string) ([]byte, error) { return storage[key], nil }))
	for _, r := range []*Recent{recent, restored} {
		for n := 3*capacity - capacity/2; n < 3*capacity; n++ {
			require.Equal(t, Duplicate, r.Admit(numbered(n)))
		}
		assert.Equal(t, New, r.Admit(numbered(capacity)), "forgotten")
	}
	var size int
	for _, value := range storage {
		size += len(value)
	}
	assert.LessOrEqual(t, size, capacity*entrySize+100)
}

func save(r *Recent, saved State, storage map[string][]byte) State {
	state, records := r.Save(saved)
	for _, record := range records {
		if record.Value == nil {
			delete(storage, record.Key)
		} else {
			storage[record.Key] = record.Value
		}
	}
	return state
}

func FuzzDecode(f *testing.F) {
	r := NewRecent("recent", 10, false)
	r.Admit(numbered(1))
	_, records := r.Save(State{})
	f.Add(records[0].Value)
	f.Fuzz(func(_ *testing.T, b []byte) {
		_ = decode(b, newGeneration(0).add)
	})
}

func BenchmarkAdmit(b *testing.B) {
	for _, capacity := range []int{1 << 12, 1 << 18} {
		b.Run(fmt.Sprint("capacity=", capacity), func(b *testing.B) {
			recent := NewRecent("recent", capacity, false)
			b.ReportAllocs()
			var n int
			for b.Loop() {
				recent.Admit(numbered(n))
				n++
			}
		})
	}
}

// What is forgotten of a token is not in what is saved, and its requests are duplicates nevertheless.
func TestRecentForgetsTokens(t *testing.T) {
	disk := map[string][]byte{}
	save := func(r *Recent, last State) State {
		state, records := r.Save(last)
		for _, record := range records {
			if record.Value == nil {
				delete(disk, record.Key)
			} else {
				disk[record.Key] = record.Value
			}
		}
		return state
	}
	records := make([]otelattr.Record, 30)
	r, state := NewRecent("recent", 40, false), State{}
	for i := range records {
		records[i] = otelattr.Record{Observation: behavior.Observation{Token: []string{"tok_a", "tok_b"}[i%2], Trace: [16]byte{byte(i + 1)}, Span: [8]byte{byte(i + 1)}, Time: int64(i)}}
		r.Admit(&records[i])
		if i%3 == 0 {
			state = save(r, state)
		}
	}
	state = save(r, state)
	hunt := func(token string) (found bool) {
		for _, value := range disk {
			require.NoError(t, decode(value, func(e entry) { found = found || e.token == max(1, behavior.Hash(token)) }))
		}
		return found
	}
	require.True(t, hunt("tok_a"))
	chunks := len(disk)
	r.Forget([]string{"tok_a"})
	state = save(r, state)
	require.False(t, hunt("tok_a"))
	require.True(t, hunt("tok_b"))
	require.Less(t, len(disk), chunks)
	again := NewRecent("recent", 40, false)
	require.NoError(t, again.Load(state, func(key string) ([]byte, error) { return disk[key], nil }))
	for i := range records {
		require.Equal(t, Duplicate, again.Admit(&records[i]), i)
	}
}
