package insight

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/holterhq/holter/internal/store"
)

const day = 24 * time.Hour

// Question is whose life is asked about, and when. To is not part of it.
type Question struct {
	Filter   store.TokenFilter
	From, To time.Time
}

// wholeDays is the time from the first UTC day that is touched to the last.
func (q Question) wholeDays() (from, to time.Time) {
	from, to = q.From.UTC().Truncate(day), q.To.UTC().Truncate(day)
	if to.Before(q.To) {
		to = to.Add(day)
	}
	return from, to
}

func (q Question) facts(kind store.Kind, from, to time.Time, level time.Duration) store.FactQuery {
	return store.FactQuery{Filter: q.Filter, Kind: kind, From: from, To: to, Level: level}
}

// tokens are all that are meant, by id.
func tokens(ctx context.Context, s store.Store, filter store.TokenFilter) ([]store.Token, error) {
	var all []store.Token
	for cursor := ""; ; {
		page, err := s.Tokens(ctx, store.TokenQuery{Filter: filter, Sort: "id", Limit: 1_000, Cursor: cursor})
		if err != nil {
			return nil, err
		}
		all = append(all, page.Tokens...)
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}

// minuteOf is when a fact's minute is.
func minuteOf(at int64) time.Time { return time.Unix(at*60, 0).UTC() }

// tally counts by key.
type tally map[string]int64

func (t tally) total() (n int64) {
	for _, v := range t {
		n += v
	}
	return n
}

// days counts by day, which is its first minute.
type days map[int64]int64

func (d days) total() (n int64) {
	for _, v := range d {
		n += v
	}
	return n
}

// into is what is counted under a key, which is made if it is not there.
func into[K, L comparable, M ~map[L]int64](all map[K]M, key K) M {
	t, ok := all[key]
	if !ok {
		t = make(M)
		all[key] = t
	}
	return t
}

// number is a tag's value as one, 0 where it is none.
func number(tags map[string]string, key string) float64 {
	n, err := strconv.ParseFloat(tags[key], 64)
	if err != nil || !(n > 0) {
		return 0
	}
	return n
}

// plural is a number and what is counted.
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}

// hintOf is what a person knows a token by.
func hintOf(t *store.Token) string { return cmp.Or(t.Hint, t.ID) }

// ownerOf is who answers for a token, as a person knows them.
func ownerOf(t *store.Token) string { return cmp.Or(t.OwnerName, t.OwnerID) }
