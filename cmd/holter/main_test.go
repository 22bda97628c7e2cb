package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/sim"
)

// holter runs a command line and returns what it wrote.
func holter(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestHelpNamesTheCommands(t *testing.T) {
	for _, args := range [][]string{{}, {"help"}, {"--help"}} {
		out, err := holter(t, args...)
		require.NoError(t, err)
		assert.Contains(t, out, "sim")
		assert.Contains(t, out, "demo")
	}
	out, err := holter(t, "version")
	require.NoError(t, err)
	assert.Contains(t, out, "holter "+version)
	out, err = holter(t, "sim", "--help")
	require.NoError(t, err)
	for _, name := range sim.AttackNames() {
		assert.Contains(t, out, name)
	}
}

func TestErrorsSayWhatToDoNext(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"simulate"}, "holter help lists what there is"},
		{[]string{"sim", "--attak", "x"}, "holter sim --help lists the flags"},
		{[]string{"sim", "--attack", "x"}, "choose from stolen-key"},
		{[]string{"sim", "--populations", "x"}, "choose from office"},
		{[]string{"sim", "--end", "x"}, "write now, a time such as"},
		{[]string{"sim", "--tokens", "0"}, "a fleet has at least one"},
		{[]string{"sim", "--tokens", "1", "--days", "1", "--endpoint", "collector.example:4317"}, "--allow-remote"},
		{[]string{"sim", "--tokens", "1", "--days", "1", "--protocol", "udp"}, "choose grpc or http"},
		{[]string{"demo", "--endpoint", "127.0.0.1:4317"}, "--endpoint needs --data"},
		{[]string{"demo", "--endpoint", "127.0.0.1:4317", "--collector", "x"}, "give one of them"},
		{[]string{"demo", "--endpoint", "192.0.2.1:4317", "--data", "x"}, "is not on this machine"},
		{[]string{"demo", "--collector", "/nowhere/otelcol-holter"}, "make build makes build/otelcol-holter"},
		{[]string{"demo", "--days", "2"}, "give it a week at least"},
	} {
		_, err := holter(t, c.args...)
		require.ErrorContains(t, err, c.want, strings.Join(c.args, " "))
	}
}

func TestDryRunWritesWhatIsAskedFor(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	out, err := holter(t, "sim", "--dry-run", "--tokens", "60", "--days", "8", "--end", "2026-04-27", "--seed", "5", "--attack", "stolen-key,burst",
		"--owners", at("owners.yaml"), "--labels", at("labels.jsonl"), "--csv", at("requests.csv"))
	require.NoError(t, err)
	assert.Contains(t, out, "60 tokens of")
	assert.Contains(t, out, "stolen-key:")

	labels, err := os.ReadFile(at("labels.jsonl"))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(labels)), "\n")
	require.Len(t, lines, 2)
	var l sim.Label
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &l))
	assert.Equal(t, "stolen-key", l.Attack)

	file, err := os.Open(at("requests.csv"))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	hostile := 0
	for _, r := range rows[1:] {
		if r[len(r)-1] == "stolen-key" {
			hostile++
			assert.Equal(t, l.RegistryID, r[2])
		}
	}
	assert.Equal(t, l.Requests, hostile)

	owners, err := os.ReadFile(at("owners.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(owners), l.RegistryID)

	require.NoError(t, os.WriteFile(at("mine.yaml"), []byte("owners: []"), 0o600))
	_, err = holter(t, "sim", "--dry-run", "--tokens", "2", "--days", "1", "--owners", at("mine.yaml"))
	require.ErrorContains(t, err, "was not drawn by holter")
}

func TestSimSends(t *testing.T) {
	var posts atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { posts.Add(1) }))
	defer server.Close()
	out, err := holter(t, "sim", "--protocol", "http", "--endpoint", server.URL, "--tokens", "10", "--days", "1")
	require.NoError(t, err)
	assert.Positive(t, posts.Load())
	assert.Contains(t, out, "sent ")
	assert.Contains(t, out, "10 tokens of")
}
