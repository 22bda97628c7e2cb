package registry

import (
	lists "container/list"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holterhq/holter/internal/credential"
)

// Seen is what is remembered of tokens that are used and not registered, and of where the owners of registered ones are seen, from
// which follows whose the others may be. It holds no credential and no digest of one. Safe for concurrent use.
type Seen struct {
	maxTokens, maxOwners int

	mu      sync.Mutex
	tokens  map[string]*lists.Element // of *SeenToken, by api_token.id
	recent  *lists.List               // the token that was used last is in front
	owners  map[string]*habits
	evicted int64
	changed [seenShards]bool
	moved   bool // habits have changed
}

// SeenToken is a token that was used and is not registered. Its times are those of the events.
type SeenToken struct {
	ID        string         `json:"id"`
	Hint      string         `json:"hint"`
	Type      string         `json:"type"`
	Format    string         `json:"format,omitempty"`
	Joins     Draft          `json:"joins"` // what it can be registered by, as far as that is known without its digest
	FirstSeen time.Time      `json:"first_seen"`
	LastSeen  time.Time      `json:"last_seen"`
	Requests  int64          `json:"requests"`
	Services  []string       `json:"services,omitempty"`
	Networks  []netip.Prefix `json:"networks,omitempty"`
	Countries []string       `json:"countries,omitempty"`
}

// habits are where an owner's tokens are seen.
type habits struct {
	Services []string       `json:"services,omitempty"`
	Networks []netip.Prefix `json:"networks,omitempty"`
	Last     time.Time      `json:"last"`
}

// Sighting is a use of a token. What it holds is copied when it is new.
type Sighting struct {
	When     time.Time
	Requests int64  // that were counted since the last sighting, this one included
	Owner    string // of a registered token; empty: the token is not registered
	Service  string
	Addr     netip.Addr
	Country  string
}

// Bounds of what is remembered of one token or owner.
const (
	mostPlaces    = 16
	mostCountries = 8
	mostServices  = 16
)

// NewSeen remembers at most so many unregistered tokens, and as many owners.
func NewSeen(maxTokens int) *Seen {
	return &Seen{
		maxTokens: maxTokens, maxOwners: maxTokens,
		tokens: make(map[string]*lists.Element), recent: lists.New(), owners: make(map[string]*habits),
	}
}

// NewSeenToken is what is remembered of a token from the start.
func NewSeenToken(id string, c credential.Credential) SeenToken {
	t := SeenToken{ID: id, Hint: c.Hint(), Type: string(c.Kind), Format: c.Format}
	t.Joins.joinsUnhashed(c)
	return t
}

// Introduce makes a token that is not registered known, so that its uses are remembered.
func (s *Seen) Introduce(t SeenToken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens[t.ID] == nil {
		s.enter(&t)
	}
}

func (s *Seen) enter(t *SeenToken) {
	for len(s.tokens) >= s.maxTokens {
		oldest := s.recent.Back()
		gone := s.recent.Remove(oldest).(*SeenToken)
		delete(s.tokens, gone.ID)
		s.changed[shardOf(gone.ID)] = true
		s.evicted++
	}
	s.tokens[t.ID] = s.recent.PushFront(t)
}

// Registered takes a token from the list.
func (s *Seen) Registered(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.tokens[id]; e != nil {
		s.recent.Remove(e)
		delete(s.tokens, id)
		s.changed[shardOf(id)] = true
	}
}

// Forget lets go of tokens, and of owners by the names that Sighting has of them.
func (s *Seen) Forget(ids, owners []string) {
	for _, id := range ids {
		s.Registered(id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, owner := range owners {
		if _, known := s.owners[owner]; known {
			delete(s.owners, owner)
			s.moved = true
		}
	}
}

// Saw remembers a use of an unregistered token. One that nobody has introduced, or that has been forgotten since, is not remembered.
func (s *Seen) Saw(id string, use Sighting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.tokens[id]
	if e == nil {
		return
	}
	s.recent.MoveToFront(e)
	t := e.Value.(*SeenToken)
	if t.FirstSeen.IsZero() || use.When.Before(t.FirstSeen) {
		t.FirstSeen = use.When
	}
	if use.When.After(t.LastSeen) {
		t.LastSeen = use.When
	}
	t.Requests += use.Requests
	t.Services, _ = remember(t.Services, use.Service, mostServices)
	t.Countries, _ = remember(t.Countries, use.Country, mostCountries)
	t.Networks, _ = rememberNetwork(t.Networks, use.Addr)
	s.changed[shardOf(id)] = true
}

// SawOwner remembers where a token of use.Owner was used.
func (s *Seen) SawOwner(use Sighting) {
	owner := use.Owner
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.owners[owner]
	if h == nil {
		s.admitOwner()
		h = &habits{}
		s.owners[strings.Clone(owner)] = h
	}
	if use.When.After(h.Last) {
		h.Last = use.When
	}
	var service, network bool
	h.Services, service = remember(h.Services, use.Service, mostServices)
	h.Networks, network = rememberNetwork(h.Networks, use.Addr)
	s.moved = s.moved || service || network
}

// admitOwner makes room for one more: the owner who was seen the longest ago goes.
func (s *Seen) admitOwner() {
	if len(s.owners) < s.maxOwners {
		return
	}
	var oldest string
	var last time.Time
	for name, h := range s.owners {
		if oldest == "" || h.Last.Before(last) {
			oldest, last = name, h.Last
		}
	}
	delete(s.owners, oldest)
	s.evicted++
}

// remember puts a text in front of a list, where it takes the place of the one that was seen the longest ago.
func remember(list []string, text string, most int) (_ []string, isNew bool) {
	if text == "" {
		return list, false
	}
	at := slices.Index(list, text)
	if at < 0 {
		if len(text) > longestText {
			text = text[:longestText]
		}
		isNew, text = true, strings.Clone(text)
		if len(list) < most {
			list = append(list, "")
		}
		at = len(list) - 1
	} else {
		text = list[at]
	}
	copy(list[1:at+1], list[:at])
	list[0] = text
	return list, isNew
}

func rememberNetwork(list []netip.Prefix, addr netip.Addr) (_ []netip.Prefix, isNew bool) {
	network, ok := networkOf(addr)
	if !ok {
		return list, false
	}
	at := slices.Index(list, network)
	if at < 0 {
		isNew = true
		if len(list) < mostPlaces {
			list = append(list, network)
		}
		at = len(list) - 1
	}
	copy(list[1:at+1], list[:at])
	list[0] = network
	return list, isNew
}

// networkOf truncates an address to what may be kept of it: /24 or /48.
func networkOf(addr netip.Addr) (netip.Prefix, bool) {
	addr = addr.Unmap().WithZone("")
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	network, err := addr.Prefix(bits)
	return network, err == nil && addr.IsValid()
}

// Evicted is how many tokens and owners were forgotten for others since the last call.
func (s *Seen) Evicted() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.evicted
	s.evicted = 0
	return n
}

// Len is how many unregistered tokens are remembered.
func (s *Seen) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tokens)
}

// Unregistered are the tokens that were used and are not registered, the last used first, at most so many, and whose they may be.
func (s *Seen) Unregistered(most int) []Suspect {
	s.mu.Lock()
	defer s.mu.Unlock()
	crowd := s.crowd()
	var all []Suspect
	for e := s.recent.Front(); e != nil && len(all) < most; e = e.Next() {
		if t := e.Value.(*SeenToken); !t.LastSeen.IsZero() {
			all = append(all, Suspect{t.copy(), crowd.guess(t)})
		}
	}
	slices.SortStableFunc(all, func(a, b Suspect) int { return b.LastSeen.Compare(a.LastSeen) })
	return all
}

// Find is the unregistered token of an api_token.id, if it is remembered.
func (s *Seen) Find(id string) (Suspect, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.tokens[id]
	if e == nil || e.Value.(*SeenToken).LastSeen.IsZero() {
		return Suspect{}, false
	}
	t := e.Value.(*SeenToken)
	return Suspect{t.copy(), s.crowd().guess(t)}, true
}

func (t *SeenToken) copy() SeenToken {
	c := *t
	c.Services, c.Networks, c.Countries = slices.Clone(t.Services), slices.Clone(t.Networks), slices.Clone(t.Countries)
	return c
}
