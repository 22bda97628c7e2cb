package otelattr

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Consumption is what a span says of units that a request used.
type Consumption struct {
	Trace   [16]byte
	Span    [8]byte
	Time    int64
	Model   string
	Amounts []Amount
	Weight  float64 // how many such spans this one stands for; 0: it does not say, negative: nobody knows
}

// Amount is how much of a unit was used.
type Amount struct {
	Unit string
	N    uint64
}

// UnitAttribute is an attribute that counts a unit.
type UnitAttribute struct{ Attribute, Unit string }

// What the semantic conventions for generative AI call it, and called it before.
const (
	genAI          = "gen_ai."
	genAIOperation = "gen_ai.operation.name"
	genAIModel     = "gen_ai.response.model"
	inputTokens    = "input_tokens"
	outputTokens   = "output_tokens"
)

var genAIUnits = [...]UnitAttribute{
	{"gen_ai.usage.input_tokens", inputTokens},
	{"gen_ai.usage.output_tokens", outputTokens},
	{"gen_ai.usage.prompt_tokens", inputTokens},
	{"gen_ai.usage.completion_tokens", outputTokens},
}

// calls are the operations of a model. An agent's span sums up those below it.
var calls = []string{"chat", "text_completion", "generate_content", "embeddings"}

// UseOf reads what a span within a request used, beside what is known of it; false if nothing is. A unit counts once.
func UseOf(span ptrace.Span, more []UnitAttribute, known []Amount) (u Consumption, ok bool) {
	attrs := span.Attributes()
	if len(known) == 0 && !mentions(attrs, more) {
		return u, false
	}
	operation, named := attrs.Get(genAIOperation)
	if !named || slices.Contains(calls, operation.AsString()) {
		for _, a := range genAIUnits {
			u.add(attrs, a)
		}
	}
	for _, a := range more {
		u.add(attrs, a)
	}
	for _, a := range known {
		u.put(a)
	}
	if len(u.Amounts) == 0 {
		return u, false
	}
	for _, name := range [...]string{RequestModel, genAIModel} {
		if v, ok := attrs.Get(name); ok && u.Model == "" {
			u.Model = v.AsString()
		}
	}
	u.Trace, u.Span, u.Time = span.TraceID(), span.SpanID(), timeOf(span.EndTimestamp())
	if state := span.TraceState().AsRaw(); state != "" {
		u.Weight = weightOf(state)
	}
	return u, true
}

// mentions says whether an attribute may count a unit, which those of few spans do.
func mentions(attrs pcommon.Map, more []UnitAttribute) bool {
	pairs := pairsOf(attrs)
	if pairs == nil {
		return attrs.Len() > 0
	}
	for i := range pairs {
		if strings.HasPrefix(pairs[i].key, genAI) {
			return true
		}
		for j := range more {
			if pairs[i].key == more[j].Attribute {
				return true
			}
		}
	}
	return false
}

func (u *Consumption) add(attrs pcommon.Map, a UnitAttribute) {
	v, ok := attrs.Get(a.Attribute)
	if !ok {
		return
	}
	if n := number(v, 0); n > 0 {
		u.put(Amount{a.Unit, uint64(n)})
	}
}

// Merge adds what another span of the same request used, of the same model.
func (u *Consumption) Merge(other *Consumption) {
	u.Time = max(u.Time, other.Time)
	u.Amounts = slices.Clone(u.Amounts)
	for _, a := range other.Amounts {
		if i := slices.IndexFunc(u.Amounts, func(known Amount) bool { return known.Unit == a.Unit }); i >= 0 {
			u.Amounts[i].N += a.N
		} else {
			u.Amounts = append(u.Amounts, a)
		}
	}
}

func (u *Consumption) put(a Amount) {
	if !slices.ContainsFunc(u.Amounts, func(known Amount) bool { return known.Unit == a.Unit }) {
		u.Amounts = append(u.Amounts, a)
	}
}
