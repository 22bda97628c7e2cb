package tokenresponseexporter

import (
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
)

// event is an anomaly's log record and what it stands in.
type event struct {
	resource plog.ResourceLogs
	scope    plog.ScopeLogs
	record   plog.LogRecord
}

// condition is a compiled OTTL condition; nil is always true.
type condition struct {
	ottl *ottl.Condition[*ottllog.TransformContext]
}

func (c *condition) holds(ctx context.Context, e event) (holds bool, err error) {
	if c == nil {
		return true, nil
	}
	defer func() {
		if bug := recover(); bug != nil {
			holds, err = false, fmt.Errorf("panic: %v", bug)
		}
	}()
	tctx := ottllog.NewTransformContextPtr(e.resource, e.scope, e.record)
	defer tctx.Close()
	return c.ottl.Eval(ctx, tctx)
}

// conditionParser takes paths with and without their context: attributes["x"] and log.attributes["x"].
type conditionParser struct {
	all *ottl.ParserCollection[*condition]
}

func newConditionParser(settings component.TelemetrySettings) (*conditionParser, error) {
	parser, err := ottllog.NewParser(ottlfuncs.StandardFuncs[*ottllog.TransformContext](), settings, ottllog.EnablePathContextNames())
	if err != nil {
		return nil, err
	}
	all, err := ottl.NewParserCollection(settings,
		ottl.WithParserCollectionContext(ottllog.ContextName, &parser, ottl.WithConditionConverter(
			func(_ *ottl.ParserCollection[*condition], _ ottl.ConditionsGetter, parsed []*ottl.Condition[*ottllog.TransformContext]) (*condition, error) {
				return &condition{parsed[0]}, nil
			})))
	if err != nil {
		return nil, err
	}
	return &conditionParser{all}, nil
}

// nopSettings are enough to find out whether a condition compiles.
func nopSettings() component.TelemetrySettings {
	return component.TelemetrySettings{Logger: zap.NewNop()}
}

// parse compiles a condition; an empty one is always true.
func (p *conditionParser) parse(text string) (*condition, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	return p.all.ParseConditionsWithContext(ottllog.ContextName, ottl.NewConditionsGetter([]string{text}), true)
}
