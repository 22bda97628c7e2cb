package integration

import (
	"bufio"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var record = flag.Bool("record", false, "record testdata/captures again from the apps in node/")

// captures is a folder of <app>-traces.jsonl, <app>-logs.jsonl and <app>-metrics.jsonl, one OTLP JSON request a line, and
// the secrets that were in them, secrets.txt: name, tab, secret. HOLTER_CAPTURES names another.
func captures() string {
	if folder := os.Getenv("HOLTER_CAPTURES"); folder != "" {
		return folder
	}
	return filepath.Join("testdata", "captures")
}

func TestCapturesLeaveNoSecretBehind(t *testing.T) {
	if *record {
		recordCaptures(t)
	}
	hunt := newHunt(readSecrets(t, filepath.Join(captures(), "secrets.txt")))
	files, err := filepath.Glob(filepath.Join(captures(), "*-*.jsonl"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	raw := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		raw += len(hunt.Search(file, text))
	}
	require.Positive(t, raw, "the captures hold none of their secrets: the hunt would prove nothing")
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			requests := readLines(t, file)
			require.NotEmpty(t, requests)

			backend := newBackend(t)
			c := newCollector(t, "testdata/holter.yaml")
			c.Env["BACKEND"] = backend.Port
			c.Start()
			signal := strings.TrimSuffix(file[strings.LastIndexByte(file, '-')+1:], ".jsonl")
			for _, request := range requests {
				post(t, c.HTTP()+"/v1/"+signal, "application/json", []byte(request))
			}
			usage, telemetry := c.Usage(), c.Telemetry()
			c.Stop() // every queue is empty then

			require.NotZero(t, len(backend.Traces())+len(backend.Logs())+len(backend.Metrics()))
			found := hunt.Search("backend", backend.Bytes())
			found = append(found, hunt.Search("log", []byte(c.Log.String()))...)
			found = append(found, hunt.Search("usage metrics", []byte(usage))...)
			found = append(found, hunt.Search("own metrics", []byte(telemetry))...)
			found = append(found, hunt.SearchFolder(t, c.Data)...)
			require.Empty(t, found)
		})
	}
}

func recordCaptures(t *testing.T) {
	t.Helper()
	c := newCollector(t, "testdata/record.yaml").Start()
	shop := openShop(t, c.HTTP())
	shop.visits()
	shop.Close()
	c.Stop()

	folder := captures()
	require.NoError(t, os.MkdirAll(folder, 0o755))
	recorded, err := os.ReadFile(c.File("recorded.jsonl"))
	require.NoError(t, err)
	// Stack traces and process.command_args name the folder of whoever records.
	elsewhere := strings.ReplaceAll(string(recorded), absolute(".."), "/srv/holter")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "node-traces.jsonl"), []byte(elsewhere), 0o644))
	text := "# name<TAB>secret. False ones: of the apps in node/.\n"
	for _, name := range slices.Sorted(maps.Keys(shop.Secrets)) {
		text += fmt.Sprintf("%s\t%s\n", name, shop.Secrets[name])
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "secrets.txt"), []byte(text), 0o644))
}

func readSecrets(t *testing.T, path string) map[string]string {
	t.Helper()
	secrets := map[string]string{}
	for _, line := range readLines(t, path) {
		if name, secret, ok := strings.Cut(line, "\t"); ok && !strings.HasPrefix(line, "#") {
			secrets[name] = secret
		}
	}
	require.NotEmpty(t, secrets)
	return secrets
}

func readLines(t *testing.T, path string) []string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	var lines []string
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		if line := scanner.Text(); strings.TrimSpace(line) != "" {
			lines = append(lines, line)
		}
	}
	require.NoError(t, scanner.Err())
	return lines
}
