package behavior

import (
	"encoding/binary"
	"runtime"
	"unsafe"

	"github.com/holterhq/holter/internal/baseline"
	"github.com/holterhq/holter/internal/prefetch"
)

// memory holds a shard's tokens, each under a number. Those used latest are live: unpacked, and quick to work with. The others are packed
// into a fraction of the bytes. All are in one list by their use, of which the live ones are the young end.
type memory struct {
	words baseline.Words
	slots []slot   // by number; 0 is the head of the list: its next is the oldest, its prev the youngest
	packs arena    // the packed tokens, and memory for those that are live
	index []uint32 // numbers by hash, with linear probing; 0 is free
	free  []uint32
	count int

	rooms     rooms
	live      []*token // see slot.live
	unused    []uint32 // places in live
	lives     int
	boundary  uint32 // the oldest live one; 0: none
	mostLives int

	draft      []byte         // of a pack that is written
	reading    []byte         // the pack that was read
	borrowed   *token         // a packed token that is looked at
	unreadable uint64         // packs that started anew
	asking     unsafe.Pointer // the next portion of a token that will be needed, see lookAhead
}

// slot is what is known of a token without unpacking it.
type slot struct {
	hash, prev, next uint32
	live             uint32 // its place in memory.live, + 1; 0: it is packed
	pack             uint32 // where in the arena, 0: nowhere yet
	size             uint32 // of the pack
	dirty            bool   // changed since the last snapshot
}

// One token in liveShare is live when a shard is full, at some five KiB each; and always so many as leastLives.
const (
	liveShare  = 32
	leastLives = 64
)

func newMemory(maxTokens, mostLives int) memory {
	if mostLives == 0 {
		mostLives = maxTokens / liveShare
	}
	return memory{slots: make([]slot, 1), index: make([]uint32, 16), mostLives: max(leastLives, mostLives)}
}

// find returns a token's number, 0 if it is not here.
func (m *memory) find(id string, hash uint32) uint32 {
	mask := uint32(len(m.index) - 1)
	for i := spot(hash) & mask; ; i = (i + 1) & mask {
		n := m.index[i]
		if n == 0 || m.slots[n].hash == hash && m.is(n, id) {
			return n
		}
	}
}

// spot spreads a hash, whose lowest bits all tokens of a shard have in common.
func spot(hash uint32) uint32 { return hash * 0x9e3779b1 >> 8 }

func (m *memory) is(n uint32, id string) bool {
	if at := m.slots[n].live; at != 0 {
		return m.live[at-1].id == id
	}
	s := &m.slots[n]
	if s.size == 0 {
		return false
	}
	defer runtime.KeepAlive(m)
	head := m.packs.block(s.pack)[4:]
	if len(id) > blockText-binary.MaxVarintLen64 {
		head = m.read(n)
	}
	size, from := binary.Uvarint(head)
	return size == uint64(len(id)) && string(head[from:from+len(id)]) == id
}

// read returns a token's pack, which is valid until the next one is read.
func (m *memory) read(n uint32) []byte {
	s := &m.slots[n]
	m.reading = m.packs.read(s.pack, int(s.size), m.reading[:0])
	return m.reading
}

// write sets a token's pack.
func (m *memory) write(n uint32, pack []byte) {
	s := &m.slots[n]
	s.pack, s.size = m.packs.write(s.pack, pack), uint32(len(pack))
}

// enter gives a token a number. Its pack or its life comes next.
func (m *memory) enter(hash uint32) uint32 {
	if 2*(m.count+1) > len(m.index) {
		m.grow()
	}
	n := uint32(len(m.slots))
	if last := len(m.free) - 1; last >= 0 {
		n, m.free = m.free[last], m.free[:last]
	} else {
		m.slots = append(m.slots, slot{})
	}
	m.slots[n] = slot{hash: hash}
	m.point(n)
	m.count++
	return n
}

func (m *memory) point(n uint32) {
	mask := uint32(len(m.index) - 1)
	i := spot(m.slots[n].hash) & mask
	for m.index[i] != 0 {
		i = (i + 1) & mask
	}
	m.index[i] = n
}

func (m *memory) grow() {
	old := m.index
	m.index = make([]uint32, 2*len(old))
	for _, n := range old {
		if n != 0 {
			m.point(n)
		}
	}
}

// leave forgets a token.
func (m *memory) leave(n uint32) {
	m.unlink(n)
	m.unpoint(n)
	if at := m.slots[n].live; at != 0 {
		m.rooms.put(m.live[at-1])
		m.live[at-1] = nil
		m.unused = append(m.unused, at-1)
		m.lives--
	}
	m.packs.drop(m.slots[n].pack)
	m.slots[n] = slot{}
	m.free = append(m.free, n)
	m.count--
}

// unpoint takes a number out of the index and closes the gap.
func (m *memory) unpoint(n uint32) {
	mask := uint32(len(m.index) - 1)
	gap := spot(m.slots[n].hash) & mask
	for m.index[gap] != n {
		gap = (gap + 1) & mask
	}
	for i := (gap + 1) & mask; m.index[i] != 0; i = (i + 1) & mask {
		if home := spot(m.slots[m.index[i]].hash) & mask; (i-home)&mask >= (i-gap)&mask {
			m.index[gap], gap = m.index[i], i
		}
	}
	m.index[gap] = 0
}

// unlink takes a token out of the list.
func (m *memory) unlink(n uint32) {
	s := &m.slots[n]
	if n == m.boundary {
		m.boundary = s.next
	}
	m.slots[s.prev].next, m.slots[s.next].prev = s.next, s.prev
	s.prev, s.next = 0, 0
}

// link puts a token at the young end of the list.
func (m *memory) link(n uint32) {
	last := m.slots[0].prev
	m.slots[n].prev, m.slots[n].next = last, 0
	m.slots[last].next, m.slots[0].prev = n, n
	if m.boundary == 0 && m.slots[n].live != 0 {
		m.boundary = n
	}
}

// use makes a token live and the youngest.
func (m *memory) use(n uint32) *token {
	s := &m.slots[n]
	if s.live == 0 {
		m.enliven(n)
	}
	if m.slots[0].prev != n || m.boundary == 0 {
		m.unlink(n)
		m.link(n)
	}
	return m.live[s.live-1]
}

// enliven unpacks a token. What cannot be read starts anew.
func (m *memory) enliven(n uint32) {
	t := m.vacant()
	if m.slots[n].size > 0 {
		pack := m.read(n)
		if t.unpack(pack, &m.words) != nil {
			id := string(idOf(pack))
			t.reset()
			t.id = id
			m.unreadable++
		}
	}
	at := uint32(len(m.live))
	if last := len(m.unused) - 1; last >= 0 {
		at, m.unused = m.unused[last], m.unused[:last]
		m.live[at] = t
	} else {
		m.live = append(m.live, t)
	}
	m.slots[n].live = at + 1
	m.lives++
}

// vacant returns a token without a life: that of the oldest live one, which is packed, once there are many.
func (m *memory) vacant() *token {
	if m.lives < m.mostLives || m.boundary == 0 {
		return m.rooms.take()
	}
	n := m.boundary
	s := &m.slots[n]
	t := m.live[s.live-1]
	m.pack(n, t)
	m.live[s.live-1] = nil
	m.unused = append(m.unused, s.live-1)
	m.lives--
	m.boundary, s.live = s.next, 0
	t.reset()
	return t
}

// pack packs a token under its number.
func (m *memory) pack(n uint32, t *token) {
	m.draft = t.pack(m.draft, &m.words)
	m.write(n, m.draft)
}

// packed returns a token's pack as it is now, which is valid until another one is read.
func (m *memory) packed(n uint32) []byte {
	if at := m.slots[n].live; at != 0 {
		m.pack(n, m.live[at-1])
	}
	return m.read(n)
}

// borrow returns a token to look at or to change until giveBack; nil if it cannot be read.
func (m *memory) borrow(n uint32) *token {
	if at := m.slots[n].live; at != 0 {
		return m.live[at-1]
	}
	if m.borrowed == nil {
		m.borrowed = &token{}
	}
	if m.borrowed.unpack(m.read(n), &m.words) != nil {
		return nil
	}
	return m.borrowed
}

func (m *memory) giveBack(n uint32, t *token) {
	if m.slots[n].live == 0 {
		m.pack(n, t)
	}
}

// inSight is how many observations are looked ahead.
const inSight = 4

// line is how much is fetched from memory at once.
const line = 64

// lookAhead begins to ask for what the observation inSight after the first of the part needs of its token. A processor waits for some
// lines at once and no more, so they are asked for in four portions while the first is judged, see askOn.
func (s *shard) lookAhead(obs []*Observation, part []int) {
	s.asking = nil
	if len(part) > 1 {
		prefetch.Lines(unsafe.Pointer(obs[part[1]]), unsafe.Sizeof(Observation{}))
	}
	if len(part) > inSight/2 {
		if t := s.awake(obs[part[inSight/2]].hash); t != nil {
			t.approach()
		}
	}
	if len(part) <= inSight {
		return
	}
	if t := s.awake(obs[part[inSight]].hash); t != nil {
		s.asking = unsafe.Add(unsafe.Pointer(t), unsafe.Offsetof(t.block)+unsafe.Offsetof(t.block.day))
		s.askOn()
	}
}

// askOn asks for the next portion.
func (s *shard) askOn() {
	if s.asking != nil {
		prefetch.Lines(s.asking, asked/4)
		s.asking = unsafe.Add(s.asking, asked/4)
	}
}

// asked is how much of a live token most requests ask for: from its day to the endpoints that it has room for.
const asked = (unsafe.Offsetof(roomy{}.sizes) - unsafe.Offsetof(token{}.block) - unsafe.Offsetof(block{}.day) + 4*line - 1) / (4 * line) * (4 * line)

// awaitPacks asks for the packed tokens of the observations, inSight*2 at most, and for the live ones that have to make room for them.
func (s *shard) awaitPacks(obs []*Observation, part []int) {
	var packs [2 * inSight]uint32
	asleep := packs[:0]
	for _, i := range part {
		if n := s.likely(obs[i].hash); n != 0 && s.slots[n].live == 0 {
			asleep = append(asleep, s.slots[n].pack)
		}
	}
	n := s.boundary
	for excess := s.lives + len(asleep) - s.mostLives; n != 0 && excess > 0; excess-- {
		prefetch.Lines(unsafe.Pointer(s.live[s.slots[n].live-1]), unsafe.Sizeof(roomy{}))
		n = s.slots[n].next
	}
	s.packs.await(asleep)
}

// awake is the live token with this hash, nil if there is none or it is packed.
func (m *memory) awake(hash uint32) *token {
	if n := m.likely(hash); n != 0 && m.slots[n].live != 0 {
		return m.live[m.slots[n].live-1]
	}
	return nil
}

// approach asks for what a token points to, once it is there itself.
func (t *token) approach() {
	prefetch.Lines(unsafe.Pointer(unsafe.StringData(t.id)), uintptr(len(t.id)))
	prefetch.Lines(unsafe.Pointer(unsafe.StringData(t.about.hint)), uintptr(len(t.about.hint)))
	b := &t.block
	if n := len(b.sizes); n < cap(b.sizes) {
		prefetch.Lines(unsafe.Pointer(&b.sizes[:n+1][n]), 1)
	}
	if n := len(b.endpoints); n > roomForEndpoints {
		prefetch.Lines(unsafe.Pointer(&b.endpoints[0]), uintptr(n)*unsafe.Sizeof(b.endpoints[0]))
	}
}

// likely is the number of the token with this hash, 0 if there is none; one in some billions is another one's.
func (m *memory) likely(hash uint32) uint32 {
	mask := uint32(len(m.index) - 1)
	for i := spot(hash) & mask; ; i = (i + 1) & mask {
		if n := m.index[i]; n == 0 || m.slots[n].hash == hash {
			return n
		}
	}
}
