package sim

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryAttackIsCommittedAndLabelled(t *testing.T) {
	var attacks []Attack
	for _, name := range AttackNames() {
		attacks = append(attacks, Attack{Name: name})
	}
	f := fleet(t, Config{Seed: 21, Tokens: 120, Days: 30, Attacks: attacks})
	got := map[string][]Request{}
	for q := range f.Requests() {
		if q.Attack != nil {
			got[q.Attack.Attack] = append(got[q.Attack.Attack], q)
		}
	}
	require.Len(t, f.Labels(), len(attacks))
	for i, l := range f.Labels() {
		assert.Equal(t, attacks[i].Name, l.Attack)
		rs := got[l.Attack]
		require.NotEmpty(t, rs, l.Attack)
		assert.Len(t, rs, l.Requests)
		assert.Equal(t, l.Start, rs[0].Time)
		assert.Equal(t, l.End, rs[len(rs)-1].Time)
		assert.False(t, l.Start.Before(f.Start()))
		assert.True(t, l.End.Before(f.End()))
		for _, q := range rs {
			require.Equal(t, l.RegistryID, q.Token.ID)
		}
	}
}

func TestAStolenKeyIsUsedFromElsewhere(t *testing.T) {
	for seed := range uint64(4) {
		f := fleet(t, Config{Seed: seed, Tokens: 120, Days: 30, Attacks: []Attack{{Name: "stolen-key", Start: start.AddDate(0, 0, 27)}}})
		l := f.Labels()[0]
		own, foreign := map[string]bool{}, map[string]bool{}
		agents, foreignAgents := map[string]bool{}, map[string]bool{}
		routes, prize := map[string]bool{}, 0
		before := 0
		var victim *Token
		for q := range f.Requests() {
			if q.Token.ID != l.RegistryID {
				continue
			}
			victim = q.Token
			if q.Attack == nil {
				own[q.Address.String()], agents[q.Agent], routes[q.Route.Template] = true, true, true
				before++
				continue
			}
			foreign[q.Address.String()], foreignAgents[q.Agent] = true, true
			if !routes[q.Route.Template] && q.Route.Sensitive {
				prize++
			}
			local := q.Time.In(victim.zone())
			assert.LessOrEqual(t, local.Hour(), 6, "the thief works at the owner's night, not at %s", local)
		}
		assert.Greater(t, before, 100, "seed %d: the owner has a life before", seed)
		assert.NotEqual(t, l.From, l.Country)
		for a := range foreign {
			assert.NotContains(t, own, a)
		}
		for a := range foreignAgents {
			assert.NotContains(t, agents, a)
		}
		assert.Positive(t, prize, "seed %d: an endpoint that the owner never used", seed)
		assert.GreaterOrEqual(t, l.Requests, 20)
	}
}

func TestAttackListsAreRead(t *testing.T) {
	got, err := ParseAttacks("stolen-key, burst*2")
	require.NoError(t, err)
	assert.Equal(t, []Attack{{Name: "stolen-key"}, {Name: "burst"}, {Name: "burst"}}, got)
	_, err = ParseAttacks("robbery")
	require.ErrorContains(t, err, `unknown attack "robbery": choose from stolen-key`)
	_, err = ParseAttacks("burst*x")
	require.ErrorContains(t, err, "write a whole number")
}

func TestAttacksHaveDifferentVictims(t *testing.T) {
	attacks, err := ParseAttacks("burst*10,stolen-key*5")
	require.NoError(t, err)
	var victims []string
	for _, l := range fleet(t, Config{Seed: 1, Tokens: 200, Attacks: attacks}).Labels() {
		assert.False(t, slices.Contains(victims, l.RegistryID))
		victims = append(victims, l.RegistryID)
	}
}

func TestAttackWithoutVictimSaysSo(t *testing.T) {
	_, err := New(Config{Seed: 1, Tokens: 5, Days: 30, Start: start, Populations: []Population{CI}, Attacks: []Attack{{Name: "stolen-key"}}})
	require.ErrorContains(t, err, "attack stolen-key finds no victim among 5 tokens")
	_, err = New(Config{Seed: 1, Tokens: 5, Days: 1, Start: start, Attacks: []Attack{{Name: "odd-hours"}}})
	require.ErrorContains(t, err, "give it more days")
}
