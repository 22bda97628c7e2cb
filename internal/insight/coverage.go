package insight

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// Coverage is how much of a service's traffic can be told by its token.
type Coverage struct {
	Service    string    `json:"service"`
	With       int64     `json:"with"`
	Without    int64     `json:"without"`
	Unreadable int64     `json:"unreadable"`
	Share      float64   `json:"share"` // with a token
	Series     []float64 `json:"series"`
	Fix        *Fix      `json:"fix"`
}

// Fix is what to do about spans whose token cannot be seen.
type Fix struct {
	Title    string `json:"title"`
	Language string `json:"language"`
	Snippet  string `json:"snippet"`
}

// What is left alone: health checks and public pages have no token.
const (
	fineWithout    = 0.5
	fineUnreadable = 0.01
)

var (
	captureHeaders = Fix{
		Title: "capture the header that the key is in", Language: "sh",
		Snippet: `export OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_REQUEST_HEADERS=authorization,x-api-key   # Java agent
export OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST=authorization,x-api-key   # Python
# Node, in code: new HttpInstrumentation({headersToSpanAttributes: {server: {requestHeaders: ['authorization', 'x-api-key']}}})`,
	}
	keepHeaders = Fix{
		Title: "let Holter erase the key, and nobody before it", Language: "sh",
		Snippet: `# The header arrives masked or cut. Holter erases it once it has named the token; until then leave it whole:
unset OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS
# and in a Collector before Holter: no redaction, attributes or transform processor on http.request.header.*`,
	}
)

// FindCoverage counts server spans by service, the least covered first, with a share of spans with a token for each hour or, for longer than a week, day.
// Half of the spans without a token, or a hundredth with an unreadable one, are worth a fix.
func FindCoverage(ctx context.Context, s store.Store, q Question) ([]Coverage, error) {
	level := time.Hour
	if q.To.Sub(q.From) > 7*day {
		level = day
	}
	from := q.From.UTC().Truncate(level)
	n := int((q.To.Sub(from) + level - 1) / level)
	rows := make(map[string]*Coverage)
	all := make(map[string][]float64)
	err := each(ctx, s, q.facts(store.Coverage, q.From, q.To, level), func(u store.SubjectUse) {
		row, ok := rows[u.First]
		if !ok {
			row = &Coverage{Service: u.First, Series: make([]float64, n)}
			rows[u.First], all[u.First] = row, make([]float64, n)
		}
		i := int(minuteOf(u.At).Sub(from) / level)
		if i < 0 || i >= n {
			return
		}
		all[u.First][i] += float64(u.Value)
		switch u.Second {
		case "with":
			row.With += u.Value
			row.Series[i] += float64(u.Value)
		case "without":
			row.Without += u.Value
		case "unreadable":
			row.Unreadable += u.Value
		}
	})
	if err != nil {
		return nil, err
	}
	found := make([]Coverage, 0, len(rows))
	for service, row := range rows {
		for i := range row.Series {
			if all[service][i] > 0 {
				row.Series[i] /= all[service][i]
			}
		}
		total := float64(max(1, row.With+row.Without+row.Unreadable))
		row.Share = float64(row.With) / total
		switch {
		case float64(row.Unreadable) >= fineUnreadable*total:
			row.Fix = &keepHeaders
		case float64(row.Without) >= fineWithout*total:
			row.Fix = &captureHeaders
		}
		found = append(found, *row)
	}
	slices.SortFunc(found, func(a, b Coverage) int {
		return cmp.Or(cmp.Compare(a.Share, b.Share), cmp.Compare(a.Service, b.Service))
	})
	return found, nil
}
