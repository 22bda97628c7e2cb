package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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
	needBrowser(t)
	collector := newCollector(t, "../configs/default.yaml")
	collector.args = collector.onOwnPorts()
	collector.Start()
	env := map[string]string{}
	if prove {
		env["ALL"] = "1"
	}
	visitPage(t, collector, env)
}

// needBrowser skips the test, and says so, where there is none.
func needBrowser(t *testing.T) {
	t.Helper()
	if missing := browserMissing(); missing != "" {
		fmt.Fprintf(os.Stderr, "SKIPPED: %s: %s is missing: run integration/setup.sh as root\n", t.Name(), missing)
		t.Skip(missing + " is missing: run integration/setup.sh as root")
	}
}

// visitPage has a browser take steps on the collector's page: those that are named, or all.
func visitPage(t *testing.T, collector *Collector, more map[string]string, named ...string) {
	t.Helper()
	log := &Log{}
	env := map[string]string{"OTLP": collector.HTTP(), "FAILED": t.TempDir(), "CHROMIUM": chromiumBin, "STEPS": strings.Join(named, ",")}
	if shots := os.Getenv("HOLTER_SHOTS"); shots != "" {
		env["SHOTS"] = absolute(shots)
	}
	maps.Copy(env, more)
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

// A first visit, from the built binary with its built-in configuration to the token of one's own app on the page, by what the page says and nothing else.
func TestAFirstVisit(t *testing.T) {
	needBrowser(t)
	began := time.Now()
	c := newDefault(t).Start()
	visitPage(t, c, map[string]string{"BEGAN": fmt.Sprint(began.UnixMilli())}, "visit")
	const deadline = 5 * time.Minute
	require.Less(t, time.Since(began), deadline)
}

// What a person calls benign on the page goes by the journal to token_behavior: the evidence is gone from the page, and when the token does the same
// again it is normal. Another token, of which nobody said anything, does the same and is not believed.
func TestBenignOnThePageIsTaken(t *testing.T) {
	needBrowser(t)
	c := newDefault(t).Start()
	client := newClient(t, c.GRPC())
	const days = 28
	today := time.Now().UTC().Truncate(24 * time.Hour)
	recent := func(calls []Call) []Call { // the history ends three days ago
		for i := range calls {
			calls[i].At = calls[i].At.Add(today.AddDate(0, 0, -3-days).Sub(start))
		}
		return calls
	}
	night := func(day int) time.Time { return today.AddDate(0, 0, day).Add(3 * time.Hour) }
	keys := [2]string{keyNumber(0) + "Bene", keyNumber(1) + "Male"} // told apart by their hints
	for _, key := range append([]string{keyNumber(2), keyNumber(3), keyNumber(4), keyNumber(5)}, keys[:]...) {
		send(t, client, recent(history(key, days, 6))...)
	}
	for _, key := range keys {
		send(t, client, theft(key, night(-3), 40)...)
	}
	type found struct{ ID, Token, Name string }
	anomalies := func(token string) (all []found) {
		var list struct{ Anomalies []found }
		_, body := c.browse("/api/v1/anomalies?from=-30d&token=" + token)
		require.NoError(t, json.Unmarshal([]byte(body), &list))
		return list.Anomalies
	}
	ids := map[string]string{} // by key
	waitFor(t, "both thefts to be noticed", func() bool {
		for _, row := range stored(t, c, "--what", "tokens") {
			for _, key := range keys {
				if strings.HasSuffix(row.Hint, key[len(key)-4:]) && len(anomalies(row.ID)) > 0 {
					ids[key] = row.ID
				}
			}
		}
		return len(ids) == 2
	})
	believed, other := ids[keys[0]], ids[keys[1]]
	visitPage(t, c, map[string]string{"TOKEN": believed}, "benign")

	for day := -2; day <= -1; day++ {
		for _, key := range keys {
			send(t, client, theft(key, night(day), 40)...)
		}
	}
	send(t, client, theft(keys[0], today, 1)...) // the day before is over, and its baseline is told
	type habits struct {
		Countries []struct {
			Value string
			New   bool
			Share *float64 `json:"baseline_share"`
		}
	}
	learned := func(token string) (share float64) {
		var h habits
		_, body := c.browse("/api/v1/tokens/" + token + "/habits?from=-7d")
		require.NoError(t, json.Unmarshal([]byte(body), &h))
		for _, country := range h.Countries {
			if country.Value == "BR" && country.Share != nil {
				share = *country.Share
			}
		}
		return share
	}
	waitFor(t, "the baseline to take it", func() bool { return learned(believed) > 0 })
	visitPage(t, c, map[string]string{"TOKEN": believed}, "taken")
	assert.Len(t, anomalies(believed), 1)
	waitFor(t, "the other one to be told of again", func() bool { return len(anomalies(other)) > 1 })
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
