package tokenbehaviorconnector

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
)

// node is one of the up to four objects that the Collector makes of one token_behavior.
type node struct {
	runtime *runtime
	input   pipeline.Signal
	output  pipeline.Signal
	takesIn bool
	stop    sync.Once
}

func newNode(set connector.Settings, config *Config, input pipeline.Signal, metrics consumer.Metrics, logs consumer.Logs) (*node, error) {
	r, err := runtimeOf(set, config)
	if err != nil {
		return nil, err
	}
	n := &node{runtime: r, input: input, output: pipeline.SignalLogs}
	if metrics != nil {
		n.output = pipeline.SignalMetrics
		err = r.toMetrics(metrics)
	} else {
		err = r.toLogs(logs)
	}
	if err != nil {
		r.leave()
		return nil, err
	}
	r.join(n)
	return n, nil
}

// Start opens the state with the first node, and the way out with the first node of each output signal.
func (n *node) Start(ctx context.Context, host component.Host) error {
	return n.runtime.start(ctx, n, host)
}

// Shutdown flushes an output signal with its last node, and closes the state with the last node of all.
func (n *node) Shutdown(ctx context.Context) error {
	var err error
	n.stop.Do(func() { err = n.runtime.shutdown(ctx, n) })
	return err
}

// Capabilities says that the data is read only.
func (*node) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeTraces counts and learns from a batch of spans. It never fails because of Holter.
func (n *node) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	if n.takesIn {
		n.runtime.worker.takeTraces(ctx, td)
	}
	return nil
}

// ConsumeLogs counts and learns from a batch of log records. It never fails because of Holter.
func (n *node) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if n.takesIn {
		n.runtime.worker.takeLogs(ctx, ld)
	}
	return nil
}
