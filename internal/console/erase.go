package console

import (
	"fmt"

	"github.com/holterhq/holter/internal/store"
)

// mostErased is how many tokens may be named at once.
const mostErased = 1000

// erasure is what POST /erase takes.
type erasure struct {
	Owner  string   `json:"owner,omitempty" doc:"all tokens of an owner"`
	Tokens []string `json:"tokens,omitempty" doc:"or these, by api_token.id"`
}

// erased is what went.
type erased struct {
	Tokens  int   `json:"tokens"`
	Facts   int64 `json:"facts"`
	Events  int64 `json:"events"`
	Entries int64 `json:"entries" doc:"of the journal; the audit keeps a tombstone"`

	Reached []string `json:"reached,omitempty" doc:"components that remember tokens beside the store, and have forgotten these"`
	Missed  []string `json:"missed,omitempty" doc:"those that have not, and why: they are told again until they have"`
}

func (k *call) eraseSomebody() (any, error) {
	var what erasure
	if err := k.body(&what); err != nil {
		return nil, err
	}
	switch {
	case (what.Owner == "") == (len(what.Tokens) == 0):
		return nil, badRequest("owner", "name either an owner or tokens")
	case len(what.Tokens) > mostErased:
		return nil, badRequest("tokens", "at most %d at once", mostErased)
	}
	order := store.Erasure{Tokens: what.Tokens, Owner: what.Owner, By: k.by(), At: k.now}
	if k.who.Scoped() { // an owner may have tokens that are not theirs to see
		filter := store.TokenFilter{Scope: k.who.Scope, IDs: what.Tokens}
		if what.Owner != "" {
			filter.Owners = []string{what.Owner}
		}
		order.Owner, order.Tokens = "", nil
		for query := (store.TokenQuery{Filter: filter, Limit: 1000}); ; {
			page, err := k.Store.Tokens(k.ctx, query)
			if err != nil {
				return nil, err
			}
			for _, t := range page.Tokens {
				order.Tokens = append(order.Tokens, t.ID)
			}
			if query.Cursor = page.Next; page.Next == "" {
				break
			}
		}
		if len(order.Tokens) == 0 {
			return nil, store.ErrNotFound
		}
	}
	gone, err := k.erase(order)
	if err != nil {
		return nil, err
	}
	err = k.audit("erase", fmt.Sprintf("%s erased %s", k.by(), count(float64(len(gone.Tokens)), "token")), nil)
	return erased{len(gone.Tokens), gone.Facts, gone.Events, gone.Entries, gone.Reached, gone.Missed}, err
}
