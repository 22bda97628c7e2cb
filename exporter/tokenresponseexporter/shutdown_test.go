package tokenresponseexporter

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/serving"
)

// Somebody sends the beginning of a request to each server, and never the rest.
func TestHalfARequestDoesNotKeepTheProcessFromEnding(t *testing.T) {
	links := "127.0.0.1:" + freePort(t)
	d := startDenying(t, storageHost(t, t.TempDir()), denyConfig+`
approvals: {http: {endpoint: "`+links+`"}, url: "https://holter.example.com", key: `+approvalKey+`}
`)
	half := func(address string, text []byte) {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		_, err = conn.Write(text)
		require.NoError(t, err)
	}
	body := []byte("POST /check/nginx HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
	half(d.deny.addresses["http"].String(), body)
	half(links, body)
	half(d.deny.addresses["grpc"].String(), halfCall("/envoy.service.auth.v3.Authorization/Check"))
	time.Sleep(200 * time.Millisecond) // until they are read
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.stop()
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		t.Fatal("it hangs")
	}
	assert.Less(t, time.Since(began), serving.Grace+2*time.Second)
}

// halfCall is a call over HTTP/2 whose message does not come.
func halfCall(path string) []byte {
	var fields []byte
	for _, f := range [][2]string{
		{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "x"}, {"content-type", "application/grpc"}, {"te", "trailers"},
	} {
		fields = fmt.Appendf(fields, "\x00%c%s%c%s", len(f[0]), f[0], len(f[1]), f[1])
	}
	call := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
	call = append(call, 0, 0, byte(len(fields)))
	return append(append(call, 1, 4, 0, 0, 0, 1), fields...)
}
