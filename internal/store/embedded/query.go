package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/store"
)

const (
	// mostPoints is the most steps that one series may have.
	mostPoints = 100_000
	// mostCells is how many points of all groups are counted at once; where there are more, the greatest groups are found first.
	mostCells = 4_000_000
	// askedAtOnce is how many queries are answered at the same time; others wait. Telemetry needs the memory.
	askedAtOnce = 4
)

var errTooMany = errors.New("too many groups to count all their points at once")

// Query answers.
func (s *Store) Query(ctx context.Context, q store.Query) (store.Answer, error) {
	if q.Limit <= 0 {
		q.Limit = 50
	}
	if !q.From.Before(q.To) {
		return store.Answer{}, fmt.Errorf("the time from %s to %s is empty: from must be before to", q.From.Format(time.RFC3339), q.To.Format(time.RFC3339))
	}
	if q.Step < 0 || q.Step%time.Minute != 0 {
		return store.Answer{}, fmt.Errorf("a step of %v is no multiple of a minute", q.Step)
	}
	select {
	case s.asked <- struct{}{}:
		defer func() { <-s.asked }()
	case <-ctx.Done():
		return store.Answer{}, ctx.Err()
	}
	match := newMatcher(q.Filter)
	p, err := newPlan(&q, match.everything())
	if err != nil {
		return store.Answer{}, err
	}
	stretches, answer := s.cut(q.From, q.To, q.Step)
	points := 1
	if answer.Step > 0 {
		points = int(answer.To.Sub(answer.From) / answer.Step)
	}
	if points > mostPoints {
		return store.Answer{}, fmt.Errorf("%d steps of %v are too many: ask for at most %d", points, answer.Step, mostPoints)
	}
	shots := s.snapshot(stretches)
	defer func() {
		for i := range shots {
			shots[i].done()
		}
	}()
	who := s.choose(match)
	subjects, keys := s.dictionary.view()
	g := s.newGrouping(&q, p, subjects, keys)
	c := &count{shots: shots, kind: p.kind, who: who, answer: &answer, measure: q.Measure}
	t, err := c.run(ctx, g, points, mostCells)
	if errors.Is(err, errTooMany) {
		// Once for the greatest, and once more for their points.
		totals, err := c.run(ctx, g, 1, 4*mostCells)
		if err != nil {
			return store.Answer{}, tooWide(err)
		}
		names := g.ranked(totals)
		answer.Keys = len(names)
		again := s.newGrouping(&q, p, subjects, keys)
		again.only = map[string]bool{}
		for _, slot := range names[:min(q.Limit, len(names))] {
			again.only[g.names[slot]] = true
		}
		answer.Facts = 0
		if t, err = c.run(ctx, again, points, 4*mostCells); err != nil {
			return store.Answer{}, tooWide(err)
		}
		again.fill(&answer, t, points, q.Limit)
		return answer, nil
	}
	if err != nil {
		return store.Answer{}, err
	}
	g.fill(&answer, t, points, q.Limit)
	return answer, nil
}

// tooWide says what to do about too many cells.
func tooWide(err error) error {
	if errors.Is(err, errTooMany) {
		return store.ErrTooWide
	}
	return err
}

// cut says which levels answer for which time, and widens time and step to what they have.
func (s *Store) cut(from, to time.Time, step time.Duration) ([]stretch, store.Answer) {
	s.mu.RLock()
	dropped := s.dropped
	s.mu.RUnlock()
	first, last := floorTo(from.Unix(), 60), -floorTo(-to.Add(time.Second-1).Unix(), 60)
	answer := store.Answer{Step: step}
	var stretches []stretch
	if step > 0 {
		width := int64(step / time.Minute)
		l := days
		for l > minutes && width%l.unit() != 0 {
			l--
		}
		for ; l < days && first < dropped[l]; l++ {
			width = -floorTo(-width, (l+1).unit()) * (l + 1).unit()
		}
		first, last = floorTo(first, width)*width, -floorTo(-last, width)*width
		answer.Step = time.Duration(width) * time.Minute
		answer.Level = l.width()
		stretches = []stretch{{l, first, last}}
	} else {
		for l := hours; l <= days; l++ {
			if first < dropped[l-1] {
				first = floorTo(first, l.unit()) * l.unit()
			}
			if last < dropped[l-1] {
				last = -floorTo(-last, l.unit()) * l.unit()
			}
		}
		stretches = cover(days, first, last)
		answer.Level = days.width()
		for _, part := range stretches {
			answer.Level = min(answer.Level, part.level.width())
		}
	}
	answer.From, answer.To = time.Unix(first*60, 0).UTC(), time.Unix(last*60, 0).UTC()
	return stretches, answer
}

// cover is a time in the widest levels that fit.
func cover(l level, from, to int64) []stretch {
	if from >= to {
		return nil
	}
	if l == minutes {
		return []stretch{{minutes, from, to}}
	}
	unit := l.unit()
	inner, outer := -floorTo(-from, unit)*unit, floorTo(to, unit)*unit
	if inner >= outer {
		return cover(l-1, from, to)
	}
	return slices.Concat(cover(l-1, from, inner), []stretch{{l, inner, outer}}, cover(l-1, outer, to))
}

// floorTo is how many whole units there are in n.
func floorTo(n, unit int64) int64 {
	q := n / unit
	if n%unit < 0 {
		q--
	}
	return q
}

// whose is a subject with the owner that its token has now, if it had none then.
func (s *Store) whose(of store.Subject) store.Subject {
	if of.Owner != "" || of.Token == "" {
		return of
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.tokens[of.Token]; r != nil {
		return owned(of, &r.Token)
	}
	return of
}

func owned(of store.Subject, now *store.Token) store.Subject {
	if of.Owner == "" {
		of.Owner, of.Team = now.OwnerID, cmp.Or(of.Team, now.OwnerTeam)
	}
	return of
}

// tag is a token's value of it.
func (s *Store) tag(token, name string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.tokens[token]; r != nil {
		return r.Tags[name]
	}
	return ""
}

// count goes through all that a question is answered from.
type count struct {
	shots   []snapshot
	kind    store.Kind
	who     *chosen
	answer  *store.Answer
	measure store.Measure
}

// run counts into as many points, unless these are more cells than it may.
func (c *count) run(ctx context.Context, g *grouping, points, most int) (tally, error) {
	t := newTally(c.measure, points, g)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	start := c.answer.From.Unix() / 60
	width := int64(c.answer.Step / time.Minute)
	if points == 1 {
		width = math.MaxInt64
	}
	for i := range c.shots {
		shot := &c.shots[i]
		err := shot.read(ctx, c.kind, c.who, func(s *section, unit int64) {
			c.answer.Facts += int64(len(s.rows))
			if t.cells() > most {
				cancel(errTooMany)
				return
			}
			for i := range s.rows {
				r := &s.rows[i]
				at := int64(r.at) * unit
				if at < shot.from || at >= shot.to {
					continue
				}
				if slot := g.slot(r); slot != leftOut {
					t.add(int(slot), int((at-start)/width), s, i)
				}
			}
		})
		if err != nil {
			if errors.Is(context.Cause(ctx), errTooMany) {
				return nil, errTooMany
			}
			return nil, err
		}
	}
	if t.cells() > most {
		return nil, errTooMany
	}
	return t, nil
}

// ranked are the slots, that of the greatest group first.
func (g *grouping) ranked(t tally) []int {
	slots := make([]int, 0, len(g.names))
	values := make([]float64, len(g.names))
	for slot := 1; slot < len(g.names); slot++ {
		slots = append(slots, slot)
		values[slot] = t.value(slot, -1)
		if math.IsNaN(values[slot]) {
			values[slot] = math.Inf(-1)
		}
	}
	slices.SortFunc(slots, func(a, b int) int {
		return cmp.Or(cmp.Compare(values[b], values[a]), strings.Compare(g.names[a], g.names[b]))
	})
	return slots
}

// fill puts the greatest groups into an answer, and the others together.
func (g *grouping) fill(answer *store.Answer, t tally, points, limit int) {
	ranked := g.ranked(t)
	answer.Keys = max(answer.Keys, len(ranked))
	series := func(slots ...int) store.Series {
		one := store.Series{Points: make([]float64, points)}
		for _, slot := range slots {
			for p := range points {
				one.Points[p] += t.value(slot, p)
			}
			one.Total += t.value(slot, -1)
		}
		return one
	}
	shown := ranked[:min(limit, len(ranked))]
	for _, slot := range shown {
		one := series(slot)
		one.Key = g.names[slot]
		answer.Series = append(answer.Series, one)
	}
	if _, adds := t.(*sums); adds && g.query.Group != store.ByNothing {
		others := series(append([]int{rest}, ranked[len(shown):]...)...)
		answer.Rest = &others
	}
}
