package integration

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// holterKey runs holter key and returns what it says.
func holterKey(t *testing.T, args ...string) string {
	t.Helper()
	output, err := exec.Command(companionBin, append([]string{"key"}, args...)...).CombinedOutput()
	require.NoError(t, err, string(output))
	return strings.TrimSpace(string(output))
}

// newEdge is an agent that sends to the gateway.
func newEdge(t *testing.T, gateway *Collector, sealKey string) *Collector {
	t.Helper()
	c := newCollector(t, "testdata/edge.yaml")
	c.Env["GATEWAY"], c.Env["SEAL_KEY"] = gateway.Env["OTLP_GRPC"], sealKey
	return c
}

// keyIDs are those that the resources of what arrived say, by api_token.id.
func keyIDs(backend *Backend) map[string][]string {
	ids := map[string][]string{}
	for _, span := range backend.Spans() {
		said, _ := span.Resource.Resource().Attributes().Get("api_token.key_id")
		ids[span.Text("api_token.id")] = append(ids[span.Text("api_token.id")], said.AsString())
	}
	return ids
}

// Two edges and the gateway share a key: a token has one id, whichever of them saw it. What the edges seal stays at the gateway. An
// edge with a key of its own is refused by name, and its spans reach the backend all the same.
func TestEdgesAndGateway(t *testing.T) {
	backend := newBackend(t)
	sealKey := filepath.Join(t.TempDir(), "seal.key")
	holterKey(t, "new", "seal", sealKey)
	gateway := newCollector(t, "testdata/holter.yaml")
	gateway.Env["BACKEND"] = backend.Port
	gateway.Start()
	one, two := newEdge(t, gateway, sealKey+".pub").Start(), newEdge(t, gateway, sealKey+".pub").Start()

	sent, clients := 0, map[*Collector]*Client{}
	through := func(c *Collector, key string) {
		if clients[c] == nil {
			clients[c] = newClient(t, c.GRPC())
		}
		call := normal(key)
		call.Sequence = sent
		send(t, clients[c], call)
		sent++
	}
	for _, c := range []*Collector{one, two, gateway} {
		through(c, secretKey)
	}
	everySpan(t, backend, sent)
	all := keyIDs(backend)
	require.Len(t, all, 1, "one token, one id")
	for _, said := range all {
		require.Len(t, said, 3)
		require.Regexp(t, "^[0-9a-f]{8}$", said[0])
		require.Equal(t, []string{said[0], said[0], said[0]}, said)
		require.Contains(t, one.Log.String(), said[0], "it is the one that the edge has logged")
	}

	require.Contains(t, one.Log.String(), "the next hop must be a gateway with token_identity")
	mark := len(backend.Spans())
	waitFor(t, "a sealed credential at the gateway", func() bool {
		through(one, secretKey)
		return sum(samples(t, gateway.Telemetry()), "otelcol_token_registry_sealed") > 0
	})
	everySpan(t, backend, sent)
	require.Greater(t, len(backend.Spans()), mark)

	foreign := newEdge(t, gateway, sealKey+".pub")
	foreign.Env["IDENTITY_KEY"] = fingerprintKey
	foreign.Start()
	log := gateway.Log.Len()
	through(foreign, secretKey)
	everySpan(t, backend, sent)
	saysSo(t, gateway, log, "connector:token_behavior", "named under another identity key", "otelcol_token_behavior_foreign_key")
	all = keyIDs(backend)
	require.Len(t, all, 2)
	usage := gateway.Usage()
	for id, said := range all {
		if len(said) == 1 {
			assert.NotContains(t, usage, id, "what is foreign is not counted")
		}
	}
	for _, c := range []*Collector{foreign, one, two, gateway} {
		c.Stop()
	}
	assert.NotContains(t, string(backend.Bytes()), "api_token.sealed", "sealed or not, it does not reach a backend")
	assert.NotContains(t, string(backend.Bytes()), secretKey)
}

// A fingerprint key is rotated by the companion: fingerprints change, ids and what hangs on them do not.
func TestAFingerprintKeyIsRotated(t *testing.T) {
	backend := newBackend(t)
	keys := filepath.Join(t.TempDir(), "fingerprint.key")
	holterKey(t, "new", "fingerprint", keys)
	c := newCollector(t, "testdata/holter.yaml",
		"yaml:processors::token_identity::keys: {identity: \"${env:IDENTITY_KEY}\", fingerprint: null, fingerprint_file: "+keys+"}",
		"yaml:processors::token_identity::attributes: [api_token.fingerprint]")
	c.Env["BACKEND"] = backend.Port
	client := newClient(t, c.GRPC())
	for run := range 2 {
		c.Start()
		call := normal(secretKey)
		call.Sequence = run
		send(t, client, call)
		everySpan(t, backend, run+1)
		c.Stop()
		holterKey(t, "rotate", keys)
	}
	spans := backend.Spans()
	require.Equal(t, spans[0].Text("api_token.id"), spans[1].Text("api_token.id"))
	require.NotEmpty(t, spans[0].Text("api_token.fingerprint"))
	require.NotEqual(t, spans[0].Text("api_token.fingerprint"), spans[1].Text("api_token.fingerprint"))
	ids := strings.Fields(holterKey(t, "id", keys))
	require.Len(t, ids, 3)
	for _, id := range ids[1:] {
		require.Contains(t, c.Log.String(), id)
	}
}
