package tokenidentityprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"github.com/holterhq/holter/processor/tokenidentityprocessor/internal/metadata"
)

// NewFactory creates the factory of the token_identity processor.
func NewFactory() processor.Factory {
	f := &factory{shared: make(map[sharedKey]*shared)}
	return processor.NewFactory(
		metadata.Type,
		createDefaultConfig,
		processor.WithTraces(f.createTraces, metadata.TracesStability),
		processor.WithLogs(f.createLogs, metadata.LogsStability),
	)
}

var capabilities = processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true})

func (f *factory) createTraces(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	node, err := f.join(set, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	return processorhelper.NewTraces(ctx, set, cfg, next, node.engine.processTraces, capabilities,
		processorhelper.WithStart(node.start), processorhelper.WithShutdown(node.shutdown))
}

func (f *factory) createLogs(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	node, err := f.join(set, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	return processorhelper.NewLogs(ctx, set, cfg, next, node.engine.processLogs, capabilities,
		processorhelper.WithStart(node.start), processorhelper.WithShutdown(node.shutdown))
}
