package otelattr

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNetworksByNumberAreThoseBySpelling(t *testing.T) {
	for i := range 1 << 14 {
		address := fmt.Sprintf("%d.%d.%d.%d", i*7%256, i*31%256, i*i%256, i%256)
		_, ok := prefix24(address)
		require.True(t, ok, address)
		require.Equal(t, truncate(address), network(address), address)
	}
	for _, address := range []string{
		"", ".", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5", "1..3.4", "01.2.3.4", "1.2.3.00", "256.1.1.1", "1.2.3.999", "1.2.3.4:80", "1.2.3.4 ", "-1.2.3.4", "::1.2.3.4",
		"2001:db8::1", "99999999999.2.3.4",
	} {
		_, ok := prefix24(address)
		require.False(t, ok, address)
		require.Equal(t, truncate(address), network(address), address)
	}
}
