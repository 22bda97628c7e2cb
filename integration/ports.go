package integration

import (
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// freePorts returns n ports of the loopback interface that nobody listens on.
func freePorts(t testing.TB, n int) []string {
	t.Helper()
	ports := make([]string, n)
	for i := range ports {
		// All are held until the last is known: the kernel may hand a released port out again.
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer listener.Close()
		ports[i] = strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// portFree says whether the port can be listened on, on every address of the machine.
func portFree(port int) bool {
	listener, err := net.Listen("tcp", ":"+strconv.Itoa(port))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}
