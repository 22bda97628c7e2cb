package behavior

import (
	"math/bits"
	"slices"
	"time"
)

// A token calls its endpoints in few orders: a list and then an item of it, a search and then an export. Somebody else who calls the
// same endpoints calls them in other orders.

// session is how long after another a request follows it.
const session = int64(30 * time.Minute)

// pairs remembers which endpoint was called after which: a Bloom filter with two bits a pair. Nothing is forgotten; of a token that
// calls everything after everything it says that it knows all.
// Source: Bloom, Space/time trade-offs in hash coding, CACM 1970.
type pairs [4]uint64

func (p *pairs) has(pair uint32) bool {
	a, b := pair%256, pair>>8%256
	return p[a/64]>>(a%64)&1 == 1 && p[b/64]>>(b%64)&1 == 1
}

func (p *pairs) add(pair uint32) {
	a, b := pair%256, pair>>8%256
	p[a/64] |= 1 << (a % 64)
	p[b/64] |= 1 << (b % 64)
}

// pairOf is the hash of an endpoint that follows another one.
func pairOf(first, second uint32) uint32 {
	h := (bits.RotateLeft32(first, 13) ^ second) * 0x9e3779b1
	return h ^ h>>15
}

// ordersKept bounds the new pairs of a day.
const ordersKept = 64

// mark says whether the token knew an endpoint before today, and by which hash it is told from others.
func (t *token) mark(e *endpointCount) {
	e.known = !t.unused(e.service, e.at)
	e.mark = hash(e.service) ^ bits.RotateLeft32(hash(e.at.Method), 8) ^ bits.RotateLeft32(hash(e.at.Route), 16)
}

// follow notes which endpoint came after which, where the token knows both.
func (t *token) follow(o *Observation, number int) {
	b := &t.block
	if number >= len(b.endpoints) {
		return
	}
	e := &b.endpoints[number]
	before, soon := int(b.latest), o.Time-b.followed <= session
	b.latest, b.followed = uint8(number), o.Time
	if !soon || before == number || before >= len(b.endpoints) || !e.known {
		return
	}
	first := &b.endpoints[before]
	if first.mark == 0 { // it was read from the state
		t.mark(first)
	}
	if !first.known {
		return
	}
	pair := pairOf(first.mark, e.mark)
	if !t.more.pairs.has(pair) && len(b.orders) < ordersKept && !slices.Contains(b.orders, pair) {
		b.orders = append(b.orders, pair)
		b.order, b.look = [2]uint8{uint8(before), uint8(number)}, true
	}
}
