package geo

import (
	"net/netip"
	"strings"
)

// cdns are networks of companies that stand between a client and a service: an address of theirs says where an edge is, not where the
// client is. From the lists that they publish; those of clouds that rent out the same numbers are left out.
var cdns = [...]struct {
	name     string
	systems  []string
	prefixes []string
}{
	{"Cloudflare", []string{"AS13335", "AS209242"}, []string{
		"173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18", "108.162.192.0/18", "190.93.240.0/20",
		"188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17", "162.158.0.0/15", "104.16.0.0/13", "104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22",
		"2400:cb00::/32", "2606:4700::/32", "2803:f800::/32", "2405:b500::/32", "2405:8100::/32", "2a06:98c0::/29", "2c0f:f248::/32",
	}},
	{"Fastly", []string{"AS54113"}, []string{
		"23.235.32.0/20", "43.249.72.0/22", "103.244.50.0/24", "103.245.222.0/23", "103.245.224.0/24", "104.156.80.0/20", "140.248.64.0/18",
		"140.248.128.0/17", "146.75.0.0/16", "151.101.0.0/16", "157.52.64.0/18", "167.82.0.0/17", "167.82.128.0/20", "167.82.160.0/20",
		"167.82.224.0/20", "172.111.64.0/18", "185.31.16.0/22", "199.27.72.0/21", "199.232.0.0/16", "2a04:4e40::/32", "2a04:4e42::/32",
	}},
	{"Akamai", []string{"AS20940", "AS16625", "AS32787"}, []string{
		"23.32.0.0/11", "23.192.0.0/11", "2.16.0.0/13", "104.64.0.0/10", "184.24.0.0/13", "184.50.0.0/15", "184.84.0.0/14", "95.100.0.0/15",
		"96.6.0.0/15", "96.16.0.0/15", "72.246.0.0/15", "88.221.0.0/16", "92.122.0.0/15", "2600:1400::/24", "2a02:26f0::/32",
	}},
	{"CloudFront", nil, []string{
		"13.32.0.0/15", "13.35.0.0/16", "13.224.0.0/14", "13.249.0.0/16", "18.64.0.0/14", "18.154.0.0/15", "18.160.0.0/15", "18.164.0.0/15",
		"18.172.0.0/15", "18.238.0.0/15", "18.244.0.0/15", "52.84.0.0/15", "52.222.128.0/17", "54.182.0.0/16", "54.192.0.0/16", "54.230.0.0/16",
		"54.239.128.0/18", "64.252.64.0/18", "64.252.128.0/18", "70.132.0.0/18", "99.84.0.0/16", "99.86.0.0/16", "108.138.0.0/15", "108.156.0.0/14",
		"143.204.0.0/16", "144.220.0.0/16", "216.137.32.0/19", "3.160.0.0/14", "2600:9000::/28",
	}},
	{"Imperva", []string{"AS19551"}, []string{
		"199.83.128.0/21", "198.143.32.0/19", "149.126.72.0/21", "103.28.248.0/22", "185.11.124.0/22", "192.230.64.0/18", "45.64.64.0/22",
		"107.154.0.0/16", "45.60.0.0/16", "45.223.0.0/16", "2a02:e980::/29",
	}},
	{"CDN77", []string{"AS60068"}, nil},
	{"bunny.net", []string{"AS200325"}, nil},
	{"Gcore", []string{"AS199524"}, nil},
	{"Sucuri", []string{"AS30148"}, []string{"192.88.134.0/23", "185.93.228.0/22", "66.248.200.0/22", "208.109.0.0/22", "2a02:fe80::/29"}},
}

type edge struct {
	prefix netip.Prefix
	name   string
}

// edgeSystems and edges are cdns by number, and by the first byte of the address.
var (
	edgeSystems = make(map[string]string)
	edges       [256][]edge
)

func init() {
	for _, cdn := range cdns {
		for _, number := range cdn.systems {
			edgeSystems[number] = cdn.name
		}
		for _, text := range cdn.prefixes {
			prefix := netip.MustParsePrefix(text)
			first := firstByte(prefix.Addr()) // no prefix is shorter than a byte
			edges[first] = append(edges[first], edge{prefix, cdn.name})
		}
	}
}

// CDN is the company whose edge a network is, "AS13335" or a prefix; empty for one that is none, or not known as one.
func CDN(network string) string {
	if strings.HasPrefix(network, "AS") {
		return edgeSystems[network]
	}
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return ""
	}
	addr := prefix.Addr()
	for _, e := range edges[firstByte(addr)] {
		if e.prefix.Bits() <= prefix.Bits() && e.prefix.Contains(addr) {
			return e.name
		}
	}
	return ""
}

func firstByte(addr netip.Addr) byte {
	if addr.Is4() {
		return addr.As4()[0]
	}
	return addr.As16()[0]
}
