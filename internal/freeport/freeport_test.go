package freeport

import (
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTakeGivesEachPortOnce(t *testing.T) {
	seen := map[string]bool{}
	for range 5 {
		ports, err := Take(20)
		require.NoError(t, err)
		require.Len(t, ports, 20)
		for _, port := range ports {
			assert.False(t, seen[port], port)
			seen[port] = true
			n, err := strconv.Atoi(port)
			require.NoError(t, err)
			assert.True(t, n >= first && n < first+count, port)
			listener, err := net.Listen("tcp", "127.0.0.1:"+port)
			require.NoError(t, err)
			require.NoError(t, listener.Close())
		}
	}
}

func TestTakeLeavesPortsThatAreTaken(t *testing.T) {
	for _, host := range []string{"127.0.0.1", ""} {
		ports, err := Take(1)
		require.NoError(t, err)
		listener, err := net.Listen("tcp", net.JoinHostPort(host, ports[0]))
		require.NoError(t, err)
		defer listener.Close()
		port, err := strconv.Atoi(ports[0])
		require.NoError(t, err)
		assert.False(t, Free(port))

		mu.Lock()
		next = port - first
		mu.Unlock()
		others, err := Take(1)
		require.NoError(t, err)
		assert.NotEqual(t, ports[0], others[0])
	}
}

func TestTakeSaysWhenNothingIsLeft(t *testing.T) {
	_, err := Take(count + 1)
	assert.ErrorIs(t, err, errNone)
}
