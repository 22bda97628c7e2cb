package sim

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/geo"
)

// Every range of the table is where the public table says that it is: looked up at a hundred places of each.
func TestAddressesResolveToTheirCountry(t *testing.T) {
	db, err := geo.Embedded()
	require.NoError(t, err)
	d := newDice(1, "geography")
	check := func(want string, prefixes []netip.Prefix) {
		for _, p := range prefixes {
			for range 100 {
				a := within(p, p.Addr().BitLen(), d.Uint64())
				if p.Addr().Is6() {
					a = host(subnet(p, 64, d.Uint64()), d.Uint64())
				}
				require.True(t, p.Contains(a))
				require.Equal(t, want, db.Country(a), "%s of %s", a, p)
			}
		}
	}
	for code, c := range countries {
		check(code, slices.Concat(c.Fixed, c.Mobile, c.Six, c.Hosted))
	}
	check("US", clouds)
	check("US", edges)
}

func TestAFleetCallsFromWhereItIsAtHome(t *testing.T) {
	db, err := geo.Embedded()
	require.NoError(t, err)
	var home, all float64
	for q := range fleet(t, Config{Seed: 1, Tokens: 60, Days: 20, Populations: []Population{Partner, Office, Home, Mobile, Batch}}).Requests() {
		all++
		got := db.Country(q.Address)
		if got == q.Token.Country {
			home++
			continue
		}
		require.NotEmpty(t, got, "%s is somewhere", q.Address)
		require.NotNil(t, q.Token.abroad(q.Time.Add(-q.Duration)), "%s of %s is in %s", q.Address, q.Token.ID, got)
	}
	assert.Greater(t, home/all, .95)
}

func TestSubnetsAndHostsStayInside(t *testing.T) {
	d := newDice(2, "subnets")
	for _, c := range []struct {
		in   string
		bits int
	}{{"10.0.0.0/8", 24}, {"10.1.2.0/24", 24}, {"2001:db8::/32", 48}, {"2001:db8::/40", 64}, {"2001:db8:1:2::/64", 64}} {
		p := netip.MustParsePrefix(c.in)
		for range 100 {
			s := subnet(p, c.bits, d.Uint64())
			require.Equal(t, max(c.bits, p.Bits()), s.Bits())
			require.True(t, p.Contains(s.Addr()))
			a := host(s, d.Uint64())
			require.True(t, s.Contains(a), "%s in %s", a, s)
			if a.Is4() {
				last := a.As4()[3]
				require.True(t, last != 0 && last != 255)
			}
		}
	}
}
