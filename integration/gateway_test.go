package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The shipped gateway in front of a backend that takes gRPC's usual 4 MiB a message: whatever size the requests come in, all
// spans arrive.
func TestTheGatewayLosesNothing(t *testing.T) {
	backend := newBackend(t)
	c := newCollector(t, "../configs/gateway.yaml")
	c.Env["HOLTER_HOST"] = "127.0.0.1"
	c.Env["BACKEND_OTLP_ENDPOINT"], c.Env["BACKEND_OTLP_INSECURE"] = "127.0.0.1:"+backend.Port, "true"
	c.args = c.onOwnPorts()
	c.Start()
	client := newClient(t, c.GRPC())

	var calls []Call
	for n := range 24_000 {
		call := normal(keyNumber(n % 40))
		call.Sequence = n
		calls = append(calls, call)
	}
	for _, size := range []int{1, 10, 500, 5000} { // the last just fits into what the receiver takes
		for range 24_000 / 4 / size {
			require.NoError(t, client.Traces(traces(calls[:size]...)))
			calls = calls[size:]
		}
	}
	sent := 24_000 - len(calls)
	everySpan(t, backend, sent)
	for _, span := range backend.Spans() {
		require.NotEmpty(t, span.Text("api_token.id"))
	}
	c.Stop()
	require.NotContains(t, c.Log.String(), "Dropping data")
}
