package integration

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/freeport"
)

// freePorts returns n ports that nobody listens on, and that no connection gets before a server does.
func freePorts(t testing.TB, n int) []string {
	t.Helper()
	ports, err := freeport.Take(n)
	require.NoError(t, err)
	return ports
}
