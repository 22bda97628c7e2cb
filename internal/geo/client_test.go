package geo

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClient(t *testing.T) {
	trusted := Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	for name, test := range map[string]struct {
		proxies Proxies
		sight   Sight
		want    string
	}{
		"nothing":                  {nil, Sight{}, ""},
		"as given":                 {nil, Sight{Client: "8.8.8.8", Peer: "10.0.0.1", Forwarded: []string{"1.1.1.1"}}, "8.8.8.8"},
		"peer alone":               {nil, Sight{Peer: "8.8.8.8"}, "8.8.8.8"},
		"a client that lies":       {trusted, Sight{Client: "1.1.1.1", Peer: "10.0.0.1", Forwarded: []string{"1.1.1.1, 8.8.8.8"}}, "8.8.8.8"},
		"two proxies":              {trusted, Sight{Client: "8.8.8.8", Peer: "10.0.0.1", Forwarded: []string{"1.1.1.1, 8.8.8.8, 10.2.3.4"}}, "8.8.8.8"},
		"two headers":              {trusted, Sight{Peer: "10.0.0.1", Forwarded: []string{"8.8.8.8", "10.2.3.4"}}, "8.8.8.8"},
		"only proxies":             {trusted, Sight{Peer: "10.0.0.1", Forwarded: []string{"10.9.9.9, 10.2.3.4"}}, "10.9.9.9"},
		"a peer that is no proxy":  {trusted, Sight{Client: "1.1.1.1", Peer: "8.8.8.8:4711", Forwarded: []string{"1.1.1.1"}}, "8.8.8.8"},
		"header was not captured":  {trusted, Sight{Client: "8.8.8.8", Peer: "10.0.0.1"}, "8.8.8.8"},
		"peer is not known":        {trusted, Sight{Client: "8.8.8.8"}, "8.8.8.8"},
		"nonsense in the header":   {trusted, Sight{Peer: "10.0.0.1", Forwarded: []string{"1.1.1.1, unknown, 10.2.3.4"}}, "10.2.3.4"},
		"nothing but nonsense":     {trusted, Sight{Client: "8.8.8.8", Peer: "10.0.0.1", Forwarded: []string{"unknown"}}, "8.8.8.8"},
		"ports":                    {trusted, Sight{Peer: "10.0.0.1:80", Forwarded: []string{"8.8.8.8:1234"}}, "8.8.8.8"},
		"IPv6":                     {trusted, Sight{Peer: "2001:db8::1", Forwarded: []string{"[2a01:238::1]:443"}}, "2a01:238::1"},
		"Forwarded":                {trusted, Sight{Peer: "10.0.0.1", Standard: []string{`for=1.1.1.1, for="[2a01:238::1]:443";proto=https;by=10.0.0.1`}}, "2a01:238::1"},
		"Forwarded, a zone":        {trusted, Sight{Peer: "10.0.0.1", Standard: []string{`for="[2a01:238::1%25eth0]"`}}, "2a01:238::1"},
		"Forwarded, mapped":        {trusted, Sight{Peer: "10.0.0.1", Standard: []string{`For="[::ffff:8.8.8.8]:443"`}}, "8.8.8.8"},
		"Forwarded, a hidden port": {trusted, Sight{Peer: "10.0.0.1", Standard: []string{`for="8.8.8.8:_x"; proto=http`}}, "8.8.8.8"},
		"Forwarded, two proxies":   {trusted, Sight{Peer: "10.0.0.1", Standard: []string{`for=8.8.8.8;by="a,b;c", for=10.0.0.2`}}, "8.8.8.8"},
		"Forwarded, an open quote": {trusted, Sight{Peer: "10.0.0.1", Standard: []string{`for="1.1.1.1, for=8.8.8.8`}}, "8.8.8.8"},
		"Forwarded, a host that lies": {
			trusted, Sight{Peer: "10.0.0.1", Standard: []string{`for=1.1.1.1, host="x\";for=1.1.1.1, for=1.1.1.1";for=8.8.8.8`}}, "8.8.8.8",
		},
		"Forwarded, two clients":   {trusted, Sight{Client: "9.9.9.9", Peer: "10.0.0.1", Standard: []string{"for=1.1.1.1;for=8.8.8.8"}}, "9.9.9.9"},
		"Forwarded, unknown":       {trusted, Sight{Client: "9.9.9.9", Peer: "10.0.0.1", Standard: []string{"for=1.1.1.1, for=unknown"}}, "9.9.9.9"},
		"text behind the brackets": {trusted, Sight{Client: "9.9.9.9", Peer: "10.0.0.1", Forwarded: []string{"[2a01:238::1]x"}}, "9.9.9.9"},
		"an octal address":         {trusted, Sight{Client: "9.9.9.9", Peer: "10.0.0.1", Forwarded: []string{"010.1.1.1"}}, "9.9.9.9"},
		"Forwarded, obfuscated":    {trusted, Sight{Client: "8.8.8.8", Peer: "10.0.0.1", Standard: []string{"for=_hidden"}}, "8.8.8.8"},
		"a mapped address":         {trusted, Sight{Peer: "::ffff:10.0.0.1", Forwarded: []string{"8.8.8.8"}}, "8.8.8.8"},
		"empty elements":           {trusted, Sight{Peer: "10.0.0.1", Forwarded: []string{"8.8.8.8,"}, Client: "9.9.9.9"}, "9.9.9.9"},
		"a name instead of a peer": {nil, Sight{Client: "localhost", Peer: "host"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			addr, ok := test.proxies.Client(test.sight)
			assert.Equal(t, test.want != "", ok)
			if ok {
				assert.Equal(t, test.want, addr.String())
			}
		})
	}
}

func FuzzClient(f *testing.F) {
	f.Add("8.8.8.8:1", "[::1]:2", "1.1.1.1, 2.2.2.2", `for="[::1]"`)
	f.Add("fe80::1%eth0", "::", ",,", "for=;for")
	proxies := Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::/8")}
	f.Fuzz(func(t *testing.T, client, peer, forwarded, standard string) {
		addr, ok := proxies.Client(Sight{Client: client, Peer: peer, Forwarded: []string{forwarded}, Standard: []string{standard}})
		if ok != addr.IsValid() {
			t.Fatal("an address that is none")
		}
		Network(addr)
		KindOf(addr)
	})
}

// FuzzForwarded: whatever a client sends, what the trusted proxy adds behind it is what counts, in either header.
func FuzzForwarded(f *testing.F) {
	f.Add("1.1.1.1", "example.com")
	f.Add(`for="1.1.1.1`, `x\";for=1.1.1.1, for="1.1.1.1`)
	f.Add(`for=1.1.1.1;host="`, `";for=1.1.1.1;x="`)
	proxies := Proxies{netip.MustParsePrefix("10.0.0.0/8")}
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	f.Fuzz(func(t *testing.T, sent, host string) {
		for _, sight := range []Sight{
			{Forwarded: []string{sent + ", 8.8.8.8"}},
			{Forwarded: []string{sent, "8.8.8.8, 10.0.0.9"}},
			{Standard: []string{sent + `, for=8.8.8.8;host="` + escape.Replace(host) + `"`}},
			{Standard: []string{sent + `, host="` + escape.Replace(host) + `";for="8.8.8.8:443"`, "for=10.0.0.9"}},
		} {
			sight.Peer, sight.Client = "10.0.0.1", sent
			if addr, ok := proxies.Client(sight); !ok || addr.String() != "8.8.8.8" {
				t.Fatalf("%v of %+v", addr, sight)
			}
		}
	})
}

func TestPlainAddressesAreReadLikeOthers(t *testing.T) {
	for _, text := range []string{
		"1.2.3.4", "255.255.255.255", "0.0.0.0", "256.1.1.1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "01.2.3.4", "1.2.3.00", "1.2.3.1000",
		"1.2.3.4 ", "a.2.3.4", "", "1", "10.20.30.40",
	} {
		want, err := netip.ParseAddr(text)
		got, ok := parseIPv4(text)
		assert.Equal(t, err == nil, ok, text)
		assert.Equal(t, want, got, text)
	}
}

// Sockets that take both kinds of addresses write those of IPv4 as ones of IPv6: so may whoever lists them.
func TestProxiesInAddressesOfIPv6(t *testing.T) {
	proxies, err := ParseProxies([]string{"::ffff:10.0.0.0/104", "::ffff:192.0.2.7", "fe80::1%eth0"})
	require.NoError(t, err)
	for text, is := range map[string]bool{"10.9.8.7": true, "::ffff:10.9.8.7": true, "192.0.2.7": true, "192.0.2.8": false, "fe80::1": true, "fe80::1%eth1": true} {
		assert.Equal(t, is, proxies.Contains(netip.MustParseAddr(text)), text)
	}
	_, err = ParseProxies([]string{"::ffff:0.0.0.0/90"})
	assert.ErrorContains(t, err, "trusted_proxies[0]")
}
