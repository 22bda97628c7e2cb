package tokenbehaviorconnector

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/holterhq/holter/internal/otelattr"
	tokenstore "github.com/holterhq/holter/internal/store"
)

// sighted are the tokens as a store would know them from what the warehouse got.
func (h *house) sighted() map[string]tokenstore.Sighting {
	all := make(map[string]tokenstore.Sighting)
	for _, md := range h.warehouse.AllMetrics() {
		batches, unread := otelattr.StoredUsage(md)
		require.Equal(h.t, otelattr.Unread{}, unread)
		for _, b := range batches {
			for _, s := range b.Sightings {
				all[s.Token.ID+" "+s.Token.Direction] = s
			}
		}
	}
	return all
}

func TestHowATokenWasUsedLast(t *testing.T) {
	h := newHouse(t, func(c *Config) {
		c.Outputs = map[pipeline.ID]Output{warehouse: {Temporality: temporalityDelta, ByMinute: true, LastUsed: true}}
	}).start()
	described := func(s ptrace.Span) {
		attrs := s.Attributes()
		attrs.PutStr(otelattr.TokenFormat, "github_pat")
		attrs.PutStr(otelattr.TokenType, "api_key")
		attrs.PutStr(otelattr.TokenOwnerType, "team")
		attrs.PutStr(otelattr.TokenOwnerName, "Acme")
		attrs.PutStr(otelattr.TokenOwnerTeam, "payments")
		attrs.PutStr(otelattr.TokenTenant, "eu")
		attrs.PutStr(otelattr.TokenRegistryID, "key-7")
		attrs.PutStr(otelattr.TokenExpiresAt, "2027-01-02T03:04:05Z")
		attrs.PutEmptySlice(otelattr.TokenScopes).AppendEmpty().SetStr("read")
		attrs.PutStr(otelattr.TokenTagsPrefix+"plan", "gold")
	}
	h.send(spans(
		call{n: 1, token: "tok_a", at: morning.Add(time.Hour), path: "/v1/latest", status: "expired", change: described},
		call{n: 2, token: "tok_a", at: morning, path: "/v1/late"},
		call{n: 3, token: "tok_a", at: morning.Add(time.Minute), kind: ptrace.SpanKindClient, path: "/v1/out"},
		call{n: 4, token: "tok_b"},
		call{n: 5},
	))
	h.stop()
	all := h.sighted()
	require.Len(t, all, 3)
	last := all["tok_a inbound"].Token
	assert.Equal(t, tokenstore.Token{
		ID: "tok_a", Direction: "inbound", Hint: "sk_live_…9f3a", Type: "api_key", Format: "github_pat", RegistryID: "key-7",
		OwnerID: "acme", OwnerName: "Acme", OwnerType: "team", OwnerTeam: "payments", Tenant: "eu", Status: "expired",
		Scopes: []string{"read"}, Tags: map[string]string{"plan": "gold"}, ExpiresAt: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC),
		LastUse: tokenstore.Use{
			At: morning.Add(time.Hour), Country: "DE", Network: "192.0.2.0/24", Client: "curl", Route: "GET /v1/latest", Service: "shop", Version: "1.4.2",
			Trace: strings.Repeat("0", 31) + "2",
		},
	}, last)
	assert.Equal(t, morning.Add(time.Minute), all["tok_a outbound"].Token.LastUse.At)
	assert.Empty(t, all["tok_b inbound"].Token.Format)
	h.prometheus.points(otelattr.MetricLastUsed, func(pcommon.Map, pmetric.NumberDataPoint) {
		assert.Fail(t, "this output did not ask for it")
	})
}

func TestEvidenceIsToldWhenItChanges(t *testing.T) {
	h := newHouse(t, func(c *Config) {
		c.Outputs = map[pipeline.ID]Output{warehouse: {Temporality: temporalityDelta, ByMinute: true, Evidence: true}}
	}).start()
	flush := func() { h.runtime().worker.ask(t.Context(), h.runtime().worker.flush) }
	h.send(spans(call{n: 1, token: "tok_a"}, call{n: 2, token: "tok_b"}))
	flush()
	h.send(spans(call{n: 3, token: "tok_a"}))
	flush()
	h.stop()
	told := 0
	h.warehouse.points(otelattr.MetricEvidence, func(pcommon.Map, pmetric.NumberDataPoint) { told++ })
	assert.Equal(t, 2, told, "once for each token")
	evidence := h.sighted()["tok_a inbound"].Evidence
	require.NotNil(t, evidence)
	assert.True(t, evidence.Learning)
	assert.Positive(t, evidence.Threshold)
	assert.Equal(t, morning.Add(time.Second), evidence.At)
	h.warehouse.points(otelattr.MetricLastUsed, func(pcommon.Map, pmetric.NumberDataPoint) {
		assert.Fail(t, "this output did not ask for it")
	})
}
