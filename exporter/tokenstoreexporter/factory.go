package tokenstoreexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/holterhq/holter/exporter/tokenstoreexporter/internal/metadata"
)

// NewFactory creates the factory of the token_store exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(metadata.Type, createDefaultConfig,
		exporter.WithMetrics(createMetrics, metadata.MetricsStability),
		exporter.WithLogs(createLogs, metadata.LogsStability))
}

func createMetrics(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
	w, err := newWriter(set, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	inner, err := exporterhelper.NewMetrics(ctx, set, cfg, w.metrics, w.options()...)
	return metricsExporter{inner, newQueue(set.ID, "metrics")}, err
}

func createLogs(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	w, err := newWriter(set, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	inner, err := exporterhelper.NewLogs(ctx, set, cfg, w.logs, w.options()...)
	return logsExporter{inner, newQueue(set.ID, "logs")}, err
}
