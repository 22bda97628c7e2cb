package report

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/processor/tokenidentityprocessor"
)

// identifier is a token_identity that runs here. It writes into what it is given whose tokens they are, for several sifters at a time. Without
// a key it makes one for itself, and forgets it.
type identifier struct {
	logs   processor.Logs
	traces processor.Traces
}

type noExtensions struct{}

func (noExtensions) GetExtensions() map[component.ID]component.Component { return nil }

// newIdentifier starts a token_identity.
func newIdentifier(ctx context.Context, owners string) (*identifier, error) {
	factory := tokenidentityprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig().(*tokenidentityprocessor.Config)
	cfg.Attributes = []string{otelattr.TokenOwnerName, otelattr.TokenType}
	cfg.Registry.File = owners
	cfg.Sources.TrustedIDs = []tokenidentityprocessor.TrustedIDConfig{{Attribute: remoteUser}}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	set := processor.Settings{ID: component.NewID(factory.Type()), TelemetrySettings: component.TelemetrySettings{
		Logger: zap.NewNop(), TracerProvider: tracenoop.NewTracerProvider(), MeterProvider: metricnoop.NewMeterProvider(), Resource: pcommon.NewResource(),
	}}
	nextLogs, err := consumer.NewLogs(func(context.Context, plog.Logs) error { return nil })
	if err != nil {
		return nil, err
	}
	nextTraces, err := consumer.NewTraces(func(context.Context, ptrace.Traces) error { return nil })
	if err != nil {
		return nil, err
	}
	i := &identifier{}
	if i.logs, err = factory.CreateLogs(ctx, set, cfg, nextLogs); err != nil {
		return nil, err
	}
	if i.traces, err = factory.CreateTraces(ctx, set, cfg, nextTraces); err != nil {
		return nil, err
	}
	for _, c := range []component.Component{i.logs, i.traces} {
		if err := c.Start(ctx, noExtensions{}); err != nil {
			return nil, fmt.Errorf("start token_identity: %w", err)
		}
	}
	return i, nil
}

func (i *identifier) stop(ctx context.Context) {
	_ = i.logs.Shutdown(ctx)
	_ = i.traces.Shutdown(ctx)
}
