package registry

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"net/netip"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/credential"
)

// record is a registered token as it is kept: there may be millions. What many have in common they share.
type record struct {
	digest     [sha256.Size]byte
	id         string
	owner      *Owner
	joins      *joins      // nil: joined by the digest alone
	terms      *terms      // nil: none
	succession *succession // nil: it is no rotation of another
	status     Status
	expires    int64 // unix nanoseconds; 0: never
	created    int64 // 0: unknown
	sum        uint64
	hashed     bool
}

// joins is what a token is joined by besides its digest.
type joins struct {
	prefix, lastFour, user, gateway string
	claims                          Claims
}

// terms are what a token is granted, and how it is tagged.
type terms struct {
	scopes   []string
	tags     map[string]string
	networks []netip.Prefix
	routes   []Route
}

// succession is how a token came after another.
type succession struct {
	replaces   string
	rotated    time.Time
	grace      time.Duration
	graced     bool
	apiTokenID string
}

// table is a set of records with everything that they are found by. Once it is built nobody changes it.
type table struct {
	chunks     [][]record
	n          int
	digests    index
	ids        index
	users      map[string]uint32
	gateways   map[string]uint32
	claims     map[Claims]uint32
	ends       map[[4]byte][]ending
	successors map[string]uint32 // by the id of the one that was replaced
}

type ending struct {
	prefix string
	at     uint32
}

const chunkSize = 1024

func newTable() *table {
	return &table{
		users: make(map[string]uint32), gateways: make(map[string]uint32), claims: make(map[Claims]uint32),
		ends: make(map[[4]byte][]ending), successors: make(map[string]uint32),
	}
}

func (t *table) at(i uint32) *record { return &t.chunks[i/chunkSize][i%chunkSize] }

// index is an open hash table of positions, eight bytes a record where a map would take sixty.
type index struct {
	slots []uint32 // position + 1
	used  int
}

// find is the first of the records at a hash that is the wanted one.
func (x *index) find(hash uint64, wanted func(at uint32) bool) (uint32, bool) {
	if len(x.slots) == 0 {
		return 0, false
	}
	mask := uint64(len(x.slots) - 1)
	for slot := hash & mask; x.slots[slot] != 0; slot = (slot + 1) & mask {
		if at := x.slots[slot] - 1; wanted(at) {
			return at, true
		}
	}
	return 0, false
}

// add enters a position. hashOf is the hash of an earlier one, to move it when the index grows.
func (x *index) add(hash uint64, at uint32, hashOf func(at uint32) uint64) {
	if 2*(x.used+1) > len(x.slots) {
		old := x.slots
		x.slots = make([]uint32, max(16, 2*len(old)))
		for _, entry := range old {
			if entry != 0 {
				x.put(hashOf(entry-1), entry)
			}
		}
	}
	x.put(hash, at+1)
	x.used++
}

func (x *index) put(hash uint64, entry uint32) {
	mask := uint64(len(x.slots) - 1)
	slot := hash & mask
	for x.slots[slot] != 0 {
		slot = (slot + 1) & mask
	}
	x.slots[slot] = entry
}

var idSeed = maphash.MakeSeed()

func hashID(id string) uint64 { return maphash.String(idSeed, id) }

// hashDigest takes bits of what is a hash already.
func hashDigest(d *[sha256.Size]byte) uint64 { return binary.LittleEndian.Uint64(d[:]) }

func (t *table) byDigest(d *[sha256.Size]byte) (uint32, bool) {
	return t.digests.find(hashDigest(d), func(at uint32) bool { return t.at(at).digest == *d })
}

func (t *table) byID(id string) (uint32, bool) {
	if t == nil {
		return 0, false
	}
	return t.ids.find(hashID(id), func(at uint32) bool { return t.at(at).id == id })
}

// byEnds is the record with the longest prefix that a credential has, among those with its last four.
func (t *table) byEnds(raw string) (best ending, ok bool) {
	if len(raw) < 8 || len(t.ends) == 0 {
		return ending{}, false
	}
	for _, e := range t.ends[[4]byte([]byte(raw[len(raw)-4:]))] {
		if strings.HasPrefix(raw, e.prefix) && (!ok || len(e.prefix) > len(best.prefix)) {
			best, ok = e, true
		}
	}
	return best, ok
}

// enter adds a record that takes nobody's place.
func (t *table) enter(r record) {
	at := uint32(t.n)
	if t.n%chunkSize == 0 {
		size := chunkSize
		if t.n == 0 {
			size = 0 // a small table stays small
		}
		t.chunks = append(t.chunks, make([]record, 0, size))
	}
	last := len(t.chunks) - 1
	t.chunks[last] = append(t.chunks[last], r)
	t.n++
	t.ids.add(hashID(r.id), at, func(at uint32) uint64 { return hashID(t.at(at).id) })
	if r.hashed {
		t.digests.add(hashDigest(&r.digest), at, func(at uint32) uint64 { return hashDigest(&t.at(at).digest) })
	}
	if s := r.succession; s != nil && s.replaces != "" {
		t.successors[s.replaces] = at
	}
	j := r.joins
	if j == nil {
		return
	}
	if j.user != "" {
		t.users[j.user] = at
	}
	if j.gateway != "" {
		t.gateways[j.gateway] = at
	}
	if j.claims != (Claims{}) {
		t.claims[j.claims] = at
	}
	if j.lastFour != "" {
		end := [4]byte([]byte(j.lastFour))
		t.ends[end] = append(t.ends[end], ending{j.prefix, at})
	}
}

// taken says what of a record is another's already.
func (t *table) taken(r *record) (faults []fault) {
	ofToken := func(field, form string, at uint32, ok bool) {
		if ok {
			faults = append(faults, fault{field: field, text: fmt.Sprintf("%s that of token %s already", form, Quote(t.at(at).id))})
		}
	}
	if at, ok := t.byID(r.id); ok {
		faults = append(faults, fault{field: "id", text: Quote(r.id) + " is the id of %s already", other: at, named: true})
	}
	if r.hashed {
		at, ok := t.byDigest(&r.digest)
		ofToken("sha256", "is", at, ok)
	}
	if s := r.succession; s != nil && s.replaces != "" {
		if at, ok := t.successors[s.replaces]; ok {
			text := fmt.Sprintf("%s is replaced by token %s already: name the last of its rotations", Quote(s.replaces), Quote(t.at(at).id))
			faults = append(faults, fault{field: "replaces", text: text})
		}
	}
	if r.joins == nil {
		return faults
	}
	at, ok := t.users[r.joins.user]
	ofToken("user", "is", at, ok)
	at, ok = t.gateways[r.joins.gateway]
	ofToken("gateway_id", "is", at, ok)
	if at, ok = t.claims[r.joins.claims]; ok {
		faults = append(faults, fault{field: "claims", text: fmt.Sprintf("are those of token %s already", Quote(t.at(at).id))})
	}
	if len(r.joins.lastFour) == 4 { // else that is what is wrong with it
		for _, other := range t.ends[[4]byte([]byte(r.joins.lastFour))] {
			ofToken("prefix", "with this last_four is", other.at, other.prefix == r.joins.prefix)
		}
	}
	return faults
}

// find is the record of a credential, how near it came among those of its kind, and what it was found by.
func (t *table) find(c credential.Credential, digest *[sha256.Size]byte, how join) (uint32, int, join, bool) {
	if t == nil {
		return 0, 0, 0, false
	}
	switch how {
	case byDigest:
		at, ok := t.byDigest(digest)
		return at, 0, how, ok
	case byGateway:
		at, ok := t.gateways[c.Raw]
		return at, 0, how, ok && (c.Named() || c.Kind == credential.AWSAccessKey)
	case byUser:
		at, ok := t.users[c.User]
		return at, 0, how, ok && c.Kind == credential.Basic
	case byClaims:
		return t.byClaims(c.Claims)
	}
	e, ok := t.byEnds(c.Raw)
	return e.at, len(e.prefix), byEnds, ok
}

// byClaims goes from the narrowest set of claims to the widest.
func (t *table) byClaims(of *credential.Claims) (at uint32, narrow int, as join, ok bool) {
	if of == nil || len(t.claims) == 0 {
		return 0, 0, 0, false
	}
	full := Claims{of.Issuer, of.ClientID, of.Subject}
	for i, c := range [...]Claims{
		full,
		{"", of.ClientID, of.Subject},
		{of.Issuer, "", of.Subject},
		{of.Issuer, of.ClientID, ""},
		{"", "", of.Subject},
		{"", of.ClientID, ""},
	} {
		if c.ClientID == "" && c.Subject == "" {
			continue
		}
		if at, ok := t.claims[c]; ok {
			if c == full && c.Subject != "" {
				return at, -i, bySubject, true
			}
			return at, -i, byClaims, true
		}
	}
	return 0, 0, 0, false
}
