package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/holterhq/holter/internal/registry"
)

// query is one that the database knows.
type query struct {
	columns     *registry.Columns
	names       []string
	id, updated int  // columns; updated is below zero where there is none
	incremental bool // it has $1
	zoned       bool // and $1 is a time with a zone
}

const (
	oidTimestamp   = 1114
	oidTimestamptz = 1184
	updatedAt      = "updated_at"
)

func prepare(ctx context.Context, conn *pgconn.PgConn, text string) (*query, error) {
	known, err := conn.Prepare(ctx, "", text, nil)
	if err != nil {
		return nil, fmt.Errorf("query: %w", told(err))
	}
	q := &query{}
	for _, field := range known.Fields {
		q.names = append(q.names, strings.ToLower(field.Name))
	}
	if q.columns, err = registry.NewColumns(q.names, updatedAt); err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	q.id, q.updated = slices.Index(q.names, "id"), slices.Index(q.names, updatedAt)
	switch len(known.ParamOIDs) {
	case 0:
		return q, nil
	case 1:
	default:
		return nil, errors.New("query: has more than one parameter: $1 is the time after which rows have changed")
	}
	if oid := known.ParamOIDs[0]; oid != oidTimestamp && oid != oidTimestamptz {
		return nil, errors.New("query: $1 must be compared with a timestamp: write WHERE updated_at > $1")
	}
	if q.updated < 0 {
		return nil, errors.New("query: has $1 and no column updated_at to know what to ask for next: select it")
	}
	q.incremental, q.zoned = true, known.ParamOIDs[0] == oidTimestamptz
	return q, nil
}

// run hands every row to take, as texts that are gone with the next one.
func (q *query) run(ctx context.Context, conn *pgconn.PgConn, since time.Time, take func(values [][]byte) error) error {
	var params [][]byte
	if q.incremental {
		params = [][]byte{[]byte(q.timeText(since))}
	}
	rows := conn.ExecPrepared(ctx, "", params, nil, nil)
	for rows.NextRow() {
		if err := take(rows.Values()); err != nil {
			_, closeErr := rows.Close()
			return errors.Join(err, closeErr)
		}
	}
	if _, err := rows.Close(); err != nil {
		return told(err)
	}
	return nil
}

func (q *query) timeText(t time.Time) string {
	switch {
	case t.IsZero():
		return "-infinity"
	case q.zoned:
		return t.UTC().Format("2006-01-02 15:04:05.999999Z07:00")
	}
	return t.UTC().Format("2006-01-02 15:04:05.999999")
}

// when is the updated_at of a row.
func (q *query) when(values [][]byte) time.Time {
	if q.updated < 0 {
		return time.Time{}
	}
	t, err := registry.ParseTime(string(values[q.updated]))
	if err != nil {
		return time.Time{}
	}
	return t
}

// all reads every row. It says whether they are the same as before, and what is wrong with those that are left out.
func (q *query) all(ctx context.Context, conn *pgconn.PgConn, before *registry.Snapshot) (next *registry.Snapshot, bad error, same bool, latest time.Time, err error) {
	n, id := 0, ""
	builder := registry.NewBuilder(func(at int, field string) string {
		if at == n {
			return place(id, field)
		}
		return fmt.Sprintf("row %d", at)
	})
	same = before != nil
	var row registry.Row
	err = q.run(ctx, conn, time.Time{}, func(values [][]byte) error {
		n++
		latest = later(latest, q.when(values))
		row = registry.Row{Sum: q.sum(values)}
		id = string(values[q.id])
		if field, err := q.fill(&row, values); err != nil {
			builder.Fail(n, field, err)
			return nil
		}
		same = same && before.Same(row.ID, row.Sum)
		builder.Add(n, &row)
		return nil
	})
	if err != nil {
		return nil, nil, false, latest, err
	}
	next, bad = builder.Snapshot()
	return next, bad, same && next.Len() == before.Len(), latest, nil
}

// changes reads the rows that are not as they were before. There may be more than mostChanges; then they are not all.
func (q *query) changes(ctx context.Context, conn *pgconn.PgConn, before *registry.Snapshot, since time.Time) (changes []registry.Row, latest time.Time, err error) {
	err = q.run(ctx, conn, since, func(values [][]byte) error {
		latest = later(latest, q.when(values))
		sum := q.sum(values)
		if len(changes) > mostChanges || before.Same(string(values[q.id]), sum) {
			return nil
		}
		row := registry.Row{Sum: sum}
		if column, err := q.fill(&row, values); err != nil {
			row = registry.Row{ID: string(values[q.id]), Fault: fmt.Errorf("%s %w", column, err)}
		}
		changes = append(changes, row)
		return nil
	})
	return changes, latest, err
}

// fill sets the fields of a row. An error is about one column.
func (q *query) fill(row *registry.Row, values [][]byte) (column string, err error) {
	for i, value := range values {
		if value == nil {
			continue
		}
		if err := q.columns.Set(row, i, string(value)); err != nil {
			return q.names[i], err
		}
	}
	return "", nil
}

var sumSeed = maphash.MakeSeed()

// sum tells a row from what it was before.
func (q *query) sum(values [][]byte) uint64 {
	var h maphash.Hash
	h.SetSeed(sumSeed)
	for i, value := range values {
		if i == q.updated {
			continue
		}
		if value == nil {
			_ = h.WriteByte(1)
		}
		_, _ = h.Write(bytes.TrimSpace(value))
		_ = h.WriteByte(0)
	}
	return max(1, h.Sum64())
}
