package insight

import (
	"cmp"
	"maps"
	"slices"
)

// company is who is seen where: which owners' tokens use a network or a service. A token's company tells whose it may be, and whether somebody else
// uses it.
type company struct {
	places map[string]tally           // the owners of the tokens that are seen at a place, by number of tokens
	tokens map[string]map[string]days // requests of a token at a place
	owner  map[string]string          // of a token
}

func newCompany(owner map[string]string) *company {
	return &company{places: make(map[string]tally), tokens: make(map[string]map[string]days), owner: owner}
}

// see counts requests of a token at a place on a day.
func (c *company) see(token, place string, day, n int64) {
	if token == "" || place == "" {
		return
	}
	places, ok := c.tokens[token]
	if !ok {
		places = make(map[string]days)
		c.tokens[token] = places
	}
	if _, seen := places[place]; !seen {
		if owner := c.owner[token]; owner != "" {
			into(c.places, place)[owner]++
		}
	}
	into(places, place)[day] += n
}

// guess is the owner of the company that a token keeps: for each owner the sum over places of the share of the token's requests there, times the share
// of tokens there that are the owner's.
func (c *company) guess(token string) map[string]float64 {
	all := make(map[string]float64)
	var total int64
	for _, byDay := range c.tokens[token] {
		total += byDay.total()
	}
	for place, byDay := range c.tokens[token] {
		owners := c.places[place]
		there := float64(owners.total())
		for owner, tokens := range owners {
			all[owner] += float64(byDay.total()) / float64(total) * float64(tokens) / there
		}
	}
	return all
}

// joined remembers the texts of networks and countries, which come often.
type joined map[[2]string]string

func (j joined) of(network, country string) string {
	key := [2]string{network, country}
	text, ok := j[key]
	if !ok {
		text = network + " " + country
		j[key] = text
	}
	return text
}

// Guess is whose a token may be. It is never more than a guess.
type Guess struct {
	Owner      string  `json:"owner"`
	Confidence float64 `json:"confidence"` // of 1
}

// leastConfidence is what a guess is worth saying from.
const leastConfidence = 0.3

// guessOf joins the guesses of networks and services: their product, as a share of the products of all owners, times how much of the token's traffic comes
// from places where anybody is known.
func guessOf(token string, networks, services *company) *Guess {
	byNetwork, byService := networks.guess(token), services.guess(token)
	var sum, known float64
	products := make(map[string]float64)
	for owner, share := range byNetwork {
		known += share
		products[owner] = share * byService[owner]
		sum += products[owner]
	}
	if sum == 0 {
		return nil
	}
	best := slices.MaxFunc(slices.Sorted(maps.Keys(products)), func(a, b string) int { return cmp.Or(cmp.Compare(products[a], products[b]), cmp.Compare(b, a)) })
	g := &Guess{Owner: best, Confidence: products[best] / sum * min(1, known)}
	if g.Confidence < leastConfidence {
		return nil
	}
	return g
}

// What sharing is told by.
const (
	sharedDays     = 3
	sharedRequests = 20
)

// strangers is the owner in whose networks a token is used beside its own, on as many of the same days: networks where that owner's tokens are the only
// others, while the token is also used where none but its own owner's are, or nobody else is.
func (c *company) strangers(token string) (owner, place string, together int, requests int64) {
	own := c.owner[token]
	if own == "" {
		return "", "", 0, 0
	}
	home := make(map[int64]bool)
	foreign := make(map[string]days) // by place
	for at, byDay := range c.tokens[token] {
		others := maps.Clone(c.places[at])
		if others[own]--; others[own] <= 0 { // the token itself
			delete(others, own)
		}
		switch {
		case len(others) == 0 || len(others) == 1 && others[own] > 0:
			for d := range byDay {
				home[d] = true
			}
		case len(others) == 1:
			foreign[at] = byDay
		}
	}
	for _, at := range slices.Sorted(maps.Keys(foreign)) {
		both := 0
		for d := range foreign[at] {
			if home[d] {
				both++
			}
		}
		if n := foreign[at].total(); both >= sharedDays && n >= sharedRequests && n > requests {
			place, together, requests = at, both, n
			for other := range c.places[at] {
				if other != own {
					owner = other
				}
			}
		}
	}
	return owner, place, together, requests
}
