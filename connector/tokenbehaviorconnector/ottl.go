package tokenbehaviorconnector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/expression"
	"github.com/holterhq/holter/internal/otelattr"
)

// unitValue is an expression that counts a unit.
type unitValue struct {
	unit  string
	value *expression.OfSpan
}

// compileUnits reads the expressions of a configuration, in the order of their units.
func compileUnits(texts map[string]string, settings component.TelemetrySettings) ([]unitValue, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	spans, err := expression.Spans(settings)
	if err != nil {
		return nil, err
	}
	var all []unitValue
	var errs []error
	for _, unit := range slices.Sorted(maps.Keys(texts)) {
		if unit == "" {
			errs = append(errs, fmt.Errorf("units::ottl: %q counts a unit without a name: write {pages: …}", texts[unit]))
			continue
		}
		value, err := spans.Compile("units::ottl::"+unit, texts[unit], `span.attributes["document.pages"]`)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, unitValue{unit, value})
	}
	return all, errors.Join(errs...)
}

// amountsOf is what the expressions find in a span. What an expression fails at, and what is no number above zero, counts nothing.
func amountsOf(values []unitValue, resource ptrace.ResourceSpans, scope ptrace.ScopeSpans, span ptrace.Span) (found []otelattr.Amount) {
	if len(values) == 0 {
		return nil
	}
	record := ottlspan.NewTransformContextPtr(resource, scope, span)
	defer record.Close()
	for i := range values {
		value, err := values[i].value.Eval(context.Background(), record)
		if err != nil {
			continue
		}
		if n := amount(value); n >= 1 && n <= mostAmount {
			found = append(found, otelattr.Amount{Unit: values[i].unit, N: uint64(n)})
		}
	}
	return found
}

// mostAmount is how much of a unit is believed of one span.
const mostAmount = 1e15

func amount(value any) float64 {
	switch v := value.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	case string:
		n, _ := strconv.ParseFloat(v, 64)
		return n
	}
	return 0
}
