package tokenidentityprocessor

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/expression"
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
	span []*expression.OfSpan
	log  []*expression.OfLog
}

func newExpressions(c *OTTLConfig, settings component.TelemetrySettings) (*expressions, error) {
	if len(c.Span)+len(c.Log) == 0 {
		return &expressions{}, nil
	}
	spans, err := expression.Spans(settings)
	if err != nil {
		return nil, err
	}
	logs, err := expression.Logs(settings)
	if err != nil {
		return nil, err
	}
	var all expressions
	var errs []error
	if all.span, err = compile(spans, "span", c.Span); err != nil {
		errs = append(errs, err)
	}
	if all.log, err = compile(logs, "log", c.Log); err != nil {
		errs = append(errs, err)
	}
	return &all, errors.Join(errs...)
}

func compile[C any](compiler *expression.Compiler[C], key string, texts []string) ([]*ottl.ValueExpression[C], error) {
	var all []*ottl.ValueExpression[C]
	var errs []error
	for i, text := range texts {
		value, err := compiler.Compile(fmt.Sprintf("%s[%d]", key, i), text, key+`.attributes["corp.caller"]`)
		errs = append(errs, err)
		all = append(all, value)
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
	for _, e := range all {
		if value, err := e.Eval(ctx, record); err == nil {
			if text, ok := value.(string); ok && text != "" {
				return text
			}
		}
	}
	return ""
}
