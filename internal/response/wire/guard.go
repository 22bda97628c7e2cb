package wire

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Guard keeps requests to addresses that somebody else than the operator wrote away from what only this machine, or this
// network, can reach. The zero value lets through https on port 443 to public addresses.
//
// What a name resolves to is looked at when the connection is made, not before: a name that answers differently the second
// time gains nothing.
type Guard struct {
	Allow     []netip.Prefix // addresses that may be reached although they are not public
	PlainHTTP bool           // http:// may be used, too
	Ports     []uint16       // that may be used; none: 443, and 80 where PlainHTTP holds
	Resolver  *net.Resolver  // nil: the system's
}

const maxAddress = 2048 // bytes of a URL

// ErrForbidden is why the guard lets a request go nowhere.
var ErrForbidden = errors.New("forbidden address")

func forbidden(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrForbidden, fmt.Sprintf(format, args...))
}

// Check says what is wrong with a URL before anything is resolved. Its errors hold no part of the path or the query, which
// may be secret.
func (g *Guard) Check(address string) (*url.URL, error) {
	if len(address) > maxAddress {
		return nil, forbidden("the URL has more than %d bytes", maxAddress)
	}
	u, err := url.Parse(address)
	if err != nil || u.Opaque != "" {
		return nil, forbidden("this is not a URL: write https://…")
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, forbidden("the scheme is not https")
	case u.Scheme == "http" && !g.PlainHTTP:
		return nil, forbidden("http:// is not encrypted: write https://, or allow it by allow_http: true")
	case u.User != nil:
		return nil, forbidden("the URL holds credentials")
	}
	if err := g.checkHost(u.Hostname()); err != nil {
		return nil, err
	}
	return u, g.checkPort(u)
}

func (g *Guard) checkHost(host string) error {
	if host == "" {
		return forbidden("the URL has no host")
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" || addr.Is4In6() {
			return forbidden("%s: write the plain address", host)
		}
		return g.permit(addr)
	}
	if strings.ContainsFunc(host, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_'
	}) {
		return forbidden("the host has characters that a name does not have: write names of other scripts as xn--…")
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	if last := labels[len(labels)-1]; numeric(last) {
		return forbidden("%s is an address in an unusual notation: write it as 192.0.2.1 is written", host)
	}
	return nil
}

// numeric says whether the last label of a host makes some resolvers read all of it as an IPv4 address: 2130706433, 0x7f.1,
// 0177.0.0.1.
func numeric(label string) bool {
	if label == "" {
		return true
	}
	hex, ok := strings.CutPrefix(strings.ToLower(label), "0x")
	if ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

func (g *Guard) checkPort(u *url.URL) error {
	text := u.Port()
	if text == "" {
		text = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return forbidden("the port is not a number from 1 to 65535")
	}
	allowed := g.Ports
	if len(allowed) == 0 {
		allowed = []uint16{443}
		if g.PlainHTTP {
			allowed = append(allowed, 80)
		}
	}
	if !slices.Contains(allowed, uint16(port)) {
		return forbidden("port %d is none of %v: allow it by allow_ports", port, allowed)
	}
	return nil
}

// reserved are the addresses that are not public, and what they are.
//
// Source: the IANA IPv4 and IPv6 Special-Purpose Address Registries, RFC 6890.
var reserved = []struct {
	prefix netip.Prefix
	kind   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "this network"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared behind a carrier's NAT"},
	{netip.MustParsePrefix("127.0.0.0/8"), "this machine"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "reserved"},
	{netip.MustParsePrefix("192.0.2.0/24"), "for documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "a 6to4 relay"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("198.18.0.0/15"), "for benchmarks"},
	{netip.MustParsePrefix("198.51.100.0/24"), "for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "for documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{netip.MustParsePrefix("::/128"), "this machine"},
	{netip.MustParsePrefix("::1/128"), "this machine"},
	{netip.MustParsePrefix("::/96"), "an IPv4 address in IPv6"},
	{netip.MustParsePrefix("64:ff9b::/96"), "behind a NAT64"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "behind a NAT64"},
	{netip.MustParsePrefix("2001::/23"), "a tunnel, or reserved"},
	{netip.MustParsePrefix("2001:db8::/32"), "for documentation"},
	{netip.MustParsePrefix("2002::/16"), "a 6to4 tunnel"},
	{netip.MustParsePrefix("3fff::/20"), "for documentation"},
	{netip.MustParsePrefix("fc00::/7"), "unique-local"},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("fec0::/10"), "site-local"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

// global are the only IPv6 addresses that are given to anybody.
var global = netip.MustParsePrefix("2000::/3")

// permit says why an address may not be reached.
func (g *Guard) permit(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	for _, allowed := range g.Allow {
		if allowed.Contains(addr) {
			return nil
		}
	}
	for _, r := range reserved {
		if r.prefix.Contains(addr) {
			return forbidden("%s is %s: allow it by allow_private", addr, r.kind)
		}
	}
	if addr.Is6() && !global.Contains(addr) {
		return forbidden("%s is reserved: allow it by allow_private", addr)
	}
	return nil
}

// control looks at the address that a connection is about to be made to.
func (g *Guard) control(network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return forbidden("%s is not TCP", network)
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return forbidden("not an address")
	}
	return g.permit(to.Addr())
}

// Client makes requests that the guard watches over. It uses no proxy, which would make the connections in its stead, and
// follows no redirects.
func (g *Guard) Client(secure *tls.Config) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Resolver: g.Resolver, Control: g.control}
	transport := &http.Transport{
		TLSClientConfig:        secure,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		DisableKeepAlives:      true, // many receivers, each with few messages
		MaxResponseHeaderBytes: 64 << 10,
		DialContext:            dialer.DialContext,
	}
	return Client(&http.Client{Transport: transport})
}
