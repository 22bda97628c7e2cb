package access

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// Sessions are who is logged in. They live in memory: a restart logs everybody out.
type Sessions struct {
	Lifetime time.Duration
	Most     int    // then the one that ends first is ended
	Evicted  func() // may be nil

	mu   sync.Mutex
	held map[[32]byte]*session
}

type session struct {
	who  Who
	csrf string
	ends time.Time
}

// begin lets somebody in; the secret is what the browser shows from then on.
func (s *Sessions) begin(who Who, now time.Time) (secret string) {
	secret = rand.Text() + rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held == nil {
		s.held = map[[32]byte]*session{}
	}
	s.makeRoom(now)
	s.held[sha256.Sum256([]byte(secret))] = &session{who: who, csrf: rand.Text(), ends: now.Add(s.Lifetime)}
	return secret
}

// find is the session of a secret, if it has not ended.
func (s *Sessions) find(secret string, now time.Time) (session, bool) {
	key := sha256.Sum256([]byte(secret))
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.held[key]
	if found == nil {
		return session{}, false
	}
	if !now.Before(found.ends) {
		delete(s.held, key)
		return session{}, false
	}
	return *found, true
}

func (s *Sessions) end(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, sha256.Sum256([]byte(secret)))
}

func (s *Sessions) makeRoom(now time.Time) {
	if len(s.held) < s.Most {
		return
	}
	var first [32]byte
	var ends time.Time
	for key, one := range s.held {
		if !now.Before(one.ends) {
			delete(s.held, key)
			continue
		}
		if ends.IsZero() || one.ends.Before(ends) {
			first, ends = key, one.ends
		}
	}
	if len(s.held) >= s.Most {
		delete(s.held, first)
		if s.Evicted != nil {
			s.Evicted()
		}
	}
}
