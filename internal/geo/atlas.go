package geo

import (
	"net/netip"
	"sync/atomic"
)

// Atlas is the databases in force. They may be replaced at any time. Safe for concurrent use; the zero Atlas knows the kinds of
// addresses and nothing else.
type Atlas struct {
	country, city, network atomic.Pointer[Database]
	generation             atomic.Uint64
}

// Content is what a database is there for.
type Content uint8

// Contents of databases.
const (
	Countries Content = iota
	Cities
	Networks
)

// Put puts a database in force, in place of the one before.
func (a *Atlas) Put(content Content, d *Database) {
	switch content {
	case Countries:
		a.country.Store(d)
	case Cities:
		a.city.Store(d)
	case Networks:
		a.network.Store(d)
	}
	a.generation.Add(1)
}

// Find is where an address is. The city database is believed before the country database, and what is said of a place is said by
// one of them.
func (a *Atlas) Find(addr netip.Addr) Place {
	addr = addr.Unmap().WithZone("")
	p := Place{Kind: KindOf(addr)}
	if p.Kind != Public {
		return p
	}
	city := a.city.Load().find(addr)
	if p.where = city; city.Country == "" {
		if country := a.country.Load().find(addr); country.Country != "" {
			p.where = country
		}
	}
	if p.network = a.network.Load().find(addr); p.network.Network == 0 {
		p.network = city
	}
	return p
}
