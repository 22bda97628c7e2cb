package tokenresponseexporter

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/store/embedded"
)

// holder shares a store as the token_store extension does.
type holder struct {
	component.StartFunc
	component.ShutdownFunc
	store store.Store
}

func (h holder) TokenStore() store.Store { return h.store }

// storeHost has a token_store with a token that has a past.
func storeHost(t *testing.T) (*host, store.Store) {
	t.Helper()
	s, err := embedded.Open(embedded.Options{Folder: t.TempDir(), Sync: -1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	var facts []store.Fact
	for d := 1; d < 20; d++ {
		for _, f := range []store.Fact{{Kind: store.Outcomes, First: "success"}, {Kind: store.Routes, First: "GET /v1/orders"}, {Kind: store.Origins, First: "DE", Second: "AS3320"}} {
			f.Minute, f.Subject, f.Value = time.Now().AddDate(0, 0, -d).Unix()/60, store.Subject{Token: "tok_abc"}, 5
			facts = append(facts, f)
		}
	}
	require.NoError(t, s.Write(t.Context(), store.Batch{Facts: facts, Sightings: []store.Sighting{
		{Token: store.Token{ID: "tok_abc", RegistryID: "key/1", Direction: "inbound", LastUse: store.Use{At: time.Now()}}},
	}}))
	return &host{Host: componenttest.NewNopHost(), extensions: map[component.ID]component.Component{component.MustNewID("token_store"): holder{store: s}}}, s
}

// kept waits for an entry of the journal that has an attribute.
func (r *running) kept(s store.Store, attribute string, like func(map[string]any) bool) (found map[string]any) {
	r.t.Helper()
	r.eventually("a record with "+attribute, func() bool {
		entries, err := s.Journal(r.t.Context(), 0, 1000)
		require.NoError(r.t, err)
		for _, e := range entries {
			var attributes map[string]any
			require.NoError(r.t, json.Unmarshal(e.Attributes, &attributes))
			if _, ok := attributes[attribute]; ok && like(attributes) {
				found = attributes
				found["body"] = e.Body
			}
		}
		return found != nil
	})
	return found
}

func wanted(attributes map[string]any) plog.Logs {
	logs := plog.NewLogs()
	record := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.SetEventName(otelattr.EventApproval)
	_ = record.Attributes().FromRaw(attributes)
	return logs
}

func TestWhatWouldBeSentIsSaidAndNotSent(t *testing.T) {
	gate := receive(t)
	h, s := storeHost(t)
	r := run(t, h, fmt.Sprintf(`
store: token_store
dry_run: false
targets:
  gate:
    http:
      lock:
        do: {method: PUT, endpoint: '%[1]s/locks/{{ .token.registry_id | urlpath }}'}
        undo: {method: DELETE, endpoint: '%[1]s/locks/{{ .token.registry_id | urlpath }}'}
        success: {status: [204]}
      restrict:
        do: {method: PUT, endpoint: '%[1]s/grants', body: '{"routes": {{ .incident.grant.routes | json }}}'}
        success: {status: [204]}
rules:
  - {detectors: [decoy_use], action: lock, targets: [gate]}
`, gate.URL))
	first := func(map[string]any) bool { return true }
	face := r.kept(s, otelattr.ResponseTargets, first)
	assert.Equal(t, []any{map[string]any{"name": "gate", "actions": []any{"lock", "restrict"}, "undo": []any{"lock"}, "dry_run": false}}, face[otelattr.ResponseTargets])
	assert.Equal(t, []any{false, false}, []any{face[otelattr.ResponseDryRun], face[otelattr.ResponseStopped]})

	for sequence, tt := range []struct{ action, token, want string }{
		{"lock", "tok_abc", "PUT " + gate.URL + "/locks/key%2F1"},
		{"restrict", "tok_abc", `{"routes": ["GET /v1/orders"]}`},
		{"reauthenticate", "tok_abc", "name one target that can"},
		{"lock", "tok_nobody", "the store does not know the token"},
	} {
		r.sends(wanted(map[string]any{
			otelattr.ApprovalVerb: "act", otelattr.ApprovalPreview: true, otelattr.ActAction: tt.action, otelattr.TokenID: tt.token,
			otelattr.JournalSequence: 100 + sequence, otelattr.JournalBy: "ann",
		}))
		said := r.kept(s, otelattr.ApprovalPreview, func(a map[string]any) bool { return a[otelattr.ApprovalPreview] == float64(100+sequence) })
		assert.Contains(t, fmt.Sprint(said[otelattr.ActAnswer], said["body"]), tt.want)
		assert.Equal(t, "dry_run", said[otelattr.ActState])
	}
	assert.Zero(t, gate.count(), "nothing was sent")

	r.sends(wanted(map[string]any{
		otelattr.ApprovalVerb: "act", otelattr.ActAction: "restrict", otelattr.TokenID: "tok_abc", otelattr.JournalSequence: 200, otelattr.JournalBy: "ann",
	}))
	r.eventually("the restriction", func() bool { return gate.count() == 1 })
	assert.JSONEq(t, `{"routes": ["GET /v1/orders"]}`, gate.all()[0].body, "the grant is in what is sent")
}
