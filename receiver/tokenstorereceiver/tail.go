package tokenstorereceiver

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/tokenstore"
	"github.com/holterhq/holter/receiver/tokenstorereceiver/internal/metadata"
)

const (
	group        = 100 // entries that are brought at once
	firstBackoff = 250 * time.Millisecond
	longestPause = 30 * time.Second
)

// tail follows the journal. The cursor moves on once the pipelines have accepted what is before it, so that an entry is brought at
// least once.
type tail struct {
	cfg       *Config
	id        component.ID
	version   string
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	report    *receiverhelper.ObsReport
	next      consumer.Logs

	host   component.Host
	store  store.Store
	cursor uint64
	ailing bool
	cancel context.CancelFunc
	done   chan struct{}
}

func newTail(set receiver.Settings, cfg *Config, next consumer.Logs) (*tail, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "journal", ReceiverCreateSettings: set})
	if err != nil {
		return nil, err
	}
	return &tail{
		cfg: cfg, id: set.ID, version: set.BuildInfo.Version, logger: set.Logger, telemetry: telemetry, report: report, next: next,
	}, nil
}

// Start begins where the last process got to.
func (t *tail) Start(_ context.Context, host component.Host) (err error) {
	if t.store, err = tokenstore.FromHost(host, t.cfg.TokenStore); err != nil {
		return err
	}
	t.host, t.done = host, make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	t.cancel = cancel
	go t.run(ctx)
	return nil
}

// Shutdown ends the tail; what was not accepted by then is brought after the next start.
func (t *tail) Shutdown(ctx context.Context) error {
	if t.cancel != nil {
		t.cancel()
		select {
		case <-t.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	t.telemetry.Shutdown()
	return nil
}

// reader is the name under which the store keeps the cursor.
func (t *tail) reader() string { return "receiver/" + t.id.String() }

func (t *tail) run(ctx context.Context) {
	defer close(t.done)
	wait := firstBackoff
	known := false
	for ctx.Err() == nil {
		var err error
		if !known {
			t.cursor, err = t.store.Cursor(ctx, t.reader())
			known = err == nil
		}
		if err == nil {
			err = t.follow(ctx)
		}
		if err == nil || ctx.Err() != nil {
			wait = firstBackoff
			continue
		}
		t.fail(err, wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		wait = min(2*wait, longestPause)
	}
}

// follow brings what is in the journal behind the cursor, or waits until something is.
func (t *tail) follow(ctx context.Context) error {
	appended := t.store.Appended()
	entries, err := t.store.Journal(ctx, t.cursor, group)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		t.recovered()
		select {
		case <-appended:
		case <-ctx.Done():
		}
		return nil
	}
	if err := t.bring(ctx, entries); err != nil {
		return err
	}
	cursor := entries[len(entries)-1].Sequence
	if err := t.store.SetCursor(ctx, t.reader(), cursor); err != nil {
		return err
	}
	t.cursor = cursor
	t.recovered()
	return nil
}

// bring hands entries to the pipelines.
func (t *tail) bring(ctx context.Context, entries []store.Entry) error {
	ld := t.pack(entries)
	n := ld.LogRecordCount()
	if n == 0 {
		return nil
	}
	ctx = t.report.StartLogsOp(ctx)
	err := t.next.ConsumeLogs(ctx, ld)
	t.report.EndLogsOp(ctx, "journal", n, err)
	switch {
	case err == nil:
		t.telemetry.TokenStoreJournalDelivered.Add(ctx, int64(n))
	case consumererror.IsPermanent(err):
		t.telemetry.TokenStoreJournalSkipped.Add(ctx, int64(n))
		t.logger.Error("entries of the journal are refused for good, and are not brought again", zap.Uint64("first", entries[0].Sequence), zap.Int("entries", n), zap.Error(err))
	default:
		t.telemetry.TokenStoreJournalRefused.Add(ctx, 1)
		return err
	}
	return nil
}

func (t *tail) pack(entries []store.Entry) plog.Logs {
	ld := plog.NewLogs()
	scope := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	scope.Scope().SetName(metadata.ScopeName)
	scope.Scope().SetVersion(t.version)
	for i := range entries {
		if len(t.cfg.Kinds) > 0 && !slices.Contains(t.cfg.Kinds, entries[i].Kind) {
			continue
		}
		record := plog.NewLogRecord()
		if err := otelattr.PutEntry(&entries[i], record); err != nil {
			t.telemetry.TokenStoreJournalSkipped.Add(context.Background(), 1)
			t.logger.Error("an entry of the journal cannot be read, and is not brought", zap.Uint64("sequence", entries[i].Sequence), zap.Error(err))
			continue
		}
		record.MoveTo(scope.LogRecords().AppendEmpty())
	}
	return ld
}

// fail says that the journal waits, recovered that it does no more.
func (t *tail) fail(err error, wait time.Duration) {
	if t.ailing {
		return
	}
	t.ailing = true
	t.logger.Warn("the journal waits: it is tried again", zap.Duration("in", wait), zap.Error(err))
	componentstatus.ReportStatus(t.host, componentstatus.NewRecoverableErrorEvent(err))
}

func (t *tail) recovered() {
	if !t.ailing {
		return
	}
	t.ailing = false
	t.logger.Info("the journal flows again")
	componentstatus.ReportStatus(t.host, componentstatus.NewEvent(componentstatus.StatusOK))
}
