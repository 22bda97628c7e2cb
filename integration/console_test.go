package integration

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// browse asks the console for a path, and gives what came whatever it is.
func (c *Collector) browse(path string) (status int, body string) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.Console()+path, http.NoBody)
	require.NoError(c.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	return response.StatusCode, string(text)
}

// A request's token is on the page as soon as the store has heard of it: whose, from where, with what. Its secret is nowhere.
func TestATokensLastUseIsOnThePage(t *testing.T) {
	c := newCollector(t, "../configs/default.yaml")
	c.args = append(c.onOwnPorts(), "--set=extensions.token_console.demo.enabled=false")
	c.Start()
	waitFor(t, "the banner to say where the page is", func() bool { return strings.Contains(c.Log.String(), "console     "+c.Console()) })
	const key = "shop_live_c0nsoleWq7TzR2mKx94LbNvYc83HdPf"
	call := normal(key)
	call.At = time.Now().Add(-time.Second)
	client := newClient(t, c.GRPC())
	send(t, client, call)
	sent := time.Now()
	var list struct {
		Tokens []struct {
			ID      string `json:"id"`
			LastUse struct {
				At                      time.Time
				Country, Client, Route  string
				Network, Service, Trace string
			} `json:"last_use"`
			Requests float64 `json:"requests"`
		} `json:"tokens"`
	}
	waitFor(t, "the token to be on the page", func() bool {
		_, body := c.browse("/api/v1/tokens")
		require.NoError(t, json.Unmarshal([]byte(body), &list))
		return len(list.Tokens) == 1 && list.Tokens[0].LastUse.Country != "" && list.Tokens[0].Requests == 1
	})
	t.Logf("seen %s after it was acknowledged", time.Since(sent).Round(time.Millisecond))
	use := list.Tokens[0].LastUse
	assert.Equal(t, []string{"DE", "GET /v1/orders/{id}", "orders-api"}, []string{use.Country, use.Route, use.Service})
	assert.WithinDuration(t, call.At, use.At, time.Second)

	hunt := newHunt(map[string]string{"the key": key, "the address": inGermany})
	var found []string
	for _, path := range []string{
		"/", "/token/" + list.Tokens[0].ID, "/api/v1/overview", "/api/v1/tokens?strip=1", "/api/v1/tokens/" + list.Tokens[0].ID, "/api/v1/tokens/" + list.Tokens[0].ID + "/habits",
		"/api/v1/tokens/" + list.Tokens[0].ID + "/heartbeat", "/api/v1/anomalies", "/api/v1/hygiene", "/api/v1/coverage", "/api/v1/export?what=tokens", "/api/v1/export?what=usage&group=network",
		"/api/v1/export?what=tokens&format=jsonl", "/api/v1/top?group=network",
	} {
		status, body := c.browse(path)
		require.Equal(t, 200, status, "%s: %s", path, body)
		found = append(found, hunt.Search(path, []byte(body))...)
	}
	assert.Empty(t, found)
	assert.Empty(t, hunt.SearchFolder(t, c.File("store")), "nor is it in the store's files")
	_, body := c.browse("/api/v1/coverage")
	assert.Contains(t, body, "orders-api")
	_, body = c.browse("/api/v1/status")
	assert.Contains(t, body, strings.TrimPrefix(c.GRPC(), "http://"), "the page says where to send telemetry")
}
