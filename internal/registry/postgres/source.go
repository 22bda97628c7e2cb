// Package postgres reads a registry from a query of a PostgreSQL database: all of it at first, then what has changed. What was
// read stays in force while the database is away.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/holterhq/holter/internal/registry"
)

// Config says what to read, and how often.
type Config struct {
	// DSN is where the database is: postgres://user@host:5432/database?sslmode=verify-full, or key=value pairs.
	DSN string
	// Password is the user's, where it does not stand in DSN.
	Password string
	// Query gives a row a token; its columns are called like the fields of a token. With $1 in it, it is asked for the rows whose
	// updated_at is later.
	Query string
	// RefreshInterval is how often to look for changes, FullRefreshInterval how often to read all again, to see what is gone.
	RefreshInterval, FullRefreshInterval time.Duration
	// Overlap is how far before the latest updated_at to look as long as that is recent: a transaction may be seen later than its
	// times say.
	Overlap time.Duration
	// ConnectTimeout and StatementTimeout bound one reading.
	ConnectTimeout, StatementTimeout time.Duration
	// Optional lets others go on before a first reading.
	Optional bool
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Source is a registry in a database. Snapshot may be called at any time; Check by one goroutine at a time.
type Source struct {
	cfg     Config
	connect *pgconn.Config
	current atomic.Pointer[registry.Snapshot]

	mu     sync.Mutex
	latest time.Time // the largest updated_at that was seen
	since  time.Time // what to ask for next
	full   time.Time // when all was read
	bad    error     // what was wrong with rows of the last full reading
}

// New reads the configuration and connects to nothing yet. Its error does not quote the DSN.
func New(cfg Config) (*Source, error) {
	connect, err := pgconn.ParseConfig(cfg.DSN)
	if err != nil {
		return nil, errors.New("dsn: cannot be read: write postgres://user@host:5432/database?sslmode=verify-full")
	}
	if cfg.Password != "" {
		connect.Password = cfg.Password
	}
	connect.ConnectTimeout = cfg.ConnectTimeout
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Source{cfg: cfg, connect: connect}, nil
}

// Name is "postgresql", the host and the database.
func (s *Source) Name() string {
	return "postgresql " + net.JoinHostPort(s.connect.Host, strconv.Itoa(int(s.connect.Port))) + "/" + s.connect.Database
}

// Snapshot is the reading in force, nil if there is none.
func (s *Source) Snapshot() *registry.Snapshot { return s.current.Load() }

// Interval is how often to look for changes.
func (s *Source) Interval() time.Duration { return s.cfg.RefreshInterval }

// Optional says whether to go on without a first reading.
func (s *Source) Optional() bool { return s.cfg.Optional }

// Remote says that a first reading may take its time.
func (s *Source) Remote() bool { return true }

// Check reads what has changed, or all. It says whether another reading came into force, and what is wrong: with the database,
// then the last good reading stays; or with some rows, then the others are in force.
func (s *Source) Check(ctx context.Context) (changed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ConnectTimeout+s.cfg.StatementTimeout+10*time.Second)
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, s.connect)
	if err != nil {
		return false, fmt.Errorf("postgresql: %w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing) // it was used for reading only
	}()
	changed, rows, err := s.read(ctx, conn)
	if err != nil {
		return false, fmt.Errorf("postgresql: %w", err)
	}
	if rows != nil {
		return changed, fmt.Errorf("postgresql: rows that are left out: %w", rows)
	}
	return changed, nil
}

// read reads in one transaction that can change nothing.
func (s *Source) read(ctx context.Context, conn *pgconn.PgConn) (changed bool, rows, err error) {
	begin := fmt.Sprintf("BEGIN READ ONLY; SET LOCAL statement_timeout = %d; SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; "+
		"SET LOCAL bytea_output = 'hex'; SET LOCAL intervalstyle = 'postgres'; SELECT now()", s.cfg.StatementTimeout.Milliseconds())
	begun, err := conn.Exec(ctx, begin).ReadAll()
	if err != nil {
		return false, nil, told(err)
	}
	clock, err := registry.ParseTime(string(begun[len(begun)-1].Rows[0][0]))
	if err != nil {
		return false, nil, err
	}
	q, err := prepare(ctx, conn, s.cfg.Query)
	if err != nil {
		return false, nil, err
	}
	before, now := s.current.Load(), s.cfg.Now()
	if q.incremental && before != nil && now.Sub(s.full) < s.cfg.FullRefreshInterval {
		changes, latest, err := q.changes(ctx, conn, before, s.since)
		if err != nil {
			return false, nil, err
		}
		if len(changes) <= mostChanges {
			s.seen(later(s.latest, latest), clock)
			if len(changes) == 0 {
				return false, s.bad, nil
			}
			next, rows := before.With(changes, func(at int, field string) string { return place(changes[at].ID, field) })
			s.current.Store(next)
			if s.bad != nil || rows != nil {
				s.full = time.Time{} // what was wrong may be right now
			}
			return true, errors.Join(s.bad, rows), nil
		}
	}
	next, rows, same, latest, err := q.all(ctx, conn, before)
	if err != nil {
		return false, nil, err
	}
	s.seen(latest, clock)
	s.full, s.bad = now, rows
	if same {
		return false, rows, nil
	}
	s.current.Store(next)
	return true, rows, nil
}

// seen takes note of the largest updated_at, and of the database's clock when it was seen. Once it is older than any transaction
// that may still come, nothing before it will: not even where many rows have the same.
func (s *Source) seen(latest, clock time.Time) {
	s.latest, s.since = latest, latest
	if overlapping := clock.Add(-s.cfg.Overlap); latest.After(overlapping) {
		s.since = latest.Add(-s.cfg.Overlap)
	}
}

// mostChanges is how many changed rows are worked in; with more of them all is read again.
const mostChanges = 50_000

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// place names a row for those who look for it.
func place(id, field string) string {
	where := "id " + registry.Quote(id)
	if field == "" {
		return where
	}
	return where + ", " + field
}

// told leaves out what a database says about values: it may quote a secret.
func told(err error) error {
	var answer *pgconn.PgError
	if !errors.As(err, &answer) {
		return err
	}
	if len(answer.Code) == 5 && (answer.Code[:2] == "22" || answer.Code[:2] == "23") {
		return fmt.Errorf("a value does not fit the query (SQLSTATE %s)", answer.Code)
	}
	return fmt.Errorf("%s (SQLSTATE %s)", answer.Message, answer.Code)
}
