package embedded

import (
	"slices"
	"sort"
	"strings"

	"github.com/holterhq/holter/internal/store"
)

// wanted is a set of alternatives; an empty one wants everything.
type wanted map[string]struct{}

func newWanted(values []string) wanted {
	if len(values) == 0 {
		return nil
	}
	w := make(wanted, len(values))
	for _, v := range values {
		w[v] = struct{}{}
	}
	return w
}

func (w wanted) has(v string) bool {
	if w == nil {
		return true
	}
	_, ok := w[v]
	return ok
}

// matcher is a filter that is ready to be asked of many.
type matcher struct {
	store.TokenFilter
	ids, owners, teams, environments, statuses, directions, tenants, scopeTeams wanted

	notEnvironments wanted
}

func newMatcher(f store.TokenFilter) *matcher {
	f.Text = strings.ToLower(f.Text) // once, and not for each token
	return &matcher{
		TokenFilter: f, ids: newWanted(f.IDs), owners: newWanted(f.Owners), teams: newWanted(f.Teams), environments: newWanted(f.Environments),
		statuses: newWanted(f.Statuses), directions: newWanted(f.Directions), tenants: newWanted(f.Scope.Tenants), scopeTeams: newWanted(f.Scope.Teams),
		notEnvironments: newWanted(f.NotEnvironments),
	}
}

// everything says that no token is asked for, so that what has none is meant as well.
func (m *matcher) everything() bool {
	return m.ids == nil && m.owners == nil && m.teams == nil && m.scopeTeams == nil && !m.asksRecord()
}

// asksRecord says that a token's record decides, beside its id and what facts say of it.
func (m *matcher) asksRecord() bool {
	return m.environments != nil || m.statuses != nil || m.directions != nil || m.tenants != nil || m.Text != "" || len(m.Tags) > 0 ||
		!m.SeenBefore.IsZero() || !m.SeenSince.IsZero() || !m.NewSince.IsZero()
}

// token asks a record alone: its owner is the one of now.
func (m *matcher) token(t *store.Token) bool {
	return m.owners.has(t.OwnerID) && m.teams.has(t.OwnerTeam) && m.scopeTeams.has(t.OwnerTeam) && m.record(t)
}

// record asks for all but owner and team.
func (m *matcher) record(t *store.Token) bool {
	switch {
	case !m.ids.has(t.ID), !m.tenants.has(t.Tenant), !m.environments.has(t.Environment), !m.statuses.has(t.Status), !m.directions.has(t.Direction):
		return false
	case m.notEnvironments != nil && m.notEnvironments.has(t.Environment):
		return false
	case !m.SeenBefore.IsZero() && !t.LastUse.At.Before(m.SeenBefore), !m.SeenSince.IsZero() && t.LastUse.At.Before(m.SeenSince):
		return false
	case !m.NewSince.IsZero() && t.FirstSeen.Before(m.NewSince):
		return false
	case len(m.Tags) > 0 && !slices.ContainsFunc(m.Tags, t.HasTag):
		return false
	}
	return m.Text == "" || t.Mentions(m.Text)
}

// chosen are the subjects that a filter wants, by their numbers.
type chosen struct {
	all   bool // whoever it is
	bits  []uint64
	order []uint32 // ascending
}

// choose asks all tokens and the owners that facts have.
func (s *Store) choose(m *matcher) *chosen {
	subjects, _ := s.dictionary.view()
	if m.everything() && m.notEnvironments == nil {
		return &chosen{all: true}
	}
	c := &chosen{bits: make([]uint64, (len(subjects)+63)/64)}
	ask := func(t *store.Token) {
		if !m.record(t) {
			return
		}
		for _, n := range s.dictionary.of(t.ID) {
			if int(n) < len(subjects) {
				if of := owned(subjects[n], t); m.owners.has(of.Owner) && m.teams.has(of.Team) && m.scopeTeams.has(of.Team) {
					c.order = append(c.order, n)
				}
			}
		}
	}
	s.mu.RLock()
	if m.ids != nil {
		for id := range m.ids {
			if r := s.tokens[id]; r != nil {
				ask(&r.Token)
			}
		}
	} else {
		for _, r := range s.tokens {
			ask(&r.Token)
		}
	}
	s.mu.RUnlock()
	if m.everything() { // all but some environments: what has no token is in none
		for n, of := range subjects {
			if of.Token == "" {
				c.order = append(c.order, uint32(n))
			}
		}
	}
	slices.Sort(c.order)
	for _, n := range c.order {
		c.bits[n/64] |= 1 << (n % 64)
	}
	return c
}

func (c *chosen) has(n uint32) bool {
	return c.all || int(n/64) < len(c.bits) && c.bits[n/64]&(1<<(n%64)) != 0
}

// any says whether one of them may be among the subjects from first to last.
func (c *chosen) any(first, last uint32) bool {
	if c.all {
		return true
	}
	i := sort.Search(len(c.order), func(i int) bool { return c.order[i] >= first })
	return i < len(c.order) && c.order[i] <= last
}

// none says that nobody was chosen.
func (c *chosen) none() bool { return !c.all && len(c.order) == 0 }
