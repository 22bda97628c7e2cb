package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/holterhq/holter/internal/store"
)

const (
	databaseName = "store.db"
	lockName     = "lock.db"
	version      = 1
)

// The tables. Times are in microseconds since 1970.
const schema = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE subjects (id INTEGER PRIMARY KEY, token TEXT NOT NULL, owner TEXT NOT NULL, team TEXT NOT NULL);
CREATE TABLE keys (id INTEGER PRIMARY KEY, first TEXT NOT NULL, second TEXT NOT NULL, overflow INTEGER NOT NULL);
-- Of uses, a record holds those up to applied.
CREATE TABLE tokens (id TEXT PRIMARY KEY, applied INTEGER NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
-- What was written and is in no chunk and in no record yet: rows of one bucket; what it means for tokens.
CREATE TABLE pending (id INTEGER PRIMARY KEY AUTOINCREMENT, level INTEGER NOT NULL, bucket INTEGER NOT NULL, rows BLOB NOT NULL);
CREATE INDEX pending_bucket ON pending (level, bucket);
CREATE TABLE uses (id INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL);
CREATE TABLE chunks (id INTEGER PRIMARY KEY AUTOINCREMENT, level INTEGER NOT NULL, bucket INTEGER NOT NULL, rows INTEGER NOT NULL, size INTEGER NOT NULL);
-- What could not be read, and was set aside.
CREATE TABLE troubles (file TEXT PRIMARY KEY, what TEXT NOT NULL) WITHOUT ROWID;
-- Which batches were written, as ranges of their sequences.
CREATE TABLE sequences (engine TEXT NOT NULL, pipe TEXT NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (engine, pipe, low)) WITHOUT ROWID;
CREATE TABLE events (id TEXT PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, severity TEXT NOT NULL, token TEXT NOT NULL,
	direction TEXT NOT NULL, owner TEXT NOT NULL, team TEXT NOT NULL, tenant TEXT NOT NULL, body TEXT NOT NULL, trace TEXT NOT NULL, attributes BLOB NOT NULL);
CREATE INDEX events_time ON events (time);
CREATE INDEX events_kind ON events (kind, time);
CREATE INDEX events_token ON events (token, time);
CREATE TABLE baselines (token TEXT NOT NULL, direction TEXT NOT NULL, time INTEGER NOT NULL, event BLOB NOT NULL, PRIMARY KEY (token, direction)) WITHOUT ROWID;
CREATE TABLE journal (sequence INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, kind TEXT NOT NULL, token TEXT NOT NULL, by TEXT NOT NULL, body TEXT NOT NULL, attributes BLOB NOT NULL);
CREATE INDEX journal_time ON journal (time);
CREATE TABLE cursors (reader TEXT PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID;
`

// additions are tables that version 1 did not have at first. Programs that know nothing of them leave them alone.
const additions = `
-- Erasures that not everybody has been told of who remembers tokens beside the store.
CREATE TABLE IF NOT EXISTS untold (sequence INTEGER PRIMARY KEY AUTOINCREMENT, note BLOB NOT NULL);
-- Part of the tombstones: since when, in seconds since 1970, nothing older is taken of whom a keyed reference means.
CREATE TABLE IF NOT EXISTS erased (reference TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
`

// source is a database file's name for SQLite.
func source(path string, options ...string) string {
	escape := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23")
	return "file:" + escape.Replace(filepath.ToSlash(path)) + "?" + strings.Join(options, "&")
}

// openDatabase opens the one connection that writes, and those that read.
func openDatabase(folder string) (writing, reading *sql.DB, err error) {
	path := filepath.Join(folder, databaseName)
	writing, err = sql.Open("sqlite", source(path, "_txlock=immediate", "_pragma=busy_timeout(10000)", "_pragma=journal_mode(WAL)", "_pragma=synchronous(NORMAL)",
		"_pragma=secure_delete(ON)", "_pragma=temp_store(MEMORY)", "_pragma=journal_size_limit(4194304)", "_pragma=cache_size(-16000)"))
	if err != nil {
		return nil, nil, err
	}
	writing.SetMaxOpenConns(1)
	if err := prepare(writing); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), writing.Close())
	}
	reading, err = sql.Open("sqlite", source(path, "_pragma=busy_timeout(10000)", "_pragma=query_only(ON)", "_pragma=temp_store(MEMORY)"))
	if err != nil {
		return nil, nil, errors.Join(err, writing.Close())
	}
	reading.SetMaxOpenConns(4)
	return writing, reading, nil
}

func prepare(db *sql.DB) error {
	var is int
	if err := db.QueryRow("PRAGMA user_version").Scan(&is); err != nil {
		return err
	}
	switch {
	case is == version:
		_, err := db.Exec(additions)
		return err
	case is > version:
		return fmt.Errorf("it is of version %d and this program knows up to %d: use the program that wrote it, or a later one", is, version)
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec(schema + additions + fmt.Sprintf("PRAGMA user_version = %d;", version)); err != nil {
		return err
	}
	return tx.Commit()
}

// lock keeps other processes out of the folder until it is closed, or the process ends.
func lock(folder string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", source(filepath.Join(folder, lockName)))
	if err != nil {
		return nil, err
	}
	// The connection, and with it the transaction, stays until it is closed. Nothing is written: a full disk can be locked, too.
	db.SetMaxOpenConns(1)
	db.SetConnMaxLifetime(0)
	if _, err = db.Exec("BEGIN EXCLUSIVE"); err == nil {
		return db, nil
	}
	_ = db.Close()
	if isCode(err, sqlite3.SQLITE_BUSY) {
		return nil, fmt.Errorf("the store in %s is %w", folder, store.ErrInUse)
	}
	return nil, full(fmt.Errorf("locking the store in %s: %w", folder, err))
}

func isCode(err error, code int) bool {
	var failed *sqlite.Error
	return errors.As(err, &failed) && failed.Code()&0xff == code
}

// full turns what SQLite and the system say about a full disk into ErrFull.
func full(err error) error {
	if err == nil || errors.Is(err, store.ErrFull) {
		return err
	}
	if isCode(err, sqlite3.SQLITE_FULL) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w (%w)", store.ErrFull, err)
	}
	return err
}

// transact does some writing, all or nothing. The caller holds s.writing.
func (s *Store) transact(ctx context.Context, do func(*sql.Tx) error) error {
	err := func() error {
		// The context ends waiting, not a transaction: one that has begun is short.
		if err := ctx.Err(); err != nil {
			return err
		}
		tx, err := s.db.Begin()
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		if err := do(tx); err != nil {
			return err
		}
		return tx.Commit()
	}()
	err = full(err)
	if ctx.Err() == nil || err == nil {
		s.full.Store(errors.Is(err, store.ErrFull))
	}
	s.unsynced.Store(true)
	return err
}
