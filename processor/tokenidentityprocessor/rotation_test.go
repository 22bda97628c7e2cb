package tokenidentityprocessor

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/otelattr"
)

// ids is the api_token.id that each key has, in the order in which they are used.
func ids(t *testing.T, e *engine, keys ...string) (all []any) {
	t.Helper()
	for _, key := range keys {
		all = append(all, ofSpan(t, e, withHeader("x-api-key", key))[otelattr.TokenID])
	}
	return all
}

// A key that is rotated stays who it is, over restarts, whichever of its rotations is used first after them.
func TestARotatedKeyKeepsItsIDOverRestarts(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "owners.csv")
	first, second, third, other := secretKey(30), secretKey(31), secretKey(32), secretKey(33)
	rows := []string{"id,sha256,replaces,rotated_at,grace"}
	register := func(id, key, more string) {
		rows = append(rows, fmt.Sprintf("%s,%x,%s", id, sha256.Sum256([]byte(key)), more))
		edit(t, path, strings.Join(rows, "\n"), time.Duration(10-len(rows))*time.Hour)
	}
	run := func(use func(e *engine)) {
		fs := filestorage.NewFactory()
		storageCfg := fs.CreateDefaultConfig().(*filestorage.Config)
		storageCfg.Directory, storageCfg.CreateDirectory = filepath.Join(folder, "state"), true
		store, err := fs.Create(t.Context(), extensiontest.NewNopSettings(fs.Type()), storageCfg)
		require.NoError(t, err)
		host := newHost()
		require.NoError(t, store.Start(t.Context(), host))
		host.extensions[storageID] = store
		cfg := registryConfig(path, false)
		cfg.Storage = &storageID
		r := newRig(t, cfg, host)
		require.NoError(t, r.start(t.Context(), host))
		use(r.engine)
		require.NoError(t, r.shutdown(context.WithoutCancel(t.Context())))
		require.NoError(t, store.Shutdown(context.WithoutCancel(t.Context())))
	}
	register("k1", first, ",,")
	register("lone", other, ",,")
	var id, otherID any
	run(func(e *engine) {
		before := ids(t, e, first, other)
		id, otherID = before[0], before[1]
		require.NotEqual(t, id, otherID)
	})
	register("k2", second, "k1,2026-11-01,24h")
	run(func(e *engine) { assert.Equal(t, []any{id, otherID}, ids(t, e, second, other)) })
	register("k3", third, "k2,2026-11-02,1000000h")
	run(func(e *engine) {
		assert.Equal(t, []any{id, id, id, otherID}, ids(t, e, third, first, second, other))
		assert.Equal(t, []any{"rotated"}, ofSpan(t, e, withHeader("x-api-key", first))[otelattr.TokenViolations], "its grace is over")
		assert.NotContains(t, ofSpan(t, e, withHeader("x-api-key", second)), otelattr.TokenViolations, "this one's is not")
	})
}

// The successor may be seen, or announced, before anything is known of the one that it replaces.
func TestTheFirstThatIsSeenNamesThemAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	old, successor := secretKey(34), secretKey(35)
	text := fmt.Sprintf("tokens: [{id: old, sha256: %x}, {id: new, sha256: %x", sha256.Sum256([]byte(old)), sha256.Sum256([]byte(successor)))
	edit(t, path, text+"}]", 2*time.Hour)
	r := startedRig(t, registryConfig(path, false), newHost())
	before := ids(t, r.engine, old, successor)
	assert.NotEqual(t, before[0], before[1], "nobody has said that one replaces the other")
	edit(t, path, text+", replaces: old}]", time.Hour)
	require.NoError(t, r.registry.Check(t.Context()))
	assert.Equal(t, []any{before[0], before[0]}, ids(t, r.engine, successor, old))

	r = startedRig(t, registryConfig(path, false), newHost())
	assert.Equal(t, []any{before[1], before[1]}, ids(t, r.engine, successor, old), "the old one had never been seen here")

	const pinned = "tok_abcdefghijklmnopqrstuvwxya"
	edit(t, path, text+", replaces: old, api_token_id: "+pinned+"}]", 0)
	for _, order := range [][]string{{successor, old}, {old, successor}} {
		r = startedRig(t, registryConfig(path, false), newHost())
		assert.Equal(t, []any{pinned, pinned}, ids(t, r.engine, order...))
	}
}

func TestAnAnnouncedSuccessorKeepsTheID(t *testing.T) {
	r := startedRig(t, testConfig(), newHost())
	old, successor := secretKey(36), secretKey(37)
	before := ids(t, r.engine, old)[0]
	r.registry.Announce("", credential.Parse(credential.Plain, old), credential.Parse(credential.Plain, successor))
	assert.Equal(t, []any{before, before}, ids(t, r.engine, successor, old))
	third := secretKey(38)
	r.registry.Announce("", credential.Parse(credential.Plain, successor), credential.Parse(credential.Plain, third))
	assert.Equal(t, []any{before}, ids(t, r.engine, third))
	assert.NotEqual(t, before, r.registry.Keep("tenant", "tok_abcdefghijklmnopqrstuvwxya", "issuer", "client", "subject"))
	assert.Equal(t, "tok_abcdefghijklmnopqrstuvwxya", r.registry.Keep("tenant", before.(string), "issuer", "client", "subject"), "names that were known keep their id")
}

// A registry entry that many share makes nobody another.
func TestClaimsThatManyShareDoNotMakeThemOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners.yaml")
	edit(t, path, "tokens: [{id: app, claims: {iss: i, client_id: c}, replaces: former}]", time.Hour)
	r := startedRig(t, registryConfig(path, false), newHost())
	bearer := func(subject string) any {
		return ofSpan(t, r.engine, withHeader("authorization", "Bearer "+unsignedJWT(`{"iss":"i","azp":"c","sub":"`+subject+`"}`)))[otelattr.TokenID]
	}
	assert.NotEqual(t, bearer("ada"), bearer("bob"))
}
