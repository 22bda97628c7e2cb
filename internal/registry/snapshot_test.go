package registry

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/credential"
)

func rowAt(at int, field string) string {
	return strings.TrimSuffix(fmt.Sprintf("row %d, %s", at, field), ", ")
}

// Changes upon changes are the same as all of them at once, whatever is worked into the base and when.
func TestChangesAddUp(t *testing.T) {
	const ids = 3000
	dice := rand.New(rand.NewPCG(1, 2))
	model := make(map[string]Row)
	draw := func(i int) Row {
		id := fmt.Sprint("t", i)
		e := Row{ID: id, Owner: Owner{ID: fmt.Sprint("o", dice.IntN(20))}, SHA256: digest(id + "/" + fmt.Sprint(dice.IntN(3))), Sum: dice.Uint64()}
		if i%3 == 0 {
			e.GatewayID = "g" + id
		}
		if i%5 == 0 {
			e.Prefix, e.LastFour = "pre_"+id, fmt.Sprintf("%04d", i)
		}
		model[id] = e
		return e
	}
	b := NewBuilder(rowAt)
	for i := range ids {
		e := draw(i)
		b.Add(i, &e)
	}
	s, err := b.Snapshot()
	require.NoError(t, err)
	for range 40 {
		changed := map[int]bool{}
		for range dice.IntN(120) {
			changed[dice.IntN(ids+500)] = true
		}
		var changes []Row
		for i := range changed {
			changes = append(changes, draw(i))
		}
		s, err = s.With(changes, rowAt)
		require.NoError(t, err)
		require.Equal(t, len(model), s.Len())
	}
	for id, e := range model {
		require.True(t, s.Same(id, e.Sum), id)
		require.Equal(t, e.Owner, *s.ByID(id).Owner)
		for version := range 3 {
			raw := id + "/" + fmt.Sprint(version)
			found := s.Find(credential.Credential{Raw: raw})
			if digest(raw) == e.SHA256 {
				require.NotNil(t, found)
				require.Equal(t, id, found.ID)
			} else {
				require.Nil(t, found, "what was before is hidden")
			}
		}
		if e.GatewayID != "" {
			require.Equal(t, id, s.Find(credential.Credential{Raw: e.GatewayID, Kind: credential.GatewayID}).ID)
		}
		if e.Prefix != "" {
			require.Equal(t, id, s.Find(credential.Credential{Raw: e.Prefix + "xxxx" + e.LastFour}).ID)
		}
	}
	assert.Nil(t, s.ByID("nobody"))
}

func TestAWrongChangeLeavesTheOthersInForce(t *testing.T) {
	s := parse(t, "tokens: [{id: a, user: u}, {id: b, user: v, replaces: a}]")
	next, err := s.With([]Row{{ID: "c", User: "w", Status: "odd"}, {ID: "d", User: "x"}, {ID: "a", User: "u", Replaces: "b"}}, rowAt)
	require.ErrorContains(t, err, `row 0, status: "odd" is none of`)
	require.ErrorContains(t, err, "row 2, replaces: goes round in a circle")
	assert.Equal(t, 3, next.Len())
	assert.Nil(t, next.ByID("c"))
	assert.Empty(t, next.ByID("a").Replaces)
	assert.Equal(t, 2, s.Len(), "what was read before is as it was")
}

// source is a reading that stays as it is.
type source struct {
	Source
	snapshot *Snapshot
}

func (s source) Snapshot() *Snapshot { return s.snapshot }

func TestRotationsRunThroughAllSources(t *testing.T) {
	d := NewDirectory(
		source{snapshot: parse(t, "tokens: [{id: k3, user: k3, replaces: k2, rotated_at: 2026-11-03, grace: 1h}, {id: lone, user: lone}]")},
		source{},
		source{snapshot: parse(t, "tokens: [{id: k2, user: k2, replaces: k1, created_at: 2026-11-02, grace: 0s}, {id: k1, user: k1, replaces: gone, api_token_id: tok_"+strings.Repeat("a", 26)+"}]")},
	)
	find := func(user string) *Token {
		return d.Find(credential.Credential{Raw: user + ":x", Kind: credential.Basic, User: user})
	}
	for _, id := range []string{"k1", "k2", "k3"} {
		assert.Equal(t, "gone", find(id).First, id)
		assert.True(t, find(id).Rotates, id)
		assert.Equal(t, "tok_"+strings.Repeat("a", 26), find(id).APITokenID, id)
	}
	assert.Equal(t, time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), find("k1").UsableUntil)
	assert.Equal(t, time.Date(2026, 11, 3, 1, 0, 0, 0, time.UTC), find("k2").UsableUntil)
	assert.True(t, find("k3").UsableUntil.IsZero())
	assert.False(t, find("lone").Rotates)
	assert.Equal(t, "lone", find("lone").First)
}

func TestACircleThroughSourcesEnds(t *testing.T) {
	d := NewDirectory(source{snapshot: parse(t, "tokens: [{id: a, user: a, replaces: b}]")}, source{snapshot: parse(t, "tokens: [{id: b, user: b, replaces: a}]")})
	assert.NotEmpty(t, d.Find(credential.Credential{Kind: credential.Basic, User: "a"}).First)
	assert.Contains(t, []string{"a", "b"}, d.Circle())
	straight := source{snapshot: parse(t, "tokens: [{id: b, user: b, replaces: c}]")}
	assert.Empty(t, NewDirectory(d.Sources()[0], straight).Circle())
	assert.Empty(t, NewDirectory(straight, d.Sources()[0], d.Sources()[1]).Circle(), "the first source that knows b is believed")
	assert.Empty(t, NewDirectory(source{}, straight).Circle())
}

func TestWhatManyShareIsNotOne(t *testing.T) {
	s := parse(t, "tokens: [{id: client, claims: {iss: i, client_id: c}}, {id: subject, claims: {iss: i, client_id: c, sub: s}}]")
	of := func(subject string) *Token {
		return s.Find(credential.Credential{Kind: credential.JWT, Claims: &credential.Claims{Issuer: "i", ClientID: "c", Subject: subject}})
	}
	assert.False(t, of("somebody").One())
	assert.True(t, of("s").One())
}

func BenchmarkMillion(b *testing.B) {
	if testing.Short() {
		b.Skip("builds a million tokens")
	}
	for b.Loop() {
		builder := NewBuilder(rowAt)
		for i := range 1_000_000 {
			builder.Add(i, &Row{ID: fmt.Sprint("key_", i), Owner: Owner{ID: fmt.Sprint("owner_", i%1000)}, SHA256: digest(fmt.Sprint(i)), ExpiresAt: "2027-01-01T00:00:00Z"})
		}
		s, err := builder.Snapshot()
		require.NoError(b, err)
		require.Equal(b, 1_000_000, s.Len())
	}
}
