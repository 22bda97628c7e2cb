package geo

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks whose word is taken on who the client is.
type Proxies []netip.Prefix

// ParseProxies reads networks and single addresses as a configuration names them. The error says which of them is neither.
func ParseProxies(texts []string) (Proxies, error) {
	var proxies Proxies
	for i, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, addrErr := netip.ParseAddr(text)
			if addrErr != nil {
				return nil, fmt.Errorf("trusted_proxies[%d]: %q is neither a network nor an address: write 10.0.0.0/8 or 10.1.2.3", i, text)
			}
			prefix = netip.PrefixFrom(addr.WithZone(""), addr.BitLen())
		}
		if inner := prefix.Addr().Unmap(); inner != prefix.Addr() { // ::ffff:10.0.0.0/104, as it is written where sockets take both
			const mapped = 96
			if prefix.Bits() < mapped {
				return nil, fmt.Errorf("trusted_proxies[%d]: %q holds more than IPv4 addresses: write 10.0.0.0/8", i, text)
			}
			prefix = netip.PrefixFrom(inner, prefix.Bits()-mapped)
		}
		proxies = append(proxies, prefix.Masked())
	}
	return slices.Clip(proxies), nil
}

// Contains says whether an address is a trusted proxy.
func (p Proxies) Contains(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// Sight is what a record says about where a request came from. Any part may be missing.
type Sight struct {
	Client    string   // what the instrumentation took for the client; mostly the left-most of Forwarded, so the client's own word
	Peer      string   // the other end of the connection
	Forwarded []string // X-Forwarded-For, in order; an element may be a comma list
	Standard  []string // Forwarded (RFC 7239)
}

// Client is the address of the client as far as the proxies can be trusted. Without trusted proxies it is what the
// instrumentation says. With them, a peer that is none of them is the client itself; behind one, the client is the right-most
// address that is not a trusted proxy's own.
func (p Proxies) Client(s Sight) (netip.Addr, bool) {
	client, haveClient := ParseAddr(s.Client)
	peer, havePeer := ParseAddr(s.Peer)
	if len(p) == 0 || !havePeer {
		if haveClient {
			return client, true
		}
		return peer, havePeer
	}
	if !p.Contains(peer) {
		return peer, true
	}
	if addr, ok := p.rightmost(s.Forwarded, func(element string) string { return element }); ok {
		return addr, true
	}
	if addr, ok := p.rightmost(s.Standard, forParameter); ok {
		return addr, true
	}
	if haveClient {
		return client, true
	}
	return peer, true
}

// Behind is the client that the proxies in front of a trusted one name in X-Forwarded-For: the right-most that is none of them.
func (p Proxies) Behind(forwarded ...string) (netip.Addr, bool) {
	return p.rightmost(forwarded, func(element string) string { return element })
}

// rightmost walks a list of hops from the server's end. A hop that is no address ends the walk: nobody trusted wrote what
// stands before it.
func (p Proxies) rightmost(headers []string, address func(string) string) (last netip.Addr, ok bool) {
	for i := len(headers) - 1; i >= 0; i-- {
		rest := headers[i]
		for rest != "" {
			hop := rest
			if comma := lastComma(rest); comma >= 0 {
				rest, hop = rest[:comma], rest[comma+1:]
			} else {
				rest = ""
			}
			addr, valid := ParseAddr(address(strings.TrimSpace(hop)))
			if !valid {
				return last, ok
			}
			last, ok = addr, true
			if !p.Contains(addr) {
				return last, true
			}
		}
	}
	return last, ok
}

// lastComma is the last comma that stands in no quotes, or -1. Quotes are paired from the end: the client writes the beginning, and
// a quote that it leaves open must not hide what the proxies added.
func lastComma(s string) int {
	quoted := false
	for i := len(s) - 1; i >= 0; i-- {
		switch {
		case s[i] == '"' && !escaped(s, i):
			quoted = !quoted
		case s[i] == ',' && !quoted:
			return i
		}
	}
	return -1
}

// escaped says whether the byte at i stands behind a backslash that is none itself.
func escaped(s string, i int) bool {
	n := 0
	for i > n && s[i-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// forParameter is the for= of one element of a Forwarded header (RFC 7239), empty if there is none or more than one: a host that the
// client sent may stand beside it.
func forParameter(element string) string {
	address, found := "", false
	for element != "" {
		var pair string
		pair, element = cutPair(element)
		name, value, ok := strings.Cut(pair, "=")
		if !ok || !strings.EqualFold(strings.TrimSpace(name), "for") {
			continue
		}
		if found {
			return ""
		}
		address, found = unquote(strings.TrimSpace(value)), true
	}
	return address
}

// cutPair cuts an element behind the first semicolon that stands in no quotes.
func cutPair(element string) (pair, rest string) {
	quoted := false
	for i := 0; i < len(element); i++ {
		switch b := element[i]; {
		case b == '"':
			quoted = !quoted
		case b == '\\' && quoted:
			i++
		case b == ';' && !quoted:
			return element[:i], element[i+1:]
		}
	}
	return element, ""
}

func unquote(value string) string {
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}

// ParseAddr reads an address as headers and logs write it: with or without port, brackets and zone.
func ParseAddr(s string) (netip.Addr, bool) {
	if addr, ok := parseIPv4(s); ok {
		return addr, true
	}
	if len(s) < 2 || len(s) > 64 {
		return netip.Addr{}, false
	}
	if s[0] == '[' {
		end := strings.IndexByte(s, ']')
		if end < 0 || end+1 < len(s) && s[end+1] != ':' {
			return netip.Addr{}, false
		}
		s = s[1:end]
	} else if colon := strings.IndexByte(s, ':'); colon >= 0 && strings.IndexByte(s[colon+1:], ':') < 0 {
		s = s[:colon] // IPv4 and a port
	}
	if !addressBytes(s) {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return addr.Unmap().WithZone(""), true
}

// addressBytes refuses host names before the parser makes an error of them.
func addressBytes(s string) bool {
	if s == "" || !(s[0] == ':' || s[0] >= '0' && s[0] <= '9' || s[0] >= 'a' && s[0] <= 'f' || s[0] >= 'A' && s[0] <= 'F') {
		return false
	}
	return strings.IndexByte(s, '.') >= 0 || strings.IndexByte(s, ':') >= 0
}

// parseIPv4 reads what most addresses are: four plain numbers. What it does not read may still be an address.
func parseIPv4(s string) (netip.Addr, bool) {
	var b [4]byte
	i := 0
	for part := range b {
		if i >= len(s) || s[i]-'0' > 9 {
			return netip.Addr{}, false
		}
		value := uint(s[i] - '0')
		first := i
		for i++; i < len(s) && s[i]-'0' <= 9; i++ {
			value = value*10 + uint(s[i]-'0')
		}
		if digits := i - first; digits > 3 || value > 255 || digits > 1 && s[first] == '0' {
			return netip.Addr{}, false
		}
		b[part] = byte(value)
		if part < 3 {
			if i >= len(s) || s[i] != '.' {
				return netip.Addr{}, false
			}
			i++
		}
	}
	if i != len(s) {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4(b), true
}
