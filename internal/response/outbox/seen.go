package outbox

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"time"
)

const (
	seenPrefix  = "seen"
	pageEntries = 256
	hashBytes   = 16
	entryBytes  = hashBytes + 8
)

// identity is what a delivery is known by: the anomaly's id and the target.
type identity [hashBytes]byte

func identify(id, target string) identity {
	sum := sha256.Sum256([]byte(target + "\x00" + id))
	return identity(sum[:hashBytes])
}

// page is some of the remembered identities, as one stored value.
type page struct {
	ids   []identity
	times []int64 // unix seconds
}

func (p page) newest() time.Time {
	if len(p.times) == 0 {
		return time.Time{}
	}
	return time.Unix(slices.Max(p.times), 0)
}

func (p page) encode() []byte {
	value := make([]byte, 1, 1+len(p.ids)*entryBytes)
	value[0] = version
	for i, id := range p.ids {
		value = append(value, id[:]...)
		value = binary.BigEndian.AppendUint64(value, uint64(p.times[i]))
	}
	return value
}

func decodePage(value []byte) (page, error) {
	if len(value) == 0 || value[0] != version {
		return page{}, errVersion
	}
	value = value[1:]
	if len(value)%entryBytes != 0 {
		return page{}, errors.New("page of broken length")
	}
	var p page
	for ; len(value) > 0; value = value[entryBytes:] {
		p.ids = append(p.ids, identity(value[:hashBytes]))
		p.times = append(p.times, int64(binary.BigEndian.Uint64(value[hashBytes:entryBytes])))
	}
	return p, nil
}

// seen remembers identities for a time, page by page; the oldest page is forgotten first.
type seen struct {
	max   int
	keep  time.Duration
	low   uint64 // number of the first page
	pages []page
	ids   map[identity]int // how many pages hold it
	count int
}

func newSeen(limit int, keep time.Duration, low uint64) *seen {
	return &seen{max: limit, keep: keep, low: low, ids: make(map[identity]int)}
}

func (s *seen) has(id identity) bool { return s.ids[id] > 0 }

// since is when an identity was remembered last.
func (s *seen) since(id identity) (time.Time, bool) {
	if !s.has(id) {
		return time.Time{}, false
	}
	for n := len(s.pages) - 1; n >= 0; n-- {
		if at := slices.Index(s.pages[n].ids, id); at >= 0 {
			return time.Unix(s.pages[n].times[at], 0), true
		}
	}
	return time.Time{}, false
}

func (s *seen) span() span { return span{s.low, s.low + uint64(len(s.pages))} }

// load appends a page that was read from the store.
func (s *seen) load(p page) {
	s.pages = append(s.pages, p)
	s.count += len(p.ids)
	for _, id := range p.ids {
		s.ids[id]++
	}
}

// add remembers identities and returns the values to store.
func (s *seen) add(now time.Time, ids []identity) (changes []Change) {
	dirty := len(s.pages)
	for _, id := range ids {
		last := len(s.pages) - 1
		if last < 0 || len(s.pages[last].ids) >= pageEntries {
			s.pages = append(s.pages, page{})
			last++
		}
		p := &s.pages[last]
		p.ids, p.times = append(p.ids, id), append(p.times, now.Unix())
		s.ids[id]++
		s.count++
		dirty = min(dirty, last)
	}
	for i := dirty; i < len(s.pages); i++ {
		changes = append(changes, Change{key(seenPrefix, s.low+uint64(i)), s.pages[i].encode()})
	}
	return changes
}

// undo takes back the last n identities.
func (s *seen) undo(n int) {
	for ; n > 0; n-- {
		last := len(s.pages) - 1
		p := &s.pages[last]
		end := len(p.ids) - 1
		s.release(p.ids[end])
		p.ids, p.times = p.ids[:end], p.times[:end]
		s.count--
		if end == 0 {
			s.pages = s.pages[:last]
		}
	}
}

func (s *seen) release(id identity) {
	if s.ids[id]--; s.ids[id] == 0 {
		delete(s.ids, id)
	}
}

// forget drops pages that are too old or too many, and says how many identities went before their time.
func (s *seen) forget(now time.Time) (changes []Change, evicted int) {
	for len(s.pages) > 1 {
		first := s.pages[0]
		old := now.Sub(first.newest()) > s.keep
		if !old && s.count-len(first.ids) < s.max {
			break
		}
		for i, id := range first.ids {
			s.release(id)
			if now.Sub(time.Unix(first.times[i], 0)) <= s.keep {
				evicted++
			}
		}
		changes = append(changes, Change{Key: key(seenPrefix, s.low)})
		s.count -= len(first.ids)
		s.pages = s.pages[1:]
		s.low++
	}
	return changes, evicted
}
