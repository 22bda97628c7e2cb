package behavior

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/baseline"
)

func sibling(owner, id string) *token {
	return &token{id: id, about: about{ownerID: owner}}
}

// notes are of tokens that used a country on a day.
func notes(owner, value string, day int32, ids ...string) *tally {
	t := &tally{}
	for _, id := range ids {
		t.notes = append(t.notes, ownerNote{ownerKey{id: owner}, ofCountry, value, hash(id), day})
	}
	return t
}

func TestSiblingsVouchAfterAWeek(t *testing.T) {
	var o owners
	a := sibling("acme", "a")
	require.InDelta(t, 1e-5, o.prior(a, ofCountry, "BR", 1e-5), 0)
	require.Zero(t, o.take(notes("acme", "BR", 100, "a", "b", "c"), standsKept))
	require.InDelta(t, 1e-5, o.prior(a, ofCountry, "BR", 1e-5), 0, "all at once may have been stolen at once")
	require.Zero(t, o.take(notes("acme", "BR", 104, "b"), standsKept))
	require.InDelta(t, 1e-5, o.prior(a, ofCountry, "BR", 1e-5), 0, "within days, too")
	require.Zero(t, o.take(notes("acme", "BR", 107, "a", "b"), standsKept))
	require.InDelta(t, (1+2e-5)/3, o.prior(a, ofCountry, "BR", 1e-5), 1e-12, "one other does so")
	require.InDelta(t, 1e-5, o.prior(sibling("acme", "b"), ofCountry, "FR", 1e-5), 0, "what none does is no rarer for that")
	require.Zero(t, o.take(notes("acme", "DE", 107, "c", "d"), standsKept))
	require.Zero(t, o.take(notes("acme", "DE", 114, "c", "d"), standsKept))
	require.InDelta(t, (1+2e-5)/5, o.prior(a, ofCountry, "BR", 1e-5), 1e-12, "one of three ways")

	require.Equal(t, anomaly.Others{Tokens: 3, Same: 1, Mostly: "BR"}, o.others(a, ofCountry, "BR"))
	require.Equal(t, anomaly.Others{Tokens: 3, Mostly: "BR"}, o.others(a, ofCountry, "FR"))
	require.Zero(t, o.others(sibling("brick", "e"), ofCountry, "BR"), "another owner's")
	require.Zero(t, o.others(sibling("", "e"), ofCountry, "BR"))
	outbound := sibling("acme", "a")
	outbound.about.outbound = true
	require.Zero(t, o.others(outbound, ofCountry, "BR"), "the other direction")
	require.InDelta(t, 1e-5, o.prior(outbound, ofCountry, "BR", 1e-5), 0)

	o.expire(114 + standForgot)
	require.Equal(t, anomaly.Others{Tokens: 2, Mostly: "DE"}, o.others(a, ofCountry, "BR"), "who was not seen for long is forgotten")
	o.expire(115 + standForgot)
	require.Empty(t, o.known)
	require.Zero(t, o.stands)
}

func TestOwnersAreBounded(t *testing.T) {
	var o owners
	for k := range ownerTokens + 3 {
		refused := o.take(notes("acme", "DE", 100, fmt.Sprint("t", k)), standsKept)
		require.Equal(t, k >= ownerTokens, refused == 1)
	}
	require.Equal(t, ownerTokens, o.others(sibling("acme", "x"), ofCountry, "DE").Tokens)
	for k := range ownerWays + 3 {
		refused := o.take(notes("brick", fmt.Sprint("C", k), 100, "b"), standsKept)
		require.Equal(t, k >= ownerWays, refused == 1)
	}
	was := o.stands
	require.Equal(t, 3, o.take(notes("cube", "DE", 100, "u", "v", "w"), 1), "there is no room for a token and what it does")
	require.Equal(t, was, o.stands)
	require.Equal(t, 2, o.take(notes("cube", "DE", 100, "u", "v", "w"), 3))
	require.Equal(t, standsOf(&o), o.stands)
}

func standsOf(o *owners) (n int) {
	for _, one := range o.known {
		n += len(one.tokens) + len(one.ways)
	}
	for _, by := range o.exits {
		n += len(by)
	}
	return n
}

// What there is no room for comes again every day. It is counted, and takes nobody's place among the day's notes.
func TestWhatFindsNoRoomIsInNobodysWay(t *testing.T) {
	var o owners
	for k := range ownerTokens {
		o.take(notes("acme", "DE", 100, fmt.Sprint("t", k)), standsKept)
	}
	used := func(owner, id string) *token {
		one := sibling(owner, id)
		one.block.day = 120
		one.block.seen[country] = []count{{value: "DE", n: 1}}
		return one
	}
	var tl tally
	for k := range 2 * notesKept {
		o.note(&tl, used("acme", fmt.Sprint("more", k)))
	}
	require.Empty(t, tl.notes)
	require.Equal(t, 2*notesKept, tl.refused)
	o.note(&tl, used("acme", "t1"))
	o.note(&tl, used("brick", "b"))
	require.Len(t, tl.notes, 2, "who is known is seen still, and another owner has room")
	o.full = true
	o.note(&tl, used("acme", "t2"))
	o.note(&tl, used("cube", "c"))
	require.Len(t, tl.notes, 3, "where all is full, who is known is seen still")
	require.Equal(t, 2*notesKept+1, tl.refused)
}

// Whatever a day brings more than there is room for, and in whichever order and shards: the same is kept.
func TestNotesAreTheSameInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	all := make([]ownerNote, 3*notesKept)
	for i := range all {
		all[i] = ownerNote{ownerKey{fmt.Sprint("o", r.IntN(500)), r.IntN(2) == 1}, common(r.IntN(int(ownedCount))), fmt.Sprint(r.IntN(40)), r.Uint32(), 100}
	}
	var kept [2][]ownerNote
	for i := range kept {
		r.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
		var p population
		for j, n := range all {
			tl := &p.tallies[j%shardCount]
			if tl.notes = append(tl.notes, n); len(tl.notes) >= notesKept+notesKept/4 {
				tl.trimNotes()
			}
			if i == 1 && j == len(all)/2 {
				p.tally() // as a snapshot does
			}
		}
		kept[i] = p.tally().notes
		require.Len(t, kept[i], notesKept)
	}
	require.Equal(t, kept[0], kept[1])
}

func TestOwnersOfTenantsAreApart(t *testing.T) {
	obs := owned(crowdOf(3, 12, 30, 99))
	for i := range obs {
		if obs[i].OwnerID = "owner"; obs[i].Token < "tok_006" {
			obs[i].Tenant = "west"
		}
	}
	e := New(testConfig())
	e.Apply(obs)
	for _, tenant := range []string{"", "west"} {
		known := e.populationOf(tenant).peers.owners.known
		require.Len(t, known, 1)
		require.Len(t, known[ownerKey{id: "owner"}].tokens, 6, tenant)
	}
	require.Zero(t, e.Stats().Unrelated)
}

// What a key does in an incident, and on the day of an alert, is not what its owner's keys do.
func TestAThiefVouchesForNothing(t *testing.T) {
	e := New(testConfig())
	events := e.Apply(owned(crowdOf(3, 30, 60, 35)))
	require.NotEmpty(t, events)
	first := map[string]bool{} // event of a token, which opens an incident
	for _, event := range events {
		one := e.population.peers.owners.known[ownerKey{id: event.Token.OwnerID}]
		if first[event.Token.ID] || one == nil {
			continue
		}
		first[event.Token.ID] = true
		opened := int32(event.Time / day)
		for _, s := range one.ways {
			for _, noted := range []int32{s.first, s.last} {
				own := s.token == hash(event.Token.ID) && s.value == "NL"
				require.False(t, own && noted >= opened && noted < opened+incidentDays, "%s vouches for what it did on day %d", event.Token.ID, noted-opened)
			}
		}
	}
}

// Whoever is forgotten is forgotten among its owner's tokens too, in the notes of the day, and in what the storage has.
func TestOwnersForget(t *testing.T) {
	e := New(testConfig())
	e.Apply(owned(crowdOf(3, 30, 40, 99)))
	e.Snapshot()
	tl, o := e.population.tally(), &e.population.peers.owners
	tl.addNote(ownerNote{ownerKey{id: "owner-1"}, ofCountry, "NL", hash("tok_003"), 20000})
	tl.addNote(ownerNote{ownerKey{id: "owner-2"}, ofCountry, "NL", hash("tok_006"), 20000})
	tl.addNote(ownerNote{ownerKey{id: "owner-3"}, ofCountry, "NL", hash("tok_009"), 20000})
	require.Len(t, o.known[ownerKey{id: "owner-2"}].tokens, 3)
	require.Contains(t, o.known, ownerKey{id: "owner-1"})
	e.Forget([]string{"tok_006"}, []string{"owner-1"})
	require.NotContains(t, o.known, ownerKey{id: "owner-1"})
	require.Len(t, o.known[ownerKey{id: "owner-2"}].tokens, 2)
	for _, s := range o.known[ownerKey{id: "owner-2"}].ways {
		require.NotEqual(t, hash("tok_006"), s.token)
	}
	require.Equal(t, standsOf(o), o.stands)
	require.False(t, slices.ContainsFunc(tl.notes, func(n ownerNote) bool { return n.owner.id == "owner-1" || n.token == hash("tok_006") }))
	require.True(t, slices.ContainsFunc(tl.notes, func(n ownerNote) bool { return n.owner.id == "owner-3" }))
	written := func(r Record) bool { return r.Key == ownersKey }
	require.True(t, slices.ContainsFunc(e.Snapshot(), written))
	require.False(t, slices.ContainsFunc(e.Snapshot(), written))
	e.Forget([]string{"tok_x"}, nil)
	require.True(t, slices.ContainsFunc(e.Snapshot(), written), "of a tenant that has made room the storage may know more than the engine")
}

// An event says what its owner's other tokens do, and that a request is the first of its kind.
func TestEventsSayWhatSiblingsDo(t *testing.T) {
	e := New(testConfig())
	told, firsts := 0, 0
	for _, event := range e.Apply(owned(crowdOf(3, 30, 40, 35))) {
		for _, v := range event.Evidence {
			if v.Facet == "country" && v.Others.Tokens > 0 {
				told++
				require.Equal(t, 2, v.Others.Tokens)
				require.Zero(t, v.Others.Same, "nobody else goes to NL")
				require.Contains(t, event.Sentence, " is no habit of Firm ")
			}
		}
		if event.Trigger.First {
			firsts++
			require.Equal(t, "/v1/exports", event.Trigger.Route)
			require.Contains(t, event.Sentence, " for the first time, from ")
		}
	}
	require.Positive(t, told)
	require.Positive(t, firsts)
}

func TestOwnersOutliveARestart(t *testing.T) {
	e := New(testConfig())
	e.Apply(owned(crowdOf(3, 30, 40, 35)))
	disk := store{}
	disk.save(e.Snapshot())
	again := New(testConfig())
	require.NoError(t, again.Restore(disk.load))
	require.Equal(t, e.population.peers.owners, again.population.peers.owners)
	require.Equal(t, e.population.tally().notes, again.population.tally().notes)
	require.Positive(t, again.population.peers.owners.stands)
	require.Equal(t, standsOf(&again.population.peers.owners), again.population.peers.owners.stands)
	require.False(t, slices.ContainsFunc(e.Snapshot(), func(r Record) bool { return r.Key == ownersKey }), "it is written when it changes")

	disk[ownersKey] = append(slices.Clone(disk[ownersKey][:len(disk[ownersKey])/2]), 0xff)
	require.ErrorIs(t, New(testConfig()).Restore(disk.load), baseline.ErrCorrupt)
}

// Staying is no leap, however seldom the token stays.
func TestADayWithoutALeapIsNoTravel(t *testing.T) {
	var token token
	for range 30 {
		var b baseline.Streak
		for range 20 {
			b.Add(token.travels, &hopsRise, true)
		}
		token.travels.Learn(b)
	}
	for range 20 {
		token.block.hops.Add(token.travels, &hopsRise, false)
	}
	require.Positive(t, token.block.hops.Nats(), "it is unusual")
	x := token.nats()
	require.LessOrEqual(t, x[hop], 0.0)
	token.block.hopFrom, token.block.hopTo = "DE", "US"
	x = token.nats()
	require.LessOrEqual(t, x[hop], 0.0, "it leaps all day")
}

func TestExits(t *testing.T) {
	var o owners
	used := func(day int32, ids ...string) {
		tl := notes("", "AS9009", day, ids...)
		for i := range tl.notes {
			tl.notes[i].of = ofExit
		}
		o.take(tl, standsKept)
	}
	self := sibling("acme", "self")
	used(100, "self", "a", "b", "c")
	require.False(t, o.exits.shared("AS9009", self), "all at once may have been stolen at once")
	used(107, "self", "a", "b")
	require.False(t, o.exits.shared("AS9009", self), "two others and itself")
	used(108, "c")
	require.True(t, o.exits.shared("AS9009", self))
	require.True(t, o.exits.shared("AS9009", sibling("acme", "x")))
	require.False(t, o.exits.shared("AS1", self))
	for k := range exitKept {
		used(109, fmt.Sprint("t", k))
	}
	require.Len(t, o.exits["AS9009"], exitKept)
	o.forget(map[uint32]bool{hash("a"): true}, nil)
	require.False(t, o.exits.shared("AS9009", self), "who is forgotten counts no longer")
	o.expire(109 + standForgot + 1)
	require.Empty(t, o.exits)
	require.Zero(t, o.stands)
}
