package integration

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Killed at random moments while incidents are in flight against targets that fail in every way: every message arrives, and
// every act is done once, or ends as unknown and somebody is paged.
func TestNoMessageIsLostAndNoActDoneTwiceOverKill9(t *testing.T) {
	kills, incidents := 10, 50
	if prove {
		kills, incidents = 200, 1000
	}
	world := newFlaky(t)
	c := newCollector(t, "testdata/desk.yaml")
	c.Env["TARGETS"], c.Env["WEBHOOK_SECRET"] = world.URL, webhookSecret
	c.Env["DELAYS"] = "[0s" + strings.Repeat(", 150ms", 200) + "]"
	random := rand.New(rand.NewPCG(9, 9))
	c.Start()
	client := newClient(t, c.GRPC())
	acknowledged := make(chan error, 1)
	for sent, kill := 0, 0; kill < kills; kill++ {
		next := incidents * (kill + 1) / kills
		batch := leakedTokens(sent, next)
		sent = next
		go func() { acknowledged <- client.Logs(batch) }()
		time.Sleep(time.Duration(random.IntN(500)) * time.Millisecond)
		c.Kill9()
		c.Start()
		if err := <-acknowledged; err != nil {
			require.NoError(t, client.Logs(batch), "what was not acknowledged is sent again")
		}
	}
	world.calm()
	waitLong(t, "every incident to be told and every act to end", 5*patience, func() bool { return world.settled(incidents) })
	world.check(t, incidents, kills)
	c.Stop()
}

// leakedTokens are anomalies of the tokens from one number to the next.
func leakedTokens(from, to int) plog.Logs {
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for n := from; n < to; n++ {
		record := records.AppendEmpty()
		record.SetEventName("api_token.anomaly")
		record.SetTimestamp(pcommon.NewTimestampFromTime(start))
		record.SetSeverityNumber(plog.SeverityNumberFatal)
		record.Body().SetStr(fmt.Sprintf("Key %d has leaked.", n))
		record.Attributes().PutStr("anomaly.id", fmt.Sprintf("leak-%d", n))
		record.Attributes().PutStr("anomaly.detector", "leaked_credential")
		record.Attributes().PutStr("api_token.id", fmt.Sprintf("tok_%d", n))
		record.Attributes().PutStr("api_token.direction", "inbound")
		record.Attributes().PutStr("api_token.registry_id", fmt.Sprint(n))
	}
	return logs
}

// flaky is a world of targets that fail: a third of the requests is refused, comes too late, breaks off, or is obeyed and
// never answered.
type flaky struct {
	*httptest.Server
	mu     sync.Mutex
	random *rand.Rand
	quiet  bool

	locked   map[string]int             // by token: how often the act was done
	told     map[string]map[string]bool // by token: occasions that arrived and were accepted
	bodies   map[string]string          // by target and webhook-id
	requests int
	faults   map[string]int
	broken   []string
}

func newFlaky(t testing.TB) *flaky {
	f := &flaky{
		random: rand.New(rand.NewPCG(5, 5)), locked: map[string]int{}, told: map[string]map[string]bool{}, bodies: map[string]string{},
		faults: map[string]int{},
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.CloseClientConnections)
	t.Cleanup(f.Close)
	return f
}

// calm lets messages through; acts that are under way end as they may.
func (f *flaky) calm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.quiet = true
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	f.mu.Lock()
	f.requests++
	fault := ""
	if !f.quiet {
		fault = []string{"500", "429", "time-out", "reset", "lost answer", "", "", "", "", "", "", ""}[f.random.IntN(12)]
	}
	f.faults[fault]++
	if fault == "" || fault == "lost answer" {
		f.obey(req, body)
	}
	f.mu.Unlock()
	switch fault {
	case "500":
		w.WriteHeader(http.StatusInternalServerError)
	case "429":
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
	case "time-out":
		select {
		case <-req.Context().Done():
		case <-time.After(2 * time.Second):
		}
	case "reset", "lost answer":
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// obey does what a request asks for.
func (f *flaky) obey(req *http.Request, body []byte) {
	if token, ok := strings.CutPrefix(req.URL.Path, "/lock/"); ok {
		f.locked[token]++
		return
	}
	var message struct {
		Data struct {
			Token    struct{ ID string }
			Incident struct{ Occasion string }
		}
	}
	if err := json.Unmarshal(body, &message); err != nil {
		f.broken = append(f.broken, err.Error())
		return
	}
	id := req.URL.Path + " " + req.Header.Get("webhook-id")
	sum := fmt.Sprintf("%x", sha256.Sum256(body))
	if before, ok := f.bodies[id]; ok && before != sum {
		f.broken = append(f.broken, id+" has come with another body")
	}
	f.bodies[id] = sum
	token := strings.TrimPrefix(message.Data.Token.ID, "tok_")
	if f.told[token] == nil {
		f.told[token] = map[string]bool{}
	}
	f.told[token][req.URL.Path+" "+message.Data.Incident.Occasion] = true
}

// settled says whether every incident was told, and how its act ended.
func (f *flaky) settled(incidents int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n := range incidents {
		told := f.told[fmt.Sprint(n)]
		if !told["/people opened"] || !told["/people act_done"] && !(told["/people act_unknown"] && told["/pager act_unknown"]) {
			return false
		}
	}
	return true
}

func (f *flaky) check(t testing.TB, incidents, kills int) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	assert.Empty(t, f.broken)
	done, unknown, both := 0, 0, 0
	opened := 0
	for id := range f.bodies {
		if strings.HasPrefix(id, "/people ") {
			opened++
		}
	}
	for n := range incidents {
		token := fmt.Sprint(n)
		told := f.told[token]
		assert.LessOrEqual(t, f.locked[token], 1, "token %s was locked more than once", token)
		switch {
		case told["/people act_done"] && told["/people act_unknown"]:
			both++
		case told["/people act_done"]:
			done++
			assert.Equal(t, 1, f.locked[token], "token %s is said to be locked", token)
		default:
			unknown++
		}
	}
	assert.Zero(t, both, "an act ends once")
	assert.Equal(t, 2*incidents, opened, "one message that an incident began, and one of how its act ended")
	t.Logf("%d kills, %d incidents, %d requests with faults %v: %d messages for people arrived, %d acts done once, %d unknown and paged",
		kills, incidents, f.requests, f.faults, opened, done, unknown)
}
