package behavior

import (
	"cmp"
	"slices"

	"github.com/holterhq/holter/internal/anomaly"
)

// owners know from which countries and networks, with which clients, and on which services each owner's tokens are used: what is new to one token
// and normal for its siblings is less of a surprise, and people are told whether they do so too. As all that is known of peers they change
// between event-time days alone. A token in an incident, on a day with an alert, or too young to be judged vouches for nothing, and what several tokens
// show for the first time in the same week is not normal for any of them: somebody may have stolen all of an owner's keys.
type owners struct {
	known  map[ownerKey]*owner
	exits  exits
	stands int  // of all of them
	full   bool // there is no room for more, in any tenant
	stale  bool // the storage does not have them as they are
}

// ownerKey is an owner's id, and the direction of the tokens.
type ownerKey struct {
	id       string
	outbound bool
}

type owner struct {
	tokens []stand // that were seen, by token
	ways   []stand // what they do, by facet, value and token
}

// stand is from when to when a token was seen to do something, or at all: days, at least a week apart if they are not the same.
type stand struct {
	value       string
	token       uint32 // hash
	first, last int32
	of          common
}

// owned is a facet in which the tokens of an owner are compared: those that all tokens are compared in, and networks.
const (
	ofNetwork  = commonCount
	ownedCount = ofNetwork + 1
)

// Bounds on what is known of owners.
const (
	ownerTokens   = 64      // of an owner: of the others nothing is known
	ownerWays     = 1024    // of all these
	standsKept    = 1 << 18 // of all owners of all tenants
	notesKept     = 1 << 12 // of a day
	standRefresh  = 7       // days after which a token is seen to do something still, and it counts as one of its ways
	standForgot   = 60      // days unseen
	ownerSkeptics = 2       // tokens that are taken to do as all tokens do, beside the owner's others
)

// facetOf is the facet of an owned one.
func facetOf(of common) Facet {
	if of == ofNetwork {
		return network
	}
	return commons[of].facet
}

func (a *about) owner() ownerKey { return ownerKey{a.ownerID, a.outbound} }

// of are the others of an owner that use a value, and those that use any, each counted once for each value.
func (o *owners) of(t *token, of common, value string) (same, all int) {
	one := o.known[t.about.owner()]
	if one == nil {
		return 0, 0
	}
	self := hash(t.id)
	for i := range one.ways {
		if s := &one.ways[i]; s.of == of && s.token != self && s.settled() {
			if all++; s.value == value {
				same++
			}
		}
	}
	return same, all
}

func (s *stand) settled() bool { return s.last > s.first }

// prior is how likely a value is for a token that has no past, if all tokens use it so often: the more siblings it has, the more it is
// expected to do as they do. What none of them does is no more of a surprise for that, since siblings may have nothing in common.
func (o *owners) prior(t *token, of common, value string, frequency float64) float64 {
	if t.about.ownerID == "" {
		return frequency
	}
	same, all := o.of(t, of, value)
	return max(frequency, (float64(same)+ownerSkeptics*frequency)/float64(all+ownerSkeptics))
}

// others is what the owner's other tokens do, for people to read.
func (o *owners) others(t *token, of common, value string) (others anomaly.Others) {
	one := o.known[t.about.owner()]
	if one == nil || t.about.ownerID == "" {
		return others
	}
	self := hash(t.id)
	for _, s := range one.tokens {
		if s.token != self {
			others.Tokens++
		}
	}
	if others.Tokens == 0 {
		return others
	}
	most, n := 0, 0
	for i := range one.ways {
		s := &one.ways[i]
		if i == 0 || s.value != one.ways[i-1].value || s.of != one.ways[i-1].of {
			n = 0
		}
		if s.of != of || s.token == self {
			continue
		}
		if s.value == value && s.settled() {
			others.Same++
		}
		if n++; n > most {
			most, others.Mostly = n, s.value
		}
	}
	return others
}

// ownerNote is that a token did something today that was not known of it, or not for a week.
type ownerNote struct {
	owner ownerKey
	of    common
	value string
	token uint32
	day   int32
}

func (a *ownerNote) compare(b ownerNote) int {
	return cmp.Or(cmp.Compare(flags(a.of == ofExit), flags(b.of == ofExit)), cmp.Compare(a.owner.id, b.owner.id), cmp.Compare(flags(a.owner.outbound), flags(b.owner.outbound)), cmp.Compare(a.of, b.of),
		cmp.Compare(a.value, b.value), cmp.Compare(a.token, b.token), cmp.Compare(a.day, b.day))
}

// note notes for tomorrow what a token did on a day that has just ended.
func (o *owners) note(tl *tally, t *token) {
	if t.about.ownerID == "" {
		return
	}
	key, self, today := t.about.owner(), hash(t.id), t.block.day
	one := o.known[key]
	for of := range ownedCount {
		for i := range t.block.seen[facetOf(of)] {
			value := t.block.seen[facetOf(of)][i].value
			switch has, news := one.news(of, value, self, today); {
			case !news:
			case !has && (o.full || one.full(self)):
				tl.refused++ // every day anew, and in nobody's way
			default:
				tl.addNote(ownerNote{key, of, value, self, today})
			}
		}
	}
}

func (t *tally) addNote(n ownerNote) {
	if t.notes = append(t.notes, n); len(t.notes) >= notesKept+notesKept/4 {
		t.trimNotes()
	}
}

// trimNotes keeps those that come first, which are the same in whichever order they were noted.
func (t *tally) trimNotes() {
	slices.SortFunc(t.notes, func(a, b ownerNote) int { return a.compare(b) })
	t.notes = t.notes[:min(len(t.notes), notesKept)]
}

// news says whether a way of a token is known, and whether it has to be noted: it is not, or was not seen for a week.
func (o *owner) news(of common, value string, token uint32, today int32) (known, news bool) {
	if o == nil {
		return false, true
	}
	at, found := find(o.ways, &stand{of: of, value: value, token: token})
	return found, !found || today-o.ways[at].last >= standRefresh
}

// full says whether the owner has no room for what else a token does.
func (o *owner) full(token uint32) bool {
	if o == nil {
		return false
	}
	_, known := find(o.tokens, &stand{token: token})
	return len(o.ways) >= ownerWays || !known && len(o.tokens) >= ownerTokens
}

func find(list []stand, s *stand) (at int, found bool) {
	return slices.BinarySearchFunc(list, s, func(a stand, b *stand) int {
		return cmp.Or(cmp.Compare(a.of, b.of), cmp.Compare(a.value, b.value), cmp.Compare(a.token, b.token))
	})
}

// take takes a day's notes in, as far as there is room for so many stands. It returns how many found none.
func (o *owners) take(t *tally, room int) (refused int) {
	t.trimNotes()
	for i := range t.notes {
		if !o.add(&t.notes[i], &room) {
			refused++
		}
	}
	o.stale = o.stale || len(t.notes) > 0
	t.notes = nil
	return refused
}

func (o *owners) add(n *ownerNote, room *int) bool {
	if n.of == ofExit {
		return o.markExit(n, room)
	}
	one := o.known[n.owner]
	if one == nil {
		if *room < 2 {
			return false
		}
		if o.known == nil {
			o.known = map[ownerKey]*owner{}
		}
		one = &owner{}
		o.known[ownerKey{intern(n.owner.id), n.owner.outbound}] = one
	}
	return o.mark(&one.tokens, stand{token: n.token, first: n.day, last: n.day}, ownerTokens, room) &&
		o.mark(&one.ways, stand{of: n.of, value: n.value, token: n.token, first: n.day, last: n.day}, ownerWays, room)
}

// mark notes what a token was seen to do.
func (o *owners) mark(list *[]stand, s stand, most int, room *int) bool {
	at, found := find(*list, &s)
	if found {
		if known := &(*list)[at]; s.first-known.last >= standRefresh {
			known.last = s.first
		}
		return true
	}
	if *room < 1 || len(*list) >= most {
		return false
	}
	*room--
	o.stands++
	s.value = intern(s.value)
	*list = slices.Insert(*list, at, s)
	return true
}

// expire drops what was not seen for long.
func (o *owners) expire(today int32) {
	o.drop(func(ownerKey) bool { return false }, func(s stand) bool { return today-s.last > standForgot })
}

// forget drops what tells of tokens, by their hashes, and of owners.
func (o *owners) forget(tokens map[uint32]bool, ids []string) {
	o.drop(func(key ownerKey) bool { return slices.Contains(ids, key.id) }, func(s stand) bool { return tokens[s.token] })
}

func (o *owners) drop(gone func(ownerKey) bool, over func(stand) bool) {
	was := o.stands
	o.stands = o.exits.drop(over)
	for key, one := range o.known {
		if gone(key) {
			delete(o.known, key)
			continue
		}
		one.tokens, one.ways = slices.DeleteFunc(one.tokens, over), slices.DeleteFunc(one.ways, over)
		o.stands += len(one.tokens) + len(one.ways)
		if len(one.tokens) == 0 {
			delete(o.known, key)
		}
	}
	o.stale = o.stale || o.stands != was
}

// forgetNotes takes tokens and owners out of a day's notes.
func (t *tally) forgetNotes(tokens map[uint32]bool, ids []string) {
	t.notes = slices.DeleteFunc(t.notes, func(n ownerNote) bool { return tokens[n.token] || slices.Contains(ids, n.owner.id) })
}

// turnOwners makes a day's notes part of what is known of owners.
func (e *Engine) turnOwners(today int32) {
	room := standsKept
	for p := range e.populations() {
		p.peers.owners.expire(today)
		room -= p.peers.owners.stands
	}
	for p := range e.populations() {
		o, t := &p.peers.owners, p.tally()
		had := o.stands
		e.stats.Unrelated += uint64(o.take(t, room) + t.refused)
		t.refused = 0
		room -= o.stands - had
	}
	e.ownersFull()
}

// ownersFull notes whether there is room for more.
func (e *Engine) ownersFull() {
	room := standsKept
	for p := range e.populations() {
		room -= p.peers.owners.stands
	}
	for p := range e.populations() {
		p.peers.owners.full = room < 2
	}
}
