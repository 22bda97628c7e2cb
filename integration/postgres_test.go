package integration

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cred "github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/registry/postgres"
)

// keyTables are a registry as a team would have it.
const keyTables = `
CREATE TABLE owners (id text PRIMARY KEY, name text, team text, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE api_keys (
	id text PRIMARY KEY, owner text NOT NULL REFERENCES owners, sha256 bytea NOT NULL, expires_at timestamptz, scopes text[], tags jsonb,
	replaces text, rotated_at timestamptz, grace interval, updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON api_keys (updated_at);
CREATE INDEX ON api_keys (owner);
CREATE INDEX ON owners (updated_at);
INSERT INTO owners SELECT 'owner_' || i, 'Owner ' || i, 'team ' || i %% 7, now() - interval '1 day' FROM generate_series(0, 999) i;
INSERT INTO api_keys (id, owner, sha256, expires_at, updated_at, scopes, tags)
	SELECT 'key_' || i, 'owner_' || i %% 1000, sha256(convert_to('corp_live_' || md5(i::text), 'UTF8')), '2030-01-01', now() - interval '1 day',
		ARRAY['orders:read'], jsonb_build_object('plan', CASE WHEN i %% 2 = 0 THEN 'gold' ELSE 'free' END)
	FROM generate_series(1, %d) i;
ANALYZE;`

// keyOf is the i-th key of the tables.
func keyOf(i int) string {
	sum := md5.Sum([]byte(fmt.Sprint(i)))
	return "corp_live_" + hex.EncodeToString(sum[:])
}

// use sends one request with a key and returns its span as the backend has it.
func use(t *testing.T, client *Client, backend *Backend, key string, sequence *int) Received {
	t.Helper()
	call := normal(key)
	*sequence++
	call.Sequence = *sequence
	_, want := call.ids()
	send(t, client, call)
	var found Received
	waitFor(t, "the span at the backend", func() bool {
		spans := backend.Spans()
		for i := len(spans) - 1; i >= 0; i-- {
			if spans[i].SpanID() == want {
				found = spans[i]
				return true
			}
		}
		return false
	})
	return found
}

// resident is the memory that a process has, in MiB; 0 where the system does not say.
func resident(p *Process) (mebibytes int) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	if _, err := fmt.Sscanf(after, "%d kB", &mebibytes); err != nil {
		return 0
	}
	return mebibytes >> 10
}

// A registry in a database: its tokens are joined, what changes there shows, and while it is away nothing is lost.
func TestOwnersInPostgreSQL(t *testing.T) {
	many := 50_000
	if prove {
		many = 1_000_000
	}
	database := newDatabase(t).Start()
	database.Do(keyTables, many)
	backend := newBackend(t)
	c := newCollector(t, "testdata/holter.yaml", "testdata/postgres.yaml")
	c.Env["BACKEND"], c.Env["DATABASE"], c.Env["DATABASE_PASSWORD"] = backend.Port, database.DSN(), database.Password
	c.Env["REFRESH_INTERVAL"] = "200ms"
	if prove {
		c.Env["REFRESH_INTERVAL"] = "1s"
	}
	begun := time.Now()
	c.Start()
	t.Logf("ready after %v", time.Since(begun).Round(time.Millisecond))
	client := newClient(t, c.GRPC())
	waitLong(t, "the registry to be read", 10*patience, func() bool { return sum(samples(t, c.Telemetry()), "otelcol_token_registry_tokens") == float64(many) })
	t.Logf("%d tokens in force %v after the start, resident %d MiB", many, time.Since(begun).Round(time.Millisecond), resident(c.Process))

	sequence := 0
	owner := func(i int) string {
		return use(t, client, backend, keyOf(i), &sequence).Text("api_token.owner.id")
	}
	for i := 1; i <= many; i += many / 97 {
		span := use(t, client, backend, keyOf(i), &sequence)
		require.Equal(t, fmt.Sprint("key_", i), span.Text("api_token.registry_id"))
		require.Equal(t, fmt.Sprint("owner_", i%1000), span.Text("api_token.owner.id"))
		require.Equal(t, fmt.Sprint("team ", i%1000%7), span.Text("api_token.owner.team"))
		require.Equal(t, fmt.Sprint("Owner ", i%1000), span.Text("api_token.owner.name"))
		require.Equal(t, `["orders:read"]`, span.Text("api_token.scopes"))
		require.Equal(t, []string{"gold", "free"}[i%2], span.Text("api_token.tags.plan"))
		require.Empty(t, span.Text("api_token.status"))
	}
	require.Equal(t, "unknown", use(t, client, backend, keyOf(many+1), &sequence).Text("api_token.status"))

	t.Run("what changes shows", func(t *testing.T) {
		database.Do("UPDATE api_keys SET owner = 'owner_999', updated_at = now() WHERE id = 'key_5'; INSERT INTO api_keys (id, owner, sha256) "+
			"VALUES ('key_new', 'owner_3', sha256(convert_to('%s', 'UTF8')))", keyOf(many+1))
		changed := time.Now()
		waitFor(t, "the other owner", func() bool { return owner(5) == "owner_999" })
		t.Logf("a changed owner shows after %v, with a refresh interval of %v", time.Since(changed).Round(time.Millisecond), c.Env["REFRESH_INTERVAL"])
		waitFor(t, "the new key", func() bool { return owner(many+1) == "owner_3" })
		require.Equal(t, "owner_6", owner(6))
		database.Do("UPDATE owners SET team = 'another team', updated_at = now() WHERE id = 'owner_6'")
		waitFor(t, "the owner's other team", func() bool {
			return use(t, client, backend, keyOf(6), &sequence).Text("api_token.owner.team") == "another team"
		})
	})

	t.Run("a key in the file succeeds one in the database", func(t *testing.T) {
		first := use(t, client, backend, keyOf(7), &sequence).Text("api_token.id")
		c.writeOwners(t, []Owner{{ID: "acme"}}, Token{ID: "rolled", Owner: "acme", SHA256: digest(secretKey), Replaces: "key_7"})
		waitFor(t, "the successor to be known", func() bool {
			return use(t, client, backend, secretKey, &sequence).Text("api_token.registry_id") == "rolled"
		})
		require.Equal(t, first, use(t, client, backend, secretKey, &sequence).Text("api_token.id"))
		database.Do("UPDATE api_keys SET replaces = 'key_8', rotated_at = '2026-01-01', grace = '1 day', updated_at = now() WHERE id = 'key_9'")
		eighth := use(t, client, backend, keyOf(8), &sequence).Text("api_token.id")
		waitFor(t, "the rotation in the database", func() bool {
			return use(t, client, backend, keyOf(9), &sequence).Text("api_token.id") == eighth
		})
		waitFor(t, "the use of the old one after its grace to be an anomaly", func() bool {
			late := use(t, client, backend, keyOf(8), &sequence)
			require.Equal(t, `["rotated"]`, late.Text("api_token.violations"))
			for _, detector := range backend.Anomalies() {
				if detector == "expired_use" {
					return true
				}
			}
			return false
		})
	})

	t.Run("while the database is away nothing is lost", func(t *testing.T) {
		mark := c.Log.Len()
		database.Stop()
		for i := 100; i < 200; i++ { // most of them were never used before
			require.Equal(t, fmt.Sprint("owner_", i), owner(i))
		}
		require.Equal(t, "owner_999", owner(5))
		saysSo(t, c, mark, "processor:token_identity", "A registry source is off", "otelcol_token_registry_source_errors")
		database.Start()
		database.Do("UPDATE api_keys SET owner = 'owner_0', updated_at = now() WHERE id IN ('key_5', 'key_100')")
		waitFor(t, "what was changed since", func() bool { return owner(5) == "owner_0" && owner(100) == "owner_0" })
		require.Equal(t, "owner_101", owner(101))
		waitFor(t, "health", func() bool { return !unwell(c.Health(), "processor:token_identity") })
	})
	require.NotContains(t, c.Log.String(), database.Password)
	require.Equal(t, sequence, backend.SpanCount(), "every span has arrived, once")
}

// What was deleted is gone after the next full reading, and what is wrong with one row costs that row alone.
func TestPostgreSQLReadings(t *testing.T) {
	database := newDatabase(t).Start()
	database.Do(keyTables, 10)
	now := time.Now()
	source, err := postgres.New(postgres.Config{
		DSN: database.DSN(), Password: database.Password, Now: func() time.Time { return now },
		Query:           "SELECT id, encode(sha256, 'base64') AS sha256, owner, tags AS tags, expires_at, updated_at FROM api_keys WHERE updated_at > $1",
		RefreshInterval: time.Second, FullRefreshInterval: time.Hour, Overlap: time.Minute, ConnectTimeout: 10 * time.Second, StatementTimeout: 10 * time.Second,
	})
	require.NoError(t, err)
	check := func(want bool) {
		t.Helper()
		changed, err := source.Check(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, changed)
	}
	check(true)
	require.Equal(t, 10, source.Snapshot().Len())
	found := source.Snapshot().Find(cred.Credential{Raw: keyOf(3)})
	require.NotNil(t, found)
	assert.Equal(t, "owner_3", found.Owner.ID)
	assert.Equal(t, map[string]string{"plan": "free"}, found.Tags)
	assert.Equal(t, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), found.ExpiresAt)
	check(false)

	database.Do("DELETE FROM api_keys WHERE id = 'key_3'")
	check(false)
	now = now.Add(time.Hour)
	check(true)
	require.Equal(t, 9, source.Snapshot().Len())
	now = now.Add(time.Hour)
	check(false) // all was read, and nothing was another

	database.Do("UPDATE api_keys SET owner = 'owner_77', updated_at = now() WHERE id = 'key_4'; UPDATE api_keys SET tags = '[1]', owner = 'owner_78', updated_at = now() WHERE id = 'key_5'")
	changed, err := source.Check(t.Context())
	require.ErrorContains(t, err, `postgresql: rows that are left out: id "key_5": tags is no map of texts`)
	assert.True(t, changed)
	assert.Equal(t, "owner_77", source.Snapshot().ByID("key_4").Owner.ID)
	assert.Equal(t, "owner_5", source.Snapshot().ByID("key_5").Owner.ID, "what was good before")
	database.Do("UPDATE api_keys SET tags = NULL, updated_at = now() WHERE id = 'key_5'")
	check(true)
	assert.Equal(t, "owner_78", source.Snapshot().ByID("key_5").Owner.ID)
}

// What is wrong with a query is said in words that help, and without what the database says about values.
func TestPostgreSQLQueriesThatDoNotWork(t *testing.T) {
	database := newDatabase(t).Start()
	database.Do(keyTables, 3)
	for query, want := range map[string]string{
		"SELECT id FROM nowhere":                                          `query: relation "nowhere" does not exist`,
		"SELECT id, sha256 AS digest FROM api_keys":                       `query: column 2, "digest": unknown column: known are api_token_id`,
		"SELECT sha256 FROM api_keys":                                     "query: there is no column id",
		"SELECT id, sha256 FROM api_keys WHERE updated_at > $1":           "query: has $1 and no column updated_at",
		"SELECT id, sha256, updated_at FROM api_keys WHERE owner = $1":    "query: $1 must be compared with a timestamp",
		"SELECT id, sha256, updated_at FROM api_keys WHERE $1 = $2::text": "query: has more than one parameter",
		"DELETE FROM api_keys RETURNING id, sha256":                       "cannot execute DELETE in a read-only transaction",
		"SELECT id, sha256, owner::int::text AS owner FROM api_keys":      "a value does not fit the query (SQLSTATE 22P02)",
		"SELECT id, sha256 FROM api_keys, pg_sleep(60)":                   "canceling statement due to statement timeout",
	} {
		source, err := postgres.New(postgres.Config{DSN: database.DSN(), Password: database.Password, Query: query, ConnectTimeout: 10 * time.Second, StatementTimeout: 500 * time.Millisecond})
		require.NoError(t, err)
		_, err = source.Check(t.Context())
		require.ErrorContains(t, err, want, query)
		assert.NotContains(t, err.Error(), "owner_1")
		assert.Nil(t, source.Snapshot())
	}
	source, err := postgres.New(postgres.Config{DSN: database.DSN(), Password: "another-word", Query: "SELECT 1", ConnectTimeout: 10 * time.Second, StatementTimeout: time.Second})
	require.NoError(t, err)
	_, err = source.Check(t.Context())
	require.ErrorContains(t, err, "password authentication failed")
	assert.NotContains(t, err.Error(), "another-word")
}
