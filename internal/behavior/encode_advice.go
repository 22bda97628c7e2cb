package behavior

import (
	"fmt"
	"maps"
	"slices"

	"github.com/holterhq/holter/internal/baseline"
)

// adviceKey is the record that lists what was said of whom; the lives that heed it are records of their own.
const adviceKey = "advice"

func lifeKey(token string) string { return "advised/" + token }

// adviceVersion heads the list.
const adviceVersion = 1

// putAdvice appends what changed since the last snapshot.
func (e *Engine) putAdvice(records []Record) []Record {
	w := &baseline.Writer{}
	w.Uint(adviceVersion)
	w.Uint(uint64(e.advised()))
	changed := false
	for _, s := range e.shards {
		for _, id := range slices.Sorted(maps.Keys(s.advised)) {
			a := s.advised[id]
			w.String(id)
			a.said.put(w)
			if a.dirty {
				a.dirty, changed = false, true
				life := &baseline.Writer{}
				life.Uint(stateVersion)
				records = append(records, Record{lifeKey(id), append(life.Bytes, a.life.pack(nil, &s.words)...)})
			}
		}
		for _, id := range s.unsaid {
			if changed = true; s.advised[id] == nil {
				records = append(records, Record{lifeKey(id), nil})
			}
		}
		s.unsaid = s.unsaid[:0]
	}
	if changed {
		records = append(records, Record{adviceKey, w.Bytes})
	}
	return records
}

// getAdvice reads what was said. States of builds that knew no feedback have none.
func (e *Engine) getAdvice(get func(key string) ([]byte, error)) error {
	state, err := get(adviceKey)
	if err != nil || state == nil {
		return err
	}
	r := &baseline.Reader{Bytes: state}
	if v := r.Uint(); r.Err == nil && v != adviceVersion {
		return fmt.Errorf("%s: it has version %d, this build reads %d", adviceKey, v, adviceVersion)
	}
	for range r.Count() {
		id, a := intern(r.String()), &advised{}
		a.said.get(r)
		if r.Err != nil {
			break
		}
		life, err := get(lifeKey(id))
		if err != nil {
			return err
		}
		s := e.shards[shardOf(id)]
		pack, err := s.repack(life)
		if err != nil {
			return fmt.Errorf("%s: %w", lifeKey(id), err)
		}
		a.life = &token{}
		if err := a.life.unpack(pack, &s.words); err != nil {
			return fmt.Errorf("%s: %w", lifeKey(id), err)
		}
		s.advised[id] = a
	}
	if r.Err != nil {
		return fmt.Errorf("%s: %w", adviceKey, r.Err)
	}
	return nil
}

func (all opinions) put(w *baseline.Writer) {
	w.Uint(uint64(len(all)))
	for i := range all {
		o := &all[i]
		w.Uint(uint64(o.verdict))
		name := ""
		if o.facet < facetCount {
			name = o.facet.String()
		}
		w.String(name)
		w.String(o.value)
		w.Int(o.until)
		w.String(o.by)
	}
}

func (all *opinions) get(r *baseline.Reader) {
	for range r.Count() {
		f := Feedback{Token: "-", Verdict: Verdict(r.Uint() & 1), Facet: r.String(), Value: r.String()}
		until, by := r.Int(), r.String()
		f.TTL = 1
		o, err := f.opinion()
		if err != nil {
			r.Err = fmt.Errorf("%w: %w", baseline.ErrCorrupt, err)
			return
		}
		o.until, o.by = until, by
		*all = append(*all, o)
	}
}
