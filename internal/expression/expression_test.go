package expression_test

import (
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/expression"
)

func TestOfSpan(t *testing.T) {
	spans, err := expression.Spans(componenttest.NewNopTelemetrySettings())
	require.NoError(t, err)
	value, err := spans.Compile("units::ottl::pages", `span.attributes["pages"]`, "")
	require.NoError(t, err)
	span := ptrace.NewSpan()
	span.Attributes().PutInt("pages", 7)
	record := ottlspan.NewTransformContextPtr(ptrace.NewResourceSpans(), ptrace.NewScopeSpans(), span)
	defer record.Close()
	got, err := value.Eval(t.Context(), record)
	require.NoError(t, err)
	assert.Equal(t, int64(7), got)
}

func TestOfLog(t *testing.T) {
	logs, err := expression.Logs(componenttest.NewNopTelemetrySettings())
	require.NoError(t, err)
	value, err := logs.Compile("log[0]", `log.body`, "")
	require.NoError(t, err)
	log := plog.NewLogRecord()
	log.Body().SetStr("k")
	record := ottllog.NewTransformContextPtr(plog.NewResourceLogs(), plog.NewScopeLogs(), log)
	defer record.Close()
	got, err := value.Eval(t.Context(), record)
	require.NoError(t, err)
	assert.Equal(t, "k", got)
}

func TestWhatIsNoExpressionIsRefusedWithItsKey(t *testing.T) {
	spans, err := expression.Spans(componenttest.NewNopTelemetrySettings())
	require.NoError(t, err)
	_, err = spans.Compile("units::ottl::pages", `span.attributes[`, `span.attributes["document.pages"]`)
	assert.ErrorContains(t, err, `units::ottl::pages: "span.attributes[" is no OTTL value: `)
	assert.ErrorContains(t, err, `write one such as span.attributes["document.pages"]`)
}
