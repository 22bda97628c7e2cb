package otelattr

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func TestUseOf(t *testing.T) {
	more := []UnitAttribute{{"pages.read", "pages"}}
	for name, test := range map[string]struct {
		attributes map[string]any
		more       []UnitAttribute
		known      []Amount
		want       []Amount
	}{
		"nothing":       {map[string]any{"db.system.name": "redis"}, more, nil, nil},
		"no attributes": {nil, more, nil, nil},
		"a model's":     {map[string]any{"db.system.name": "redis", "gen_ai.usage.input_tokens": int64(7)}, nil, nil, []Amount{{inputTokens, 7}}},
		"one's own":     {map[string]any{"pages.read": int64(3)}, more, nil, []Amount{{"pages", 3}}},
		"another's":     {map[string]any{"pages.read": int64(3)}, nil, nil, nil},
		"by expression": {map[string]any{"db.system.name": "redis"}, nil, []Amount{{"rows", 2}}, []Amount{{"rows", 2}}},
		"an agent's":    {map[string]any{"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": int64(7)}, nil, nil, nil},
	} {
		span := ptrace.NewSpan()
		assert.NoError(t, span.Attributes().FromRaw(test.attributes))
		use, ok := UseOf(span, test.more, test.known)
		assert.Equal(t, test.want != nil, ok, name)
		assert.Equal(t, test.want, use.Amounts, name)
	}
}
