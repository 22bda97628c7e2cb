package integration

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/store/embedded"
)

// newDefault is a collector with the built-in configuration.
func newDefault(t *testing.T) *Collector {
	t.Helper()
	c := newCollector(t)
	c.args = c.onOwnPorts()
	return c
}

// holterStore runs holter store on the collector's folder, whether it runs or not.
func holterStore(t *testing.T, c *Collector, args ...string) []byte {
	t.Helper()
	var out, notes bytes.Buffer
	cmd := exec.Command(companionBin, append([]string{"store", "--directory", c.File("store")}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &notes
	require.NoError(t, cmd.Run(), notes.String())
	return out.Bytes()
}

// storedUse is a row of holter store export, of usage or of tokens.
type storedUse struct {
	Kind, First string
	Value       int64
	ID, Hint    string // of tokens; ID of events
	Owner       string `json:"owner_id"`
	Requests    int64
	LastUse     store.Use `json:"last_use"`
}

func stored(t *testing.T, c *Collector, args ...string) (rows []storedUse) {
	t.Helper()
	lines := bufio.NewScanner(bytes.NewReader(holterStore(t, c, append([]string{"export"}, args...)...)))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row storedUse
		require.NoError(t, json.Unmarshal(lines.Bytes(), &row))
		rows = append(rows, row)
	}
	return rows
}

// counts are the requests in the store by kind of fact and key.
func counts(t *testing.T, c *Collector) map[string]int64 {
	t.Helper()
	all := map[string]int64{}
	for _, row := range stored(t, c, "--what", "usage", "--level", "day") {
		if row.Kind == "bytes" || row.Kind == "unit" || row.Kind == "cost" {
			continue
		}
		all[row.Kind] += row.Value
		if row.Kind == "route" || row.Kind == "outcome" {
			all[row.First] += row.Value
		}
	}
	return all
}

// Killed in the middle of requests and started again, the store counts every request once: what was sent is what is there.
func TestTheStoreCountsEveryRequestOnce(t *testing.T) {
	c := newDefault(t).Start()
	client := newClient(t, c.GRPC())
	var calls []Call
	for n := range 5 {
		calls = append(calls, history(keyNumber(n), 21, 8)...)
	}
	want := map[string]int64{}
	for i := range calls {
		calls[i].Sequence = i
		if i%10 == 3 {
			calls[i].Status = 500
		}
		outcome := "success"
		if calls[i].Status == 500 {
			outcome = "server_error"
		}
		want[outcome]++
		want["GET "+calls[i].Route]++
		for _, kind := range []string{"outcome", "route", "origin", "release", "client"} {
			want[kind]++
		}
	}
	random := rand.New(rand.NewPCG(9, 9))
	batches := (len(calls) + batchSize - 1) / batchSize
	kills := map[int]bool{random.IntN(batches): true, random.IntN(batches): true, batches - 1: true}
	for n, rest := 0, calls; len(rest) > 0; n++ {
		size := min(batchSize, len(rest))
		batch := traces(rest[:size]...)
		rest = rest[size:]
		acknowledged := make(chan error, 1)
		go func() { acknowledged <- client.Traces(batch) }()
		if kills[n] {
			time.Sleep(time.Duration(random.IntN(1500)) * time.Millisecond) // another moment of a flush's life each time
			c.Kill9()
			c.Start()
		}
		if err := <-acknowledged; err != nil { // a client sends again what was not acknowledged, as SDKs do
			require.True(t, kills[n], err)
			require.NoError(t, client.Traces(batch))
		}
	}
	var got map[string]int64
	waitFor(t, "all requests in the store", func() bool {
		got = counts(t, c)
		return got["outcome"] >= want["outcome"] && got["client"] >= want["client"]
	})
	require.Equal(t, want, got)
	for range 2 {
		c.Stop()
		require.Equal(t, want, counts(t, c), "a restart changes nothing")
		c.Start()
	}
	tokens := stored(t, c, "--what", "tokens")
	require.Len(t, tokens, 5)
	last := calls[len(calls)-1].At
	for _, token := range tokens {
		assert.Equal(t, int64(len(calls)/5), token.Requests)
		assert.WithinDuration(t, last, token.LastUse.At, time.Second)
		assert.Equal(t, "DE", token.LastUse.Country)
		assert.Contains(t, token.LastUse.Route, "GET /v1/orders")
		assert.Equal(t, "orders-api", token.LastUse.Service)
		assert.NotEmpty(t, token.Hint)
	}
	c.Stop()
	secrets := map[string]string{}
	for n := range 5 {
		secrets[keyNumber(n)] = keyNumber(n)
	}
	require.Empty(t, newHunt(secrets).SearchFolder(t, c.File("store")))
}

// What somebody says in the journal reaches token_behavior, which is started later.
func TestTheJournalReachesTheEngine(t *testing.T) {
	c := newDefault(t).Start()
	send(t, newClient(t, c.GRPC()), history(keyNumber(0), 3, 2)...)
	var token string
	waitFor(t, "the token in the store", func() bool {
		for _, row := range stored(t, c, "--what", "tokens") {
			token = row.ID
		}
		return token != ""
	})
	c.Stop()
	say := func(entries ...store.Entry) (at uint64) {
		s, err := embedded.Open(embedded.Options{Folder: c.File("store")})
		require.NoError(t, err)
		require.NoError(t, s.Append(t.Context(), entries))
		at, err = s.Cursor(t.Context(), "receiver/token_store")
		require.NoError(t, err)
		require.NoError(t, s.Close())
		return at
	}
	say(store.Entry{
		Time: start.AddDate(0, 0, 3), Kind: store.EntryFeedback, Token: token, By: "ada",
		Attributes: json.RawMessage(`{"api_token.direction":"inbound","feedback.verdict":"benign","feedback.facet":"country","feedback.value":"BR"}`),
	})
	mark := c.Log.Len()
	c.Start()
	waitFor(t, "the feedback to be taken", func() bool {
		return strings.Contains(c.Log.Since(mark), "feedback is taken") && strings.Contains(c.Log.Since(mark), token)
	})
	c.Stop()
	require.Positive(t, say(), "where it got to is remembered")
}

// Beside a running collector: an owner is erased, and nothing of its token is left in the store's files.
func TestAnErasureLeavesNothingInTheStore(t *testing.T) {
	c := newDefault(t)
	c.Start()
	client := newClient(t, c.GRPC())
	for n := range 2 {
		send(t, client, history(keyNumber(n), 5, 4)...)
	}
	var tokens []storedUse
	waitFor(t, "both tokens in the store", func() bool {
		tokens = stored(t, c, "--what", "tokens")
		return len(tokens) == 2 && tokens[0].Requests == 200 && tokens[1].Requests == 200
	})
	gone, stays := tokens[0], tokens[1]
	require.Contains(t, string(holterStore(t, c, "erase", "--token", gone.ID)), "Nothing was erased")
	require.Len(t, stored(t, c, "--what", "tokens"), 2)
	require.Contains(t, string(holterStore(t, c, "erase", "--token", gone.ID, "--by", "ada", "--yes")), "erased: 1 tokens")
	tokens = stored(t, c, "--what", "tokens")
	require.Len(t, tokens, 1)
	assert.Equal(t, [2]any{stays.ID, int64(200)}, [2]any{tokens[0].ID, tokens[0].Requests})
	assert.Contains(t, string(holterStore(t, c, "export", "--what", "journal")), `"by":"ada"`, "the tombstone")
	c.Stop()
	require.Empty(t, newHunt(map[string]string{"the id": gone.ID}).SearchFolder(t, c.File("store")))
	require.NotEmpty(t, newHunt(map[string]string{"the id": stays.ID}).SearchFolder(t, c.File("store")), "the hunt can find an id")
}
