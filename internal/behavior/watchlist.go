package behavior

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/holterhq/holter/internal/baseline"
)

// watchlist holds the tokens that should not work any more. It changes between observations; while shards look at theirs only what was
// told does.
type watchlist struct {
	tokens    map[string][]watch // by their key
	count     int
	displaced uint64
	dirty     atomic.Bool // changed since the last snapshot
}

// watch is an act that has to show.
type watch struct {
	act, action, target string
	hint                string // of the key that it was about
	at, from, until     int64
	told                bool // that it does not hold
}

// add takes an act in, once. Beyond the limit the oldest one makes room. What has ended by now is not taken.
func (w *watchlist) add(id string, one watch, now int64, most int) {
	if one.until <= now || slices.ContainsFunc(w.tokens[id], func(old watch) bool { return old.act == one.act }) {
		return
	}
	if w.tokens == nil {
		w.tokens = make(map[string][]watch)
	}
	w.tokens[id] = append(w.tokens[id], one)
	w.dirty.Store(true)
	if w.count++; w.count > most {
		w.displace()
	}
}

// displace lets go of the act that was done first.
func (w *watchlist) displace() {
	var whose string
	var oldest *watch
	for id, all := range w.tokens {
		for i := range all {
			if one := &all[i]; oldest == nil || cmp.Or(cmp.Compare(one.at, oldest.at), cmp.Compare(one.act, oldest.act)) < 0 {
				whose, oldest = id, one
			}
		}
	}
	w.displaced++
	w.drop(whose, oldest.act)
}

// drop forgets an act.
func (w *watchlist) drop(id, act string) { w.keep(id, func(one *watch) bool { return one.act != act }) }

// expire forgets what was watched for long enough.
func (w *watchlist) expire(now int64) {
	for id := range w.tokens {
		w.keep(id, func(one *watch) bool { return one.until > now })
	}
}

func (w *watchlist) keep(id string, which func(*watch) bool) {
	before := len(w.tokens[id])
	rest := slices.DeleteFunc(w.tokens[id], func(one watch) bool { return !which(&one) })
	if len(rest) == before {
		return
	}
	w.count -= before - len(rest)
	w.dirty.Store(true)
	if w.tokens[id] = rest; len(rest) == 0 {
		delete(w.tokens, id)
	}
}

const (
	watchedKey     = "watched"
	watchedVersion = 1
)

// put appends the list if it changed since the last snapshot.
func (w *watchlist) put(records []Record) []Record {
	if !w.dirty.Swap(false) {
		return records
	}
	out := &baseline.Writer{}
	out.Uint(watchedVersion)
	out.Uint(uint64(len(w.tokens)))
	for _, id := range slices.Sorted(maps.Keys(w.tokens)) {
		out.String(id)
		out.Uint(uint64(len(w.tokens[id])))
		for _, one := range w.tokens[id] {
			for _, s := range [...]string{one.act, one.action, one.target, one.hint} {
				out.String(s)
			}
			out.Int(one.at)
			out.Int(one.from)
			out.Int(one.until)
			out.Uint(flags(one.told))
		}
	}
	return append(records, Record{watchedKey, out.Bytes})
}

// get reads the list. States of builds that watched nothing have none.
func (w *watchlist) get(get func(key string) ([]byte, error)) error {
	state, err := get(watchedKey)
	if err != nil || state == nil {
		return err
	}
	r := &baseline.Reader{Bytes: state}
	if v := r.Uint(); r.Err == nil && v != watchedVersion {
		return fmt.Errorf("%s: it has version %d, this build reads %d", watchedKey, v, watchedVersion)
	}
	w.tokens = make(map[string][]watch)
	for range r.Count() {
		id := r.String()
		for range r.Count() {
			one := watch{act: r.String(), action: r.String(), target: r.String(), hint: r.String(), at: r.Int(), from: r.Int(), until: r.Int()}
			setFlags(r.Uint(), &one.told)
			w.tokens[id] = append(w.tokens[id], one)
			w.count++
		}
	}
	if r.Err != nil {
		return fmt.Errorf("%s: %w", watchedKey, r.Err)
	}
	return nil
}
