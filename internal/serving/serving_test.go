package serving

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sends opens a connection on which there is more to come, which does not.
func sends(t *testing.T, address string, half []byte) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = conn.Write(half)
	require.NoError(t, err)
	time.Sleep(100 * time.Millisecond) // until it is read
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return listener
}

func TestHalfARequestDoesNotKeepAServerFromEnding(t *testing.T) {
	for name, half := range map[string]string{
		"body":   "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
		"header": "POST / HTTP/1.1\r\nHost: x\r\nX-",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener := listen(t)
			server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Minute}
			served := make(chan error, 1)
			go func() { served <- server.Serve(listener) }()
			sends(t, listener.Addr().String(), []byte(half))
			began := time.Now()
			require.NoError(t, End(context.Background(), server))
			assert.Less(t, time.Since(began), Grace+2*time.Second)
			assert.ErrorIs(t, <-served, http.ErrServerClosed)
		})
	}
}

func TestHalfACallDoesNotKeepAServerFromEnding(t *testing.T) {
	t.Parallel()
	listener := listen(t)
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	sends(t, listener.Addr().String(), halfCall("/grpc.health.v1.Health/Check"))
	began := time.Now()
	EndGRPC(context.Background(), server)
	assert.Less(t, time.Since(began), Grace+2*time.Second)
	assert.GreaterOrEqual(t, time.Since(began), Grace, "it was under way")
	require.NoError(t, <-served)
}

// halfCall is a call whose message does not come.
func halfCall(path string) []byte {
	var fields []byte
	for _, f := range [][2]string{
		{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "x"}, {"content-type", "application/grpc"}, {"te", "trailers"},
	} {
		fields = fmt.Appendf(fields, "\x00%c%s%c%s", len(f[0]), f[0], len(f[1]), f[1])
	}
	call := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
	call = append(call, binary.BigEndian.AppendUint32(nil, uint32(len(fields)))[1:]...)
	return append(append(call, 1, 4, 0, 0, 0, 1), fields...)
}

func TestWhatIsUnderWayComesToItsEnd(t *testing.T) {
	listener := listen(t)
	asked := make(chan struct{})
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		time.Sleep(200 * time.Millisecond)
		w.WriteHeader(http.StatusNoContent)
	})}
	go func() { _ = server.Serve(listener) }()
	status := make(chan int, 1)
	go func() {
		answer, err := http.Get("http://" + listener.Addr().String())
		if !assert.NoError(t, err) {
			status <- 0
			return
		}
		_ = answer.Body.Close()
		status <- answer.StatusCode
	}()
	<-asked
	require.NoError(t, End(context.Background(), server))
	assert.Equal(t, http.StatusNoContent, <-status)
	http.DefaultClient.CloseIdleConnections()
}
