package provider

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const stolen = `{"type":"api_token.anomaly","data":{
	"id":"a-1","detector":"identity_shift","score":31.5,"dry_run":false,
	"token":{"id":"tok_abc","registry_id":"key/1 2","scopes":["a","b"],"owner":{"id":"acme\" \u0026 sons"},"tags":{"kong.id":"7b1","up":".."}},
	"trigger":{"status_code":200}}}`

func data(t testing.TB) any {
	t.Helper()
	v, err := eventData([]byte(stolen))
	require.NoError(t, err)
	return v
}

var secrets = map[string]string{"admin": "adm1n-k3y"}

func TestTemplate(t *testing.T) {
	for _, c := range []struct{ name, source, want, shown string }{
		{"plain", "/keys", "/keys", ""},
		{"a segment of a path", `/keys/{{ .token.registry_id | urlpath }}`, "/keys/key%2F1%202", ""},
		{"a value of a query", `?id={{ urlquery .token.registry_id }}`, "?id=key%2F1+2", ""},
		{"JSON", `{"owner":{{ .token.owner.id | json }},"scopes":{{ json .token.scopes }},"n":{{ .trigger.status_code | json }}}`, `{"owner":"acme\" & sons","scopes":["a","b"],"n":200}`, ""},
		{"a name with a dot", `{{ index .token.tags "kong.id" }}`, "7b1", ""},
		{"an entry of a list", `{{ index .token.scopes 1 }}`, "b", ""},
		{"a number stays exact", `{{ .score | raw }}`, "31.5", ""},
		{"a secret", `Bearer {{ secret "admin" }}`, "Bearer adm1n-k3y", "Bearer ***"},
		{"optional and there", `{{ if has . "token.id" }}{{ .token.id }}{{ else }}none{{ end }}`, "tok_abc", ""},
		{"optional and not there", `{{ if has . "token.issuer.x" }}{{ .token.issuer }}{{ else }}none{{ end }}`, "none", ""},
		{"a loop", `{{ range .token.scopes }}[{{ . }}]{{ end }}`, "[a][b]", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tpl, err := NewTemplate(c.source, secrets)
			require.NoError(t, err)
			got, err := tpl.Send(data(t))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
			shown, err := tpl.Show(data(t))
			require.NoError(t, err)
			if c.shown == "" {
				c.shown = c.want
			}
			assert.Equal(t, c.shown, shown)
		})
	}
}

func TestTemplateRefusesWhatIsNotThere(t *testing.T) {
	for source, want := range map[string]string{
		`{{ .token.issuer }}`:                      `map has no entry for key "issuer"`,
		`{{ .token.issuer.deep }}`:                 `map has no entry for key "issuer"`,
		`{{ if .token.issuer }}x{{ end }}`:         `map has no entry for key "issuer"`,
		`{{ index .token.tags "gone" }}`:           `map has no entry for key "gone"`,
		`{{ index .token.scopes 2 }}`:              "list has no entry 2",
		`{{ index .token.id 0 }}`:                  "a string has no entries",
		`{{ index .token.tags 1 }}`:                "1 is not a name",
		`{{ .token | urlpath }}`:                   "is not a single value",
		`{{ index .token.tags "up" | urlpath }}`:   `".." is not a name in a path`,
		`{{ "" | urlpath }}`:                       "the value is empty",
		`{{ "" | urlquery }}`:                      "the value is empty",
		`{{ secret "other" }}`:                     `no secret is called "other"`,
		`{{ range .token.scopes }}{{ .x }}{{end}}`: "can't evaluate field x",
	} {
		t.Run(source, func(t *testing.T) {
			tpl, err := NewTemplate(source, secrets)
			require.NoError(t, err)
			_, err = tpl.Send(data(t))
			require.ErrorContains(t, err, want)
		})
	}
}

func TestTemplateMustEscape(t *testing.T) {
	for source, want := range map[string]string{
		`/k/{{ .token.id }}`:                                      `{{ .token.id }} is not escaped: write {{ .token.id | urlpath }}, or end it with one of urlpath, urlquery`,
		`/k/{{ .token.id | urlpath | printf "%s" }}`:              "is not escaped",
		`/k/{{ if has . "x" }}{{ .x }}{{ end }}`:                  "{{ .x }} is not escaped",
		`/k/{{ if has . "x" }}{{ else }}{{ .y }}{{ end }}`:        "{{ .y }} is not escaped",
		`{{ range .token.scopes }}{{ . }}{{ end }}`:               "{{ . }} is not escaped",
		`{{ with .token }}{{ .id }}{{ end }}`:                     "{{ .id }} is not escaped",
		`{{ define "t" }}{{ .id }}{{ end }}{{ template "t" . }}`:  "{{ .id }} is not escaped",
		`/k/{{ .token.id | json }}`:                               "is not escaped",
		`/k/{{ secret "admin" }}`:                                 "is not escaped",
		`/k/{{ .token.id `:                                        "unclosed action",
		`/k/{{ .token.id | nonsense }}`:                           `function "nonsense" not defined`,
		`{{ block "b" . }}{{ .id }}{{ end }}`:                     "{{ .id }} is not escaped",
		`{{ range $i, $s := .token.scopes }}{{ $s }}{{ end }}`:    "{{ $s }} is not escaped",
		`{{ $x := .token.id }}{{ $x }}`:                           "{{ $x }} is not escaped",
		`{{ $x := .token.id }}{{ $x = .token.id }}{{ $x | raw }}`: "is not escaped",
	} {
		_, err := NewTemplate(source, secrets, urlEscapers...)
		assert.ErrorContains(t, err, want, source)
	}
	for _, source := range []string{
		`/k/{{ .token.id | urlpath }}`, `/k/{{ urlpath .token.id }}`, `{{ $x := .token.id }}{{ $x | urlpath }}`,
		`{{/* a comment */}}/k`, `/k`,
	} {
		_, err := NewTemplate(source, secrets, urlEscapers...)
		assert.NoError(t, err, source)
	}
}

func TestTemplateIsBounded(t *testing.T) {
	tpl, err := NewTemplate(`{{ define "x" }}{{ range .token.scopes }}{{ printf "%099999d" 1 }}{{ end }}{{ template "x" . }}{{ end }}{{ template "x" . }}`, nil)
	require.NoError(t, err)
	_, err = tpl.Send(data(t))
	require.ErrorContains(t, err, "longer than 1 MiB")
}

func FuzzTemplate(f *testing.F) {
	for _, source := range []string{
		`/keys/{{ .token.registry_id | urlpath }}`, `{"a":{{ json . }}}`, `{{ index .token.tags "kong.id" | urlquery }}`,
		`{{ range .token.scopes }}{{ . | raw }}{{ end }}`, `{{ secret "admin" | urlquery }}`, `{{`, `{{ define "a" }}`,
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		tpl, err := NewTemplate(source, secrets, bodyEscapers...)
		if err != nil {
			return
		}
		_, _ = tpl.Send(data(t))
		shown, err := tpl.Show(data(t))
		if err == nil {
			assert.LessOrEqual(t, len(shown), maxText)
		}
	})
}

func FuzzURLPathStaysOneSegment(f *testing.F) {
	for _, value := range []string{"a/b", "..", "%2e%2e", "a?b#c", "", "ä", "\x00", ".", "\\"} {
		f.Add(value)
	}
	tpl, err := NewTemplate(`/keys/{{ .v | urlpath }}/lock`, nil, urlEscapers...)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, value string) {
		text, err := tpl.Send(map[string]any{"v": value})
		if err != nil {
			return
		}
		assert.Regexp(t, `^/keys/[^/?#]+/lock$`, text)
		assert.NotContains(t, []string{"/keys/../lock", "/keys/./lock"}, text)
	})
}

func TestCheckEndpoint(t *testing.T) {
	for endpoint, want := range map[string]string{
		"kong:8001":                          `endpoint "kong:8001" has no scheme: write http://kong:8001 or https://kong:8001`,
		"":                                   "endpoint is missing: write endpoint: https://…",
		"ftp://kong/x":                       `endpoint "ftp://kong/x" has the scheme "ftp": write http://kong/x or https://kong/x`,
		"http://":                            `endpoint "http://" has no host`,
		"https:///path":                      `endpoint "https:///path" has no host`,
		"https://me:pass@kong/x":             `endpoint "https://***@kong/x" holds credentials: put them into headers, or use an auth extension`,
		"https://kong/x y\x7f?k=secretvalue": "is not a URL",
		"https://{{ .token.issuer }}/x":      "the host must be written out, an event may not choose it",
		"https://kong.{{ .x | urlpath }}/":   "the host must be written out",
		"{{ .x | urlpath }}":                 "has no scheme",
		"me:pass@kong":                       `endpoint "***@kong" has no scheme`,
	} {
		err := CheckEndpoint(endpoint)
		require.ErrorContains(t, err, want, endpoint)
		assert.NotContains(t, err.Error(), "pass@")
		assert.NotContains(t, err.Error(), "secretvalue")
	}
	for _, endpoint := range []string{
		"http://kong:8001", "HTTPS://kong/keys/{{ .token.id | urlpath }}", "http://[::1]:80/?a={{ .b | urlquery }}", "https://kong?x={{ .b | urlquery }}",
	} {
		assert.NoError(t, CheckEndpoint(endpoint), endpoint)
	}
}

func TestRedact(t *testing.T) {
	for _, c := range [][2]string{
		{"https://kong/keys/1", "https://kong/keys/1"},
		{"https://u:p@kong/keys?a=1&b=&c", "https://***@kong/keys?a=***&b=&c"},
		{
			`https://k/{{ if eq .a "?" }}x{{ end }}?id={{ .id }}&hashed=true`,
			`https://k/{{ if eq .a "?" }}x{{ end }}?id={{ .id }}&hashed=***`,
		},
	} {
		assert.Equal(t, c[1], redact(c[0]))
	}
}
