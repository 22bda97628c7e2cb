// Package geo says where an address is: its place and its network, from a country database in the public domain that is embedded,
// and from databases that the operator has. What is not known is unknown, never guessed.
package geo

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
	"github.com/oschwald/maxminddb-golang/v2"
)

//go:embed country.mmdb.zst
var compressed []byte

// Database finds what is known of addresses. Safe for concurrent use.
type Database struct {
	reader  *maxminddb.Reader
	blocks  blocks
	records [1 << 12]atomic.Pointer[located] // that were read lately, each in the one place that its offset leads to
}

// located is a record and where in its database it stands.
type located struct {
	Record
	offset uintptr
}

// Embedded is the database that Holter carries. It is unpacked (5 MB) at the first call.
var Embedded = sync.OnceValues(func() (*Database, error) {
	raw, err := unpack()
	if err != nil {
		return nil, fmt.Errorf("unpack country database: %w", err)
	}
	return Open(raw)
})

func unpack() ([]byte, error) {
	decoder, err := zstd.NewReader(bytes.NewReader(compressed), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	return io.ReadAll(decoder)
}

// Open reads a database in MaxMind's format, in any layout that Record reads.
func Open(raw []byte) (*Database, error) {
	reader, err := maxminddb.OpenBytes(raw)
	if err != nil {
		return nil, err
	}
	return &Database{reader: reader}, nil
}

// Country is the ISO 3166-1 alpha-2 code of an address, empty if it is not known.
func (d *Database) Country(addr netip.Addr) string { return d.Find(addr).Country }

// unknown is the record of what no database knows.
var unknown = new(located)

// Find is what the database says of an address, never nil. Addresses that are nobody's (KindOf) are not looked up.
func (d *Database) Find(addr netip.Addr) *Record {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() || KindOf(addr) != Public {
		return &unknown.Record
	}
	return d.find(addr)
}

// find is Find for a public address that is no IPv4 one inside an IPv6 one.
func (d *Database) find(addr netip.Addr) *Record {
	if d == nil {
		return &unknown.Record
	}
	offset, ok := d.lookUp(addr)
	if !ok {
		return &unknown.Record
	}
	place := &d.records[(offset^offset>>12)%uintptr(len(d.records))]
	if known := place.Load(); known != nil && known.offset == offset {
		return &known.Record
	}
	found := &located{offset: offset}
	if err := d.reader.LookupOffset(offset).Decode(&found.Record); err != nil {
		found.Record = Record{}
	}
	place.Store(found)
	return &found.Record
}
