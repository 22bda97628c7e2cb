package integration

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// clientSecret is that of every client at the provider.
const clientSecret = "provider-secret-of-the-tests"

// withRegistry is a collector with a token_registry, and a backend.
func withRegistry(t *testing.T, configs ...string) (*Collector, *Backend) {
	t.Helper()
	backend := newBackend(t)
	c := newCollector(t, append([]string{"testdata/holter.yaml", "testdata/registry.yaml"}, configs...)...)
	c.Env["BACKEND"], c.Env["REGISTRY_API"] = backend.Port, freePorts(t, 1)[0]
	return c, backend
}

// provider is an OpenID provider: a real one.
func provider(t *testing.T) *NodeApp {
	t.Helper()
	return startNode(t, map[string]string{"CLIENT_SECRET": clientSecret}, "./idp.mjs")
}

// ask posts a form to the provider as a client, and returns the answer.
func (a *NodeApp) ask(t *testing.T, client, path string, form url.Values) map[string]any {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL()+path, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(client, clientSecret)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	var answer map[string]any
	_ = json.NewDecoder(response.Body).Decode(&answer) // a revocation has none
	return answer
}

// issue has the provider issue an opaque token.
func (a *NodeApp) issue(t *testing.T) string {
	t.Helper()
	return a.ask(t, "billing", "/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"orders:read"}})["access_token"].(string)
}

// until sends calls of a key, one after the other, until the span of one is as wanted.
func until(t *testing.T, client *Client, backend *Backend, call Call, what string, wanted func(Received) bool) Received {
	t.Helper()
	var last Received
	waitFor(t, what, func() bool {
		call.Sequence++
		before := backend.SpanCount()
		send(t, client, call)
		waitFor(t, "the span", func() bool { return backend.SpanCount() > before })
		spans := backend.Spans()
		last = spans[len(spans)-1]
		return wanted(last)
	})
	return last
}

func TestIntrospectedOwnersAndRevocation(t *testing.T) {
	idp := provider(t)
	c, backend := withRegistry(t, "testdata/introspection.yaml")
	c.Env["IDP"], c.Env["CLIENT_SECRET"] = regexp.MustCompile(`\d+$`).FindString(idp.URL()), clientSecret
	c.Start()
	client := newClient(t, c.GRPC())
	issued := time.Now()
	token := idp.issue(t)

	first := until(t, client, backend, normal(token), "a span", func(Received) bool { return true })
	require.Equal(t, "true", first.Text("api_token.provisional"), "no span waits for the provider")
	require.Equal(t, "unknown", first.Text("api_token.status"))
	call := normal(token)
	call.Sequence = 1000
	known := until(t, client, backend, call, "the introspected owner", func(r Received) bool { return r.Text("api_token.owner.id") == "billing" })
	require.Equal(t, first.Text("api_token.id"), known.Text("api_token.id"))
	require.Empty(t, known.Text("api_token.provisional"))
	require.Equal(t, "client", known.Text("api_token.owner.type"))
	require.Equal(t, "active", known.Text("api_token.status"))
	require.Equal(t, `["orders:read"]`, known.Text("api_token.scopes"))
	expires, err := time.Parse(time.RFC3339, known.Text("api_token.expires_at"))
	require.NoError(t, err)
	require.WithinDuration(t, issued.Add(time.Hour), expires, time.Minute)

	// A token that is issued later to the same client is the same to those who learn.
	next := idp.issue(t)
	call = normal(next)
	successor := until(t, client, backend, call, "the next token's owner", func(r Received) bool { return r.Text("api_token.owner.id") == "billing" })
	require.Equal(t, known.Text("api_token.id"), successor.Text("api_token.id"))

	idp.ask(t, "billing", "/token/revocation", url.Values{"token": {token}})
	call = normal(token)
	call.Sequence = 2000
	revoked := until(t, client, backend, call, "the revocation", func(r Received) bool { return r.Text("api_token.status") == "revoked" })
	require.Equal(t, `["revoked"]`, revoked.Text("api_token.violations"))
	require.Equal(t, "billing", revoked.Text("api_token.owner.id"), "whose it was stays known")
	waitFor(t, "the event", func() bool { return has(backend.Anomalies(), "revoked_use") })

	// The provider goes away: spans flow, and what was known stays known.
	idp.Kill9()
	before := backend.SpanCount()
	const stranger = "nXb7Qw2Er4Ty6Ui8Op0As1Df3Gh5Jk7Lz9Xc0Vb2Nm4"
	for n := range 200 {
		call := normal(stranger)
		call.Sequence = n
		send(t, client, call)
	}
	waitFor(t, "every span", func() bool { return backend.SpanCount() == before+200 })
	waitFor(t, "health to say so", func() bool { return unwell(c.Health(), "extension:token_registry") })
	call = normal(next)
	call.Sequence = 3000
	still := until(t, client, backend, call, "a span", func(Received) bool { return true })
	require.Equal(t, "billing", still.Text("api_token.owner.id"))

	c.Stop()
	hunt := newHunt(map[string]string{"token": token, "next": next, "stranger": stranger, "client secret": clientSecret})
	require.Empty(t, hunt.SearchFolder(t, c.Data, ownersFile))
	require.Empty(t, hunt.Search("the log", []byte(c.Log.String())))
	require.Empty(t, hunt.Search("the backend", backend.Bytes()))
}

func has(anomalies map[string]string, detector string) bool {
	for _, d := range anomalies {
		if d == detector {
			return true
		}
	}
	return false
}

// A decoy that is minted while the collector runs raises the alarm with its first use.
func TestADecoyRaisesTheAlarm(t *testing.T) {
	c, backend := withRegistry(t)
	c.Start()
	client := newClient(t, c.GRPC())
	log := &Log{}
	mint := startProcess(t, log, c.Data, nil, companionBin, "decoy", "--registry", c.File(ownersFile), "--format", "github_pat", "--planted", "the wiki")
	require.Zero(t, mint.Wait(patience), log.String())
	id, secret, _ := strings.Cut(strings.TrimSpace(strings.SplitN(log.String(), "\n", 2)[0]), " ")
	require.Regexp(t, `^decoy_[0-9a-f]{10}$`, id)
	require.Regexp(t, `^ghp_[0-9A-Za-z]{36}$`, secret)

	waitFor(t, "the registry to be read", func() bool { return sum(samples(t, c.Telemetry()), "otelcol_token_registry_source_reloads") > 0 })
	send(t, client, normal(secret))
	waitFor(t, "decoy_use", func() bool { return has(backend.Anomalies(), "decoy_use") })
	waitFor(t, "its span", func() bool { return backend.SpanCount() > 0 })
	span := backend.Spans()[0]
	require.Equal(t, "decoy", span.Text("api_token.status"))
	require.Equal(t, `["decoy"]`, span.Text("api_token.violations"))
	for _, ld := range backend.Logs() {
		record := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
		require.Equal(t, plog.SeverityNumberFatal, record.SeverityNumber())
	}
	c.Stop()
	require.Empty(t, newHunt(map[string]string{"decoy": secret}).SearchFolder(t, c.Data, ownersFile))
}

// Two components and two pipelines in one process, one storage: one id for one token, and the same after a restart.
func TestTracesAndLogsShareOneIdentity(t *testing.T) {
	for name, shared := range map[string]bool{"with a token_registry": true, "in one token_identity": false} {
		t.Run(name, func(t *testing.T) {
			var c *Collector
			var backend *Backend
			if shared {
				c, backend = withRegistry(t)
			} else {
				backend = newBackend(t)
				c = newCollector(t, "testdata/holter.yaml", "yaml:processors::token_identity::keys: null")
				c.Env["BACKEND"] = backend.Port
			}
			client := newClient(t, c.GRPC())
			ids := make(map[string]int)
			for run := range 2 {
				c.Start()
				call := normal(secretKey)
				call.Sequence = run
				send(t, client, call)
				require.NoError(t, client.Logs(accessLog(secretKey)))
				waitFor(t, "the span and the log record", func() bool { return backend.SpanCount() == run+1 && len(accessed(backend)) == run+1 })
				if run == 1 && shared {
					seen := &Log{}
					require.Zero(t, startProcess(t, seen, c.Data, nil, companionBin, "registry", "seen", "--endpoint", "http://127.0.0.1:"+c.Env["REGISTRY_API"]).Wait(patience), seen)
					require.Contains(t, seen.String(), "Every token that was seen is registered", "the owners file is optional and missing: nobody can be missing from it")
				}
				c.Stop()
			}
			for _, span := range backend.Spans() {
				ids[span.Text("api_token.id")]++
			}
			for _, id := range accessed(backend) {
				ids[id]++
			}
			require.Len(t, ids, 1)
			require.NotContains(t, ids, "")
			require.Equal(t, 1, strings.Count(c.Log.String(), "one was generated and kept in storage"), "one storage client, one key")
		})
	}
}

// accessLog is one record of an access log with a key.
func accessLog(key string) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "gateway")
	record := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.SetTimestamp(pcommon.NewTimestampFromTime(start))
	record.Attributes().PutEmptySlice("http.request.header.x-api-key").AppendEmpty().SetStr(key)
	record.Attributes().PutStr("http.request.method", "GET")
	record.Attributes().PutInt("http.response.status_code", 200)
	return ld
}

// accessed are the ids of the records of access logs that have arrived.
func accessed(backend *Backend) []string {
	var ids []string
	for _, ld := range backend.Logs() {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, record := range sl.LogRecords().All() {
					if id, ok := record.Attributes().Get("api_token.id"); ok && record.EventName() == "" {
						ids = append(ids, id.AsString())
					}
				}
			}
		}
	}
	return ids
}
