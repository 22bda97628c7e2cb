package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Access logs say whose token it was as spans do, whether the gateway writes JSON or text, and keep no secret.
func TestAccessLogs(t *testing.T) {
	c, backend, _, client := running(t, known(secretKey))
	ld := plog.NewLogs()
	resource := ld.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "gateway")
	records := resource.ScopeLogs().AppendEmpty().LogRecords()

	parsed := records.AppendEmpty()
	parsed.SetTimestamp(pcommon.NewTimestampFromTime(start))
	parsed.Body().SetStr(`{"request":"GET /v1/orders/7","key":"` + secretKey + `"}`)
	parsed.Attributes().PutEmptySlice("http.request.header.x-api-key").AppendEmpty().SetStr(secretKey)
	parsed.Attributes().PutStr("http.request.method", "GET")
	parsed.Attributes().PutStr("url.path", "/v1/orders/7")
	parsed.Attributes().PutStr("client.address", inGermany)
	parsed.Attributes().PutStr("http.response.status_code", "200") // a parser's numbers are text

	text := records.AppendEmpty()
	text.SetTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Second)))
	text.Body().SetStr(inGermany + ` - - "GET /v1/orders?api_key=` + secretKey + ` HTTP/1.1" 401 17 "-" "curl/8" auth="Bearer ` + secretGitHub + `"`)
	require.NoError(t, client.Logs(ld))

	waitFor(t, "the logs at the backend", func() bool { return len(backend.Logs()) > 0 })
	waitFor(t, "the logs in the usage metrics", func() bool {
		return sum(samples(t, c.Usage()), "api_token_requests_total", "api_token_owner_id", "acme") > 0
	})
	usage := c.Usage()
	c.Stop()
	first := backend.Logs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	for name, want := range map[string]string{
		"api_token.owner.id": "acme", "api_token.outcome": "success", "geo.country.iso_code": "DE",
	} {
		value, ok := first.Attributes().Get(name)
		require.True(t, ok, name)
		require.Equal(t, want, value.AsString(), name)
	}
	hunt := newHunt(map[string]string{"key": secretKey, "github": secretGitHub})
	found := append(hunt.Search("backend", backend.Bytes()), hunt.Search("usage", []byte(usage))...)
	found = append(found, hunt.Search("log", []byte(c.Log.String()))...)
	require.Empty(t, append(found, hunt.SearchFolder(t, c.Data, ownersFile)...))
}
