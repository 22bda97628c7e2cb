package console

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/insight"
	"github.com/holterhq/holter/internal/store"
)

// Each question takes those filters that it can be answered by, as it is described, and refuses the others by name: none is ignored.
func TestAFilterIsTakenOrRefused(t *testing.T) {
	w := newTown(t)
	v := w.visit("")
	subjects, where := names(tokenParams), names(whereParams)
	for path, takes := range map[string][]string{
		"/overview": slices.Concat(subjects, where), "/tokens": slices.Concat(subjects, where), "/series": slices.Concat(subjects, where), "/top": slices.Concat(subjects, where),
		"/anomalies": subjects, "/incidents": subjects, "/hygiene": subjects, "/limits": subjects, "/plans": subjects, "/capacity": subjects,
		"/routes": append(slices.Clone(subjects), "route"), "/spend": append(slices.Clone(subjects), "model"), "/coverage": {"service", "demo"},
		"/tokens/tok_acme0": nil, "/tokens/tok_acme0/heartbeat": nil, "/tokens/tok_acme0/habits": nil,
		"/export?what=tokens": subjects, "/export?what=anomalies": subjects, "/export?what=series": slices.Concat(subjects, where), "/export?what=usage": slices.Concat(subjects, where),
	} {
		for _, p := range slices.Concat(tokenParams, whereParams) {
			value := map[string]string{
				"token": "tok_acme0", "owner": "acme-owner", "team": "acme-team", "tag": "plan:acme", "environment": "production", "q": "acme", "route": "GET /acme", "country": "NL",
				"network": "ASacme", "release": "acme-api@1.1", "service": "acme-api", "client": "acme-client", "unit": "input_tokens", "model": "acme-model",
			}[p.name]
			if p.of != nil {
				value = p.of[len(p.of)-1]
			}
			at := root + path + joint(path) + p.name + "=" + url.QueryEscape(value)
			if p.name == "unit" || p.name == "model" { // requests are not counted by them
				switch path {
				case "/series", "/top", "/export?what=series", "/export?what=usage":
					at += "&measure=units"
				case "/overview", "/tokens":
					continue
				}
			}
			status, body := v.ask(at)
			if slices.Contains(takes, p.name) {
				assert.Equal(t, 200, status, "%s: %s", at, body)
				continue
			}
			assert.Equal(t, 400, status, at)
			assert.Contains(t, body, "leave it out", at)
			assert.Contains(t, body, `"field":"`+p.name+`"`, at)
		}
	}
	for _, r := range w.console.routes {
		if r.path == "/stream" {
			assert.Equal(t, subjects, names(r.params))
		}
	}
}

func joint(path string) string {
	if strings.Contains(path, "?") {
		return "&"
	}
	return "?"
}

func names(params []param) (out []string) {
	for _, p := range params {
		out = append(out, p.name)
	}
	return out
}

func TestRoutesSpendAndCoverageAreFiltered(t *testing.T) {
	w := newTown(t)
	v := w.visit("")
	routes := func(query string) (out []string) {
		for _, r := range get[insight.Routes](v, "/api/v1/routes"+query).Invest {
			out = append(out, r.Route)
		}
		slices.Sort(out)
		return out
	}
	assert.Contains(t, routes(""), "GET /zeta")
	assert.Equal(t, []string{"GET /acme"}, routes("?route=GET+/acme"))
	assert.Equal(t, []string{"GET /acme", "GET /zeta"}, routes("?route=GET+/acme&route=GET+/zeta"))

	all, one := get[insight.Spending](v, "/api/v1/spend"), get[insight.Spending](v, "/api/v1/spend?model=acme-model")
	assert.Len(t, all.Rows, 4)
	require.Len(t, one.Rows, 2)
	assert.InDelta(t, all.Total/2, one.Total, 1e-9)
	assert.Empty(t, get[insight.Spending](v, "/api/v1/spend?model=other").Rows)

	require.NoError(t, w.store.Write(t.Context(), store.Batch{Facts: []store.Fact{
		{Minute: noon.Unix()/60 - 60, Kind: store.Coverage, First: "demo-api", Second: "with", Value: 3},
		{Minute: noon.Unix()/60 - 60, Kind: store.Releases, Subject: store.Subject{Token: "tok_demo"}, First: "demo-api", Second: "1.0", Value: 3},
		{Minute: noon.Unix()/60 - 60, Kind: store.Releases, Subject: store.Subject{Token: "tok_demo"}, First: "zeta-api", Second: "1.0", Value: 1},
		{Minute: noon.Unix()/60 - 60, Kind: store.Coverage, First: "bare-api", Second: "without", Value: 4},
	}}))
	for query, want := range map[string][]string{
		"": {"acme-api", "bare-api", "demo-api", "zeta-api"}, "?service=acme-api": {"acme-api"}, "?service=acme-api&service=bare-api": {"acme-api", "bare-api"},
		"?demo=show": {"acme-api", "bare-api", "demo-api", "zeta-api"}, "?demo=hide": {"acme-api", "bare-api", "zeta-api"}, "?demo=only": {"demo-api", "zeta-api"},
		"?demo=hide&service=demo-api": {}, "?service=nobody": {},
	} {
		found := []string{}
		for _, s := range get[coverage](v, "/api/v1/coverage"+query).Services {
			found = append(found, s.Service)
		}
		slices.Sort(found)
		assert.Equal(t, want, found, query)
	}
}

func TestExportsAreFiltered(t *testing.T) {
	v := newTown(t).visit("")
	rows := func(query string) []string {
		status, body := v.ask("/api/v1/export?" + query)
		require.Equal(t, 200, status, "%s: %s", query, body)
		return strings.Split(strings.TrimSuffix(body, "\n"), "\n")[1:]
	}
	assert.Len(t, rows("what=anomalies"), 3)
	assert.Len(t, rows("what=anomalies&severity=WARN"), 1)
	assert.Len(t, rows("what=anomalies&detector=identity_shift"), 2)
	assert.Len(t, rows("what=anomalies&detector=identity_shift&severity=ERROR&owner=acme-owner"), 1)
	assert.Empty(t, rows("what=anomalies&detector=identity_shift&severity=WARN"))

	assert.Len(t, rows("what=usage&country=NL&token=tok_acme0"), 3)
	assert.Len(t, rows("what=usage&network=AS14061&group=country&token=tok_acme0"), 3)
	assert.Len(t, rows("what=usage&release=acme-api@1.1&token=tok_acme0"), 3)
	assert.Len(t, rows("what=usage&route=GET+/acme/export&token=tok_acme0"), 3)
	assert.Len(t, rows("what=usage&model=acme-model&measure=cost&token=tok_acme0"), 24)
	assert.Empty(t, rows("what=usage&unit=seats&measure=units"))

	for _, what := range []string{"tokens", "anomalies", "usage"} {
		assert.Len(t, rows("limit=2&what="+what), 2, what)
	}
	assert.Len(t, rows("limit=1&what=series&group=owner&step=1h"), 2*24, "the greatest, and all others")

	for query, want := range map[string]string{
		"what=usage&detector=new_country":                     "of anomalies alone",
		"what=tokens&severity=WARN":                           "of anomalies alone",
		"what=anomalies&severity=BAD":                         "choose from WARN",
		"what=tokens&country=NL":                              "not filtered by country",
		"what=usage&country=NL&group=route":                   `"code":"apart"`,
		"what=usage&country=NL&measure=units":                 `"code":"apart"`,
		"what=usage&unit=input_tokens":                        `"field":"group"`,
		"what=usage&limit=0":                                  "from 1 to 100000",
		"what=usage&country=NL&route=GET+/acme":               `"code":"apart"`,
		"what=usage&model=acme-model&measure=bytes_in":        `"code":"apart"`,
		"what=usage&outcome=success&measure=units&group=unit": `"code":"apart"`,
	} {
		status, body := v.ask("/api/v1/export?" + query)
		assert.Equal(t, 400, status, query)
		assert.Contains(t, body, want, query)
	}
}
