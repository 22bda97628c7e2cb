package denylist

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/outbox"
)

var noon = time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)

func lock(token, act string) Entry {
	return Entry{Token: token, Act: act, Action: response.Lock, Reason: "decoy_use", Since: noon}
}

// disk is a store in memory that can be made to refuse.
type disk struct {
	values map[string][]byte
	err    error
	writes int
}

func newDisk() *disk { return &disk{values: make(map[string][]byte)} }

func (d *disk) Get(_ context.Context, keys ...string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		values[i] = d.values[key]
	}
	return values, d.err
}

func (d *disk) Apply(_ context.Context, changes ...outbox.Change) error {
	if d.err != nil {
		return d.err
	}
	for _, c := range changes {
		d.writes++
		if c.Value == nil {
			delete(d.values, c.Key)
		} else {
			d.values[c.Key] = c.Value
		}
	}
	return nil
}

func TestATokenIsRefusedUntilTheLastActIsTakenBack(t *testing.T) {
	l := New(10)
	require.NoError(t, l.Put(lock("tok_a", "1"), noon))
	require.NoError(t, l.Put(lock("tok_a", "2"), noon))
	assert.Equal(t, 2, l.Len())
	assert.True(t, l.Remove("tok_a", "1"))
	assert.False(t, l.Remove("tok_a", "1"), "twice does no harm")
	assert.Len(t, l.of("tok_a"), 1)
	assert.True(t, l.Remove("tok_a", "2"))
	assert.Empty(t, l.of("tok_a"))
	assert.Zero(t, l.Len())
}

func TestTheSameActAgainChangesNothingButWhatItSays(t *testing.T) {
	l := New(10)
	require.NoError(t, l.Put(lock("tok_a", "1"), noon))
	before, changed := l.Page()
	again := lock("tok_a", "1")
	again.Since = noon.Add(time.Hour)
	require.NoError(t, l.Put(again, noon))
	after, _ := l.Page()
	assert.Equal(t, before.Tag, after.Tag)
	select {
	case <-changed:
		t.Error("nothing has changed")
	default:
	}
	again.Until = noon.Add(2 * time.Hour)
	require.NoError(t, l.Put(again, noon))
	<-changed
	held := l.Holds("tok_a", "1", noon)
	require.NotNil(t, held)
	assert.Equal(t, noon, held.Since)
	assert.Equal(t, again.Until, held.Until)
	assert.Equal(t, 1, l.Len())
}

func TestAFullListKeepsWhatIsLocked(t *testing.T) {
	l := New(2)
	short := lock("tok_a", "1")
	short.Until = noon.Add(time.Minute)
	require.NoError(t, l.Put(short, noon))
	require.NoError(t, l.Put(lock("tok_b", "1"), noon))
	require.ErrorIs(t, l.Put(lock("tok_c", "1"), noon), ErrFull)
	assert.EqualValues(t, 1, l.Full())
	require.NoError(t, l.Put(lock("tok_b", "1"), noon), "what is there stays")
	require.NoError(t, l.Put(lock("tok_c", "1"), noon.Add(time.Minute)), "what is over makes room")
	assert.Empty(t, l.of("tok_a"))
	assert.Zero(t, l.Full())
}

func TestWhatIsOverLeaves(t *testing.T) {
	l := New(10)
	e := lock("tok_a", "1")
	e.Until = noon.Add(time.Minute)
	require.NoError(t, l.Put(e, noon))
	assert.Zero(t, l.Sweep(noon.Add(59*time.Second)))
	assert.NotNil(t, l.Holds("tok_a", "1", noon.Add(59*time.Second)))
	assert.Nil(t, l.Holds("tok_a", "1", noon.Add(time.Minute)))
	_, changed := l.Page()
	assert.Equal(t, 1, l.Sweep(noon.Add(time.Minute)))
	<-changed
	page, _ := l.Page()
	assert.Empty(t, page.Lines)
}

// Whatever came and went in whatever order, the same content has the same tag, and what is kept is what is in force.
func TestTheListIsWhatItHolds(t *testing.T) {
	for seed := range uint64(20) {
		luck := rand.New(rand.NewPCG(seed, 7))
		l, d := New(1000), newDisk()
		want := map[string]Entry{}
		for range 300 {
			e := lock(fmt.Sprintf("tok_%d", luck.IntN(40)), fmt.Sprint(luck.IntN(3)))
			if luck.IntN(2) == 0 {
				e.Action = response.Reauthenticate
			}
			name := e.Token + " " + e.Act
			if _, there := want[name]; luck.IntN(3) == 0 {
				require.Equal(t, there, l.Remove(e.Token, e.Act))
				delete(want, name)
			} else {
				require.NoError(t, l.Put(e, noon))
				want[name] = e
			}
			if luck.IntN(10) == 0 {
				d.err = []error{nil, errors.New("disk on fire")}[luck.IntN(2)]
				_ = l.Save(t.Context(), d)
				d.err = nil
			}
		}
		require.NoError(t, l.Save(t.Context(), d))
		writes := d.writes
		require.NoError(t, l.Save(t.Context(), d))
		require.Equal(t, writes, d.writes, "nothing has changed")

		fresh := New(1000)
		for _, e := range want {
			require.NoError(t, fresh.Put(e, noon))
		}
		read := New(1000)
		require.NoError(t, read.Load(t.Context(), d))
		one, _ := l.Page()
		for _, other := range []*List{fresh, read} {
			page, _ := other.Page()
			require.Equal(t, one, page, "seed %d", seed)
			require.Equal(t, len(want), other.Len())
		}
		require.Empty(t, other(d.values), "keys of others")
	}
}

func other(values map[string][]byte) []string {
	var names []string
	for name := range maps.Keys(values) {
		if len(name) != len("deny_list/00") {
			names = append(names, name)
		}
	}
	return names
}

func TestWhatCannotBeReadIsNotWrittenOver(t *testing.T) {
	d := newDisk()
	l := New(10)
	require.NoError(t, l.Put(lock("tok_a", "1"), noon))
	require.NoError(t, l.Save(t.Context(), d))

	d.err = errors.New("disk on fire")
	again := New(10)
	require.ErrorContains(t, again.Load(t.Context(), d), "read the deny list from storage: disk on fire")
	require.ErrorContains(t, again.Trouble(), "disk on fire")
	require.NoError(t, again.Put(lock("tok_b", "1"), noon), "what is new is in force at once")
	d.err = nil
	require.Error(t, again.Save(t.Context(), d))
	require.NoError(t, again.Load(t.Context(), d))
	require.NoError(t, again.Trouble())
	require.NoError(t, again.Save(t.Context(), d))
	assert.Equal(t, 2, again.Len())

	last := New(10)
	require.NoError(t, last.Load(t.Context(), d))
	assert.Equal(t, 2, last.Len())
}

func TestDamageCostsOnePart(t *testing.T) {
	d := newDisk()
	l := New(100)
	for i := range 50 {
		require.NoError(t, l.Put(lock(fmt.Sprintf("tok_%d", i), "1"), noon))
	}
	require.NoError(t, l.Save(t.Context(), d))
	d.values[bucketKey(bucketOf("tok_7"))] = []byte("{torn")
	again := New(100)
	require.ErrorIs(t, again.Load(t.Context(), d), ErrDamaged)
	require.NoError(t, again.Trouble())
	assert.Nil(t, again.Holds("tok_7", "1", noon))
	assert.Greater(t, again.Len(), 40)
}

func TestThePage(t *testing.T) {
	l := New(10)
	require.NoError(t, l.Put(lock("tok_b", "1"), noon))
	require.NoError(t, l.Put(Entry{Token: "tok_c", Act: "2", Action: response.Restrict, Since: noon, Grant: &Grant{Routes: []string{"GET /v1/orders/:id"}}}, noon))
	require.NoError(t, l.Put(lock("tok_a", "1"), noon))
	require.NoError(t, l.Put(lock("tok_a", "2"), noon))
	page, _ := l.Page()
	assert.Equal(t, "tok_a\ntok_b\n", string(page.Plain))
	lines := strings.Split(string(page.Lines), "\n")
	require.Len(t, lines, 5)
	for i, want := range []string{
		`{"id":"tok_a","act":"1","action":"lock","reason":"decoy_use","since":"2026-03-25T12:00:00Z"}`,
		`{"id":"tok_a","act":"2","action":"lock","reason":"decoy_use","since":"2026-03-25T12:00:00Z"}`,
		`{"id":"tok_b","act":"1","action":"lock","reason":"decoy_use","since":"2026-03-25T12:00:00Z"}`,
		`{"id":"tok_c","act":"2","action":"restrict","since":"2026-03-25T12:00:00Z","grant":{"routes":["GET /v1/orders/:id"]}}`,
	} {
		assert.JSONEq(t, want, lines[i])
	}
	assert.Empty(t, lines[4])
	assert.Regexp(t, "^[0-9a-f]{32}-4$", page.Tag)
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`[{"id":"tok_a","act":"1","action":"lock","since":"2026-03-25T12:00:00Z"}]`))
	f.Add([]byte(`[{"id":"tok_a","action":"restrict","grant":{"routes":["GET /{x}/*"],"networks":["AS1","::/0"]}}]`))
	f.Add([]byte(`[null]`))
	f.Fuzz(func(t *testing.T, value []byte) {
		d := newDisk()
		d.values[bucketKey(0)] = value
		l := New(10)
		_ = l.Load(t.Context(), d) // damage is told
		page, _ := l.Page()
		_ = page.Tag
	})
}
