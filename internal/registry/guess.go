package registry

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Suspect is an unregistered token, and a guess at whose it is.
type Suspect struct {
	SeenToken
	Guess *Guess `json:"guess,omitempty"` // nil: nothing speaks for anybody
}

// Guess is whose a token may be. It is no more than that: nobody is told or locked because of it.
type Guess struct {
	Owner      string  `json:"owner"`
	Confidence float64 `json:"confidence"` // 0 to 1
	Reason     string  `json:"reason"`
}

// How much speaks for an owner who is alone in a network, or at a service, with the token. Where there are n owners each has an
// nth of it: a network of a cloud or an office tells little.
const (
	weightOfNetwork = 0.7
	weightOfService = 0.2
	leastConfidence = 0.1
)

// crowd are the owners by where they are seen.
type crowd struct {
	networks map[netip.Prefix][]string
	services map[string][]string
}

func (s *Seen) crowd() *crowd {
	c := &crowd{networks: make(map[netip.Prefix][]string), services: make(map[string][]string)}
	for owner, h := range s.owners {
		for _, network := range h.Networks {
			c.networks[network] = append(c.networks[network], owner)
		}
		for _, service := range h.Services {
			c.services[service] = append(c.services[service], owner)
		}
	}
	return c
}

// clue is what speaks for an owner.
type clue struct {
	against  float64 // the chance that all of it is by accident
	networks []string
	services []string
}

// guess is the owner for whom most speaks. Confidence is 1 − Π(1 − weight/n) over the networks and services that owner and token
// share, divided among the owners for whom something speaks.
func (c *crowd) guess(t *SeenToken) *Guess {
	clues := make(map[string]*clue)
	of := func(owner string, weight float64, owners int) *clue {
		k := clues[owner]
		if k == nil {
			k = &clue{against: 1}
			clues[owner] = k
		}
		k.against *= 1 - weight/float64(owners)
		return k
	}
	for _, network := range t.Networks {
		for _, owner := range c.networks[network] {
			k := of(owner, weightOfNetwork, len(c.networks[network]))
			k.networks = append(k.networks, fmt.Sprintf("%s (%s)", network, others(len(c.networks[network]))))
		}
	}
	for _, service := range t.Services {
		for _, owner := range c.services[service] {
			k := of(owner, weightOfService, len(c.services[service]))
			k.services = append(k.services, fmt.Sprintf("%s (%s)", service, others(len(c.services[service]))))
		}
	}
	var best string
	var sum float64
	for owner, k := range clues {
		sum += 1 - k.against
		if best == "" || k.against < clues[best].against || k.against == clues[best].against && owner < best {
			best = owner
		}
	}
	if best == "" {
		return nil
	}
	k := clues[best]
	score := 1 - k.against
	g := &Guess{Owner: best, Confidence: score * score / sum, Reason: k.reason()}
	if g.Confidence < leastConfidence {
		return nil
	}
	return g
}

func (k *clue) reason() string {
	var parts []string
	for _, shared := range [...]struct {
		what string
		list []string
	}{{"network", k.networks}, {"service", k.services}} {
		if n := len(shared.list); n > 0 {
			slices.Sort(shared.list)
			if n > 1 {
				shared.what += "s"
			}
			parts = append(parts, shared.what+" "+strings.Join(shared.list[:min(n, 3)], ", "))
		}
	}
	return "shares " + strings.Join(parts, "; ")
}

func others(owners int) string {
	switch owners {
	case 1:
		return "no other owner"
	case 2:
		return "1 other owner"
	}
	return fmt.Sprintf("%d other owners", owners-1)
}
