// Package geo says where an address is: its country, from an embedded database in the public domain, and its network. What is
// not known is unknown, never guessed.
package geo

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
	"github.com/oschwald/maxminddb-golang/v2"
)

//go:embed country.mmdb.zst
var compressed []byte

// Database finds countries. Safe for concurrent use.
type Database struct {
	reader    *maxminddb.Reader
	countries atomic.Pointer[map[uintptr]string] // by the offset of a record; there are some 250, so it is copied to grow
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

// Open reads a database in MaxMind's format whose records name a country_code.
func Open(raw []byte) (*Database, error) {
	reader, err := maxminddb.OpenBytes(raw)
	if err != nil {
		return nil, fmt.Errorf("open country database: %w", err)
	}
	d := &Database{reader: reader}
	d.countries.Store(&map[uintptr]string{})
	return d, nil
}

// Country is the ISO 3166-1 alpha-2 code of an address, empty if it is not known. Addresses that are nobody's (KindOf) are not
// looked up.
func (d *Database) Country(addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() || KindOf(addr) != Public {
		return ""
	}
	result := d.reader.Lookup(addr)
	if !result.Found() {
		return ""
	}
	known := *d.countries.Load()
	if country, ok := known[result.Offset()]; ok {
		return country
	}
	var record struct {
		Country string `maxminddb:"country_code"`
	}
	if err := result.Decode(&record); err != nil || !isCode(record.Country) {
		record.Country = ""
	}
	more := maps.Clone(known)
	more[result.Offset()] = record.Country
	d.countries.Store(&more)
	return record.Country
}

// isCode refuses what stands in some databases for unknown: "ZZ", "None".
func isCode(code string) bool {
	return len(code) == 2 && code != "ZZ" && code != "XX" && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z'
}
