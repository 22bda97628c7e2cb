package behavior

import "github.com/holterhq/holter/internal/geo"

// hiddenShare is the part of a token's life that it is seen through a CDN, from which on its origin is taken for hidden.
const hiddenShare = 0.5

// behindCDN is the CDN that a token is usually seen through; empty for one that is seen itself.
func (t *token) behindCDN() (name string) {
	var through float32
	for _, n := range t.networks.Values() {
		if cdn := geo.CDN(n.Value); cdn != "" {
			through += n.Weight
			name = cdn
		}
	}
	if through <= hiddenShare*t.networks.Total() {
		return ""
	}
	return name
}

// noteOrigin notes where a request came from that says nothing about the client, and bets nothing on it: a request past the CDN is still
// told from it.
func (t *token) noteOrigin(o *Observation, tl *tally) {
	t.block.see(network, o.Network)
	if o.Country == "" {
		return
	}
	if _, c := t.block.see(country, o.Country); c.n == 1 {
		tl.common[ofCountry].note(o.Country)
	}
}
