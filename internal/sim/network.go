package sim

import "net/netip"

// system is an autonomous system and what it announces.
type system struct {
	prefix netip.Prefix
	number uint32
}

// privateAS is the first of the numbers that no public system has (RFC 6996): each range of homes, carriers and hosters is taken for a
// provider of its own.
const privateAS = 4_200_000_000

// systems are those of the ranges that clients call from. What is everywhere has its company's public number.
var systems = func() []system {
	var out []system
	announce := func(number uint32, prefixes ...netip.Prefix) {
		for _, p := range prefixes {
			out = append(out, system{p, number})
		}
	}
	announce(14618, clouds[:3]...)
	announce(8075, clouds[3:7]...)
	announce(396982, clouds[7:]...)
	announce(54113, edges[:3]...)
	announce(13335, edges[3:]...)
	number := uint32(privateAS)
	for _, home := range homes {
		number = countries[home.code].announce(number, announce)
	}
	for _, code := range lairs {
		number = countries[code].announce(number, announce)
	}
	return out
}()

// announce numbers the country's ranges from the given number on and returns the next one.
func (c *Country) announce(number uint32, as func(uint32, ...netip.Prefix)) uint32 {
	for _, kind := range [...][]netip.Prefix{c.Fixed, c.Mobile, c.Six, c.Hosted} {
		for _, p := range kind {
			as(number, p)
			number++
		}
	}
	return number
}

// AS is the number of the autonomous system that an address of the fleet belongs to, 0 for none.
func AS(addr netip.Addr) uint32 {
	addr = addr.Unmap()
	for i := range systems {
		if systems[i].prefix.Contains(addr) {
			return systems[i].number
		}
	}
	return 0
}
