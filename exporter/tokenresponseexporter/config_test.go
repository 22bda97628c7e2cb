package tokenresponseexporter

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/pdata/plog"

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
		{"a rule that only tells, to a target that acts", people + "  - {targets: [people, gate]}\n" + "deny_list: {http: {}}", `rules[1]::targets: unknown target "gate"`},
		{"an action that nobody does", people + "  - {action: lock, targets: [people]}", "rules[1]::action: lock needs a target that acts on tokens, and people only tell people"},
		{"notify to a target that acts", "targets: {kong: {http: {endpoint: \"http://kong\", success: {status: [204]}}}}\nrules: [{targets: [kong]}]", "rules[0]::targets[0]: kong acts on tokens, and the rule only tells people: write action: lock, restrict or reauthenticate"},
		{"an action that the target cannot do", "targets: {gate: {http: {lock: {do: {endpoint: \"http://gate\"}, success: {status: [204]}}}}}\nrules: [{action: restrict, targets: [gate]}]", "rules[0]::targets[0]: gate cannot restrict: it can lock"},
		{"ttl without undo", "targets: {kong: {http: {endpoint: \"http://kong\", success: {status: [204]}}}}\nrules: [{action: lock, ttl: 4h, targets: [kong]}]", "rules[0]::ttl: kong cannot take lock back"},
		{"ttl of a message", people + "  - {ttl: 1h, targets: [people]}", "rules[1]::ttl: the rule only tells people: there is nothing to undo"},
		{"unknown action", people + "  - {action: block, targets: [people]}", `unknown action "block": write notify, restrict, reauthenticate or lock`},
		{"unknown approval", people + "  - {approval: maybe, targets: [people]}", `unknown approval "maybe": write never, always or when_irreversible`},
		{"nobody to escalate to", people + "  - {escalate: {after: 30m}, targets: [people]}", "rules[1]::escalate::targets: none: name who is to be told"},
		{"escalate when", people + "  - {escalate: {targets: [people]}, targets: [people]}", "rules[1]::escalate::after: write how long to wait for somebody"},
		{"escalate to nobody known", people + "  - {escalate: {after: 1m, targets: [pager]}, targets: [people]}", `rules[1]::escalate::targets[0]: unknown target "pager"`},
		{"page nobody known", people + "page: [pager]", `page[0]: unknown target "pager"`},
		{"a tag without a value", people + "protected: {tags: [production]}", `protected::tags[0]: "production": write key:value`},
		{"the journal's name", "targets: {journal: {webhook: {endpoint: \"http://x\", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}}}", "targets::journal: the name is taken by the journal of token_store"},
		{"per what", "targets: {people: {per: token, webhook: {endpoint: \"http://x\", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}}}", `targets::people: per: "token": write incident or anomaly`},
		{"a negative cap", "caps: {per_hour: -1}", "caps::per_hour is negative: write 0 for no limit"},
		{"never resolved", "incidents: {resolve_after: 0s}", "incidents::resolve_after: 0s is not positive"},
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

// What the README walks people through, from dry run to enforcement, with one setting changed.
func TestReadmeWalkthrough(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	_, example, _ = strings.Cut(example, "  token_response:\n")
	example, _, _ = strings.Cut(example, "\nservice:")
	example = strings.ReplaceAll("\n"+example, "\n    ", "\n")
	people, kong := receive(t), receive(t)
	example = strings.NewReplacer(
		"${env:WEBHOOK_SECRET}", testSecret, "${env:KONG_ADMIN_TOKEN}", "adm1n-k3y",
		"https://hooks.example.com", people.URL, "http://kong:8001", kong.URL, "storage: file_storage\n", "",
	).Replace(example)

	r := run(t, nil, example)
	r.sends(raised("a-1", leaked))
	assert.True(t, r.told(people, response.Opened).DryRun)
	r.eventually("the description", func() bool { return len(r.said("dry run: this would have been sent")) == 1 })
	described := r.said("dry run: this would have been sent")[0].ContextMap()["request"].(string)
	assert.Contains(t, described, "DELETE "+kong.URL+"/consumers/acme/key-auth/key%2F1\n")
	assert.NotContains(t, described, "adm1n-k3y")
	assert.Zero(t, kong.count())
	r.sends(raised("a-2", ofToken("test"), leaked, func(l plog.LogRecord) { l.Attributes().PutStr("api_token.owner.id", "load-test") }))
	r.stop()

	before := people.count()
	kong.says(http.StatusNoContent)
	enforced := strings.Replace(example, "dry_run: true", "dry_run: false", 1)
	require.NotEqual(t, example, enforced)
	r = run(t, nil, enforced)
	r.sends(raised("a-1", leaked))
	r.eventually("the act", func() bool { return kong.count() == 1 && people.count() == before+2 })
	got := kong.all()[0]
	assert.Equal(t, "DELETE /consumers/acme/key-auth/key%2F1", got.method+" "+got.uri)
	assert.Equal(t, "adm1n-k3y", got.header.Get("Kong-Admin-Token"))
	assert.ElementsMatch(t, []response.Occasion{response.Opened, response.ActDone}, people.occasions()[before:])
}
