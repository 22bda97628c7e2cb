package tokenbehaviorconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// node is one of the up to four objects that the Collector makes of one token_behavior.
type node struct {
	component.StartFunc
	component.ShutdownFunc
}

// Capabilities says that the data is read only.
func (*node) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeTraces takes in a batch of spans.
func (*node) ConsumeTraces(context.Context, ptrace.Traces) error { return nil }

// ConsumeLogs takes in a batch of log records.
func (*node) ConsumeLogs(context.Context, plog.Logs) error { return nil }
