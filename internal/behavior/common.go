package behavior

import (
	"math"

	"github.com/holterhq/holter/internal/baseline"
)

// common is a facet whose values are compared with those that peers use: its place in tables of such facets.
type common uint8

const (
	ofCountry common = iota
	ofClient
	ofService
	commonCount
)

// commons tell of each which facet it is, the bet that somebody else stays, and how frequent a value is taken to be that nobody has used yet.
var commons = [commonCount]struct {
	facet, shift Facet
	rare         float64
}{
	{country, countryShift, 1e-5}, {client, clientShift, 1e-4}, {service, serviceShift, 1e-4},
}

// own is what the token has shown of a common facet.
func (t *token) own(of common) *baseline.Categorical[string] {
	return [...]*baseline.Categorical[string]{&t.countries, &t.clients, &t.services}[of]
}

// observeCommon bets on a value, and returns its place among today's.
func (t *token) observeCommon(of common, value string, p *Peers, tl *tally) int {
	b, f, shift := &t.block, commons[of].facet, commons[of].shift
	place, c := b.see(f, value)
	if c.n == 1 {
		tl.common[of].note(value)
	}
	if !c.price.known {
		q, own, suspect := t.odds(of, value, p)
		c.price = priceOf(f, q, own, suspect)
	}
	b.bet(f, c)
	b.shift(shift).Lean(c.price.shift)
	return place
}

// odds are the probabilities of a value: under an attack, under the token's own past, and as the suspect would use it.
func (t *token) odds(of common, value string, p *Peers) (q, own, suspect float64) {
	g := p.frequency(of, value)
	return t.own(of).Q(value, g), t.own(of).P(value, p.owners.prior(t, of, value, g)), t.suspect.value(of, value, g)
}

// priceOf is the price of a value of a facet that is so probable.
func priceOf(f Facet, q, own, suspect float64) price {
	ratio := math.Log(suspect / own)
	p := price{known: true, stake: baseline.StakeOf(q, own), shift: baseline.LeanOf(ratio), odds: odds(f, math.Log(q/own))}
	if of := shiftOf[f]; of != 0 {
		p.odds += odds(of, ratio)
	}
	return p
}
