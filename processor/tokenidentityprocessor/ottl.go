package tokenidentityprocessor

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
)

// OTTLConfig lists expressions of the OpenTelemetry Transformation Language whose value is the credential. The first that has one
// wins; they are asked where no name leads to a credential.
type OTTLConfig struct {
	Span []string `mapstructure:"span"`
	Log  []string `mapstructure:"log"`

	_ struct{}
}

// Validate refuses what is no expression.
func (c *OTTLConfig) Validate() error {
	_, err := newExpressions(c, component.TelemetrySettings{Logger: zap.NewNop()})
	return err
}

// expressions are the compiled ones.
type expressions struct {
	span []*ottl.ValueExpression[*ottlspan.TransformContext]
	log  []*ottl.ValueExpression[*ottllog.TransformContext]
}

func newExpressions(c *OTTLConfig, settings component.TelemetrySettings) (*expressions, error) {
	if len(c.Span)+len(c.Log) == 0 {
		return &expressions{}, nil
	}
	spans, err := ottlspan.NewParser(ottlfuncs.StandardFuncs[*ottlspan.TransformContext](), settings, ottlspan.EnablePathContextNames())
	if err != nil {
		return nil, err
	}
	logs, err := ottllog.NewParser(ottlfuncs.StandardFuncs[*ottllog.TransformContext](), settings, ottllog.EnablePathContextNames())
	if err != nil {
		return nil, err
	}
	var all expressions
	var errs []error
	if all.span, err = compile(&spans, "span", c.Span); err != nil {
		errs = append(errs, err)
	}
	if all.log, err = compile(&logs, "log", c.Log); err != nil {
		errs = append(errs, err)
	}
	return &all, errors.Join(errs...)
}

func compile[C any](parser *ottl.Parser[C], key string, texts []string) ([]*ottl.ValueExpression[C], error) {
	var all []*ottl.ValueExpression[C]
	var errs []error
	for i, text := range texts {
		expression, err := parser.ParseValueExpression(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s[%d]: %q is no OTTL value: %w; write one such as %s.attributes[\"corp.caller\"]", key, i, text, err, key))
		}
		all = append(all, expression)
	}
	return all, errors.Join(errs...)
}

// offerSpan hands the credential that an expression finds in a span to the cleaner.
func (e *engine) offerSpan(ctx context.Context, w *worker, rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, span ptrace.Span) {
	if len(e.expressions.span) == 0 {
		return
	}
	e.guarded(ctx, ofTraces, func() {
		record := ottlspan.NewTransformContextPtr(rs, ss, span)
		defer record.Close()
		w.cleaner.Offer(firstText(ctx, e.expressions.span, record))
	}, func() {})
}

// offerLog is offerSpan for a log record.
func (e *engine) offerLog(ctx context.Context, w *worker, rl plog.ResourceLogs, sl plog.ScopeLogs, log plog.LogRecord) {
	if len(e.expressions.log) == 0 {
		return
	}
	e.guarded(ctx, ofLogs, func() {
		record := ottllog.NewTransformContextPtr(rl, sl, log)
		defer record.Close()
		w.cleaner.Offer(firstText(ctx, e.expressions.log, record))
	}, func() {})
}

// firstText is the first value that is a text, empty if none is. What an expression fails at has none.
func firstText[C any](ctx context.Context, all []*ottl.ValueExpression[C], record C) string {
	for _, expression := range all {
		if value, err := expression.Eval(ctx, record); err == nil {
			if text, ok := value.(string); ok && text != "" {
				return text
			}
		}
	}
	return ""
}
