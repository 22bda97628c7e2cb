package otelattr

import (
	"net/netip"
	"sync/atomic"
)

// networks remembers the networks of addresses that were seen lately, each in the one place that its spelling leads to.
var networks [1 << 12]atomic.Pointer[addressNetwork]

type addressNetwork struct{ address, network string }

// network truncates an address to the network that may be kept: /24 or /48.
func network(address string) string {
	h := uint32(2166136261) // FNV-1a
	for i := range len(address) {
		h = (h ^ uint32(address[i])) * 16777619
	}
	place := &networks[(h^h>>16)%uint32(len(networks))]
	if known := place.Load(); known != nil && known.address == address {
		return known.network
	}
	truncated := truncate(address)
	place.Store(&addressNetwork{address, truncated})
	return truncated
}

func truncate(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		port, portErr := netip.ParseAddrPort(address)
		if portErr != nil {
			return ""
		}
		addr = port.Addr()
	}
	addr = addr.Unmap()
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	prefix, err := addr.WithZone("").Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}
