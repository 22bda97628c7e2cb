package embedded

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/holterhq/holter/internal/store"
)

var errStopped = errors.New("no more is wanted")

// Facts gives facts as they are, in the order of subject, key, and time.
func (s *Store) Facts(ctx context.Context, q store.FactQuery) iter.Seq2[store.SubjectUse, error] {
	return func(yield func(store.SubjectUse, error) bool) {
		err := s.facts(ctx, q, func(u store.SubjectUse) error {
			if !yield(u, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(store.SubjectUse{}, err)
		}
	}
}

func (s *Store) facts(ctx context.Context, q store.FactQuery, yield func(store.SubjectUse) error) error {
	l := minutes
	for ; l < levels && l.width() != q.Level; l++ {
	}
	if l == levels {
		return fmt.Errorf("facts are of a minute, an hour or a day, not of %v", q.Level)
	}
	if q.Kind == 0 || int(q.Kind) >= kinds {
		return fmt.Errorf("there is no kind %d of facts", q.Kind)
	}
	if !q.From.Before(q.To) {
		return nil
	}
	match := newMatcher(q.Filter)
	unit := l.unit()
	from, to := floorTo(q.From.Unix(), 60*unit)*unit, -floorTo(-q.To.Unix(), 60*unit)*unit
	shots := s.snapshot([]stretch{{l, from, to}})
	defer shots[0].done()
	who := s.choose(match)
	cursors, err := shots[0].cursors(q.Kind, who)
	if err != nil {
		return err
	}
	subjects, keys := s.dictionary.view()
	n := 0
	return each(cursors, func(r row, _ []byte) error {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		at := int64(r.at) * unit
		if at < from || at >= to || int(r.key) >= len(keys) || int(r.subject) >= len(subjects) {
			return nil
		}
		k := keys[r.key]
		return yield(store.SubjectUse{Subject: s.whose(subjects[r.subject]), First: k.first, Second: k.second, At: at, Value: r.value})
	})
}
