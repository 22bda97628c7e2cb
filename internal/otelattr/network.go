package otelattr

import (
	"net/netip"
	"sync/atomic"
)

// networks remembers the networks of addresses that were seen lately, each in the one place that its spelling leads to, and prefixes those of
// plain IPv4 addresses by their number: there are fewer of them.
var (
	networks [1 << 12]atomic.Pointer[addressNetwork]
	prefixes [1 << 12]atomic.Pointer[prefixNetwork]
)

type (
	addressNetwork struct{ address, network string }
	prefixNetwork  struct {
		prefix  uint32
		network string
	}
)

// network truncates an address to the network that may be kept: /24 or /48.
func network(address string) string {
	if prefix, ok := prefix24(address); ok {
		place := &prefixes[prefix*0x9e3779b1>>(32-12)]
		if known := place.Load(); known != nil && known.prefix == prefix {
			return known.network
		}
		truncated := truncate(address)
		place.Store(&prefixNetwork{prefix, truncated})
		return truncated
	}
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

// prefix24 is the first three numbers of an IPv4 address that is nothing else. What it does not know for one may be one all the same.
func prefix24(address string) (prefix uint32, ok bool) {
	part, digits, dots := uint32(0), 0, 0
	for i := range len(address) {
		switch c := address[i]; {
		case c >= '0' && c <= '9':
			if digits > 0 && part == 0 { // a leading zero: another notation
				return 0, false
			}
			part = part*10 + uint32(c-'0')
			if digits++; part > 255 {
				return 0, false
			}
		case c == '.' && digits > 0 && dots < 3:
			prefix, part, digits = prefix<<8|part, 0, 0
			dots++
		default:
			return 0, false
		}
	}
	return prefix, dots == 3 && digits > 0
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
