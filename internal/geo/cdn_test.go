package geo

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCDN(t *testing.T) {
	for network, want := range map[string]string{
		"AS13335": "Cloudflare", "104.16.9.0/24": "Cloudflare", "104.27.255.0/24": "Cloudflare", "2606:4700:10::/48": "Cloudflare",
		"AS54113": "Fastly", "151.101.7.0/24": "Fastly", "13.35.2.0/24": "CloudFront", "23.33.0.0/24": "Akamai", "107.154.1.0/24": "Imperva",
		"AS3320": "", "AS1333": "", "104.32.0.0/24": "", "104.0.0.0/8": "", "10.0.0.0/24": "", "2606:4701::/48": "", "": "", "AS": "", "x": "", "::/0": "", "0.0.0.0/0": "",
	} {
		require.Equal(t, want, CDN(network), network)
	}
	for _, cdn := range cdns {
		for _, text := range cdn.prefixes {
			prefix := netip.MustParsePrefix(text)
			require.GreaterOrEqual(t, prefix.Bits(), 8, text)
			require.Equal(t, prefix.Masked(), prefix, text)
			require.Equal(t, cdn.name, CDN(Network(prefix.Addr())), text)
		}
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { CDN("104.16.9.0/24"); CDN("AS13335") }))
}
