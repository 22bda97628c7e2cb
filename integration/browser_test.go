package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// step is what node/console.mjs tells of one thing that it did on the page.
type step struct {
	Step  string `json:"step"`
	Error string `json:"error"`
}

// People use the page in a browser: the empty state, the demo, filters, drill-down, an answer to an anomaly, exports, every page in both
// themes and two widths. HOLTER_SHOTS names a folder for what it looked like.
func TestConsoleInABrowser(t *testing.T) {
	if missing := browserMissing(); missing != "" {
		fmt.Fprintf(os.Stderr, "SKIPPED: %s: %s is missing: run integration/setup.sh as root\n", t.Name(), missing)
		t.Skip(missing + " is missing: run integration/setup.sh as root")
	}
	collector := newCollector(t, "../configs/default.yaml")
	collector.args = collector.onOwnPorts()
	collector.Start()

	log := &Log{}
	env := map[string]string{"OTLP": collector.HTTP(), "FAILED": t.TempDir(), "CHROMIUM": chromiumBin}
	if shots := os.Getenv("HOLTER_SHOTS"); shots != "" {
		env["SHOTS"] = absolute(shots)
	}
	if prove {
		env["ALL"] = "1"
	}
	browser := startProcess(t, log, absolute("node"), env, nodeBin, "console.mjs", collector.Console())
	code := browser.Wait(15 * time.Minute)
	lines := bufio.NewScanner(strings.NewReader(log.String()))
	lines.Buffer(nil, 1<<20)
	steps := 0
	for lines.Scan() {
		var s step
		if json.Unmarshal(lines.Bytes(), &s) != nil || s.Step == "" {
			continue
		}
		steps++
		t.Run(s.Step, func(t *testing.T) {
			t.Log(lines.Text())
			require.Empty(t, s.Error)
		})
	}
	require.NoError(t, lines.Err())
	require.Zero(t, code, log.Tail(40))
	require.NotZero(t, steps, "the browser said nothing")
}

// browserMissing is what the tests of the page lack.
func browserMissing() string {
	for _, need := range []string{chromiumBin, filepath.Join("node", "node_modules", "playwright-core"), filepath.Join("node", "node_modules", "axe-core")} {
		if _, err := os.Stat(need); err != nil {
			return need
		}
	}
	return ""
}
