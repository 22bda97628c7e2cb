package identity

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Lineage remembers which id a token that rotates had first, so that its successors keep it. It is a table of fixed size: 32
// bytes for each key that is remembered, in buckets of some thirty, of which the longest unused gives way in a full one. Safe for
// concurrent use.
type Lineage struct {
	shards  [lineageShards]lineageShard
	limit   int // of one bucket
	evicted atomic.Int64
	saving  sync.Mutex // of one at a time: what was is not written over what is
}

const (
	lineageShards  = 2048
	lineageBuckets = 16 // of a shard
)

// lineageShard is what is locked and kept at once.
type lineageShard struct {
	sync.Mutex
	buckets *[lineageBuckets]lineageBucket // nil: nothing is remembered
	unread  bool                           // what is kept of it has not been read yet
	changed bool
}

// lineageBucket holds its entries with the last used at the end.
type lineageBucket []lineageEntry

type lineageEntry struct{ key, id [16]byte }

const lineageEntrySize = 32

// LineageKey is what a first id is remembered under.
type LineageKey [16]byte

// NewLineageKey is the key of what the parts name: a registry's id, or issuer, client and subject. Different kinds of names do
// not mix.
func NewLineageKey(kind, tenant string, parts ...string) LineageKey {
	sum := sha256.Sum256([]byte(kind + "\x00" + tenant + "\x00" + strings.Join(parts, "\x00")))
	return LineageKey(sum[:16])
}

// SuccessorKey is the key of a token that is known by the id that its credential makes it.
func SuccessorKey(id string) (LineageKey, bool) {
	bytes, ok := idBytes(id)
	return LineageKey(bytes), ok
}

// NewLineage remembers at most size keys.
func NewLineage(size int) *Lineage {
	return &Lineage{limit: max(1, size/(lineageShards*lineageBuckets))}
}

// Known is the id that was first.
func (l *Lineage) Known(key LineageKey) (id string, ok bool) {
	s := l.shard(key)
	s.Lock()
	defer s.Unlock()
	if e := s.use(key); e != nil {
		return idOf(e.id), true
	}
	return "", false
}

// First is the id that was first: the given one, if none was before. An id that is not tok_ and 26 letters is not remembered.
func (l *Lineage) First(key LineageKey, id string) string {
	bytes, ok := idBytes(id)
	if !ok {
		return id
	}
	s := l.shard(key)
	s.Lock()
	defer s.Unlock()
	if e := s.use(key); e != nil {
		return idOf(e.id)
	}
	l.enter(s, lineageEntry{key, bytes})
	return id
}

// Put remembers an id as the first, whatever was before.
func (l *Lineage) Put(key LineageKey, id string) {
	bytes, ok := idBytes(id)
	if !ok {
		return
	}
	s := l.shard(key)
	s.Lock()
	defer s.Unlock()
	switch e := s.use(key); {
	case e == nil:
		l.enter(s, lineageEntry{key, bytes})
	case e.id != bytes:
		e.id, s.changed = bytes, true
	}
}

// Len is how many keys are remembered.
func (l *Lineage) Len() int {
	n := 0
	for i := range l.shards {
		s := &l.shards[i]
		s.Lock()
		for _, e := range s.all() {
			n += len(e)
		}
		s.Unlock()
	}
	return n
}

// Evicted is how many keys were forgotten because there were too many, since the last call.
func (l *Lineage) Evicted() int64 { return l.evicted.Swap(0) }

// Forget lets go of ids, as first ones and as those of successors. What a store has kept and could not be read is read before.
func (l *Lineage) Forget(ctx context.Context, store Store, ids []string) error {
	gone := make(map[[16]byte]bool, len(ids))
	for _, id := range ids {
		if bytes, ok := idBytes(id); ok {
			gone[bytes] = true
		}
	}
	for i := range l.shards {
		if err := l.forget(ctx, store, i, gone); err != nil {
			return fmt.Errorf("read the lineage from storage: %w", err)
		}
	}
	return nil
}

func (l *Lineage) forget(ctx context.Context, store Store, i int, gone map[[16]byte]bool) error {
	s := &l.shards[i]
	s.Lock()
	defer s.Unlock()
	if err := l.read(ctx, store, i); err != nil {
		return err
	}
	for b, bucket := range s.all() {
		kept := slices.DeleteFunc(bucket, func(e lineageEntry) bool { return gone[e.id] || gone[e.key] })
		if len(kept) < len(bucket) {
			s.buckets[b], s.changed = kept, true
		}
	}
	return nil
}

// Load reads what a store has kept. What it cannot read is read before it is written over.
func (l *Lineage) Load(ctx context.Context, store Store) (err error) {
	for i := range l.shards {
		s := &l.shards[i]
		s.Lock()
		s.unread = true
		if err == nil {
			err = l.read(ctx, store, i)
		}
		s.Unlock()
	}
	if err != nil {
		return fmt.Errorf("read the lineage from storage: %w", err)
	}
	return nil
}

// Save keeps what has changed.
func (l *Lineage) Save(ctx context.Context, store Store) error {
	l.saving.Lock()
	defer l.saving.Unlock()
	for i := range l.shards {
		if err := l.save(ctx, store, i); err != nil {
			return fmt.Errorf("keep the lineage in storage: %w", err)
		}
	}
	return nil
}

func (l *Lineage) save(ctx context.Context, store Store, i int) error {
	s := &l.shards[i]
	s.Lock()
	if err := l.read(ctx, store, i); err != nil || !s.changed {
		s.Unlock()
		return err
	}
	var text []byte
	for _, bucket := range s.all() {
		for _, e := range bucket {
			text = append(append(text, e.key[:]...), e.id[:]...)
		}
	}
	s.changed = false
	s.Unlock()
	err := store.Set(ctx, shardName(i), text)
	if err != nil {
		s.Lock()
		s.changed = true
		s.Unlock()
	}
	return err
}

// read puts what is kept of a shard before what has been learned since the start; what is kept was first.
func (l *Lineage) read(ctx context.Context, store Store, i int) error {
	s := &l.shards[i]
	if !s.unread {
		return nil
	}
	text, err := store.Get(ctx, shardName(i))
	if err != nil {
		return err
	}
	s.unread = false
	if len(text)%lineageEntrySize != 0 {
		return nil // nothing that was written here
	}
	learned := s.all()
	s.buckets = nil
	for ; len(text) > 0; text = text[lineageEntrySize:] {
		l.enter(s, lineageEntry{[16]byte(text), [16]byte(text[16:])})
	}
	s.changed = false
	for _, bucket := range learned {
		for _, e := range bucket {
			if s.use(e.key) == nil {
				l.enter(s, e)
			}
		}
	}
	return nil
}

func (l *Lineage) shard(key LineageKey) *lineageShard {
	return &l.shards[(int(key[0])<<8|int(key[1]))%lineageShards]
}

func (s *lineageShard) all() []lineageBucket {
	if s.buckets == nil {
		return nil
	}
	return s.buckets[:]
}

// use is the entry of a key, moved to the end of its bucket; nil if there is none.
func (s *lineageShard) use(key LineageKey) *lineageEntry {
	if s.buckets == nil {
		return nil
	}
	bucket := s.buckets[key[2]%lineageBuckets]
	last := len(bucket) - 1
	for at := last; at >= 0; at-- {
		if bucket[at].key == key {
			e := bucket[at]
			copy(bucket[at:], bucket[at+1:])
			bucket[last] = e
			return &bucket[last]
		}
	}
	return nil
}

func (l *Lineage) enter(s *lineageShard, e lineageEntry) {
	if s.buckets == nil {
		s.buckets = new([lineageBuckets]lineageBucket)
	}
	bucket := &s.buckets[e.key[2]%lineageBuckets]
	if over := len(*bucket) + 1 - l.limit; over > 0 {
		l.evicted.Add(int64(over))
		*bucket = append((*bucket)[:0], (*bucket)[over:]...)
	}
	*bucket = append(*bucket, e)
	s.changed = true
}

func shardName(i int) string { return fmt.Sprintf("lineage/%03x", i) }

func idBytes(id string) (bytes [16]byte, ok bool) {
	letters, ok := strings.CutPrefix(id, "tok_")
	if !ok || len(letters) != encoding.EncodedLen(len(bytes)) {
		return bytes, false
	}
	var window uint32 // five bits a letter, from which whole bytes are taken
	at, held := 0, 0
	for i := range len(letters) {
		value := letterValues[letters[i]]
		if value == noLetter {
			return bytes, false
		}
		window, held = window<<5|uint32(value), held+5
		if held >= 8 {
			held -= 8
			bytes[at] = byte(window >> held)
			at++
		}
	}
	return bytes, window&(1<<held-1) == 0
}

func idOf(bytes [16]byte) string { return "tok_" + encoding.EncodeToString(bytes[:]) }
