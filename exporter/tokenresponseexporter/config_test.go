package tokenresponseexporter

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/holterhq/holter/internal/response"
)

func load(t testing.TB, name string) *Config {
	t.Helper()
	file, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := file.Sub(name)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	return cfg
}

func TestDefaults(t *testing.T) {
	cfg := load(t, "token_response")
	assert.Equal(t, createDefaultConfig(), cfg)
	assert.True(t, cfg.DryRun, "acts are held back unless told otherwise")
}

func TestWholeConfig(t *testing.T) {
	cfg := load(t, "token_response/whole")
	assert.Equal(t, "file_storage", cfg.Storage.String())
	assert.False(t, cfg.DryRun)
	assert.Equal(t, 48*time.Hour, cfg.Outbox.Remember.For)
	assert.Empty(t, cfg.unused())

	people := cfg.Targets["people"]
	require.True(t, people.Webhook.HasValue())
	assert.False(t, people.HTTP.HasValue())
	assert.Equal(t, 5*time.Second, people.Webhook.Get().Timeout)
	assert.Equal(t, []time.Duration{0, 10 * time.Second}, people.Retry.Delays)
	assert.Equal(t, 10_000, people.MaxPending, "the defaults are there beside what is written")
	keys, err := people.Webhook.Get().keys()
	require.NoError(t, err)
	assert.Len(t, keys, 2)

	kong := cfg.Targets["kong"]
	assert.Equal(t, 15*time.Second, kong.HTTP.Get().Timeout)
	assert.Equal(t, response.StandardSchedule().Delays, kong.Retry.Delays)
	assert.Equal(t, 1, kong.Parallel)
	assert.True(t, *kong.HTTP.Get().DryRun)
	gate := cfg.Targets["gate"]
	assert.Equal(t, []response.Action{response.Lock}, gate.HTTP.Get().actions())

	assert.Equal(t, response.Error, cfg.Rules[1].MinSeverity)
	assert.Equal(t, "rules[2]", cfg.Rules[2].name(2))
}

func TestSecretsAreNotShown(t *testing.T) {
	cfg := load(t, "token_response/whole")
	shown := confmap.New()
	require.NoError(t, shown.Marshal(cfg))
	text := fmt.Sprint(shown.ToStringMap())
	for _, secret := range []string{"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "ZXhhbXBsZS1vbmx5", "adm1n-k3y", "unkey_root", "g4t3-k3y"} {
		assert.NotContains(t, text, secret)
	}
}

// What is wrong is said with its path and with what would be right.
func TestConfigErrors(t *testing.T) {
	const people = `
targets:
  people: {webhook: {endpoint: "http://localhost:1", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}}
rules:
  - {targets: [people]}
`
	act := func(http string) string {
		return "targets: {kong: {http: " + http + "}}\nrules: [{action: lock, targets: [kong]}]"
	}
	for _, c := range []struct{ name, yaml, want string }{
		{
			"no scheme", act(`{endpoint: "kong:8001", success: {status: [204]}}`),
			`targets::kong: http::endpoint "kong:8001" has no scheme: write http://kong:8001 or https://kong:8001`,
		},
		{"no endpoint", act(`{success: {status: [204]}}`), `targets::kong: http::endpoint is missing`},
		{"no success", act(`{endpoint: "http://kong"}`), `targets::kong: http::success: status is missing: write which answers mean that it was done, for example status: [200, 204]`},
		{"not escaped", act(`{endpoint: "http://kong/{{ .token.id }}", success: {status: [204]}}`), `targets::kong: http::endpoint: {{ .token.id }} is not escaped: write {{ .token.id | urlpath }}`},
		{"broken pattern", act(`{endpoint: "http://kong", success: {status: [200], body: [{matches: "("}]}}`), "targets::kong: http::success: body[0]: matches: error parsing regexp"},
		{"half a read-back", act(`{endpoint: "http://kong", success: {status: [200]}, read_back: {endpoint: "http://kong", done: {status: [404]}}}`), "targets::kong: http::read_back::not_done: status is missing"},
		{"bad read-back", act(`{endpoint: "http://kong", success: {status: [200]}, read_back: {endpoint: "kong"}}`), `targets::kong: http::read_back: endpoint "kong" has no scheme`},
		{"no time-out", act(`{endpoint: "http://kong", timeout: 0s, success: {status: [200]}}`), "targets::kong: http::timeout: 0s is not positive"},
		{"no kind", "targets: {people: {}}\nrules: [{targets: [people]}]", "targets::people: a target needs its kind: write one of webhook, "},
		{"two kinds", "targets: {people: {webhook: {}, http: {}}}\nrules: [{targets: [people]}]", "targets::people: a target has one kind, this one has webhook and http: keep one of them"},
		{"one call and calls for actions", act(`{endpoint: "http://kong", lock: {do: {endpoint: "http://kong", success: {status: [204]}}}}`), "targets::kong: http::a call for all actions stands beside calls for single ones"},
		{"undo without an endpoint", act(`{lock: {do: {endpoint: "http://kong"}, undo: {}, success: {status: [204]}}}`), "targets::kong: http::lock::undo::endpoint is missing"},
		{"verify without an answer", act(`{restrict: {do: {endpoint: "http://kong"}, verify: {endpoint: "http://kong"}, success: {status: [204]}}}`), "targets::kong: http::restrict::verify::done: status is missing"},
		{"do without success", act(`{reauthenticate: {do: {endpoint: "http://kong"}}}`), "targets::kong: http::reauthenticate::do::success: status is missing"},
		{"negative delay", act(`{lock: {do: {endpoint: "http://kong"}, success: {status: [204]}, delay: -1s}}`), "targets::kong: http::lock::delay: -1s is negative"},
		{"no secret", `targets: {people: {webhook: {endpoint: "http://x"}}}`, `targets::people: webhook::secret is missing: make one with: echo "whsec_$(openssl rand -base64 32)"`},
		{"plain secret", `targets: {people: {webhook: {endpoint: "http://x", secret: hunter2}}}`, `targets::people: webhook::secret: the secret does not start with "whsec_"`},
		{"short secret", `targets: {people: {webhook: {endpoint: "http://x", secret: whsec_aG9sdGVy}}}`, `targets::people: webhook::secret: the secret holds 6 bytes: Standard Webhooks asks for 24 to 64`},
		{"second secret", `targets: {people: {webhook: {endpoint: "http://x", secrets: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, "x"]}}}`, `targets::people: webhook::secrets[1]: the secret does not start`},
		{"template in a webhook", `targets: {people: {webhook: {endpoint: "http://x/{{ .id }}", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}}}`, "targets::people: webhook::endpoint: a webhook's endpoint is not a template"},
		{"a header of the signature", `targets: {people: {webhook: {endpoint: "http://x", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, headers: {Webhook-Id: x}}}}`, "targets::people: webhook::headers: Webhook-Id is set by the signature"},
		{"no attempts", `targets: {people: {webhook: {endpoint: "http://x", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}, retry: {delays: []}}}`, "targets::people: retry::delays: none: write one for each attempt"},
		{"jitter", `targets: {people: {webhook: {endpoint: "http://x", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}, retry: {jitter: 1, delays: [-1s]}}}`, "targets::people: retry::delays: -1s is negative; retry::jitter: 1 is not between 0 and 1"},
		{"bounds of a target", `targets: {people: {webhook: {endpoint: "http://x", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}, max_pending: 0, parallel: -1}}`, "targets::people: max_pending: 0 is not positive; parallel: -1 is not positive"},
		{"unknown target", people + "  - {targets: [poeple]}", `rules[1]::targets: unknown target "poeple": did you mean people?`},
		{"unknown target, nothing near", people + "  - {targets: [pagerduty]}", `rules[1]::targets: unknown target "pagerduty": it is one of people`},
		{"no targets at all", "rules: [{targets: [people]}]", `rules[0]::targets: unknown target "people": none is configured`},
		{"unknown detector", people + "  - {detectors: [new_contry], targets: [people]}", `rules[1]::detectors: unknown detector "new_contry": did you mean new_country?`},
		{"unknown severity", people + "  - {min_severity: high, targets: [people]}", `unknown severity "high": write warn, error or fatal`},
		{"nothing to do", people + "  - {detectors: [odd_hours]}", "rules[1]::targets: none, so that the rule does nothing: name some, or write stop: true"},
		{"same name", people + "  - {name: a, targets: [people]}\n  - {name: a, targets: [people]}", `rules[2]::name: "a" is the name of rules[1] already`},
		{"condition does not parse", people + "  - {targets: [people]}\n  - {condition: 'attributes[\"a\"] = 1', targets: [people]}", `rules[2]::condition: `},
		{"condition with an unknown function", people + "  - {condition: 'Foo(attributes)', targets: [people]}", `rules[1]::condition: unable to parse OTTL condition`},
		{"condition with an unknown path", people + "  - {condition: 'severity == 1', targets: [people]}", `rules[1]::condition: `},
		{"memory", "outbox: {max_memory_mib: 0}", "outbox::max_memory_mib: 0 is not positive"},
		{"remember", "outbox: {remember: {for: 0s}}", "outbox::remember::for: 0s is not positive"},
		{"health", "unhealthy_after: 0s", "unhealthy_after: 0s is not positive"},
		{"unknown key", `targets: {people: {webhook: {endpiont: "http://x"}}}`, "endpiont"},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw, err := confmap.NewRetrievedFromYAML([]byte(c.yaml))
			require.NoError(t, err)
			conf, err := raw.AsConf()
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			err = conf.Unmarshal(cfg)
			if err == nil {
				err = confmap.Validate(cfg)
			}
			require.ErrorContains(t, err, c.want)
			t.Log(err)
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

// The example that people start from works.
func TestReadmeExample(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, ok := strings.Cut(rest, "```")
	require.True(t, ok)
	example = strings.NewReplacer("${env:WEBHOOK_SECRET}", testSecret, "${env:KONG_ADMIN_TOKEN}", "x").Replace(example)
	raw, err := confmap.NewRetrievedFromYAML([]byte(example))
	require.NoError(t, err)
	conf, err := raw.AsConf()
	require.NoError(t, err)
	sub, err := conf.Sub("exporters::token_response")
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	assert.Empty(t, cfg.unused())
}
