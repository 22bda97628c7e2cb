package embedded

import (
	"slices"
	"strings"

	"github.com/holterhq/holter/internal/store"
)

// grouping tells which slot a row counts into. It asks each subject and each key once.
type grouping struct {
	query    *store.Query
	plan     *plan
	subjects []store.Subject
	keys     []key
	tag      func(token, name string) string // a tag's value
	whose    func(store.Subject) store.Subject
	only     map[string]bool // groups that have slots of their own; nil: all

	ofSubjects, ofKeys []int32 // the slot, and known; 0: not asked yet
	slots              map[string]int32
	names              []string // by slot
}

const (
	leftOut = -1
	rest    = 0 // what has no slot of its own
	whole   = 1 // where nothing is grouped by
	known   = 2
)

func (s *Store) newGrouping(q *store.Query, p *plan, subjects []store.Subject, keys []key) *grouping {
	g := &grouping{
		query: q, plan: p, tag: s.tag, whose: s.whose, subjects: subjects, keys: keys, ofSubjects: make([]int32, len(subjects)), ofKeys: make([]int32, len(keys)),
		slots: map[string]int32{}, names: []string{""},
	}
	if q.Group == store.ByNothing {
		g.named("")
	}
	return g
}

func (g *grouping) slot(r *row) int32 {
	if int(r.key) >= len(g.ofKeys) || int(r.subject) >= len(g.ofSubjects) {
		return leftOut // a file from another store
	}
	k := g.ofKeys[r.key]
	if k == 0 {
		k = g.askKey(g.keys[r.key]) + known
		g.ofKeys[r.key] = k
	}
	s := g.ofSubjects[r.subject]
	if s == 0 {
		s = g.askSubject(g.subjects[r.subject]) + known
		g.ofSubjects[r.subject] = s
	}
	switch {
	case k == leftOut+known || s == leftOut+known:
		return leftOut
	case g.plan.group != nil:
		return k - known
	}
	return s - known
}

func (g *grouping) askKey(k key) int32 {
	if g.plan.keep != nil && !g.plan.keep(k) {
		return leftOut
	}
	if g.plan.where != nil && !slices.Contains(g.query.Where.Values, g.plan.where(k)) {
		return leftOut
	}
	if g.plan.group == nil {
		return whole
	}
	if k.overflow && k.first == "" && k.second == "" {
		return rest
	}
	return g.named(g.plan.group(k))
}

func (g *grouping) askSubject(s store.Subject) int32 {
	if where := g.query.Where; ofSubject(where.Group) && !slices.Contains(where.Values, g.value(where.Group, s)) {
		return leftOut
	}
	switch {
	case !ofSubject(g.query.Group):
		return whole
	case s.Token == "":
		return rest
	}
	return g.named(g.value(g.query.Group, s))
}

func (g *grouping) value(group store.Group, s store.Subject) string {
	switch group {
	case store.ByToken:
		return s.Token
	case store.ByOwner:
		return g.whose(s).Owner
	case store.ByTeam:
		return g.whose(s).Team
	}
	return g.tag(s.Token, strings.TrimPrefix(string(group), tagPrefix))
}

// named is the slot of a group.
func (g *grouping) named(name string) int32 {
	if g.only != nil && !g.only[name] {
		return rest
	}
	n, ok := g.slots[name]
	if !ok {
		n = int32(len(g.names))
		g.slots[name] = n
		g.names = append(g.names, name)
	}
	return n
}
