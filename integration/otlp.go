package integration

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

// batchSize keeps a message well below gRPC's 4 MiB.
const batchSize = 1000

// Client sends OTLP over gRPC, as an SDK's exporter does.
type Client struct {
	conn   *grpc.ClientConn
	traces ptraceotlp.GRPCClient
	logs   plogotlp.GRPCClient
}

// newClient waits for a collector that is being started, or started again.
func newClient(t testing.TB, address string) *Client {
	t.Helper()
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1, MaxDelay: 50 * time.Millisecond}}),
	)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &Client{conn: conn, traces: ptraceotlp.NewGRPCClient(conn), logs: plogotlp.NewGRPCClient(conn)}
}

// Traces sends one request and returns when it is acknowledged.
func (c *Client) Traces(td ptrace.Traces) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response, err := c.traces.Export(ctx, ptraceotlp.NewExportRequestFromTraces(td))
	if err != nil {
		return err
	}
	if refused := response.PartialSuccess().RejectedSpans(); refused > 0 {
		return fmt.Errorf("%d spans refused: %s", refused, response.PartialSuccess().ErrorMessage())
	}
	return nil
}

// Logs sends one request and returns when it is acknowledged.
func (c *Client) Logs(ld plog.Logs) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := c.logs.Export(ctx, plogotlp.NewExportRequestFromLogs(ld))
	return err
}

// send delivers the calls in order, in as many requests as they need.
func send(t testing.TB, client *Client, calls ...Call) {
	t.Helper()
	for len(calls) > 0 {
		n := min(batchSize, len(calls))
		require.NoError(t, client.Traces(traces(calls[:n]...)))
		calls = calls[n:]
	}
}

// post sends OTLP over HTTP and returns when it is acknowledged.
func post(t testing.TB, url, contentType string, body []byte) {
	t.Helper()
	client := http.Client{Timeout: 30 * time.Second}
	response, err := client.Post(url, contentType, bytes.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s answered %s", url, answer)
}
