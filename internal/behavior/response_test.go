package behavior

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/anomaly"
)

const week = 7 * 24 * time.Hour

// locked says that a key was locked at a time.
func locked(token, act string, at int64) Response {
	return Response{Token: token, Time: at, Act: Act{ID: act, Action: "lock", Target: "kong", State: ActDone, Delay: 30 * time.Second, For: week}}
}

// call is a request that ends at a time.
func call(token string, at int64) Observation {
	return Observation{Token: token, Time: at, Service: "api", Method: "GET", Route: "/v1/exports", Country: "NL", Client: "curl/8", RequestBytes: -1, ResponseBytes: -1}
}

func TestTheEventNamesTheAct(t *testing.T) {
	e := New(testConfig())
	at := time.Date(2026, 3, 10, 0, 12, 0, 0, time.UTC).UnixNano()
	require.NoError(t, e.Follow(locked("tok_k", "a1", at)))
	o := call("tok_k", at+int64(2*time.Minute))
	o.Hint, o.OwnerName = "sk_live_…9f3a", "Acme"
	events := e.Apply([]Observation{o})
	require.Len(t, events, 1)
	require.Equal(t, anomaly.Remedy{ID: "a1", Action: "lock", Target: "kong", Time: at}, events[0].Remedy)
	require.Equal(t, anomaly.RevokedUse, events[0].Detector)
	require.Equal(t, anomaly.Confirmed, events[0].Severity)
	require.Zero(t, events[0].Limit, "it is no part of the alert budget")
	require.Equal(t, "Key sk_live_…9f3a (Acme) was locked at kong at 00:12 UTC but still succeeds: it called GET /v1/exports of api from NL with curl "+
		"at 00:14 UTC.", events[0].Sentence)
}

// Whatever is cut where, and restarted where, each act that does not hold is told once.
func TestWatchingOutlivesRestarts(t *testing.T) {
	at := morning.UnixNano()
	var obs []Observation
	for i := range 400 {
		o := call(fmt.Sprintf("k%d", i%40), at+int64(i)*int64(10*time.Minute))
		o.Span[0], o.Span[1] = byte(i), byte(i>>8)
		if i%3 == 0 {
			o.Outcome = AuthError
		}
		obs = append(obs, o)
	}
	said := map[int]Response{}
	for k := range 20 {
		said[20+7*k] = locked(fmt.Sprintf("k%d", 2*k), fmt.Sprint("act", k), at+int64(20+7*k)*int64(10*time.Minute)-1)
	}
	said[90] = Response{Token: "k4", Time: at, Act: Act{ID: "act2", State: ActOver}}
	play := func(restart int, shards int) (events []anomaly.Event) {
		cfg := testConfig()
		cfg.Shards = shards
		e, disk := New(cfg), store{}
		for i := range obs {
			if r, ok := said[i]; ok {
				require.NoError(t, e.Follow(r))
			}
			if restart > 0 && i%restart == 0 {
				disk.save(e.Snapshot())
				e = New(cfg)
				require.NoError(t, e.Restore(disk.load))
			}
			events = append(events, e.Apply(slices.Clone(obs[i:i+1]))...)
		}
		return slices.DeleteFunc(events, func(e anomaly.Event) bool { return e.Remedy.ID == "" })
	}
	whole := play(0, 1)
	require.GreaterOrEqual(t, len(whole), 18)
	ids := map[string]bool{}
	for _, event := range whole {
		require.False(t, ids[event.ID], "once an act")
		ids[event.ID] = true
	}
	for _, restart := range []int{1, 7, 50} {
		require.Equal(t, whole, play(restart, 2), "restarted every %d", restart)
	}
}

func TestWhatIsWatchedIsBounded(t *testing.T) {
	cfg := testConfig()
	cfg.Limits.MaxWatched = 3
	e := New(cfg)
	at := morning.UnixNano()
	e.Apply([]Observation{call("k", at)})
	for i := range 5 {
		require.NoError(t, e.Follow(locked(fmt.Sprint("k", i), fmt.Sprint("act", i), at+int64(i))))
	}
	require.Equal(t, 3, e.Stats().Watched)
	require.EqualValues(t, 2, e.Stats().Unwatched)
	late := at + int64(time.Hour)
	require.Empty(t, e.Apply([]Observation{call("k0", late), call("k1", late)}), "the first ones made room")
	require.Len(t, e.Apply([]Observation{call("k2", late), call("k3", late), call("k4", late)}), 3)
	e.Apply([]Observation{call("k", at+8*day)})
	require.Zero(t, e.Stats().Watched, "nothing is watched for ever")
	require.NoError(t, e.Follow(locked("k2", "act2", at)))
	require.Zero(t, e.Stats().Watched, "and what is over is not taken again")
	require.EqualValues(t, 2, e.Stats().Unwatched)
}

func TestWhoIsLeftAloneAfterALock(t *testing.T) {
	at := morning.UnixNano()
	later := at + int64(time.Hour)
	for _, tt := range []struct {
		name string
		say  func(*Response)
		call func(*Observation)
		told bool
	}{
		{"a request after it", func(*Response) {}, func(*Observation) {}, true},
		{"a long request that began before it held", func(*Response) {}, func(o *Observation) { o.Duration = int64(time.Hour) - int64(20*time.Second) }, false},
		{"a long request that began after", func(*Response) {}, func(o *Observation) { o.Duration = int64(30 * time.Minute) }, true},
		{"the key that took over", func(r *Response) { r.Hint = "sk_…old" }, func(o *Observation) { o.Type, o.Hint = "api_key", "sk_…new" }, false},
		{"the same key", func(r *Response) { r.Hint = "sk_…old" }, func(o *Observation) { o.Type, o.Hint = "api_key", "sk_…old" }, true},
		{"the next access token of a session", func(r *Response) { r.Hint = "eyJ…old" }, func(o *Observation) { o.Type, o.Hint = "jwt", "eyJ…new" }, true},
		{"calls that we make with a key of the same id", func(*Response) {}, func(o *Observation) { o.Outbound = true }, false},
		{"what units of it cost", func(*Response) {}, func(o *Observation) { o.Cost = 1 }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := New(testConfig())
			r, o := locked("k", "a", at), call("k", later)
			tt.say(&r)
			tt.call(&o)
			require.NoError(t, e.Follow(r))
			require.Equal(t, tt.told, len(e.Apply([]Observation{o})) == 1)
		})
	}
}

func TestAResponseNamesItsTokenAndItsAct(t *testing.T) {
	e := New(testConfig())
	require.ErrorContains(t, e.Follow(Response{Act: Act{ID: "a", State: ActDone}}), "api_token.id")
	require.ErrorContains(t, e.Follow(Response{Token: "k", Act: Act{State: ActDone}}), "act.id")
	require.NoError(t, e.Follow(Response{Token: "k", Incident: IncidentOpen}), "a token that is nowhere has nothing to learn")
}

// An incident that rules opened stops learning as one of statistics does, and a person who says that it is over lets it go on.
func TestLearningFollowsTheIncident(t *testing.T) {
	e := New(testConfig())
	e.Apply(life(0, 40, "DE", "okhttp/4"))
	s := e.shards[shardOf("k")]
	known := func() float32 { return s.borrow(s.find("k", hash("k"))).countries.Weight("AT") }
	require.NoError(t, e.Follow(Response{Token: "k", Incident: IncidentOpen}))
	disk := store{}
	disk.save(e.Snapshot())
	e = New(testConfig())
	require.NoError(t, e.Restore(disk.load))
	s = e.shards[shardOf("k")]
	e.Apply(life(40, 3, "AT", "okhttp/4"))
	require.Zero(t, known())
	require.NoError(t, e.Follow(Response{Token: "k", Incident: IncidentOver}))
	e.Apply(life(43, 3, "AT", "okhttp/4"))
	require.Positive(t, known())
}
