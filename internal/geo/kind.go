package geo

import "net/netip"

// Kind is what sort of address one is. Only public ones have a country.
type Kind string

// Kinds of addresses (IANA's special-purpose registries, RFC 6890).
const (
	Public        Kind = "public"
	Private       Kind = "private"       // RFC 1918, RFC 4193
	Loopback      Kind = "loopback"      // 127.0.0.0/8, ::1
	LinkLocal     Kind = "link_local"    // 169.254.0.0/16, fe80::/10
	Shared        Kind = "shared"        // 100.64.0.0/10, carrier-grade NAT
	Documentation Kind = "documentation" // RFC 5737, RFC 3849, RFC 9637
	Multicast     Kind = "multicast"
	Reserved      Kind = "reserved" // benchmarks, protocol assignments, future use
	Unspecified   Kind = "unspecified"
)

var special = []struct {
	prefix netip.Prefix
	kind   Kind
}{
	{netip.MustParsePrefix("100.64.0.0/10"), Shared},
	{netip.MustParsePrefix("192.0.2.0/24"), Documentation},
	{netip.MustParsePrefix("198.51.100.0/24"), Documentation},
	{netip.MustParsePrefix("203.0.113.0/24"), Documentation},
	{netip.MustParsePrefix("192.0.0.0/24"), Reserved},
	{netip.MustParsePrefix("198.18.0.0/15"), Reserved},
	{netip.MustParsePrefix("0.0.0.0/8"), Reserved},
	{netip.MustParsePrefix("240.0.0.0/4"), Reserved},
	{netip.MustParsePrefix("2001:db8::/32"), Documentation},
	{netip.MustParsePrefix("3fff::/20"), Documentation},
	{netip.MustParsePrefix("100::/64"), Reserved},
	{netip.MustParsePrefix("2001::/23"), Reserved},
}

// KindOf is the kind of an address. An IPv4 address inside an IPv6 one counts as IPv4.
func KindOf(addr netip.Addr) Kind {
	addr = addr.Unmap()
	if addr.Is4() {
		switch first := addr.As4()[0]; first {
		case 0, 10, 100, 127, 169, 172, 192, 198, 203:
		default:
			if first < 224 {
				return Public
			}
		}
	}
	switch {
	case addr.IsUnspecified():
		return Unspecified
	case addr.IsLoopback():
		return Loopback
	case addr.IsPrivate():
		return Private
	case addr.IsLinkLocalUnicast():
		return LinkLocal
	case addr.IsMulticast():
		return Multicast
	}
	for i := range special {
		if special[i].prefix.Contains(addr) {
			return special[i].kind
		}
	}
	return Public
}

// Network is the prefix that an address may be kept as: its /24, or its /48. It is empty for what is no address.
func Network(addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	bits := 48
	switch {
	case !addr.IsValid():
		return ""
	case addr.Is4():
		bits = 24
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}
