package behavior

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/anomaly"
)

// owned gives tokens owners: each three of them have one in common.
func owned(obs []Observation) []Observation {
	for i := range obs {
		o := &obs[i]
		var k int
		_, _ = fmt.Sscanf(o.Token, "tok_%d", &k)
		o.OwnerID, o.OwnerName, o.Hint = fmt.Sprintf("owner-%d", k/3), fmt.Sprintf("Firm %d Ltd", k/3), fmt.Sprintf("sk_…%03dz", k)
	}
	return obs
}

// hunt fails where the storage holds a text.
func (s store) hunt(t *testing.T, texts ...string) {
	t.Helper()
	for key, value := range s {
		for _, text := range texts {
			require.NotContains(t, key, text)
			require.False(t, bytes.Contains(value, []byte(text)), "%s holds %s", key, text)
		}
	}
}

func TestWhatIsForgottenLeavesNothing(t *testing.T) {
	for _, most := range []int{0, 32} { // all in memory, and most of them evicted
		obs := owned(crowdOf(6, 48, 40, 35))
		for i := range obs { // an owner that is called as a service that others use
			if obs[i].OwnerID == "owner-2" && i%2 == 0 {
				obs[i].OwnerName = "api"
			}
		}
		disk := store{}
		cfg := testConfig()
		cfg.Limits.MaxTokens, cfg.Load = most, disk.load
		e := New(cfg)
		parts := slices.Collect(slices.Chunk(slices.Clone(obs), len(obs)/9))
		for _, part := range parts[:8] {
			e.Apply(part)
			disk.save(e.Snapshot())
		}
		last := obs[len(obs)-1].Time
		require.NoError(t, e.Advise(Feedback{Token: "tok_007", Time: last, TTL: 1e15, By: "ada"}))
		require.NoError(t, e.Advise(Feedback{Token: "tok_020", Time: last, TTL: 1e15, By: "ada"}))
		for _, token := range []string{"tok_008", "tok_021"} {
			require.NoError(t, e.Follow(Response{Token: token, Time: last, Hint: "sk_…" + token[4:] + "z", Act: Act{ID: token, State: ActDone, For: 1e15}}))
		}
		disk.save(e.Snapshot())
		before := e.Life("tok_020", false)
		require.NotNil(t, e.Life("tok_007", false))
		calls := e.Stats().Tokens

		e.Forget([]string{"tok_006", "tok_007", "tok_008"}, []string{"owner-2", "Firm 2 Ltd", "api"})
		disk.save(e.Snapshot())
		disk.hunt(t, "tok_006", "tok_007", "tok_008", "owner-2", "Firm 2 Ltd", "006z", "007z", "008z")
		require.Nil(t, e.Life("tok_007", false))
		require.Equal(t, before, e.Life("tok_020", false))
		require.Equal(t, 1, e.Stats().Watched)
		if most == 0 {
			require.Equal(t, calls-3, e.Stats().Tokens)
		}

		again := New(cfg)
		require.NoError(t, again.Restore(disk.load))
		require.Nil(t, again.Life("tok_007", false))
		require.Equal(t, before, again.Life("tok_020", false), "services keep their name")
		require.Equal(t, e.Apply(slices.Clone(parts[8])), again.Apply(slices.Clone(parts[8])))
		life := again.Life("tok_007", false)
		require.NotNil(t, life, "used again, it is a token that nobody knew")
		require.Less(t, life.Days, uint32(9))
	}
}

// Others are judged as if nobody had been forgotten: what their peers did goes on to count.
func TestForgettingChangesNothingForOtherOwners(t *testing.T) {
	obs := owned(crowdOf(7, 70, 40, 35))
	at := slices.IndexFunc(obs, func(o Observation) bool { return o.Time >= obs[0].Time+34*day })
	gone := []string{"tok_001", "tok_002", "tok_003"}
	rest := slices.DeleteFunc(slices.Clone(obs[at:]), func(o Observation) bool { return slices.Contains(gone, o.Token) })
	var told [2][]anomaly.Event
	for i := range told {
		e := New(testConfig())
		e.Apply(slices.Clone(obs[:at]))
		if i == 1 {
			e.Forget(gone, []string{"Firm 1 Ltd"})
		}
		for _, event := range e.Apply(slices.Clone(rest)) {
			if owner := event.Token.OwnerID; owner != "owner-0" && owner != "owner-1" { // their other tokens have fewer to be compared with
				told[i] = append(told[i], event)
			}
		}
	}
	require.NotEmpty(t, told[0])
	require.Equal(t, told[0], told[1])
}

func TestACrowdForgets(t *testing.T) {
	g := &gathering{n: 3, tokens: []string{"a", "b", "c"}, first: anomaly.Event{
		Trace: [16]byte{1}, Token: anomaly.Token{ID: "a", Tenant: "t"}, Trigger: anomaly.Trigger{Service: "api", Country: "NL"},
	}}
	c := &crowd{causes: map[cause]*gathering{{service: "api"}: g}}
	c.forget(map[string]bool{"b": true})
	require.Equal(t, []string{"a", "c"}, g.tokens)
	require.Equal(t, "NL", g.first.Trigger.Country)
	c.forget(map[string]bool{"a": true})
	require.Equal(t, []string{"c"}, g.tokens)
	require.Equal(t, anomaly.Event{Token: anomaly.Token{Tenant: "t"}, Trigger: anomaly.Trigger{Service: "api"}}, g.first)
	require.Equal(t, 3, g.n)
}
