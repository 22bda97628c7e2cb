package behavior

import (
	"slices"

	"github.com/holterhq/holter/internal/baseline"
)

// exits are networks through which tokens leave that are at home in other countries: of VPNs, relays, clouds. Which country such a network
// is in says nothing of where its users are, so that nobody travels by using it. Three tokens have to do so, each on two days at least a week apart
// and not in an incident; what a token does itself does not count for it.
type exits map[string][]stand

// ofExit marks a note on a network that leaves in another country.
const ofExit = ownedCount

const (
	exitTokens   = 3    // that make a network an exit
	exitKept     = 8    // tokens of a network
	exitNetworks = 4096 // of a tenant
)

// shared says whether a network is an exit for others than the token.
func (e exits) shared(name string, t *token) bool {
	by := e[name]
	if len(by) < exitTokens {
		return false
	}
	n, self := 0, hash(t.id)
	for i := range by {
		if by[i].token != self && by[i].settled() {
			n++
		}
	}
	return n >= exitTokens
}

// noteExit notes for tomorrow that a token is seen in a network that is not in its country.
func (o *owners) noteExit(tl *tally, t *token, name, in string) {
	if name == "" || !t.mature() || t.block.alerted || t.frozen() || top(&t.countries) == in {
		return
	}
	by, known := o.exits[name]
	self, today := hash(t.id), t.block.day
	switch at, found := find(by, &stand{token: self}); {
	case found && today-by[at].last < standRefresh, !found && len(by) >= exitKept:
	case !found && o.full, !known && len(o.exits) >= exitNetworks:
		tl.refused++
	default:
		tl.addNote(ownerNote{of: ofExit, value: intern(name), token: self, day: today})
	}
}

// markExit takes a note in.
func (o *owners) markExit(n *ownerNote, room *int) bool {
	by, known := o.exits[n.value]
	if !known && len(o.exits) >= exitNetworks {
		return false
	}
	if o.exits == nil {
		o.exits = exits{}
	}
	if !o.mark(&by, stand{token: n.token, first: n.day, last: n.day}, exitKept, room) {
		return false
	}
	o.exits[intern(n.value)] = by
	return true
}

// drop drops stands and says how many are left.
func (e exits) drop(over func(stand) bool) (left int) {
	for name, by := range e {
		if by = slices.DeleteFunc(by, over); len(by) == 0 {
			delete(e, name)
			continue
		}
		e[name] = by
		left += len(by)
	}
	return left
}

// top is the value with most weight.
func top(c *baseline.Categorical[string]) (value string) {
	var most float32
	for _, v := range c.Values() {
		if v.Weight > most {
			value, most = v.Value, v.Weight
		}
	}
	return value
}
