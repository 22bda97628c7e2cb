package tokenresponseexporter

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/denylist"
)

// BenchmarkDenyList asks at a rate, of a list of 10,000 tokens, for one of a hundred credentials. Nobody waits for an answer before the
// next one asks, so that waiting in line counts. Every other question goes to a server that does nothing: what the machine itself takes
// stands beside what a check takes.
func BenchmarkDenyList(b *testing.B) {
	d := startDenying(b, storageHost(b, b.TempDir()), denyConfig)
	now := time.Now()
	for i := range 10_000 {
		require.NoError(b, d.deny.list.Put(denylist.Entry{Token: idOf(b, fmt.Sprintf("corp_%05dKq2LmX8vR7tBz1WcY6nHs3JdGpA0e", i)), Act: "1", Action: response.Lock, Since: now}, now))
	}
	jwt := strings.Join([]string{"eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9", "eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWIiOiJ1MSIsImF6cCI6ImFwcCJ9", strings.Repeat("a1B2", 21)}, ".")
	address := "http://" + d.deny.addresses["http"].String()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	b.Cleanup(client.CloseIdleConnections)
	nothing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	b.Cleanup(nothing.Close)
	overHTTP := func(credential string, check bool) error {
		to := address
		if !check {
			to = nothing.URL
		}
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, to+"/check/nginx", http.NoBody)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+credential)
		r.Header.Set("X-Original-Uri", "/v1/orders/17?page=2")
		r.Header.Set("User-Agent", "acme-sync/4.2 (linux)")
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.Body.Close()
	}
	idle := grpc.NewServer()
	authv3.RegisterAuthorizationServer(idle, idleServer{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	go func() { _ = idle.Serve(listener) }()
	b.Cleanup(idle.Stop)
	envoy, idleEnvoy := envoyOf(b, d.deny.addresses["grpc"].String()), envoyOf(b, listener.Addr().String())
	overGRPC := func(credential string, check bool) error {
		to := envoy
		if !check {
			to = idleEnvoy
		}
		_, err := to.Check(b.Context(), &authv3.CheckRequest{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{
			Http: &authv3.AttributeContext_HttpRequest{Method: "GET", Path: "/v1/orders/17?page=2", Headers: map[string]string{
				"authorization": "Bearer " + credential, "user-agent": "acme-sync/4.2 (linux)",
			}},
		}}})
		return err
	}
	for _, c := range []struct {
		name string
		ask  func(credential string, check bool) error
		of   func(i int) string
	}{
		{"http/key", overHTTP, func(i int) string { return fmt.Sprintf("corp_%05dKq2LmX8vR7tBz1WcY6nHs3JdGpA0e", i%100*200) }},
		{"http/jwt", overHTTP, func(int) string { return jwt }},
		{"grpc/key", overGRPC, func(i int) string { return fmt.Sprintf("corp_%05dKq2LmX8vR7tBz1WcY6nHs3JdGpA0e", i%100*200) }},
	} {
		for _, rate := range []int{500, 2000} {
			b.Run(fmt.Sprintf("%s/rate=%d", c.name, rate), func(b *testing.B) {
				took := [2][]time.Duration{make([]time.Duration, b.N), make([]time.Duration, b.N)} // checks, nothing
				begin := time.Now()
				var group sync.WaitGroup
				for i := range 2 * b.N {
					due := begin.Add(time.Duration(i) * time.Second / time.Duration(2*rate))
					time.Sleep(time.Until(due))
					asked := time.Now() // a clock that rings late is not the list's
					group.Go(func() {
						if err := c.ask(c.of(i/2), i%2 == 0); err != nil {
							b.Error(err)
						}
						took[i%2][i/2] = time.Since(asked)
					})
				}
				group.Wait()
				for i, name := range []string{"", "-nothing"} {
					slices.Sort(took[i])
					b.ReportMetric(float64(took[i][b.N/2].Microseconds())/1e3, "p50-ms"+name)
					b.ReportMetric(float64(took[i][b.N*99/100].Microseconds())/1e3, "p99-ms"+name)
				}
			})
		}
	}
	b.Run("memory", func(b *testing.B) {
		b.ReportAllocs()
		header := http.Header{"Authorization": {"Bearer " + stolenKey}, "User-Agent": {"acme-sync/4.2 (linux)"}}
		asked := denylist.Request{Method: "GET", URI: "/v1/orders/17?page=2", Headers: headersOf(header)}
		for b.Loop() {
			d.deny.gate.Check(&asked, now)
		}
	})
}

// idleServer lets everything pass.
type idleServer struct {
	authv3.UnimplementedAuthorizationServer
}

func (idleServer) Check(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	return &authv3.CheckResponse{}, nil
}

func envoyOf(b *testing.B, address string) authv3.AuthorizationClient {
	b.Helper()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(b, err)
	b.Cleanup(func() { _ = connection.Close() })
	return authv3.NewAuthorizationClient(connection)
}
