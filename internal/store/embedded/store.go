package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// Options are what a store may be told.
type Options struct {
	Folder    string
	Retention store.Retention
	// Rows is how many rows are held in memory before some are sealed, 24 bytes each and their histograms. 0: 1,000,000.
	Rows int
	// Sync is how often what was written is made to survive a loss of power. 0: every second; less: as the system does it.
	Sync time.Duration
}

// Store is a folder that is open.
type Store struct {
	folder    string
	retention store.Retention
	most      int // rows in memory
	asked     chan struct{}

	create func(path string) (output, error)
	room   func(folder string) (bytes uint64, known bool)

	db, reading *sql.DB
	locked      *sql.DB

	// writing is held by who writes to the database, and so by one at a time; sealing by who makes or removes chunks. Who holds both takes sealing first.
	// gate is open to who writes, unless something is being erased: it is taken after sealing and before writing.
	writing, sealing sync.Mutex
	gate             sync.RWMutex
	dictionary       *dictionary // changed under writing
	sequences        sequences   // the same
	lastUse          int64       // of uses; the same
	unsaved          int         // roughly the bytes of uses; the same
	rounds           int         // of Maintain since they were saved; the same
	tombs            tombs       // the same

	// mu guards what follows, and is held for as long as memory takes, never while a file is read or written.
	mu      sync.RWMutex
	tokens  map[string]*record
	buckets [levels]map[int64]*bucket
	rows    int               // in memory
	dropped [levels]int64     // up to this minute a level is past its retention
	trouble map[string]string // what could not be read, by file

	lastChunk atomic.Int64
	now       atomic.Int64 // minute that Maintain was last told; 0: not yet
	full      atomic.Bool  // the last transaction had no room
	fullFiles atomic.Bool  // the last file had none
	unsynced  atomic.Bool
	late      atomic.Int64 // what was dropped because it told of who had been erased
	changed   signal
	appended  signal
	closing   chan struct{}
	closed    sync.WaitGroup
	once      sync.Once
}

// bucket is an hour, a day or a month at its level.
type bucket struct {
	runs    []kept // what came since, in order of number
	sealing []kept // what is being written to a chunk
	chunks  []*chunk
	rows    int   // in runs
	number  int64 // the latest of its runs
	quiet   int   // how often Maintain has come by since something was written
}

// kept is a run with the numbers that it has in the database.
type kept struct {
	*run
	number int64 // the last of pending that is in it
}

var _ store.Store = (*Store)(nil)

// Open opens a folder, or makes it.
func Open(o Options) (*Store, error) {
	s := &Store{
		asked:  make(chan struct{}, askedAtOnce),
		folder: o.Folder, retention: o.Retention.WithDefaults(), most: o.Rows, create: create, room: room, dictionary: newDictionary(), sequences: sequences{}, tokens: map[string]*record{},
		trouble: map[string]string{}, closing: make(chan struct{}),
	}
	if s.most <= 0 {
		s.most = 1_000_000
	}
	if o.Sync == 0 {
		o.Sync = time.Second
	}
	for l := range s.buckets {
		s.buckets[l] = map[int64]*bucket{}
	}
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the store in %s: %w", o.Folder, err), s.close())
	}
	if o.Sync > 0 {
		s.closed.Add(1)
		go s.sync(o.Sync)
	}
	return s, nil
}

func (s *Store) open() (err error) {
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return full(err)
	}
	if s.locked, err = lock(s.folder); err != nil {
		return err
	}
	if s.db, s.reading, err = openDatabase(s.folder); err != nil {
		return full(err)
	}
	if err := s.dictionary.load(s.db); err != nil {
		return err
	}
	if err := s.sequences.load(s.db); err != nil {
		return err
	}
	if err := s.tombs.load(s.db); err != nil {
		return err
	}
	if err := s.loadChunks(); err != nil {
		return err
	}
	if err := s.loadTroubles(); err != nil {
		return err
	}
	if err := s.loadPending(); err != nil {
		return err
	}
	return s.loadTokens()
}

func (s *Store) loadChunks() error {
	known := map[string]bool{}
	err := scan(s.db, "SELECT id, level, bucket, rows, size FROM chunks ORDER BY id", func(rows *sql.Rows) error {
		c := &chunk{}
		if err := rows.Scan(&c.id, &c.level, &c.bucket, &c.rows, &c.size); err != nil {
			return err
		}
		if c.level >= levels {
			return fmt.Errorf("chunk %d is of level %d", c.id, c.level)
		}
		c.path = filepath.Join(s.folder, filepath.FromSlash(c.level.file(c.bucket, c.id)))
		known[c.path] = true
		s.lastChunk.Store(max(s.lastChunk.Load(), c.id))
		b := s.bucket(c.level, c.bucket)
		b.chunks = append(b.chunks, c)
		return nil
	})
	if err != nil {
		return err
	}
	for l := range levels {
		name := "dropped_" + l.String()
		err := s.db.QueryRow("SELECT value FROM meta WHERE name = ?", name).Scan(&s.dropped[l])
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		// What no transaction speaks of was not finished, or was about to go.
		folder := filepath.Join(s.folder, l.String())
		entries, err := os.ReadDir(folder)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			path := filepath.Join(folder, e.Name())
			if !known[path] && (strings.HasSuffix(path, ".facts") || strings.HasSuffix(path, unfinished)) {
				if err := os.Remove(path); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// bucket of a level, made where there is none. The caller holds mu.
func (s *Store) bucket(l level, id int64) *bucket {
	b := s.buckets[l][id]
	if b == nil {
		b = &bucket{}
		s.buckets[l][id] = b
	}
	return b
}

func (s *Store) loadPending() error {
	return scan(s.db, "SELECT id, level, bucket, rows FROM pending ORDER BY id", func(rows *sql.Rows) error {
		var (
			number, id int64
			l          level
			data       sql.RawBytes
		)
		if err := rows.Scan(&number, &l, &id, &data); err != nil {
			return err
		}
		if l >= levels {
			return fmt.Errorf("pending rows %d are of level %d", number, l)
		}
		if r, err := decodeRun(data); err != nil {
			s.trouble[fmt.Sprintf("pending rows %d", number)] = fmt.Sprintf("rows %d of the database, not yet in a file: %v; what they counted is missing", number, err)
		} else {
			s.keep(l, id, kept{r, number})
		}
		return nil
	})
}

func (s *Store) loadTokens() error {
	err := scan(s.db, "SELECT applied, record FROM tokens", func(rows *sql.Rows) error {
		var (
			r    record
			text sql.RawBytes
		)
		if err := rows.Scan(&r.applied, &text); err != nil {
			return err
		}
		if err := r.parse(text); err != nil {
			return err
		}
		r.since = s.tombs.token(r.ID)
		s.tokens[r.ID] = &r
		s.lastUse = max(s.lastUse, r.applied)
		return nil
	})
	if err != nil {
		return err
	}
	return scan(s.db, "SELECT id, data FROM uses ORDER BY id", func(rows *sql.Rows) error {
		var (
			number int64
			data   sql.RawBytes
		)
		if err := rows.Scan(&number, &data); err != nil {
			return err
		}
		uses, sightings, err := decodeUses(data, uint32(len(s.dictionary.subjects)))
		if err != nil {
			return fmt.Errorf("uses %d: %w", number, err)
		}
		s.apply(number, uses, sightings)
		s.lastUse = max(s.lastUse, number)
		return nil
	})
}

// sync makes what was written last, every now and then.
func (s *Store) sync(every time.Duration) {
	defer s.closed.Done()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-s.closing:
			return
		case <-ticker.C:
			if s.unsynced.Swap(false) {
				if err := s.syncLog(); err != nil {
					s.unsynced.Store(true)
				}
			}
		}
	}
}

// syncLog makes SQLite's log last: in it are all transactions since the database file was written to.
func (s *Store) syncLog() error {
	file, err := os.OpenFile(filepath.Join(s.folder, databaseName+"-wal"), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// Close waits for who writes, and closes the folder.
func (s *Store) Close() error {
	var err error
	s.once.Do(func() {
		close(s.closing)
		s.closed.Wait()
		s.sealing.Lock()
		defer s.sealing.Unlock()
		s.writing.Lock()
		defer s.writing.Unlock()
		s.changed.stop()
		s.appended.stop()
		err = s.saveTokens(context.Background())
		if errors.Is(err, store.ErrFull) {
			err = nil // what records lack is in the database beside them
		}
		err = errors.Join(err, s.close())
	})
	return err
}

func (s *Store) close() error {
	var errs []error
	for _, db := range []*sql.DB{s.reading, s.db, s.locked} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Changed is closed when something was written.
func (s *Store) Changed() <-chan struct{} { return s.changed.wait() }

// Appended is closed at the next Append.
func (s *Store) Appended() <-chan struct{} { return s.appended.wait() }
