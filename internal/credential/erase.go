package credential

import (
	"slices"
	"strings"
)

// Placeholder is what stands where a secret was, unless the operator says otherwise (OpenTelemetry semantic conventions for
// url.full: the key of a parameter is kept, its value becomes REDACTED).
const Placeholder = "REDACTED"

// Span is a part of a string.
type Span struct{ Start, End int }

// Erase replaces parts of v by the placeholder. They may overlap and come in any order.
func Erase(v string, spans []Span, placeholder string) string {
	if len(spans) == 0 {
		return v
	}
	if len(spans) == 1 && spans[0] == (Span{0, len(v)}) {
		return placeholder
	}
	if len(spans) > 1 {
		slices.SortFunc(spans, func(a, b Span) int { return a.Start - b.Start })
	}
	var b strings.Builder
	b.Grow(len(v) + len(placeholder))
	at := 0
	for i := 0; i < len(spans); {
		start, end := spans[i].Start, spans[i].End
		for i++; i < len(spans) && spans[i].Start < end; i++ {
			end = max(end, spans[i].End)
		}
		b.WriteString(v[at:start])
		b.WriteString(placeholder)
		at = end
	}
	b.WriteString(v[at:])
	return b.String()
}
