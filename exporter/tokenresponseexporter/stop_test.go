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
