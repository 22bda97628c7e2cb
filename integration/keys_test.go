package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Without keys in the config they are made once and kept: a token has the same id after a restart, and the log warns that no
// other instance gives it that id.
func TestGeneratedKeysOutliveARestart(t *testing.T) {
	backend := newBackend(t)
	c := newCollector(t, "testdata/holter.yaml", "yaml:processors::token_identity::keys: null")
	c.Env["BACKEND"] = backend.Port
	client := newClient(t, c.GRPC())
	for run := range 2 {
		c.Start()
		call := normal(secretKey)
		call.Sequence = run
		send(t, client, call)
		everySpan(t, backend, run+1)
		c.Stop()
	}
	ids := backend.Spans()
	require.NotEmpty(t, ids[0].Text("api_token.id"))
	require.Equal(t, ids[0].Text("api_token.id"), ids[1].Text("api_token.id"))
	require.Regexp(t, `warn\t.*key`, c.Log.String())
}
