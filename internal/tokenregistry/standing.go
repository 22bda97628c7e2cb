package tokenregistry

import (
	"github.com/holterhq/holter/internal/identity"
	"github.com/holterhq/holter/internal/registry"
)

// Standing is what of a Resolution matters at every use of the token. It is small: millions are remembered.
type Standing struct {
	terms       *terms // nil: no use violates anything, and no server is asked
	generation  uint32
	consulted   bool // there is a registry to be registered in
	registered  bool // and the token is, active whatever its use
	provisional bool
	watched     bool // its uses are remembered
}

// terms is what the Standing of some tokens depends on.
type terms struct {
	token   *registry.Token // nil: not registered
	claimed []string
	inquiry *registry.Inquiry
	version uint32
	unmet   *identity.LineageKey // of a fingerprint whose credential has not been seen; nil: it is none
}

// Standing is that of the token. A registered token that no use can violate is let go of.
func (r *Resolution) Standing() Standing {
	s := Standing{generation: uint32(r.generation), consulted: r.Consulted, provisional: r.Provisional, watched: r.watched}
	limited := r.Token
	if limited != nil && limited.Unlimited() {
		limited, s.registered = nil, true
	}
	if limited != nil || r.inquiry != nil || r.unmet != nil {
		s.terms = &terms{limited, r.claimed, r.inquiry, r.version, r.unmet}
	}
	return s
}

// Provisional says whether a server has been asked about the token and has not answered.
func (s *Standing) Provisional() bool { return s.provisional }

// Limits says what of a use Check wants to know: its address, and its method and path.
func (s *Standing) Limits() (networks, routes bool) {
	if s.terms == nil || s.terms.token == nil {
		return false, false
	}
	return s.terms.token.Limits()
}

// Check is the token's status at the time of a use and what the use violates, both empty where there is no registry.
func (s *Standing) Check(u registry.Use) (registry.Status, []string) {
	switch {
	case s.registered:
		return registry.Active, nil
	case s.terms != nil && s.terms.token != nil:
		u.Scopes = s.terms.claimed
		return s.terms.token.Check(u)
	case s.consulted:
		return registry.Unknown, nil
	}
	return "", nil
}

// Fresh says whether a Standing is still what Resolve would lead to.
func (r *Registry) Fresh(s *Standing) bool {
	if r.directory != nil && s.generation != uint32(r.directory.Generation()) {
		return false
	}
	t := s.terms
	return t == nil || (t.inquiry == nil || t.version == t.inquiry.Version()) && (t.unmet == nil || !r.met(*t.unmet))
}
