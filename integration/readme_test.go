package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// blocks are the code blocks of the README in one language.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	var all []string
	for _, match := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		all = append(all, match[1])
	}
	return all
}

// block is the one that has the words.
func block(t *testing.T, language, words string) string {
	t.Helper()
	for _, block := range blocks(t, language) {
		if strings.Contains(block, words) {
			return block
		}
	}
	t.Fatalf("the README has no %s block with %q", language, words)
	return ""
}

// TestREADME follows the first five minutes as a reader would, on other ports.
func TestREADME(t *testing.T) {
	c := newCollector(t)
	delete(c.Env, "HOLTER_DATA") // it is ./holter-data then
	c.args = c.onOwnPorts()
	c.Start()
	waitFor(t, "the banner", func() bool { return strings.Contains(c.Log.String(), "Point an app at it") })
	require.Contains(t, c.Log.String(), filepath.Join(c.Data, "holter-data", "anomalies.jsonl"))

	shell := func(script string) string {
		t.Helper()
		for from, to := range map[string]string{":4318": ":" + c.Env["OTLP_HTTP"], ":8889": ":" + c.Env["PROMETHEUS"], ":13133": ":" + c.Env["HEALTH"]} {
			script = strings.ReplaceAll(script, from, to)
		}
		log := &Log{}
		process := startProcess(t, log, c.Data, nil, "/bin/bash", "-euo", "pipefail", "-c", script)
		require.Zero(t, process.Wait(patience), "%s\n%s", script, log)
		return log.String()
	}

	span := block(t, "sh", "/v1/traces")
	require.NotContains(t, shell(span), "rror")
	look := block(t, "sh", "grep ^api_token")
	waitFor(t, "the usage metrics", func() bool { return strings.Contains(c.Usage(), "api_token_requests_total") })
	require.Regexp(t, `(?m)^api_token_requests_total\{.*api_token_id="tok_[a-z2-7]{26}".*\} 1$`, shell(look))

	shell(block(t, "sh", "cat > holter-data/owners.yaml"))
	waitFor(t, "the owner in the metrics", func() bool {
		another := strings.NewReplacer("0af7651916cd43dd", newSpanID(), "b7ad6b7169203331", newSpanID())
		shell(another.Replace(span))
		return strings.Contains(c.Usage(), `api_token_owner_team="payments"`)
	})
	var health condition
	require.NoError(t, json.Unmarshal([]byte(shell("curl -s 'http://127.0.0.1:13133/?verbose'")), &health))
	require.True(t, health.Healthy)
	c.Stop()
	require.Empty(t, newHunt(map[string]string{"the README's key": "acme_live_4f9d2c7be1a8460395d07a3e"}).
		SearchFolder(t, c.Data, ownersFile))
}

func TestREADMEConfigsAreValid(t *testing.T) {
	whole := block(t, "yaml", "pipelines:")
	budget := block(t, "yaml", "alert_budget")
	backend := `
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:4317"}}}}
exporters: {nop: {}}
`
	c := newCollector(t, "yaml:"+backend, "yaml:"+strings.ReplaceAll(whole, "your_backend", "nop"), "yaml:"+budget)
	code, output := c.Run("validate")
	require.Zero(t, code, output)
}
