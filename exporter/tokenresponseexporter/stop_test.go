package tokenresponseexporter

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/holterhq/holter/internal/response"
)

// slowStorage takes its time to write.
type slowStorage struct {
	component.Component
	storage.Extension
	takes time.Duration
}

func (s slowStorage) Start(context.Context, component.Host) error { return nil }

func (s slowStorage) Shutdown(context.Context) error { return nil }

func (s slowStorage) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	client, err := s.Extension.GetClient(ctx, kind, id, name)
	return slowClient{client, s.takes}, err
}

type slowClient struct {
	storage.Client
	takes time.Duration
}

func (c slowClient) Batch(ctx context.Context, ops ...*storage.Operation) error {
	for _, op := range ops {
		if op.Type == storage.Set {
			time.Sleep(c.takes)
			break
		}
	}
	return c.Client.Batch(ctx, ops...)
}

func TestAStopFileIsSeenBeforeAnyActAfterAStart(t *testing.T) {
	kong := receive(t)
	kong.says(http.StatusServiceUnavailable)
	stop := filepath.Join(t.TempDir(), "stop")
	cfg := strings.Replace(lock(kong.URL, "idempotent: true", "dry_run: false", "storage: file_storage", "store: token_store", "stop_file: "+stop),
		"[0s, 20ms, 20ms, 20ms]", "[0s, 200ms, 200ms, 200ms]", 1)
	h, _ := storeHost(t)
	disk := component.MustNewID("file_storage")
	h.extensions[disk] = storageHost(t, t.TempDir()).extensions[disk]
	r := run(t, h, cfg)
	r.sends(raised("a-1", leaked))
	r.eventually("an attempt", func() bool { return kong.count() > 0 })
	require.NoError(t, os.WriteFile(stop, nil, 0o600))
	r.stop()

	h.extensions[disk] = slowStorage{Extension: h.extensions[disk].(storage.Extension), takes: 150 * time.Millisecond}
	before := kong.count()
	r = run(t, h, cfg)
	r.eventually("the record", func() bool { return len(r.said("decided: stop")) == 1 })
	time.Sleep(300 * time.Millisecond)
	assert.Equal(t, before, kong.count(), "an act of an earlier process waits")
	kong.says(http.StatusNoContent)
	require.NoError(t, os.Remove(stop))
	r.eventually("the lock", func() bool { return len(r.said("decided: done")) == 1 })
	assert.Equal(t, before+1, kong.count())
}

func TestNothingIsLockedWhenTheStorageCannotBeRead(t *testing.T) {
	kong, people := receive(t), receive(t)
	cfg, base := asking(t, kong.URL, people.URL, "storage: file_storage")
	r := run(t, brokenHost(), strings.Replace(cfg, "action: lock,", "action: lock, approval: never,", 1))
	_, err := r.host.status()
	require.ErrorContains(t, err, "all acts are stopped until somebody resumes")
	require.Len(t, r.said("decided: stop"), 1)
	assert.Contains(t, r.said("decided: stop")[0].ContextMap()["why"], "because disk on fire")
	r.sends(raised("a-1", leaked))
	opened := r.told(people, response.Opened)
	assert.Equal(t, "blocked", opened.Incident.Act.State)
	assert.Equal(t, "all acts are stopped by Holter, which cannot read what was decided before", opened.Incident.Act.Why)

	status, _ := call(t, "POST", base+"/resume", "Authorization", "Bearer st0p-everything-now")
	assert.Equal(t, http.StatusNoContent, status)
	_, err = r.host.status()
	require.ErrorContains(t, err, "disk on fire")
	assert.NotContains(t, err.Error(), "stopped")
	r.sends(raised("a-2", leaked))
	r.told(people, response.ActDone)
	assert.Equal(t, 1, kong.count())
}
