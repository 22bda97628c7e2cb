// Package freeport finds ports for servers that have to be told theirs before they listen.
package freeport

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports below those that kernels give to outgoing connections (from 32768 on Linux, from 49152 elsewhere): between Take and
// the server's start, and between its stop and a restart, no connection can get one.
const (
	first = 20000
	count = 12000
)

// errNone is returned when every port of the range is taken.
var errNone = errors.New("find a free port: somebody listens on each from " + strconv.Itoa(first) + " to " + strconv.Itoa(first+count-1))

var (
	mu   sync.Mutex
	next = rand.IntN(count) // processes that start together begin elsewhere
)

// Take returns n TCP ports that nobody listens on, on any address of this machine, and that no call before got. It may be
// called concurrently.
func Take(n int) ([]string, error) {
	mu.Lock()
	defer mu.Unlock()
	ports := make([]string, 0, n)
	for tried := 0; len(ports) < n; tried++ {
		if tried == count {
			return nil, errNone
		}
		port := first + next
		next = (next + 1) % count
		if Free(port) {
			ports = append(ports, strconv.Itoa(port))
		}
	}
	return ports, nil
}

// Free says whether the TCP port can be listened on, on every address of this machine.
func Free(port int) bool {
	// Each on its own: where addresses may be shared, a listener on one does not keep the other from listening on all.
	for _, host := range []string{"", "127.0.0.1"} {
		listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			return false
		}
		if listener.Close() != nil {
			return false
		}
	}
	return true
}
