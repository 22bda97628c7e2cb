package registry

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
)

// seenShards are the parts that the seen tokens are kept in: only parts that have changed are written.
const seenShards = 32

func shardOf(id string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return int(h.Sum32() % seenShards)
}

// SeenKeys are the names of the parts.
func SeenKeys() []string {
	keys := make([]string, 0, seenShards+1)
	for i := range seenShards {
		keys = append(keys, shardKey(i))
	}
	return append(keys, habitsKey)
}

func shardKey(i int) string { return fmt.Sprintf("seen/%02d", i) }

const habitsKey = "seen/owners"

// Changes are the parts that have changed since the last call, as they are to be kept.
func (s *Seen) Changes() (map[string][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changes := make(map[string][]byte)
	var parts [seenShards][]*SeenToken
	for e := s.recent.Back(); e != nil; e = e.Prev() {
		if t := e.Value.(*SeenToken); !t.LastSeen.IsZero() {
			parts[shardOf(t.ID)] = append(parts[shardOf(t.ID)], t)
		}
	}
	for i, part := range parts {
		if !s.changed[i] {
			continue
		}
		text, err := json.Marshal(part)
		if err != nil {
			return nil, err
		}
		changes[shardKey(i)], s.changed[i] = text, false
	}
	if s.moved {
		text, err := json.Marshal(s.owners)
		if err != nil {
			return nil, err
		}
		changes[habitsKey], s.moved = text, false
	}
	return changes, nil
}

// Unkept says that changes could not be kept: they are in the next ones too.
func (s *Seen) Unkept(changes map[string][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range seenShards {
		_, lost := changes[shardKey(i)]
		s.changed[i] = s.changed[i] || lost
	}
	_, lost := changes[habitsKey]
	s.moved = s.moved || lost
}

// Restore takes back a part that was kept.
func (s *Seen) Restore(key string, text []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key == habitsKey {
		owners := make(map[string]*habits)
		if err := json.Unmarshal(text, &owners); err != nil {
			return fmt.Errorf("%s: what was kept cannot be read", key)
		}
		for name, h := range owners {
			if h != nil && len(s.owners) < s.maxOwners {
				s.owners[name] = &habits{capped(h.Services, mostServices), capped(h.Networks, mostPlaces), h.Last}
			}
		}
		return nil
	}
	var tokens []*SeenToken
	if err := json.Unmarshal(text, &tokens); err != nil {
		return fmt.Errorf("%s: what was kept cannot be read", key)
	}
	for _, t := range tokens {
		if t == nil || s.tokens[t.ID] != nil {
			continue
		}
		t.Services, t.Networks, t.Countries = capped(t.Services, mostServices), capped(t.Networks, mostPlaces), capped(t.Countries, mostCountries)
		s.enter(t)
	}
	return nil
}

func capped[T any](list []T, most int) []T { return list[:min(len(list), most)] }
