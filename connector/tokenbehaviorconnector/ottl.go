package tokenbehaviorconnector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/otelattr"
)

// unitValue is an expression that counts a unit.
type unitValue struct {
	unit  string
	value *ottl.ValueExpression[*ottlspan.TransformContext]
}

// compileUnits reads the expressions of a configuration, in the order of their units.
func compileUnits(texts map[string]string, settings component.TelemetrySettings) ([]unitValue, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	parser, err := ottlspan.NewParser(ottlfuncs.StandardFuncs[*ottlspan.TransformContext](), settings, ottlspan.EnablePathContextNames())
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
		value, err := parser.ParseValueExpression(texts[unit])
		if err != nil {
			errs = append(errs, fmt.Errorf("units::ottl::%s: %q is no OTTL value: %w; write one such as span.attributes[\"document.pages\"]", unit, texts[unit], err))
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
