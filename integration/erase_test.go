package integration

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	cred "github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/identity"
)

// order has the console do something.
func (c *Collector) order(path string, what any) (status int, body string) {
	c.t.Helper()
	_, text := c.browse("/api/v1/me")
	var me struct{ CSRF string }
	require.NoError(c.t, json.Unmarshal([]byte(text), &me), text)
	order, err := json.Marshal(what)
	require.NoError(c.t, err)
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.Console()+path, bytes.NewReader(order))
	require.NoError(c.t, err)
	request.Header.Set("X-CSRF-Token", me.CSRF)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	return response.StatusCode, string(answer)
}

// searchStates searches what stands in the state files, key by key: as it is, and unpacked.
func (h *Hunt) searchStates(t testing.TB, folder string) (found []string) {
	t.Helper()
	values := 0
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return errors.Join(db.View(func(tx *bbolt.Tx) error {
			return tx.ForEach(func(_ []byte, bucket *bbolt.Bucket) error {
				return bucket.ForEach(func(key, value []byte) error {
					values++
					found = append(found, h.Search(entry.Name()+" "+string(key), slices.Concat(key, []byte{0}, value))...)
					return nil
				})
			})
		}), db.Close())
	}))
	require.Positive(t, values)
	return found
}

// fleet is two owners with two keys each, who did the same: weeks of their own, a thief, and what somebody said of him.
type fleet struct {
	c         *Collector
	client    *Client
	of        map[string][]storedUse // tokens, by owner
	fingers   map[string]string      // by which one is told, of the owner who goes
	sealed    []string               // fingerprints of the same's credentials
	hints     []string               // of the same, whose beginnings others have as well
	perToken  int64
	anomalies int // of each
}

const (
	whoGoes  = "zephyr-erase"
	whoStays = "borealis-stay"
)

// eraseKey is a key that is told by its hint.
func eraseKey(n int) string { return fmt.Sprintf("shop_live_Wq7TzR2mKx94LbNvYc83HdPfer%02d", n) }

func newFleet(t *testing.T) *fleet {
	c := newCollector(t, "../configs/default.yaml", `yaml:exporters::token_response:
  targets: {people: {webhook: {endpoint: "http://127.0.0.1:1/", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}}}
  rules: [{targets: [people]}]
`) // nobody is there: all that is to be told waits
	holterKey(t, "new", "seal", c.File("seal.key"))
	c.configs = append(c.configs, "yaml:processors::token_identity: {keys: {identity: "+identityKey+"}, seal: {public_key_file: "+c.File("seal.key.pub")+"}}")
	c.args = append(c.onOwnPorts(), "--set=extensions.token_console.demo.enabled=false")
	f := &fleet{c: c, of: map[string][]storedUse{}, fingers: map[string]string{}}
	owners := []Owner{{ID: whoGoes, Name: "Zephyr Erasable Ltd", Team: "shared"}, {ID: whoStays, Name: "Borealis Staying Ltd", Team: "shared"}}
	var registered []Token
	var calls []Call
	for n := range 4 {
		token := known(eraseKey(n))
		token.ID, token.Owner = fmt.Sprintf("registry-%d-%s", n, owners[n/2].ID), owners[n/2].ID
		registered = append(registered, token)
		mine := append(history(eraseKey(n), 35, 4), theft(eraseKey(n), start.AddDate(0, 0, 35).Add(nightHours), 30)...)
		f.perToken = int64(len(mine))
		calls = append(calls, mine...)
	}
	slices.SortStableFunc(calls, func(a, b Call) int { return a.At.Compare(b.At) })
	c.writeOwners(t, owners, registered...)
	c.Start()
	f.client = newClient(t, c.GRPC())
	send(t, f.client, calls...)
	over := normal(eraseKey(3)) // a later day, on which all that is to be said of the thefts has been
	over.At = start.AddDate(0, 0, 38)
	send(t, f.client, over)
	waitFor(t, "all of it in the store", func() bool { return f.read(t, 2*f.perToken, 2*f.perToken+1) })
	waitFor(t, "anomalies of all", func() bool {
		f.anomalies = len(f.events(t, "anomaly"))
		return f.anomalies >= 4
	})
	for _, event := range f.events(t, "anomaly") {
		status, body := c.order("/api/v1/anomalies/"+event.ID+"/feedback", map[string]string{"verdict": "malicious"})
		require.Equal(t, 202, status, body)
	}
	waitFor(t, "the feedback to be taken", func() bool { return strings.Contains(c.Log.Since(0), "feedback is taken") })

	for _, token := range f.of[whoGoes] {
		raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(strings.TrimPrefix(token.ID, "tok_")))
		require.NoError(t, err)
		f.fingers["id "+token.ID], f.fingers["id without tok_ "+token.ID], f.fingers["raw "+token.ID] = token.ID, strings.TrimPrefix(token.ID, "tok_"), string(raw)
		f.hints = append(f.hints, token.Hint)
	}
	// What is sealed is kept under the credential's fingerprint.
	key, err := base64.StdEncoding.DecodeString(identityKey)
	require.NoError(t, err)
	namer := identity.NewNamer(identity.Keys{Identity: key, Fingerprint: identity.FingerprintKey(key)})
	for n := range 2 {
		fingerprint := namer.Fingerprint("", cred.Credential{Raw: eraseKey(n), Kind: cred.APIKey})
		f.fingers["fingerprint "+fingerprint] = fingerprint
		f.sealed = append(f.sealed, fingerprint)
	}
	waitFor(t, "the sealed credentials in storage", func() bool {
		data, err := os.ReadFile(c.File("state/processor_token_identity__state"))
		return err == nil && bytes.Contains(data, []byte(f.sealed[0]))
	})
	f.fingers["owner's id"], f.fingers["owner's name"] = whoGoes, "Zephyr Erasable Ltd"
	// The owners file is its operator's: who is to be erased is taken out of it first.
	mark := c.Log.Len()
	c.writeOwners(t, owners[1:], registered[2:]...)
	waitFor(t, "the owners to be read again", func() bool { return strings.Contains(c.Log.Since(mark), "The registry is in force") })
	return f
}

// hunt looks for the owner who goes.
func (f *fleet) hunt() *Hunt {
	h := newHunt(f.fingers)
	for _, hint := range f.hints {
		for _, form := range []string{hint, strings.ReplaceAll(hint, "…", `\u2026`)} {
			h.trails = append(h.trails, trail{name: "hint", form: form, bytes: []byte(form)})
		}
	}
	return h
}

// read reads the tokens, and says whether the owners have so many requests.
func (f *fleet) read(t *testing.T, goes, stays int64) bool {
	t.Helper()
	clear(f.of)
	sums := map[string]int64{}
	for _, token := range stored(t, f.c, "--what", "tokens") {
		f.of[token.Owner] = append(f.of[token.Owner], token)
		sums[token.Owner] += token.Requests
	}
	return sums[whoGoes] == goes && sums[whoStays] == stays
}

func (f *fleet) events(t *testing.T, kind string) (rows []storedUse) {
	t.Helper()
	for _, row := range stored(t, f.c, "--what", "events") {
		if row.Kind == kind {
			rows = append(rows, row)
		}
	}
	return rows
}

// gone hunts through every file and every answer for the owner who goes, and counts what is left of the other.
func (f *fleet) gone(t *testing.T) {
	t.Helper()
	hunt := f.hunt()
	assert.Empty(t, hunt.SearchFolder(t, f.c.Data))
	assert.Empty(t, hunt.searchStates(t, f.c.File("state")))
	for _, what := range []string{"tokens", "usage", "events", "journal"} {
		assert.Empty(t, hunt.Search("export of "+what, holterStore(t, f.c, "export", "--what", what)))
	}
	assert.Contains(t, string(holterStore(t, f.c, "export", "--what", "journal")), "erased an owner: 2 tokens", "the tombstone")
	assert.True(t, f.read(t, 0, 2*f.perToken+1), "of the other nothing is missing")
	assert.Equal(t, 2*f.perToken+1, counts(t, f.c)["outcome"])
	kept := newHunt(map[string]string{"id": f.of[whoStays][0].ID})
	for _, folder := range []string{"store", "state"} {
		assert.NotEmpty(t, kept.SearchFolder(t, f.c.File(folder)), "the hunt can find an id in %s", folder)
	}
	text, err := os.ReadFile(f.c.File("anomalies.jsonl"))
	require.NoError(t, err)
	assert.Contains(t, string(text), f.of[whoStays][0].ID)
}

// An owner who is erased while the collector runs: the answer says who has forgotten, and nothing is left in any file but the tombstone, over
// restarts. A key that is used again is a token that nobody knew; what is older than the erasure does not bring anybody back.
func TestErasingAnOwnerLeavesNothingInAnyFile(t *testing.T) {
	f := newFleet(t)
	require.NotEmpty(t, f.hunt().SearchFolder(t, f.c.File("store")))
	for _, name := range []string{"state/connector_token_behavior__state", "state/exporter_token_response__state", "anomalies.jsonl"} {
		data, err := os.ReadFile(f.c.File(name))
		require.NoError(t, err)
		require.NotEmpty(t, f.hunt().Search(name, data), "it is there to be erased")
	}
	status, body := f.c.order("/api/v1/erase", map[string]string{"owner": whoGoes})
	require.Equal(t, 200, status, body)
	var answer struct{ Reached, Missed []string }
	require.NoError(t, json.Unmarshal([]byte(body), &answer))
	assert.Subset(t, answer.Reached, []string{"token_behavior", "token_identity", "token_response", f.c.File("anomalies*.jsonl")})
	assert.Empty(t, answer.Missed)
	hunt := f.hunt()
	for _, name := range []string{"connector_token_behavior__state", "processor_token_identity__state", "exporter_token_response__state", "exporter_token_store__metrics", "exporter_token_store__logs"} {
		data, err := os.ReadFile(filepath.Join(f.c.File("state"), name))
		require.NoError(t, err)
		assert.Empty(t, hunt.Search(name, data), "at once, in the free pages as well")
	}
	assert.Empty(t, hunt.SearchFolder(t, f.c.File("store")), "at once")
	f.c.Stop()
	f.gone(t)

	f.c.Start()
	old := normal(eraseKey(0))
	old.At = start.AddDate(0, 0, 40) // was in an app's queue all the time
	again := normal(eraseKey(1))
	again.At = time.Now().Add(2 * time.Minute)
	send(t, f.client, old, again)
	var found []storedUse
	waitFor(t, "the key that is used again", func() bool {
		found = slices.DeleteFunc(stored(t, f.c, "--what", "tokens"), func(token storedUse) bool { return token.Owner == whoStays })
		return len(found) > 0 && found[0].Requests > 0
	})
	require.Len(t, found, 1, "what is older does not bring anybody back")
	assert.Equal(t, int64(1), found[0].Requests, "it is a token that nobody knew")
	assert.WithinDuration(t, again.At, found[0].LastUse.At, time.Second)
}

// An owner who is erased by holter store while no collector runs is forgotten by the components after the next start.
func TestErasingAnOwnerWhileNothingRuns(t *testing.T) {
	f := newFleet(t)
	f.c.Stop()
	said := string(holterStore(t, f.c, "erase", "--owner", whoGoes, "--by", "ada", "--yes"))
	assert.Contains(t, said, "erased: 2 tokens")
	assert.Contains(t, said, "they forget after the next start")
	hunt := f.hunt()
	require.NotEmpty(t, hunt.SearchFolder(t, f.c.File("state")))
	f.c.Start()
	waitFor(t, "the components to have forgotten", func() bool { return len(hunt.SearchFolder(t, f.c.File("store"))) == 0 })
	require.Empty(t, hunt.SearchFolder(t, f.c.File("state")))
	f.c.Stop()
	f.gone(t)
}
