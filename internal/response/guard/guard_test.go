package guard

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

var noon = time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)

func wish(change ...func(*Wish)) Wish {
	w := Wish{
		Action: response.Lock, Target: "kong", Token: response.Token{ID: "tok_a", Owner: &response.Owner{ID: "acme"}},
		Ability: response.Ability{Do: true, Undo: true, Reversible: true}, Detectors: []string{"new_country"},
	}
	for _, c := range change {
		c(&w)
	}
	return w
}

func irreversible(w *Wish) { w.Ability = response.Ability{Do: true} }

func TestDecide(t *testing.T) {
	protected := Limits{Protected: Protected{Tokens: []string{"key_1", "tok_p"}, Owners: []string{"billing"}, Tags: []string{"tier:critical"}}}
	for _, c := range []struct {
		name    string
		limits  Limits
		wish    Wish
		verdict Verdict
		why     string
	}{
		{"what can be undone goes", Limits{}, wish(), Go, ""},
		{"the rule asks for consent", Limits{}, wish(func(w *Wish) { w.Approval = response.Always }), Propose, "the rule asks for somebody's consent"},
		{"somebody consents", Limits{}, wish(func(w *Wish) { w.Approval, w.Person = response.Always, true }), Go, ""},
		{"it cannot be undone", Limits{}, wish(irreversible), Propose, "it cannot be taken back: the rule asks for somebody's consent then"},
		{
			"one side of behaviour is not enough",
			Limits{},
			wish(irreversible, func(w *Wish) {
				w.Approval, w.Detectors = response.Never, []string{"new_country", "new_network"}
			}), Propose,
			"it cannot be taken back, and only new_country and new_network spoke: that asks for two independent detectors, a rule, or somebody's consent",
		},
		{
			"two sides are", Limits{}, wish(irreversible, func(w *Wish) {
				w.Approval, w.Detectors = response.Never, []string{"new_country", "new_endpoint"}
			}), Go, "",
		},
		{"a rule is", Limits{}, wish(irreversible, func(w *Wish) { w.Approval, w.Detectors = response.Never, []string{"decoy_use"} }), Go, ""},
		{"the target cannot", Limits{}, wish(func(w *Wish) { w.Ability = response.Ability{} }), Block, "kong cannot lock"},
		{"a protected token", protected, wish(func(w *Wish) { w.Token.ID = "tok_p" }), Block, "the token is protected"},
		{"by the registry's id", protected, wish(func(w *Wish) { w.Token.RegistryID = "key_1" }), Block, "the token key_1 is protected"},
		{"a protected owner", protected, wish(func(w *Wish) { w.Token.Owner.ID, w.Person = "billing", true }), Block, "the owner billing is protected"},
		{
			"a protected tag", protected, wish(func(w *Wish) { w.Token.Tags = map[string]string{"tier": "critical"} }), Block,
			"tokens with the tag tier:critical are protected",
		},
		{"nobody's token", protected, wish(func(w *Wish) { w.Token.Owner = nil }), Go, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := (&Guard{}).Decide(c.limits, c.wish, noon)
			assert.Equal(t, c.verdict, d.Verdict)
			assert.Equal(t, c.why, d.Why)
		})
	}
}

func TestCapsOpenCircuits(t *testing.T) {
	l := Limits{PerHour: 5, PerOwner: 3, CloseAfter: 2 * time.Hour}
	g := &Guard{}
	of := func(owner string) Wish { return wish(func(w *Wish) { w.Token.Owner = &response.Owner{ID: owner} }) }
	for range 3 {
		require.Equal(t, Go, g.Decide(l, of("acme"), noon).Verdict)
	}
	d := g.Decide(l, of("acme"), noon)
	assert.Equal(t, Decision{Verdict: Block, Opened: "owner acme", Why: "3 acts on tokens of acme within an hour is the cap: nothing more is done by itself"}, d)
	d = g.Decide(l, of("acme"), noon)
	assert.Equal(t, Decision{Verdict: Block, Why: "the circuit for tokens of acme is open until 2026-03-25T14:00:00Z, or until somebody resumes"}, d, "it opens once")
	require.Equal(t, Go, g.Decide(l, of("globex"), noon).Verdict)
	require.Equal(t, Go, g.Decide(l, of("globex"), noon).Verdict)
	assert.Equal(t, "all", g.Decide(l, of("initech"), noon).Opened)
	assert.Equal(t, Go, g.Decide(l, wish(func(w *Wish) { w.Person = true }), noon).Verdict, "what somebody wants is not held back")
	assert.Equal(t, []string{"all", "owner acme"}, g.Open(l, noon))

	back, err := Decode(g.Encode())
	require.NoError(t, err)
	assert.Equal(t, []string{"all", "owner acme"}, back.Open(l, noon), "after a restart as well")
	assert.Equal(t, Block, back.Decide(l, of("initech"), noon.Add(90*time.Minute)).Verdict, "older acts are no reason to close it")
	assert.Equal(t, Go, back.Decide(l, of("initech"), noon.Add(2*time.Hour)).Verdict, "its time is over")

	assert.True(t, g.Resume())
	assert.Equal(t, Go, g.Decide(l, of("acme"), noon).Verdict, "it counts anew")
	assert.False(t, g.Resume())
}

func TestACopyIsItsOwn(t *testing.T) {
	g := &Guard{}
	g.Decide(Limits{PerHour: 9}, wish(), noon)
	c := g.Clone()
	c.Decide(Limits{PerHour: 9}, wish(), noon)
	c.Halt("ann", "", noon)
	assert.Len(t, g.Acts, 1)
	assert.Len(t, g.Owners["acme"], 1)
	assert.Nil(t, g.Stopped)
	assert.Equal(t, "all acts are stopped by ann", c.Decide(Limits{}, wish(func(w *Wish) { w.Person = true }), noon).Why)
}

func TestWhatWasStoredByOthersIsNotBelieved(t *testing.T) {
	for _, value := range [][]byte{{}, {9, '{', '}'}, {version, 'x'}} {
		g, err := Decode(value)
		assert.Error(t, err, "%v", value)
		assert.NotNil(t, g)
	}
}
