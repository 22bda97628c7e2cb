// Package expression compiles what people write in the OpenTelemetry Transformation Language to say where in a span or a log record a
// value stands.
package expression

import (
	"fmt"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
	"go.opentelemetry.io/collector/component"
)

// OfSpan is a compiled expression, ready to be evaluated in a span.
type OfSpan = ottl.ValueExpression[*ottlspan.TransformContext]

// OfLog is OfSpan for a log record.
type OfLog = ottl.ValueExpression[*ottllog.TransformContext]

// Compiler reads expressions of one kind of record.
type Compiler[C any] struct {
	parser ottl.Parser[C]
}

// Spans compiles expressions whose paths begin with span, scope or resource.
func Spans(settings component.TelemetrySettings) (*Compiler[*ottlspan.TransformContext], error) {
	parser, err := ottlspan.NewParser(ottlfuncs.StandardFuncs[*ottlspan.TransformContext](), settings, ottlspan.EnablePathContextNames())
	return &Compiler[*ottlspan.TransformContext]{parser}, err
}

// Logs compiles expressions whose paths begin with log, scope or resource.
func Logs(settings component.TelemetrySettings) (*Compiler[*ottllog.TransformContext], error) {
	parser, err := ottllog.NewParser(ottlfuncs.StandardFuncs[*ottllog.TransformContext](), settings, ottllog.EnablePathContextNames())
	return &Compiler[*ottllog.TransformContext]{parser}, err
}

// Compile reads an expression. An error names the key under which it was written, and an example of one.
func (c *Compiler[C]) Compile(key, text, example string) (*ottl.ValueExpression[C], error) {
	value, err := c.parser.ParseValueExpression(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %q is no OTTL value: %w; write one such as %s", key, text, err, example)
	}
	return value, nil
}
