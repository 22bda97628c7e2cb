package geo

import (
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func embedded(tb testing.TB) *Database {
	tb.Helper()
	d, err := Embedded()
	require.NoError(tb, err)
	return d
}

func TestCountry(t *testing.T) {
	d := embedded(t)
	for address, want := range map[string]string{
		"8.8.8.8": "US", "193.0.6.139": "NL", "81.169.181.179": "DE", "200.160.2.3": "BR", "202.12.27.33": "JP",
		"::ffff:8.8.8.8": "US", "2001:4860:4860::8888": "US", "2a01:238:42b7::1": "DE",
		"10.0.0.7": "", "127.0.0.1": "", "192.168.1.1": "", "100.64.0.1": "", "169.254.1.1": "", "::1": "", "fe80::1": "", "fd00::1": "",
		"192.0.2.1": "", "2001:db8::1": "", "224.0.0.1": "", "255.255.255.255": "", "0.0.0.0": "",
	} {
		assert.Equal(t, want, d.Country(netip.MustParseAddr(address)), address)
	}
	assert.Empty(t, d.Country(netip.Addr{}))
}

// TestMostAddressesResolve keeps a broken database from being embedded.
func TestMostAddressesResolve(t *testing.T) {
	d := embedded(t)
	public, known := 0, 0
	countries := make(map[string]bool)
	for i := range 1 << 16 {
		addr := netip.AddrFrom4([4]byte{byte(i >> 8), byte(i), byte(i * 7), 1})
		if KindOf(addr) != Public {
			continue
		}
		public++
		if country := d.Country(addr); country != "" {
			known++
			countries[country] = true
		}
	}
	assert.Greater(t, float64(known)/float64(public), 0.75)
	assert.Greater(t, len(countries), 150)
}

func TestCountryIsSafe(t *testing.T) {
	d, err := Open(rawDatabase(t))
	require.NoError(t, err)
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			for i := range 2000 {
				d.Country(netip.AddrFrom4([4]byte{byte(i), byte(n), 1, 1}))
			}
		})
	}
	all.Wait()
	assert.Equal(t, "US", d.Country(netip.MustParseAddr("8.8.8.8")))
}

// TestBlocksChangeNothing asks for every address twice: what is remembered of a /24 is what the tree says of each of its addresses.
func TestBlocksChangeNothing(t *testing.T) {
	d := embedded(t)
	for i := range 1 << 16 {
		addr := netip.AddrFrom4([4]byte{byte(i>>10) * 4, byte(i >> 2), byte(i * 7), byte(i * 31)})
		if KindOf(addr) != Public {
			continue
		}
		var want Record
		require.NoError(t, d.reader.Lookup(addr).Decode(&want))
		for range 2 {
			require.Equal(t, want, *d.Find(addr), addr)
		}
		for _, other := range [...]byte{0, byte(i), 255} {
			b := addr.As4()
			b[3] = other
			offset, found, known := d.blocks.get(b)
			if result := d.reader.Lookup(netip.AddrFrom4(b)); known {
				require.Equal(t, result.Found(), found, addr)
				require.True(t, !found || result.Offset() == offset, addr)
			}
		}
	}
}

func rawDatabase(t *testing.T) []byte {
	t.Helper()
	raw, err := unpack()
	require.NoError(t, err)
	return raw
}

func TestBadDatabase(t *testing.T) {
	_, err := Open([]byte("not a database"))
	assert.Error(t, err)
}

func TestKindOf(t *testing.T) {
	for kind, addresses := range map[Kind][]string{
		Public:        {"8.8.8.8", "2001:4860:4860::8888", "100.128.0.1", "192.1.1.1", "198.20.0.1", "203.0.114.1"},
		Private:       {"10.1.2.3", "172.16.0.1", "192.168.0.1", "fd00::1", "::ffff:10.0.0.1"},
		Loopback:      {"127.0.0.1", "::1"},
		LinkLocal:     {"169.254.0.1", "fe80::1"},
		Shared:        {"100.64.0.1", "100.127.255.255"},
		Documentation: {"192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"},
		Multicast:     {"224.0.0.1", "ff02::1"},
		Reserved:      {"192.0.0.1", "198.18.0.1", "240.0.0.1", "0.1.2.3", "100::1", "2001::1"},
		Unspecified:   {"0.0.0.0", "::"},
	} {
		for _, address := range addresses {
			assert.Equal(t, kind, KindOf(netip.MustParseAddr(address)), address)
		}
	}
}

func TestNetwork(t *testing.T) {
	assert.Equal(t, "81.169.181.0/24", Network(netip.MustParseAddr("81.169.181.179")))
	assert.Equal(t, "81.169.181.0/24", Network(netip.MustParseAddr("::ffff:81.169.181.179")))
	assert.Equal(t, "2a01:238:42b7::/48", Network(netip.MustParseAddr("2a01:238:42b7:1:2::3")))
	assert.Equal(t, "fe80::/48", Network(netip.MustParseAddr("fe80::1%eth0")))
	assert.Empty(t, Network(netip.Addr{}))
}

func BenchmarkCountry(b *testing.B) {
	d := embedded(b)
	addr := netip.MustParseAddr("81.169.181.179")
	b.ReportAllocs()
	for b.Loop() {
		d.Country(addr)
	}
}

// BenchmarkMemo is what an address costs that was asked for lately.
func BenchmarkMemo(b *testing.B) {
	var atlas Atlas
	atlas.Put(Countries, embedded(b))
	var memo Memo
	addr := netip.MustParseAddr("81.169.181.179")
	b.ReportAllocs()
	for b.Loop() {
		memo.Find(&atlas, addr)
	}
}

func BenchmarkManyBlocks(b *testing.B) {
	var atlas Atlas
	atlas.Put(Countries, embedded(b))
	var memo Memo
	n := uint32(0)
	for b.Loop() {
		n = n*1664525 + 1013904223
		memo.Find(&atlas, netip.AddrFrom4([4]byte{185, byte(n >> 24), byte(n >> 16), 7}))
	}
}
