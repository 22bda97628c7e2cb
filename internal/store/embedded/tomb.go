package embedded

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// tombs are whom somebody has erased, under references from which nobody is found without knowing them: what is still on its way and older must
// not bring them back. What is newer is of a token that nobody knows.
type tombs struct {
	secret []byte
	at     map[string]int64 // by reference, in seconds since 1970
}

// What a reference is of.
const (
	tokenNamed = "token "
	ownerNamed = "owner "
)

func (t *tombs) load(db *sql.DB) error {
	err := db.QueryRow("SELECT value FROM meta WHERE name = 'tombstone_key'").Scan(&t.secret)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return scan(db, "SELECT reference, at FROM erased", func(rows *sql.Rows) error {
		var (
			reference string
			at        int64
		)
		err := rows.Scan(&reference, &at)
		t.put(map[string]int64{reference: at})
		return err
	})
}

// dig makes the key of references, where there is none.
func (t *tombs) dig(tx *sql.Tx) ([]byte, error) {
	if t.secret != nil {
		return t.secret, nil
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	if _, err := tx.Exec("INSERT OR IGNORE INTO meta (name, value) VALUES ('tombstone_key', ?)", secret); err != nil {
		return nil, err
	}
	err := tx.QueryRow("SELECT value FROM meta WHERE name = 'tombstone_key'").Scan(&secret)
	return secret, err
}

func (t *tombs) put(graves map[string]int64) {
	if t.at == nil {
		t.at = map[string]int64{}
	}
	maps.Copy(t.at, graves)
}

// token is when a token was erased, 0 if it was not.
func (t *tombs) token(id string) int64 { return t.named(tokenNamed + id) }

// owner is when an owner was.
func (t *tombs) owner(id string) int64 {
	if id == "" {
		return 0
	}
	return t.named(ownerNamed + id)
}

func (t *tombs) named(what string) int64 {
	if len(t.at) == 0 {
		return 0
	}
	return t.at[referenceTo(t.secret, what)]
}

func referenceTo(secret []byte, what string) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(what))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:16]))
}

// bury notes that nothing older is taken of who is erased. An environment is none of these: its traffic may be played again.
func (e *erasure) bury(tx *sql.Tx, secret []byte) error {
	e.secret, e.graves = secret, map[string]int64{}
	if e.Environment != "" || e.At.IsZero() {
		return nil
	}
	if e.Owner != "" {
		e.graves[referenceTo(secret, ownerNamed+e.Owner)] = e.At.Unix()
	}
	for id := range e.tokens {
		e.graves[referenceTo(secret, tokenNamed+id)] = e.At.Unix()
	}
	for reference, at := range e.graves {
		if _, err := tx.Exec("INSERT OR REPLACE INTO erased (reference, at) VALUES (?, ?)", reference, at); err != nil {
			return err
		}
	}
	return nil
}

// forgetTombs lets go of those that are older than the audit is kept. The caller holds writing.
func (s *Store) forgetTombs(ctx context.Context, before time.Time) error {
	var old []string
	for reference, at := range s.tombs.at {
		if at < before.Unix() {
			old = append(old, reference)
		}
	}
	if len(old) == 0 {
		return nil
	}
	err := s.transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM erased WHERE at < ?", before.Unix())
		return err
	})
	if err == nil {
		for _, reference := range old {
			delete(s.tombs.at, reference)
		}
	}
	return err
}

// latecomers tells what is older than the erasure of whom it tells. It is for one batch, and used while writing is held.
type latecomers struct {
	store          *Store
	tokens, owners map[string]int64
	n              int64 // found
}

func (s *Store) latecomers() *latecomers {
	l := &latecomers{store: s}
	if len(s.tombs.at) > 0 {
		l.tokens, l.owners = map[string]int64{}, map[string]int64{}
	}
	return l
}

// is says whether something of a token or an owner, of a time in seconds since 1970, comes too late.
func (l *latecomers) is(token, owner string, at int64) bool {
	if l.tokens == nil {
		return false
	}
	since, known := l.tokens[token]
	if !known && token != "" {
		l.store.mu.RLock()
		r := l.store.tokens[token]
		l.store.mu.RUnlock()
		if r != nil {
			since = r.since
		} else {
			since = l.store.tombs.token(token)
		}
		l.tokens[token] = since
	}
	ofOwner, known := l.owners[owner]
	if !known {
		ofOwner = l.store.tombs.owner(owner)
		l.owners[owner] = ofOwner
	}
	late := max(since, ofOwner) >= at && max(since, ofOwner) > 0
	if late {
		l.n++
	}
	return late
}

// withoutErased is a batch without what comes too late. A minute in which somebody was erased is erased as a whole.
func (s *Store) withoutErased(b store.Batch) store.Batch {
	late := s.latecomers()
	if late.tokens == nil {
		return b
	}
	var facts []store.Fact
	for i := range b.Facts {
		if f := &b.Facts[i]; late.is(f.Subject.Token, f.Subject.Owner, f.Minute*60) {
			if facts == nil {
				facts = append(make([]store.Fact, 0, len(b.Facts)), b.Facts[:i]...)
			}
		} else if facts != nil {
			facts = append(facts, *f)
		}
	}
	if facts != nil {
		b.Facts = facts
	}
	var sightings []store.Sighting
	for i := range b.Sightings {
		t := &b.Sightings[i].Token
		at := t.LastUse.At
		if e := b.Sightings[i].Evidence; e != nil && e.At.After(at) {
			at = e.At
		}
		if !late.is(t.ID, t.OwnerID, at.Unix()) {
			sightings = append(sightings, b.Sightings[i])
		}
	}
	b.Sightings = sightings
	s.late.Add(late.n)
	return b
}
