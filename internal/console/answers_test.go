package console

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

// A day of two tokens of acme.
const day = 24 * 2 * perHour

func TestOverview(t *testing.T) {
	v := newTown(t).visit("")
	o := get[overview](v, "/api/v1/overview?owner=acme-owner")
	assert.Equal(t, counts{Requests: day, Errors: day / perHour, Tokens: 2, Active: 2, Anomalies: 1}, o.Totals.counts)
	assert.Equal(t, counts{Requests: day, Errors: day / perHour, Active: 2, Tokens: 2}, o.Totals.Previous)
	require.Len(t, o.Anomalies, 1)
	assert.Equal(t, "acme did something", o.Anomalies[0].Sentence)
	assert.Empty(t, o.Movers)
	all := get[overview](v, "/api/v1/overview?demo=hide")
	assert.Equal(t, 4, all.Totals.Tokens)
	assert.Equal(t, 3, all.Totals.Anomalies)
}

func TestTokens(t *testing.T) {
	v := newTown(t).visit("")
	page := get[tokenList](v, "/api/v1/tokens?sort=id&limit=2&strip=1&demo=hide")
	assert.Equal(t, 4, page.Total)
	require.Len(t, page.Tokens, 2)
	one := page.Tokens[0]
	assert.Equal(t, "tok_acme0", one.ID)
	assert.Equal(t, []float64{day / 2, day / 2 / perHour}, []float64{one.Requests, one.Errors})
	assert.Equal(t, "ok", one.State)
	require.NotNil(t, one.Strip)
	assert.InDelta(t, day/2, sum(one.Strip.Requests), 1e-9)
	assert.Len(t, one.Strip.High, len(one.Strip.Requests))
	assert.Positive(t, one.Strip.High[0])
	require.Len(t, one.Strip.Marks, 1)
	assert.Equal(t, "anomaly", one.Strip.Marks[0].Kind)
	next := get[tokenList](v, "/api/v1/tokens?sort=id&limit=2&demo=hide&cursor="+url.QueryEscape(page.Next))
	assert.Equal(t, "tok_zeta0", next.Tokens[0].ID)
	assert.Nil(t, next.Tokens[0].Strip)
	assert.Empty(t, next.Next)
	assert.Equal(t, 1, get[tokenList](v, "/api/v1/tokens?demo=only").Total)
	assert.Equal(t, 2, get[tokenList](v, "/api/v1/tokens?q=SK_ACME").Total)
	assert.Equal(t, 2, get[tokenList](v, "/api/v1/tokens?tag=plan:zeta").Total)
	assert.InDelta(t, 3, get[tokenList](v, "/api/v1/tokens?token=tok_acme0&country=NL").Tokens[0].Requests, 1e-9)
}

// A strip reaches over whole steps; what stands beside it is of the time that was asked for.
func TestAListCountsTheTimeThatWasAskedFor(t *testing.T) {
	v := newTown(t).visit("")
	to := noon.UTC().Add(-37 * time.Minute)
	for _, length := range []time.Duration{95 * time.Minute, 26*time.Hour + 13*time.Minute, 75*time.Hour + 17*time.Minute} {
		times := "&from=" + to.Add(-length).Format(time.RFC3339) + "&to=" + to.Format(time.RFC3339)
		with, without := get[tokenList](v, "/api/v1/tokens?sort=id&strip=1"+times), get[tokenList](v, "/api/v1/tokens?sort=id"+times)
		tile := get[overview](v, "/api/v1/overview?"+times[1:])
		var sum float64
		for i := range with.Tokens {
			assert.Equal(t, without.Tokens[i].Requests, with.Tokens[i].Requests)
			assert.Equal(t, without.Tokens[i].Errors, with.Tokens[i].Errors)
			sum += with.Tokens[i].Requests
		}
		assert.Positive(t, sum)
		assert.InDelta(t, tile.Totals.Requests, sum, 1e-9, length)
	}
}

func TestOneToken(t *testing.T) {
	v := newTown(t).visit("")
	d := get[tokenDetail](v, "/api/v1/tokens/tok_acme0")
	assert.Equal(t, "All right. 240 requests in the last 24 hours, usually 230 to 250 a day. acme-api 1.1 is new since 26 Mar 2026 09:00 UTC.", d.Sentence)
	require.Len(t, d.Siblings, 1)
	assert.Equal(t, "tok_acme1", d.Siblings[0].ID)
	assert.Equal(t, "base-acme", d.Baseline.ID)
	require.Len(t, d.Releases, 2)
	assert.Equal(t, []any{"acme-api", "1.1", 30.}, []any{d.Releases[0].Service, d.Releases[0].Version, d.Releases[0].Requests})

	h := get[heartbeat](v, "/api/v1/tokens/tok_acme0/heartbeat?step=1h")
	assert.Len(t, h.Requests, 24)
	assert.Len(t, h.P95, 24)
	assert.Equal(t, []float64{perHour, 1}, []float64{h.Requests[3], h.Errors[3]})
	assert.InDelta(t, .08, h.P95[3], .02)
	var kinds []string
	for _, m := range h.Marks {
		kinds = append(kinds, m.Kind)
	}
	assert.Equal(t, []string{"auth", "release", "anomaly", "response"}, kinds)

	b := get[habits](v, "/api/v1/tokens/tok_acme0/habits")
	assert.False(t, b.Learning)
	assert.Len(t, b.Hours.Baseline, 7)
	assert.Len(t, b.Hours.Now, 7)
	assert.Equal(t, habit{Value: "DE", Baseline: 1, Now: 237. / 240, Requests: 237}, b.Countries[0])
	assert.Equal(t, habit{Value: "NL", Now: 3. / 240, Requests: 3, New: true}, b.Countries[1])
	assert.Equal(t, number(240), b.Volume.Now)

	unknown := get[habits](v, "/api/v1/tokens/tok_acme1/habits")
	assert.True(t, unknown.Learning)
	assert.Nil(t, unknown.Hours.Baseline)
	status, body := v.ask("/api/v1/tokens/tok_nobody")
	assert.Equal(t, 404, status)
	assert.Contains(t, body, "there is no such token")
}

func TestSeriesAndTops(t *testing.T) {
	v := newTown(t).visit("")
	s := get[seriesAnswer](v, "/api/v1/series?group=token&step=1h&limit=1&owner=acme-owner")
	require.Len(t, s.Series, 1)
	assert.Len(t, s.Series[0].Points, 24)
	assert.Equal(t, "sk_acme_…0000 · ACME Corp", s.Series[0].Label)
	assert.InDelta(t, day/2, float64(s.Rest.Total), 1e-9)
	assert.Equal(t, []int{3600, 2}, []int{s.Step, s.Keys})
	q := get[seriesAnswer](v, "/api/v1/series?measure=p95&token=tok_acme0&from=2026-03-26T11:30:00Z&to=now")
	assert.Contains(t, mustJSON(t, q.Series[0].Points), "null", "minutes in which nothing happened have no latency")

	top := get[topAnswer](v, "/api/v1/top?group=country&owner=acme-owner")
	assert.Equal(t, topRow{Key: "DE", Label: "DE", Value: day - 6, Previous: day, Share: number(day-6) / day}, top.Rows[0])
	assert.Equal(t, topRow{Key: "NL", Label: "NL", Value: 6, Share: number(6) / day}, top.Rows[1])
	assert.Equal(t, number(day), top.Total)
	cost := get[topAnswer](v, "/api/v1/top?group=model&measure=cost&owner=acme-owner")
	assert.InDelta(t, 2*24*2.5, float64(cost.Rows[0].Value), 1e-9)
	owners := get[topAnswer](v, "/api/v1/top?group=owner")
	assert.Equal(t, "ACME Corp", owners.Rows[0].Label)
}

func TestAnomalies(t *testing.T) {
	v := newTown(t).visit("")
	list := get[anomalyList](v, "/api/v1/anomalies?severity=ERROR&limit=1")
	require.Len(t, list.Anomalies, 1)
	require.NotEmpty(t, list.Next)
	d := get[anomalyDetail](v, "/api/v1/anomalies/"+anomalyID(0))
	assert.Equal(t, []Link{
		{"Jaeger", "http://localhost:16686/trace/0af7651916cd43dd8448eb211c80319c"}, {"Jaeger (2)", "http://localhost:16686/trace/5b8aa5a2d2c872e8321cf37308d69df2"},
	}, d.Links)
	require.Len(t, d.Contributions, 3)
	assert.Equal(t, "endpoint GET /acme/export, usually 2 others (learned from 1,800 requests)", d.Contributions[0].Words)
	assert.InDelta(t, 14/23.5, d.Contributions[0].Share, 1e-9)
	assert.Empty(t, d.Contributions[0].Others)
	assert.Equal(t, "no habit of the owner’s 5 other keys; most: DE", d.Contributions[1].Others)
	assert.Zero(t, d.Contributions[2].Share, "what speaks for the token has no share")
	assert.Equal(t, "/api/v1/anomalies/"+anomalyID(0)+"/incident.html", d.Incident)
}

func TestContributionsInWords(t *testing.T) {
	for _, test := range []struct{ facet, observed, expected, words string }{
		{"burst", "12 requests within an hour", "at most 5 requests within an hour", "busiest hour: 12 requests within an hour, usually at most 5 requests within an hour"},
		{"bytes", "answers up to 52 kB", "about 709 B", "answers up to 52 kB, usually about 709 B"},
		{"gap", "woke after 183 days", "at most 13 days between uses", "woke after 183 days, usually at most 13 days between uses"},
		{"client", "curl", "", "client curl"},
		{"registry", "", "a registered token in force", "registry, usually a registered token in force"},
	} {
		assert.Equal(t, test.words, contributionWords(test.facet, test.observed, test.expected, 0))
	}
	assert.Equal(t, "a habit of the owner’s other key", othersWords(1, 1, "NL"))
	assert.Equal(t, "no habit of the owner’s other key; most: DE", othersWords(1, 0, "DE"))
	assert.Equal(t, "a habit of 2 of the owner’s 5 other keys; most: DE", othersWords(5, 2, "DE"))
}

func TestStatus(t *testing.T) {
	v := newTown(t).visit("")
	s := get[status](v, "/api/v1/status")
	assert.Equal(t, demoStatus{Available: true, Present: true, Tokens: 1}, s.Demo)
	assert.Equal(t, 5, s.Store.Tokens)
	assert.Equal(t, "127.0.0.1:4317", s.OTLP.GRPC)
	assert.False(t, s.Empty)
}

func TestWhatIsAskedWrongly(t *testing.T) {
	v := newTown(t).visit("")
	for path, want := range map[string]string{
		"/series?country=NL&route=GET+/acme":         `"code":"apart"`,
		"/series?country=NL&group=route":             `"code":"apart"`,
		"/series?from=yesterday":                     `"field":"from"`,
		"/series?from=now&to=-1h":                    `it is not before to`,
		"/series?from=2020-01-01T00:00:00Z":          `longer than 800 days`,
		"/series?measure=love":                       `choose from requests, errors`,
		"/series?group=moon":                         `choose from token, owner`,
		"/series?step=90s":                           `write whole minutes`,
		"/series?step=1m&from=-30d":                  `more than 2000 points`,
		"/series?limit=0":                            `write a number from 1 to 200`,
		"/series?colour=red":                         `there is no parameter \"colour\" here`,
		"/tokens?tag=gold":                           `such as plan:gold`,
		"/tokens?cursor=nonsense":                    `"field":"cursor"`,
		"/anomalies?cursor=nonsense":                 `"field":"cursor"`,
		"/tokens?status=":                            `1 to 256 characters`,
		"/tokens?outcome=maybe":                      `choose from success`,
		"/export?what=everything":                    `choose from tokens, series, anomalies, usage`,
		"/export?what=usage&measure=p95":             `counts requests`,
		"/tokens?q=" + strings.Repeat("x", 300):      `longer than 256 characters`,
		"/tokens?limit=5&limit=6":                    `give it once`,
		"/tokens?sort=" + url.QueryEscape("1;drop"):  `choose from -last_used`,
		"/tokens?token=" + strings.Repeat("x", 2000): `1 to 256 characters`,
	} {
		status, body := v.ask("/api/v1" + path)
		assert.Equal(t, 400, status, path)
		assert.Contains(t, body, want, path)
	}
	status, body := v.ask("/api/v1/moon")
	assert.Equal(t, 404, status)
	assert.Contains(t, body, "openapi.json")
	status, _ = v.say("PUT", "/api/v1/tokens", nil)
	assert.Equal(t, 405, status)
	status, _ = v.ask("/nowhere")
	assert.Equal(t, 404, status)
}

// brimful is a store on a full disk.
type brimful struct{ store.Store }

func (s brimful) Status(ctx context.Context) (store.Status, error) {
	status, err := s.Store.Status(ctx)
	status.Full = true
	return status, err
}

// Everybody learns why figures stand still, whatever else is not theirs to know.
func TestAFullDiskIsSaidToAll(t *testing.T) {
	w := newTown(t, withUsers(t), func(s *Settings) { s.Store = brimful{s.Store} })
	for _, name := range []string{"root", "reader"} {
		s := get[standing](w.visit(name), "/api/v1/status")
		assert.True(t, s.Store.Full)
		assert.Equal(t, store.ErrFull.Error(), s.Store.Trouble)
	}
}
