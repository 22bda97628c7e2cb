package behavior

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/holterhq/holter/internal/anomaly"
)

var update = flag.Bool("update", false, "write the scenarios' expected output anew")

// TestScenarios plays the stories under testdata: numbered stages of requests through one engine, and what it says after each.
//
//	every weekday 08:00-18:00 for 21d from 2026-03-02: key=k1 country=DE route=GET /orders rate=4/h
//	2026-03-25T03:12:00Z: key=k1 country=NL route=GET /exports n=3
//
// Values separated by commas take turns. key=k1..k30 is thirty keys that each do so, and cost=0.4 what a request costs in USD. A scenario's
// config is a budget: "10 per week" or "5 per 1000 token-days". Between two stages there may be what was done about a token:
//
//	2026-03-31T00:12:00Z: key=k1 act=a1 action=lock target=kong state=done delay=30s
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			e := New(Config{Budget: Budget{FalseAlerts: 10, Per: 7 * 24 * time.Hour}, Currency: "USD"})
			var said []anomaly.Event
			for i, f := range archive.Files {
				switch {
				case f.Name == "config":
					e = New(Config{Budget: parseBudget(t, string(f.Data)), Currency: "USD"})
				case strings.HasSuffix(f.Name, ".act"):
					for line := range strings.Lines(string(f.Data)) {
						require.NoError(t, e.Follow(parseAct(t, line)))
					}
				case strings.HasSuffix(f.Name, ".in"):
					said = e.Apply(parseStage(t, string(f.Data)))
				case strings.HasSuffix(f.Name, ".out"):
					got := describe(said)
					if *update {
						archive.Files[i].Data = []byte(got)
						continue
					}
					require.Equal(t, string(f.Data), got, f.Name)
				}
			}
			if *update {
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o644))
			}
		})
	}
}

func describe(events []anomaly.Event) string {
	if len(events) == 0 {
		return "(nothing)\n"
	}
	var s strings.Builder
	for _, e := range events {
		fmt.Fprintf(&s, "%s %s %s %s\n", time.Unix(0, e.Time).UTC().Format(time.RFC3339), e.Severity, e.Detector, or(e.Token.ID, fmt.Sprint(len(e.Tokens), " tokens")))
		for _, v := range e.Evidence {
			fmt.Fprintf(&s, "  %s: %s (expected %s)\n", v.Facet, v.Observed, v.Expected)
		}
	}
	return s.String()
}

func parseAct(t *testing.T, line string) Response {
	t.Helper()
	when, what, ok := cutWhen(strings.TrimSpace(line))
	require.True(t, ok, "no act in %q", line)
	at, err := time.Parse(time.RFC3339, when)
	require.NoError(t, err)
	f := fields(what)
	delay, err := time.ParseDuration(or(f["delay"], "0s"))
	require.NoError(t, err)
	return Response{
		Token: f["key"], Time: at.UnixNano(), Hint: f["hint"],
		Act: Act{
			ID: f["act"], Action: f["action"], Target: f["target"], Delay: delay, For: 7 * 24 * time.Hour,
			State: map[string]ActState{"done": ActDone, "undone": ActOver}[f["state"]],
		},
	}
}

func parseBudget(t *testing.T, s string) (b Budget) {
	t.Helper()
	if _, err := fmt.Sscanf(s, "%g per %g token-days", &b.FalseAlerts, &b.PerTokenDays); err == nil {
		return b
	}
	_, err := fmt.Sscanf(s, "%g per week", &b.FalseAlerts)
	require.NoError(t, err, s)
	return Budget{FalseAlerts: b.FalseAlerts, Per: 7 * 24 * time.Hour}
}

func parseStage(t *testing.T, text string) (obs []Observation) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		when, what, ok := cutWhen(line)
		require.True(t, ok, "no request in %q", line)
		f := fields(what)
		for _, key := range keys(t, f["key"]) {
			f["key"] = key
			obs = append(obs, requests(t, when, f)...)
		}
	}
	slices.SortStableFunc(obs, func(a, b Observation) int { return int(a.Time/1e9 - b.Time/1e9) })
	for i := range obs {
		obs[i].Trace[0], obs[i].Trace[1], obs[i].Trace[2], obs[i].Span[0] = 1, byte(i>>8), byte(i), 1
	}
	return obs
}

// keys are all those that k1..k30 stands for.
func keys(t *testing.T, key string) (all []string) {
	t.Helper()
	first, last, ok := strings.Cut(key, "..")
	if !ok {
		return []string{key}
	}
	name := strings.TrimRight(first, "0123456789")
	from, err := strconv.Atoi(strings.TrimPrefix(first, name))
	require.NoError(t, err, key)
	to, err := strconv.Atoi(strings.TrimPrefix(last, name))
	require.NoError(t, err, key)
	for n := from; n <= to; n++ {
		all = append(all, fmt.Sprint(name, n))
	}
	return all
}

func cutWhen(line string) (when, what string, ok bool) {
	i := strings.Index(line, ": ")
	if i < 0 {
		return "", "", false
	}
	return line[:i], line[i+2:], true
}

// fields reads key=value pairs; a value runs to the next key.
func fields(s string) map[string]string {
	m := map[string]string{}
	last := ""
	for _, word := range strings.Fields(s) {
		if k, v, ok := strings.Cut(word, "="); ok {
			m[k], last = v, k
		} else {
			m[last] += " " + word
		}
	}
	return m
}

func requests(t *testing.T, when string, f map[string]string) (obs []Observation) {
	t.Helper()
	var times []int64
	random := rand.New(rand.NewPCG(uint64(len(f["key"])), uint64(hash(f["key"]+when))))
	if rest, ok := strings.CutPrefix(when, "every "); ok {
		var kind, hours, start string
		var days, from, to int
		_, err := fmt.Sscanf(rest, "%s %s for %dd from %s", &kind, &hours, &days, &start)
		require.NoError(t, err, when)
		_, err = fmt.Sscanf(hours, "%d:00-%d:00", &from, &to)
		require.NoError(t, err, when)
		first, err := time.Parse(time.DateOnly, start)
		require.NoError(t, err)
		var rate float64
		_, err = fmt.Sscanf(f["rate"], "%g/h", &rate)
		require.NoError(t, err, f["rate"])
		for d := range days {
			at := first.AddDate(0, 0, d)
			if w := at.Weekday(); kind == "weekday" && (w == time.Saturday || w == time.Sunday) {
				continue
			}
			for range max(1, int(rate*float64(to-from)*(0.6+0.8*random.Float64()))) {
				times = append(times, at.UnixNano()+int64((float64(from)+random.Float64()*float64(to-from))*3600e9))
			}
		}
	} else {
		at, err := time.Parse(time.RFC3339, when)
		require.NoError(t, err)
		n := 1
		if f["n"] != "" {
			n, err = strconv.Atoi(f["n"])
			require.NoError(t, err)
		}
		for i := range n {
			times = append(times, at.UnixNano()+int64(i)*20e9)
		}
	}
	slices.Sort(times)
	pick := func(name string, i int) string {
		values := strings.Split(f[name], ",")
		return values[i%len(values)]
	}
	for i, at := range times {
		method, route, _ := strings.Cut(pick("route", i), " ")
		status, err := strconv.Atoi(or(pick("status", i), "200"))
		require.NoError(t, err)
		size, err := strconv.Atoi(or(pick("bytes", i), "2000"))
		require.NoError(t, err)
		o := Observation{
			Token: f["key"], Time: at, Hint: f["key"], Service: or(f["service"], "api"), Version: or(f["version"], "1"), Method: method,
			Route: route, Country: pick("country", i), Network: pick("network", i), Client: or(pick("client", i), "okhttp/4"),
			HTTPStatus: uint16(status), ResponseBytes: int64(size), RequestBytes: 100, OwnerID: f["owner"], OwnerName: f["owner"], Status: f["token_status"],
		}
		if v := f["violations"]; v != "" {
			o.Violations = strings.Split(v, ",")
		}
		switch {
		case status == 401, status == 403:
			o.Outcome = AuthError
		case status >= 500:
			o.Outcome = ServerError
		case status >= 400:
			o.Outcome = ClientError
		}
		obs = append(obs, o)
		if f["cost"] != "" {
			o.Cost, err = strconv.ParseFloat(pick("cost", i), 64)
			require.NoError(t, err)
			obs = append(obs, o)
		}
	}
	return obs
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
