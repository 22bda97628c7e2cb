package seal

import (
	"container/list"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"slices"
	"sync"
	"time"
)

// Limits bound a Store.
type Limits struct {
	TTL     time.Duration // how long a sealed credential is kept
	Entries int
	Bytes   int
}

// Store keeps sealed credentials by fingerprint. It cannot open them. What is the longest there goes first. Safe for concurrent use.
type Store struct {
	limits Limits

	mu      sync.Mutex
	entries map[string]*list.Element // of *entry
	former  map[string]string        // an earlier fingerprint of a credential, and its present one
	order   *list.List               // the oldest in front
	bytes   int
	dirty   [Buckets]bool
	expired int64
	full    int64
}

type entry struct {
	fingerprint string
	token       string // its id; empty where whoever sealed it did not say
	former      []string
	sealed      []byte
	expires     int64 // unix seconds
}

// Buckets is in how many parts a Store is written down.
const Buckets = 64

// overhead is about what an entry takes besides its bytes.
const overhead = 256

func (e *entry) size() int {
	n := overhead + len(e.fingerprint) + len(e.token) + len(e.sealed)
	for _, f := range e.former {
		n += 2 * len(f)
	}
	return n
}

// NewStore makes an empty Store.
func NewStore(limits Limits) *Store {
	return &Store{limits: limits, entries: make(map[string]*list.Element), former: make(map[string]string), order: list.New()}
}

// Put keeps a sealed credential of a token, in place of one of the same fingerprint or of one of its former ones. The token's id may be empty:
// not known. It says whether there is room for one of this size at all.
func (s *Store) Put(fingerprint, token string, former []string, sealed []byte, now time.Time) bool {
	e := &entry{fingerprint: fingerprint, token: token, former: former, sealed: sealed, expires: now.Add(s.limits.TTL).Unix()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.size() > s.limits.Bytes || s.limits.Entries < 1 {
		return false
	}
	s.insert(e)
	s.expire(now)
	for len(s.entries) > s.limits.Entries || s.bytes > s.limits.Bytes {
		s.remove(s.order.Front())
		s.full++
	}
	return true
}

func (s *Store) insert(e *entry) {
	for _, f := range append([]string{e.fingerprint}, e.former...) {
		if old := s.entries[f]; old != nil {
			s.remove(old)
		}
	}
	for _, f := range e.former {
		s.former[f] = e.fingerprint
	}
	s.entries[e.fingerprint] = s.order.PushBack(e)
	s.bytes += e.size()
	s.dirty[bucketOf(e.fingerprint)] = true
}

func (s *Store) remove(element *list.Element) {
	e := s.order.Remove(element).(*entry)
	delete(s.entries, e.fingerprint)
	for _, f := range e.former {
		if s.former[f] == e.fingerprint {
			delete(s.former, f)
		}
	}
	s.bytes -= e.size()
	s.dirty[bucketOf(e.fingerprint)] = true
}

// expire removes what is too old.
func (s *Store) expire(now time.Time) {
	for front := s.order.Front(); front != nil && front.Value.(*entry).expires <= now.Unix(); front = s.order.Front() {
		s.remove(front)
		s.expired++
	}
}

// Get is the sealed credential of a fingerprint, be it a former one.
func (s *Store) Get(fingerprint string, now time.Time) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	element := s.entries[fingerprint]
	if element == nil {
		element = s.entries[s.former[fingerprint]]
	}
	if element == nil || element.Value.(*entry).expires <= now.Unix() {
		return nil, false
	}
	return slices.Clone(element.Value.(*entry).sealed), true
}

// Has says whether there is a sealed credential of this very fingerprint that is kept until then.
func (s *Store) Has(fingerprint string, until time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	element := s.entries[fingerprint]
	return element != nil && element.Value.(*entry).expires > until.Unix()
}

// Expire removes what is too old.
func (s *Store) Expire(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
}

// Forget removes the credentials of tokens, and those of which nobody knows whose they are: it says how many.
func (s *Store) Forget(tokens []string) (gone int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for element := s.order.Front(); element != nil; {
		next, e := element.Next(), element.Value.(*entry)
		if e.token == "" || slices.Contains(tokens, e.token) {
			s.remove(element)
			gone++
		}
		element = next
	}
	return gone
}

// Len is how many credentials there are.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries)
}

// Evicted is how many were removed since the last call, because of their age and because there was no room.
func (s *Store) Evicted() (expired, full int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	expired, full = s.expired, s.full
	s.expired, s.full = 0, 0
	return expired, full
}

func bucketOf(fingerprint string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(fingerprint))
	return int(h.Sum32() % Buckets)
}

// Changed are the buckets that have changed since the last call, as they are to be written down; an empty one is nil.
func (s *Store) Changed() map[int][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var changed map[int][]byte
	for i, dirty := range s.dirty {
		if dirty {
			if changed == nil {
				changed = make(map[int][]byte)
			}
			changed[i] = nil
		}
	}
	if changed == nil {
		return nil
	}
	s.dirty = [Buckets]bool{}
	for element := s.order.Front(); element != nil; element = element.Next() {
		e := element.Value.(*entry)
		i := bucketOf(e.fingerprint)
		b, ok := changed[i]
		if !ok {
			continue
		}
		if b == nil {
			b = []byte{bucketVersion}
		}
		changed[i] = e.append(b)
	}
	return changed
}

// Again says that a bucket could not be written down.
func (s *Store) Again(bucket int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty[bucket] = true
}

func (e *entry) append(b []byte) []byte {
	b = appendText(b, e.fingerprint)
	b = binary.AppendUvarint(b, uint64(len(e.former)))
	for _, f := range e.former {
		b = appendText(b, f)
	}
	b = binary.AppendUvarint(b, uint64(e.expires))
	b = appendText(b, string(e.sealed))
	return appendText(b, e.token)
}

// bucketVersion is the first byte of a bucket. Before it there was 1, without tokens.
const bucketVersion = 2

// errTorn is said of a bucket that nobody here has written.
var errTorn = errors.New("not a list of sealed credentials")

// Restore takes in buckets that were written down.
func (s *Store) Restore(buckets [][]byte, now time.Time) error {
	var all []*entry
	var failed error
	for _, b := range buckets {
		entries, err := decodeBucket(b)
		if err != nil {
			failed = err // the others are good
		}
		all = append(all, entries...)
	}
	slices.SortStableFunc(all, func(a, b *entry) int { return int(min(1, max(-1, a.expires-b.expires))) })
	s.mu.Lock()
	defer s.mu.Unlock()
	latest := now.Add(s.limits.TTL).Unix()
	for _, e := range all {
		e.expires = min(e.expires, latest) // the limit may have been lowered, or the clock put back
		s.insert(e)
	}
	s.expire(now)
	for len(s.entries) > s.limits.Entries || s.bytes > s.limits.Bytes {
		s.remove(s.order.Front())
		s.full++
	}
	return failed
}

func decodeBucket(b []byte) ([]*entry, error) {
	if len(b) == 0 {
		return nil, nil
	}
	named := b[0] == bucketVersion
	if !named && b[0] != 1 {
		return nil, errTorn
	}
	var all []*entry
	for b = b[1:]; len(b) > 0; {
		e := new(entry)
		var ok bool
		if e.fingerprint, b, ok = cutText(b); !ok {
			return all, errTorn
		}
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)) {
			return all, errTorn
		}
		b = b[size:]
		for range n {
			var f string
			if f, b, ok = cutText(b); !ok {
				return all, errTorn
			}
			e.former = append(e.former, f)
		}
		expires, size := binary.Uvarint(b)
		if size <= 0 || expires > 1<<40 {
			return all, errTorn
		}
		e.expires = int64(expires)
		sealed, rest, ok := cutText(b[size:])
		if !ok {
			return all, errTorn
		}
		e.sealed, b = []byte(sealed), rest
		if named {
			if e.token, b, ok = cutText(b); !ok {
				return all, errTorn
			}
		}
		all = append(all, e)
	}
	return all, nil
}
