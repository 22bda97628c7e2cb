package integration

import (
	"encoding/json"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// condition is what the health endpoint says of the whole, a pipeline or a component.
type condition struct {
	Healthy    bool
	Status     string
	Error      string
	Components map[string]condition
}

// unwell says whether a component such as "exporter:token_response" has a status other than OK, in any pipeline.
func unwell(health, component string) bool {
	var whole condition
	if json.Unmarshal([]byte(health), &whole) != nil {
		return false
	}
	return whole.anyUnwell(component)
}

func (c condition) anyUnwell(component string) bool {
	for name, part := range c.Components {
		if name == component && part.Status != "StatusOK" && part.Error != "" || part.anyUnwell(component) {
			return true
		}
	}
	return false
}

// newSilentServer accepts connections and never answers.
func newSilentServer(t testing.TB) (port string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}
