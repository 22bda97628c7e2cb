package tokenbehaviorconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"

	"github.com/holterhq/holter/connector/tokenbehaviorconnector/internal/metadata"
)

// NewFactory creates a factory for the token_behavior connector.
func NewFactory() connector.Factory {
	return connector.NewFactory(
		metadata.Type,
		createDefaultConfig,
		connector.WithTracesToMetrics(createTracesToMetrics, metadata.TracesToMetricsStability),
		connector.WithTracesToLogs(createTracesToLogs, metadata.TracesToLogsStability),
		connector.WithLogsToMetrics(createLogsToMetrics, metadata.LogsToMetricsStability),
		connector.WithLogsToLogs(createLogsToLogs, metadata.LogsToLogsStability),
	)
}

func createTracesToMetrics(_ context.Context, _ connector.Settings, _ component.Config, _ consumer.Metrics) (connector.Traces, error) {
	return &node{}, nil
}

func createTracesToLogs(_ context.Context, _ connector.Settings, _ component.Config, _ consumer.Logs) (connector.Traces, error) {
	return &node{}, nil
}

func createLogsToMetrics(_ context.Context, _ connector.Settings, _ component.Config, _ consumer.Metrics) (connector.Logs, error) {
	return &node{}, nil
}

func createLogsToLogs(_ context.Context, _ connector.Settings, _ component.Config, _ consumer.Logs) (connector.Logs, error) {
	return &node{}, nil
}
