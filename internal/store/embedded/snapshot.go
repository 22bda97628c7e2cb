package embedded

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/holterhq/holter/internal/store"
)

// stretch is a part of time that one level answers for, in minutes.
type stretch struct {
	level    level
	from, to int64
}

// snapshot is what there is to read of a stretch at one moment. It is to be let go.
type snapshot struct {
	stretch
	store  *Store
	chunks []*chunk
	parts  []memory
}

// memory is a run that is at the stretch's level or below.
type memory struct {
	*run
	level level
}

// snapshot holds what several stretches are answered from.
func (s *Store) snapshot(stretches []stretch) []snapshot {
	s.mu.RLock()
	defer s.mu.RUnlock()
	shots := make([]snapshot, len(stretches))
	for i, part := range stretches {
		shot := snapshot{stretch: part, store: s}
		for l := range part.level + 1 {
			for id, b := range s.buckets[l] {
				if l.end(id) <= part.from || l.start(id) >= part.to {
					continue
				}
				for _, r := range b.sealing {
					shot.parts = append(shot.parts, memory{r.run, l})
				}
				for _, r := range b.runs {
					shot.parts = append(shot.parts, memory{r.run, l})
				}
				if l == part.level {
					for _, c := range b.chunks {
						c.use()
						shot.chunks = append(shot.chunks, c)
					}
				}
			}
		}
		shots[i] = shot
	}
	return shots
}

func (s *snapshot) done() {
	for _, c := range s.chunks {
		c.done()
	}
}

// read gives all rows of a kind that chosen subjects have, in parts of no order: yield is called by one at a time, with the unit of the rows' times.
func (s *snapshot) read(ctx context.Context, kind store.Kind, who *chosen, yield func(s *section, unit int64)) error {
	if who.none() {
		return nil
	}
	var one sync.Mutex
	for _, m := range s.parts {
		part := &m.sections[kind]
		if who.all {
			yield(part, m.level.unit())
			continue
		}
		for _, n := range who.order {
			if some := part.of(n); len(some.rows) > 0 {
				yield(&some, m.level.unit())
			}
		}
	}
	workers := min(runtime.GOMAXPROCS(0), len(s.chunks))
	var (
		group  sync.WaitGroup
		next   = make(chan *chunk)
		failed error
	)
	for range workers {
		group.Go(func() {
			r := &reader{}
			for c := range next {
				err := r.open(c)
				if err == nil {
					err = r.each(ctx, uint8(kind), who, func(block *section) {
						one.Lock()
						defer one.Unlock()
						yield(block, s.level.unit())
					})
				}
				r.close()
				if err = s.store.damaged(c, err); err != nil && !errors.Is(err, errDamaged) {
					one.Lock()
					failed = errors.Join(failed, err)
					one.Unlock()
				}
			}
		})
	}
	for _, c := range s.chunks {
		if ctx.Err() != nil {
			break
		}
		next <- c
	}
	close(next)
	group.Wait()
	return errors.Join(ctx.Err(), failed)
}

// each reads the blocks of a kind in which chosen subjects may be.
func (r *reader) each(ctx context.Context, kind uint8, who *chosen, yield func(*section)) error {
	keep := who.has
	if who.all {
		keep = nil
	}
	for _, p := range r.of(kind) {
		if !who.any(p.first, p.last) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		block, err := r.read(p, keep)
		if err != nil {
			return err
		}
		if len(block.rows) > 0 {
			yield(block)
		}
	}
	return nil
}

// cursors over a kind, in the unit of the stretch's level.
func (s *snapshot) cursors(kind store.Kind, who *chosen) ([]cursor, error) {
	var all []cursor
	if who.none() {
		return nil, nil
	}
	keep, some := who.has, who.any
	if who.all {
		keep, some = nil, nil
	}
	for _, m := range s.parts {
		all = append(all, &chosenOnly{cursor: overSection(&m.sections[kind], uint32(s.level.unit()/m.level.unit())), who: who})
	}
	for _, c := range s.chunks {
		r := &reader{}
		if err := r.open(c); err != nil {
			if err = s.store.damaged(c, err); errors.Is(err, errDamaged) {
				continue
			}
			return nil, err
		}
		r.close()
		all = append(all, &inChunk{reader: r, places: r.of(uint8(kind)), keep: keep, any: some})
	}
	return all, nil
}

// chosenOnly leaves out the rows of others.
type chosenOnly struct {
	cursor
	who *chosen
}

func (c *chosenOnly) next() bool {
	for c.cursor.next() {
		if c.who.has(c.cursor.row().subject) {
			return true
		}
	}
	return false
}

// of one subject are these rows.
func (s *section) of(subject uint32) section {
	from := s.search(subject)
	to := from
	for to < len(s.rows) && s.rows[to].subject == subject {
		to++
	}
	if from == to {
		return section{}
	}
	if len(s.histograms) == 0 {
		return section{rows: s.rows[from:to]}
	}
	return s.part(from, to)
}

// search is where a subject's rows begin.
func (s *section) search(subject uint32) int {
	low, high := 0, len(s.rows)
	for low < high {
		if mid := int(uint(low+high) >> 1); s.rows[mid].subject < subject {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}
