package insight

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// Kinds of findings.
const (
	Unused         = "unused"
	NeverUsed      = "never_used"
	Expiring       = "expiring"
	OverPrivileged = "over_privileged"
	Shared         = "shared"
	Leaked         = "leaked"
	Unregistered   = "unregistered"
	NotRotated     = "not_rotated"
	Declining      = "declining"
)

// Finding is one thing about a token that wants tidying up.
type Finding struct {
	Kind   string    `json:"kind"`
	Token  string    `json:"token"`
	Hint   string    `json:"hint,omitempty"`
	Owner  string    `json:"owner,omitempty"`
	Since  time.Time `json:"since,omitzero"`
	Words  string    `json:"words"`
	Value  float64   `json:"value"`
	Guess  *Guess    `json:"guess,omitempty"`
	Action string    `json:"action"`
}

// Hygiene is what is found, the worst first.
type Hygiene struct {
	Findings []Finding      `json:"findings"`
	Counts   map[string]int `json:"counts"`
}

// HygieneQuestion asks what wants tidying up.
type HygieneQuestion struct {
	Filter store.TokenFilter
	Now    time.Time
	Days   int // without use, without rotation; and what is looked at. 0: 90
	// Registered are the tokens that a registry lists, by its own ids: those that were never seen are not in the store.
	Registered iter.Seq[store.Token]
}

const (
	expiringWithin    = 30 * day
	decliningMost     = 28 * day // each of the two spans that are compared
	decliningRequests = 100      // in the first of them
	decliningTo       = 0.5      // of it
	mostNeverUsed     = 1_000    // that are named one by one
)

// gravity is the order of the kinds.
var gravity = []string{Leaked, Shared, Unregistered, OverPrivileged, Expiring, NotRotated, Unused, NeverUsed, Declining}

// FindHygiene finds what wants tidying up, with N = Days:
//
//   - leaked: the registry says so.
//   - unregistered: there is a registry, and it does not know the token. The guess is that of the company that it keeps.
//   - shared: it was used under two owners, one after the other and back; or on 3 days and 20 requests at least from networks where only another owner's
//     tokens are seen, beside its own.
//   - over_privileged: a scope such as orders:write that no route called in N days exercises, where the token was used and somebody called routes of that resource.
//   - expiring: within 30 days, and used within N days. JWTs and OAuth tokens, which are renewed all the time, are left out.
//   - not_rotated: in use for longer than N days, without a rotation in that time. JWTs, OAuth tokens and decoys are left out.
//   - unused: last used more than N days ago, and still good.
//   - never_used: known, or in the registry and good, and not used once.
//   - declining: with an owner, at most half as many requests in the last min(28, N/2) days as in as many before, which were 100 at least.
func FindHygiene(ctx context.Context, s store.Store, q HygieneQuestion) (Hygiene, error) {
	if q.Days <= 0 {
		q.Days = 90
	}
	h := hygienist{HygieneQuestion: q, from: q.Now.Add(-time.Duration(q.Days) * day)}
	var err error
	if h.tokens, err = tokens(ctx, s, q.Filter); err != nil {
		return Hygiene{}, err
	}
	if err := h.look(ctx, s); err != nil {
		return Hygiene{}, err
	}
	found := Hygiene{Findings: []Finding{}, Counts: make(map[string]int)}
	for i := range h.tokens {
		for _, f := range h.examine(&h.tokens[i]) {
			found.Findings = append(found.Findings, f)
			found.Counts[f.Kind]++
		}
	}
	h.registered(&found)
	slices.SortStableFunc(found.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(slices.Index(gravity, a.Kind), slices.Index(gravity, b.Kind)), cmp.Compare(b.Value, a.Value))
	})
	return found, nil
}

// registered finds tokens that the registry lists and nobody has seen.
func (h *hygienist) registered(found *Hygiene) {
	if h.Registered == nil {
		return
	}
	seen := make(map[string]bool, len(h.tokens))
	for i := range h.tokens {
		seen[h.tokens[i].RegistryID] = true
	}
	for t := range h.Registered {
		if seen[t.RegistryID] || t.Status != "" && t.Status != "active" || !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(h.Now) {
			continue
		}
		if found.Counts[NeverUsed]++; found.Counts[NeverUsed] <= mostNeverUsed {
			found.Findings = append(found.Findings, neverUsed(&t))
		}
	}
}

func neverUsed(t *store.Token) Finding {
	return Finding{
		Kind: NeverUsed, Token: t.ID, Hint: cmp.Or(t.Hint, t.RegistryID), Owner: ownerOf(t), Since: t.FirstSeen, Words: "registered, and not used once",
		Action: "revoke it, or ask the owner whether it is needed",
	}
}

// hygienist holds what was done in the time that is looked at.
type hygienist struct {
	HygieneQuestion
	from     time.Time
	tokens   []store.Token
	requests map[string]days // by token
	owners   map[string][]stay
	routes   map[string]tally // by token
	known    map[string]bool  // resources that routes tell of
	networks *company
	services *company
	rotated  map[string]time.Time
}

// stay is a day under an owner.
type stay struct {
	at    int64
	owner string
}

func (h *hygienist) look(ctx context.Context, s store.Store) error {
	owner := make(map[string]string, len(h.tokens))
	everybody, err := tokens(ctx, s, store.TokenFilter{Scope: h.Filter.Scope})
	if err != nil {
		return err
	}
	for i := range everybody {
		owner[everybody[i].ID] = everybody[i].OwnerID
	}
	h.networks, h.services = newCompany(owner), newCompany(owner)
	h.requests, h.owners, h.routes, h.rotated = make(map[string]days), make(map[string][]stay), make(map[string]tally), make(map[string]time.Time)
	called := make(map[string]bool)
	places := make(joined)
	for _, part := range []struct {
		kind store.Kind
		take func(store.SubjectUse)
	}{
		{store.Outcomes, func(u store.SubjectUse) {
			into(h.requests, u.Subject.Token)[u.At] += u.Value
			h.owners[u.Subject.Token] = append(h.owners[u.Subject.Token], stay{u.At, u.Subject.Owner})
		}},
		{store.Routes, func(u store.SubjectUse) {
			if u.First != "" {
				into(h.routes, u.Subject.Token)[u.First] += u.Value
				called[u.First] = true
			}
		}},
		{store.Origins, func(u store.SubjectUse) {
			if u.Second != "" {
				h.networks.see(u.Subject.Token, places.of(u.Second, u.First), u.At, u.Value)
			}
		}},
		{store.Releases, func(u store.SubjectUse) {
			h.services.see(u.Subject.Token, u.First, u.At, u.Value)
		}},
	} {
		// Of all tokens, since the company that one keeps is that of the others.
		question := store.FactQuery{Filter: store.TokenFilter{Scope: h.Filter.Scope}, Kind: part.kind, From: h.from.Truncate(day), To: h.Now.Add(day), Level: day}
		for use, err := range s.Facts(ctx, question) {
			if err != nil {
				return err
			}
			if use.Subject.Token != "" {
				part.take(use)
			}
		}
	}
	h.known = resources(called)
	return h.rotations(ctx, s)
}

// rotations finds when tokens were issued or rotated, as auth events tell.
func (h *hygienist) rotations(ctx context.Context, s store.Store) error {
	for cursor := ""; ; {
		page, err := s.Events(ctx, store.EventQuery{
			Filter: h.Filter, Kinds: []string{store.EventAuth}, Names: []string{"issued", "rotated"}, From: h.from, To: h.Now.Add(day), Limit: 1_000, Cursor: cursor,
		})
		if err != nil {
			return err
		}
		for i := range page.Events {
			if e := &page.Events[i]; e.Time.After(h.rotated[e.Token]) {
				h.rotated[e.Token] = e.Time
			}
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

// examine finds what is to be said of a token.
func (h *hygienist) examine(t *store.Token) (all []Finding) {
	add := func(kind string, since time.Time, value float64, action, format string, args ...any) {
		all = append(all, Finding{
			Kind: kind, Token: t.ID, Hint: t.Hint, Owner: ownerOf(t), Since: since, Value: value, Words: fmt.Sprintf(format, args...), Action: action,
		})
	}
	requests := h.requests[t.ID].total()
	unused := !t.LastUse.At.IsZero() && t.LastUse.At.Before(h.from)
	dead := t.Status == "revoked" || t.Status == "expired" || t.Status == "decoy" || long(t) && !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(h.Now)
	if t.Status == "leaked" {
		add(Leaked, t.LastUse.At, float64(requests), "revoke it and give the owner another one", "known to be in other hands; used %d times in %d days", requests, h.Days)
	}
	if t.Status == "unknown" && requests > 0 {
		add(Unregistered, t.FirstSeen, float64(requests), "register it under its owner, or revoke it", "in no registry; used %d times in %d days", requests, h.Days)
		all[len(all)-1].Guess = guessOf(t.ID, h.networks, h.services)
	}
	if dead {
		return all
	}
	if other, words := h.shared(t); other != "" {
		add(Shared, t.FirstSeen, float64(requests), "give each of them a token of their own", "%s", words)
	}
	if never := idle(t.Scopes, h.routes[t.ID], h.known); len(never) > 0 && requests > 0 {
		add(OverPrivileged, t.FirstSeen, float64(len(never)), "take these scopes away", "never exercised in %d days: %s", h.Days, strings.Join(never, ", "))
	}
	if left := t.ExpiresAt.Sub(h.Now); !t.ExpiresAt.IsZero() && left <= expiringWithin && !unused && !t.LastUse.At.IsZero() && long(t) {
		add(Expiring, t.ExpiresAt, left.Hours()/24, "renew it before then, or tell the owner", "expires in %s, and is still in use", plural(int(left/day), "day"))
	}
	if since := cmp.Or(h.rotated[t.ID], t.FirstSeen); !unused && requests > 0 && long(t) && !since.IsZero() && since.Before(h.from) {
		age := int(h.Now.Sub(since) / day)
		add(NotRotated, since, float64(age), "rotate it", "in use for %s without a rotation", plural(age, "day"))
	}
	switch {
	case unused:
		age := int(h.Now.Sub(t.LastUse.At) / day)
		add(Unused, t.LastUse.At, float64(age), "revoke it, or ask the owner whether it is needed", "last used %s ago", plural(age, "day"))
	case t.LastUse.At.IsZero() && t.Requests == 0:
		all = append(all, neverUsed(t))
	default:
		h.declining(t, add)
	}
	return all
}

// long says whether a token is of a kind that lives until somebody rotates it.
func long(t *store.Token) bool { return t.Type != "jwt" && t.Type != "oauth2" }

func (h *hygienist) declining(t *store.Token, add func(kind string, since time.Time, value float64, action, format string, args ...any)) {
	span := min(decliningMost, time.Duration(h.Days)*day/2).Truncate(day)
	now := h.Now.UTC().Truncate(day) // today is not over
	middle, from := now.Add(-span), now.Add(-2*span)
	if ownerOf(t) == "" || t.FirstSeen.After(from.Add(day)) {
		return
	}
	var before, after int64
	for at, n := range h.requests[t.ID] {
		switch when := minuteOf(at); {
		case !when.Before(middle) && when.Before(now):
			after += n
		case !when.Before(from) && when.Before(middle):
			before += n
		}
	}
	if before >= decliningRequests && float64(after) <= decliningTo*float64(before) {
		days := int(span / day)
		add(Declining, middle, float64(after)/float64(before), "ask the owner before they leave", "%d requests in the last %d days, %d in the %d days before", after, days, before, days)
	}
}

// shared says who uses a token beside its owner.
func (h *hygienist) shared(t *store.Token) (other, words string) {
	stays := h.owners[t.ID]
	slices.SortStableFunc(stays, func(a, b stay) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.owner, b.owner)) })
	left := make(map[string]bool)
	current := ""
	for i := 0; i < len(stays); {
		today := make(map[string]bool)
		for at := stays[i].at; i < len(stays) && stays[i].at == at; i++ {
			today[stays[i].owner] = true
		}
		delete(today, "")
		delete(today, current)
		for _, next := range slices.Sorted(maps.Keys(today)) {
			if left[next] {
				return current, "used under the owners " + next + " and " + current + ", by turns"
			}
			if current != "" {
				left[current] = true
			}
			current = next
		}
	}
	owner, place, days, requests := h.networks.strangers(t.ID)
	if owner == "" {
		return "", ""
	}
	network, country, _ := strings.Cut(place, " ")
	if country != "" {
		country = " in " + country
	}
	return owner, fmt.Sprintf("used from %s%s, where else only %s is seen: %d requests, on %d days beside the owner's own", network, country, owner, requests, days)
}
