package geo

import (
	"encoding/binary"
	"net/netip"
)

// Place is where an address is, as far as the databases know. The zero Place is nowhere.
type Place struct {
	Kind    Kind
	where   *Record // nil: unknown
	network *Record // nil: unknown
}

// Where is the country, the region and the city, all unknown where nothing is.
func (p Place) Where() *Record {
	if p.where == nil {
		return &unknown.Record
	}
	return p.where
}

// Network is the network, unknown where nothing is.
func (p Place) Network() *Record {
	if p.network == nil {
		return &unknown.Record
	}
	return p.network
}

// Memo remembers the places of the IPv6 addresses that were asked for lately; the databases themselves remember IPv4. Not safe for concurrent use.
type Memo struct {
	slots      [512]memoSlot
	generation uint64
}

type memoSlot struct {
	addr  netip.Addr
	place Place
}

// Find is atlas.Find, from memory where it can.
func (m *Memo) Find(atlas *Atlas, addr netip.Addr) Place {
	if addr.Is4() {
		return atlas.Find(addr)
	}
	if generation := atlas.generation.Load(); generation != m.generation {
		*m = Memo{generation: generation}
	}
	b := addr.As16()
	h := (binary.LittleEndian.Uint64(b[:])*31 + binary.LittleEndian.Uint64(b[8:])) * 0x9e3779b97f4a7c15
	slot := &m.slots[h>>55]
	if slot.addr != addr {
		*slot = memoSlot{addr, atlas.Find(addr)}
	}
	return slot.place
}
