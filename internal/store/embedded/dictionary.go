package embedded

import (
	"database/sql"
	"slices"
	"sync"

	"github.com/holterhq/holter/internal/store"
)

// key is what a fact is of, beside its subject.
type key struct {
	first, second string
	overflow      bool
}

// dictionary numbers subjects and keys. Only who writes to the store changes it, and holds mu for that; all others read what view and of return.
type dictionary struct {
	mu         sync.RWMutex
	subjects   []store.Subject // by number
	keys       []key
	subjectOf  map[store.Subject]uint32
	keyOf      map[key]uint32
	byToken    map[string][]uint32
	texts      map[string]string // one copy of each text that many have
	newSubject int               // those from here on are not in the database yet
	newKey     int
}

func newDictionary() *dictionary {
	return &dictionary{subjectOf: map[store.Subject]uint32{}, keyOf: map[key]uint32{}, byToken: map[string][]uint32{}, texts: map[string]string{}}
}

// view is all subjects and keys that there are now.
func (d *dictionary) view() ([]store.Subject, []key) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.subjects, d.keys
}

// of a token are these subjects.
func (d *dictionary) of(token string) []uint32 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.byToken[token]
}

func (d *dictionary) text(s string) string {
	if one, ok := d.texts[s]; ok {
		return one
	}
	d.texts[s] = s
	return s
}

func (d *dictionary) subject(s store.Subject) uint32 {
	if n, ok := d.subjectOf[s]; ok {
		return n
	}
	return d.putSubject(uint32(len(d.subjects)), s)
}

func (d *dictionary) putSubject(n uint32, s store.Subject) uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.Owner, s.Team = d.text(s.Owner), d.text(s.Team)
	for uint32(len(d.subjects)) <= n {
		d.subjects = append(d.subjects, store.Subject{})
	}
	d.subjects[n] = s
	d.subjectOf[s] = n
	if s.Token != "" {
		d.byToken[s.Token] = append(d.byToken[s.Token], n)
	}
	return n
}

func (d *dictionary) key(k key) uint32 {
	if n, ok := d.keyOf[k]; ok {
		return n
	}
	return d.putKey(uint32(len(d.keys)), k)
}

func (d *dictionary) putKey(n uint32, k key) uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	k.first, k.second = d.text(k.first), d.text(k.second)
	for uint32(len(d.keys)) <= n {
		d.keys = append(d.keys, key{})
	}
	d.keys[n] = k
	d.keyOf[k] = n
	return n
}

func (d *dictionary) load(db *sql.DB) error {
	err := scan(db, "SELECT id, token, owner, team FROM subjects ORDER BY id", func(rows *sql.Rows) error {
		var (
			n uint32
			s store.Subject
		)
		if err := rows.Scan(&n, &s.Token, &s.Owner, &s.Team); err != nil {
			return err
		}
		d.putSubject(n, s)
		return nil
	})
	if err != nil {
		return err
	}
	err = scan(db, "SELECT id, first, second, overflow FROM keys ORDER BY id", func(rows *sql.Rows) error {
		var (
			n uint32
			k key
		)
		if err := rows.Scan(&n, &k.first, &k.second, &k.overflow); err != nil {
			return err
		}
		d.putKey(n, k)
		return nil
	})
	if err != nil {
		return err
	}
	taken := func(table string) (n int, err error) {
		err = db.QueryRow("SELECT coalesce(max(value), 0) FROM meta WHERE name = ?", table).Scan(&n)
		return n, err
	}
	subjects, err := taken("subjects")
	if err != nil {
		return err
	}
	keys, err := taken("keys")
	if err != nil {
		return err
	}
	for len(d.subjects) < subjects {
		d.subjects = append(d.subjects, store.Subject{})
	}
	for len(d.keys) < keys {
		d.keys = append(d.keys, key{})
	}
	d.newSubject, d.newKey = len(d.subjects), len(d.keys)
	return nil
}

// save writes what is new. saved is to be called when that is certain.
func (d *dictionary) save(tx *sql.Tx) error {
	if d.newSubject < len(d.subjects) {
		insert, err := tx.Prepare("INSERT INTO subjects (id, token, owner, team) VALUES (?, ?, ?, ?)")
		if err != nil {
			return err
		}
		defer func() { _ = insert.Close() }()
		for n := d.newSubject; n < len(d.subjects); n++ {
			s := d.subjects[n]
			if _, err := insert.Exec(n, s.Token, s.Owner, s.Team); err != nil {
				return err
			}
		}
	}
	if d.newKey < len(d.keys) {
		insert, err := tx.Prepare("INSERT INTO keys (id, first, second, overflow) VALUES (?, ?, ?, ?)")
		if err != nil {
			return err
		}
		defer func() { _ = insert.Close() }()
		for n := d.newKey; n < len(d.keys); n++ {
			k := d.keys[n]
			if _, err := insert.Exec(n, k.first, k.second, k.overflow); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *dictionary) saved() { d.newSubject, d.newKey = len(d.subjects), len(d.keys) }

// scan calls each for every row of an answer.
func scan(db interface {
	Query(string, ...any) (*sql.Rows, error)
}, query string, each func(*sql.Rows) error,
) error {
	rows, err := db.Query(query)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := each(rows); err != nil {
			_ = rows.Close()
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return rows.Close()
}

// delete takes subjects and keys out of the database. Their numbers stay taken. remove is to be called when that is certain.
func (d *dictionary) delete(tx *sql.Tx, subjects, keys map[uint32]bool) error {
	for _, of := range [...]struct {
		table string
		gone  map[uint32]bool
		taken int
	}{{"subjects", subjects, len(d.subjects)}, {"keys", keys, len(d.keys)}} {
		for n := range of.gone {
			if _, err := tx.Exec("DELETE FROM "+of.table+" WHERE id = ?", n); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", of.table, of.taken); err != nil {
			return err
		}
	}
	return nil
}

// remove forgets subjects and keys.
func (d *dictionary) remove(gone, keys map[uint32]bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(keys) > 0 {
		d.keys = slices.Clone(d.keys) // others are reading the old ones
	}
	for n := range keys {
		delete(d.keyOf, d.keys[n])
		delete(d.texts, d.keys[n].first)
		delete(d.texts, d.keys[n].second)
		d.keys[n] = key{}
	}
	d.subjects = append([]store.Subject{}, d.subjects...) // others are reading the old ones
	for n := range gone {
		s := d.subjects[n]
		delete(d.subjectOf, s)
		d.byToken[s.Token] = slices.DeleteFunc(slices.Clone(d.byToken[s.Token]), func(has uint32) bool { return has == n })
		if len(d.byToken[s.Token]) == 0 {
			delete(d.byToken, s.Token)
		}
		d.subjects[n] = store.Subject{}
	}
}
