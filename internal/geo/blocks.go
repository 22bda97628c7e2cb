package geo

import (
	"net/netip"
	"sync/atomic"

	"github.com/oschwald/maxminddb-golang/v2"
)

// blocks remembers where in a database the record of a /24 of IPv4 addresses stands, for those that were asked for: one look where
// the database's tree takes two dozen. The zero value is ready. Safe for concurrent use.
type blocks struct {
	pages [1 << 16]atomic.Pointer[page] // by the first two bytes of the address
	n     atomic.Int32
}

// page is by the third byte: 0 is not known, blockUnknown what the database does not know, and all else an offset.
type page [256]atomic.Uint32

const (
	blockUnknown = 1
	blockOffset  = 2 // an offset is kept with this added
	mostPages    = 1 << 14
)

// get is the offset of an address's record; found is false where the database has none.
func (b *blocks) get(addr [4]byte) (offset uintptr, found, known bool) {
	p := b.pages[int(addr[0])<<8|int(addr[1])].Load()
	if p == nil {
		return 0, false, false
	}
	at := p[addr[2]].Load()
	if at < blockOffset {
		return 0, false, at == blockUnknown
	}
	return uintptr(at - blockOffset), true, true
}

// put remembers what a look brought, if it holds of all the /24.
func (b *blocks) put(addr [4]byte, result maxminddb.Result) {
	at := uint64(blockUnknown)
	if result.Found() {
		at = uint64(result.Offset()) + blockOffset
	}
	if result.Err() != nil || result.Prefix().Bits() > 24 || at>>32 != 0 {
		return
	}
	slot := &b.pages[int(addr[0])<<8|int(addr[1])]
	p := slot.Load()
	if p == nil {
		if b.n.Load() >= mostPages {
			return
		}
		if p = new(page); slot.CompareAndSwap(nil, p) {
			b.n.Add(1)
		} else {
			p = slot.Load()
		}
	}
	p[addr[2]].Store(uint32(at))
}

// lookUp is the offset of an address's record.
func (d *Database) lookUp(addr netip.Addr) (offset uintptr, found bool) {
	if !addr.Is4() {
		result := d.reader.Lookup(addr)
		return result.Offset(), result.Found()
	}
	b := addr.As4()
	offset, found, known := d.blocks.get(b)
	if !known {
		result := d.reader.Lookup(addr)
		d.blocks.put(b, result)
		return result.Offset(), result.Found()
	}
	return offset, found
}
