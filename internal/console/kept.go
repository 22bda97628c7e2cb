package console

import (
	"encoding/json"
	"sync"
	"time"
)

// kept has an answer worked out once for all who ask the same at the same time, and again no sooner than keptFor after: these read all usage of a month.
func kept(answer func(*call) (any, error)) func(*call) (any, error) {
	return func(k *call) (any, error) {
		scope, err := json.Marshal(k.who.Scope)
		if err != nil {
			return nil, err
		}
		key := k.r.URL.Path + "?" + k.args.Encode() + "#" + string(scope)
		return k.answers.of(key).get(k.now, func() (any, error) { return answer(k) }, k.Store.Changed)
	}
}

const (
	keptFor     = 5 * time.Second
	keptAtRest  = time.Minute // while the store does not change
	mostAnswers = 200
)

// answers are those that were given last, by what was asked and who may see it.
type answers struct {
	mu  sync.Mutex
	all map[string]*keptAnswer
}

// keptAnswer is one of them.
type keptAnswer struct {
	mu      sync.Mutex
	value   any
	at      time.Time // zero: there is none
	changed <-chan struct{}
}

// of is the place for an answer. Of more than there is room for, an old one goes.
func (a *answers) of(key string) *keptAnswer {
	a.mu.Lock()
	defer a.mu.Unlock()
	one, ok := a.all[key]
	if ok {
		return one
	}
	if a.all == nil {
		a.all = make(map[string]*keptAnswer)
	}
	for other := range a.all {
		if len(a.all) < mostAnswers {
			break
		}
		delete(a.all, other)
	}
	one = &keptAnswer{}
	a.all[key] = one
	return one
}

// forget lets go of all: somebody was erased.
func (a *answers) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.all)
}

func (k *keptAnswer) get(now time.Time, ask func() (any, error), changed func() <-chan struct{}) (any, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.good(now) {
		return k.value, nil
	}
	watch := changed()
	value, err := ask()
	if err != nil {
		return nil, err
	}
	k.value, k.at, k.changed = value, now, watch
	return value, nil
}

// good says whether the answer still holds.
func (k *keptAnswer) good(now time.Time) bool {
	if k.at.IsZero() || now.Sub(k.at) >= keptAtRest {
		return false
	}
	select {
	case <-k.changed:
		return now.Sub(k.at) < keptFor
	default:
		return true
	}
}
