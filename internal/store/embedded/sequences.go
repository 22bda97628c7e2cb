package embedded

import (
	"cmp"
	"database/sql"
	"slices"
)

// pipe is what numbers its batches.
type pipe struct{ engine, name string }

// span is sequences from low to high, both written.
type span struct{ low, high uint64 }

// mostSpans is how many gaps of a pipe are remembered: in the oldest, nothing comes any more.
const mostSpans = 1000

// sequences are the batches that were written, by pipe.
type sequences map[pipe]*written

type written struct {
	spans []span // ascending, with gaps between them
	at    int64  // the minute that a batch came last; 0: nobody had said what time it is
}

func (q sequences) has(p pipe, sequence uint64) bool {
	w := q[p]
	if w == nil {
		return false
	}
	i, found := slices.BinarySearchFunc(w.spans, sequence, func(s span, n uint64) int { return cmp.Compare(s.low, n) })
	return found || i > 0 && sequence <= w.spans[i-1].high
}

// with is a pipe's spans and one sequence more.
func (w *written) with(sequence uint64) []span {
	var spans []span
	if w != nil {
		spans = slices.Clone(w.spans)
	}
	i, _ := slices.BinarySearchFunc(spans, sequence, func(s span, n uint64) int { return cmp.Compare(s.low, n) })
	spans = slices.Insert(spans, i, span{sequence, sequence})
	if i+1 < len(spans) && spans[i+1].low == sequence+1 {
		spans[i].high = spans[i+1].high
		spans = slices.Delete(spans, i+1, i+2)
	}
	if i > 0 && spans[i-1].high+1 == spans[i].low {
		spans[i-1].high = spans[i].high
		spans = slices.Delete(spans, i, i+1)
	}
	if len(spans) > mostSpans {
		spans[1].low = spans[0].low
		spans = spans[1:]
	}
	return spans
}

// save writes what is different now.
func (w *written) save(tx *sql.Tx, p pipe, becomes []span, at int64) error {
	var is []span
	if w != nil {
		is = w.spans
	}
	for _, s := range is {
		if !slices.ContainsFunc(becomes, func(b span) bool { return b.low == s.low }) {
			if _, err := tx.Exec("DELETE FROM sequences WHERE engine = ? AND pipe = ? AND low = ?", p.engine, p.name, int64(s.low)); err != nil {
				return err
			}
		}
	}
	for _, b := range becomes {
		if !slices.Contains(is, b) {
			_, err := tx.Exec("INSERT OR REPLACE INTO sequences (engine, pipe, low, high, at) VALUES (?, ?, ?, ?, ?)", p.engine, p.name, int64(b.low), int64(b.high), at)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (q sequences) load(db *sql.DB) error {
	return scan(db, "SELECT engine, pipe, low, high, at FROM sequences", func(rows *sql.Rows) error {
		var (
			p         pipe
			low, high int64
			at        int64
		)
		if err := rows.Scan(&p.engine, &p.name, &low, &high, &at); err != nil {
			return err
		}
		w := q[p]
		if w == nil {
			w = &written{}
			q[p] = w
		}
		w.at = max(w.at, at)
		w.spans = append(w.spans, span{uint64(low), uint64(high)})
		slices.SortFunc(w.spans, func(a, b span) int { return cmp.Compare(a.low, b.low) })
		return nil
	})
}

// forget drops pipes on which nothing came since some minute: their engines are gone.
func (q sequences) forget(tx *sql.Tx, before int64) ([]pipe, error) {
	var past []pipe
	for p, w := range q {
		if w.at > 0 && w.at < before {
			past = append(past, p)
		}
	}
	for _, p := range past {
		if _, err := tx.Exec("DELETE FROM sequences WHERE engine = ? AND pipe = ?", p.engine, p.name); err != nil {
			return nil, err
		}
	}
	return past, nil
}
