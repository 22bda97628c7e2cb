package store

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

var (
	// ErrApart says that a Query joins dimensions that are counted apart.
	ErrApart = errors.New("these are counted apart: filter and group by one of them")
	// ErrFull says that nothing can be written because the disk is full. Reading goes on.
	ErrFull = errors.New("the disk is full: free some space, or keep usage for a shorter time")
	// ErrAway says that the store is not open. Reading and writing may work later.
	ErrAway = errors.New("the store is not open")
	// ErrInUse says that another process has the store open.
	ErrInUse = errors.New("in use: stop the process that has it open, or give this one another folder")
	// ErrTooWide says that a Query has more groups and steps than can be counted at once.
	ErrTooWide = errors.New("too much to count at once: ask for a wider step, less time or fewer groups (limit)")
	// ErrNotFound says that there is no such token or event.
	ErrNotFound = errors.New("not found")
)

// Store is what a backend does. All methods may be called at the same time. What a method that writes has returned from without an error
// survives a crash of the process.
type Store interface {
	Write(context.Context, Batch) error
	PutEvents(context.Context, []Event) error
	PutTokens(context.Context, []Token) error // what a registry knows, of tokens that may never have been used

	Tokens(context.Context, TokenQuery) (TokenPage, error)
	Query(context.Context, Query) (Answer, error)
	Facts(context.Context, FactQuery) iter.Seq2[SubjectUse, error]
	Events(context.Context, EventQuery) (EventPage, error)
	Baseline(ctx context.Context, scope Scope, token, direction string) (Event, error) // the latest, or ErrNotFound

	// Append writes to the journal; the entries get their sequences.
	Append(context.Context, []Entry) error
	// Journal returns entries after a sequence, the oldest first, at most limit.
	Journal(ctx context.Context, after uint64, limit int) ([]Entry, error)
	// Appended is closed at the next Append.
	Appended() <-chan struct{}
	// Cursor is up to where a reader of the journal has got, 0 at first.
	Cursor(ctx context.Context, reader string) (uint64, error)
	SetCursor(ctx context.Context, reader string, sequence uint64) error

	// Changed is closed when a token, an event or usage was written, at most every tenth of a second.
	Changed() <-chan struct{}

	Erase(context.Context, Erasure) (Erased, error)
	// Untold are erasures that not everybody who remembers tokens beside the store has been told of, the oldest first.
	Untold(context.Context) ([]Forgetting, error)
	// Told says that everybody has been told of the erasures up to a sequence: nothing is left of these but their tombstones.
	Told(ctx context.Context, sequence uint64) error
	Backup(context.Context, io.Writer) error // a tar file that can be unpacked into an empty folder
	Status(context.Context) (Status, error)
	// Maintain seals, rolls up and lets go of what is past its retention. It is to be called every minute or so.
	Maintain(ctx context.Context, now time.Time) error
	Close() error
}

// Erasure says whose data is to go. One of its fields.
type Erasure struct {
	Tokens      []string
	Owner       string
	Environment string
	By          string // who wants it, for the tombstone
	At          time.Time
}

// Erased says what went.
type Erased struct {
	Tokens  []string
	Facts   int64
	Events  int64
	Entries int64

	Reached []string // who remembers tokens beside the store, and has forgotten these
	Missed  []string // who has not, and why: it is told again until it has
}

// Forgetting is an erasure for those who remember tokens beside the store.
type Forgetting struct {
	Sequence uint64   `json:"-"`
	Tokens   []string `json:"tokens,omitempty"`
	Words    []string `json:"words,omitempty"` // what tells of them beside their ids: whose they were, how they look
}

// Status says how a store is.
type Status struct {
	Full    bool
	Trouble string // empty: none
	Bytes   int64  // on disk
	Facts   int64  // of minutes
	Tokens  int
	Oldest  time.Time // minute
	Newest  time.Time
	Late    int64 // facts, sightings and events older than the erasure of whom they tell, which were dropped since the store was opened
}

// Retention is for how long what is kept. 0 of a field: its default.
type Retention struct {
	Minutes, Hours, Days time.Duration // 7 days, 90 days, 2 years
	Tokens               time.Duration // since the last use: 5 years
	Events, Journal      time.Duration // 2 years
}

// WithDefaults fills what is 0.
func (r Retention) WithDefaults() Retention {
	const day = 24 * time.Hour
	for _, d := range []struct {
		of *time.Duration
		is time.Duration
	}{
		{&r.Minutes, 7 * day}, {&r.Hours, 90 * day}, {&r.Days, 730 * day}, {&r.Tokens, 5 * 365 * day}, {&r.Events, 730 * day}, {&r.Journal, 730 * day},
	} {
		if *d.of <= 0 {
			*d.of = d.is
		}
	}
	return r
}
