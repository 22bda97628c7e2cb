package tokenresponseexporter

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/holterhq/holter/exporter/tokenresponseexporter/internal/metadatatest"
	"github.com/holterhq/holter/internal/response/courier"
)

// messageTargets is a configuration with one target of each kind, all of which send to the same receiver.
func messageTargets(address string) string {
	return fmt.Sprintf(`
targets:
  events: {cloudevents: {endpoint: "%[1]s/events", mode: binary, source: /holter/test, secret: %[2]s}}
  chat: {slack: {endpoint: "%[1]s/services/T0/B0/xxxxxxxxxxxxxxxx"}}
  bot: {slack: {endpoint: "%[1]s/bot", token: xoxb-test-token, channel: "#security", channel_from: token.tags.slack}}
  teams: {teams: {endpoint: "%[1]s/workflows/x"}}
  pager: {pagerduty: {endpoint: "%[1]s/v2/enqueue", routing_key: 0123456789abcdef0123456789abcdef}}
  alerts: {alertmanager: {endpoint: "%[1]s/am/", labels: {cluster: eu}}}
  room:
    template:
      method: PUT
      endpoint: "%[1]s/rooms/{{ .token.owner.id | urlpath }}"
      body: '{"text": {{ .message.title | json }}}'
rules: [{targets: [events, chat, bot, teams, pager, alerts, room]}]
`, address, testSecret)
}

func TestEachKindOfMessageArrives(t *testing.T) {
	people := receive(t)
	people.answer = func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/v2/enqueue":
			w.WriteHeader(http.StatusAccepted)
		case "/bot":
			_, _ = w.Write([]byte(`{"ok":true}`))
		default:
			_, _ = w.Write([]byte("ok"))
		}
	}
	r := run(t, nil, messageTargets(people.URL))
	r.sends(raised("a-1", func(l plog.LogRecord) { l.Attributes().PutStr("api_token.tags.slack", "#payments") }))
	r.eventually("all messages", func() bool { return r.delivered() == 7 })
	got := make(map[string]received)
	for _, one := range people.all() {
		got[one.uri] = one
		assert.Equal(t, "Holter/1.2.3", one.header.Get("User-Agent"), one.uri)
		assert.NotContains(t, one.body, "xoxb-test-token")
	}
	require.Len(t, got, 7)
	const title = "Incident opened: token sk_live_…9f3a of Acme"
	assert.Equal(t, "/holter/test", got["/events"].header.Get("ce-source"))
	assert.NotEmpty(t, got["/events"].header.Get("webhook-signature"))
	assert.Contains(t, got["/services/T0/B0/xxxxxxxxxxxxxxxx"].body, title)
	assert.Equal(t, "Bearer xoxb-test-token", got["/bot"].header.Get("Authorization"))
	assert.Contains(t, got["/bot"].body, `"channel":"#payments"`)
	assert.Contains(t, got["/workflows/x"].body, "application/vnd.microsoft.card.adaptive")
	assert.Contains(t, got["/v2/enqueue"].body, `"routing_key":"0123456789abcdef0123456789abcdef"`)
	assert.Contains(t, got["/am/api/v2/alerts"].body, `"cluster":"eu"`)
	assert.Equal(t, "PUT", got["/rooms/acme"].method)
	assert.JSONEq(t, `{"text": "[dry run] `+title+`"}`, got["/rooms/acme"].body)
	for _, line := range r.logs.All() {
		text, err := json.Marshal(line.ContextMap())
		require.NoError(t, err)
		assert.NotContains(t, string(text)+line.Message, "xoxb-test-token")
		assert.NotContains(t, string(text)+line.Message, "0123456789abcdef0123456789abcdef")
	}
}

// An end that a target forgets to make room is counted, for the target.
func TestForgottenEndsAreCounted(t *testing.T) {
	r := run(t, nil, "")
	set := metadatatest.NewSettings(r.telemetry)
	tell, err := newTeller(set)
	require.NoError(t, err)
	pager := configure(t, `targets: {pager: {pagerduty: {routing_key: k}}}`).Targets["pager"]
	way, err := (&responder{set: set, tell: tell}).way(t.Context(), r.host, &courier.Target{Name: "pager"}, pager.PagerDuty.Get().ClientConfig, nil)
	require.NoError(t, err)
	way.Forgot()
	metadatatest.AssertEqualTokenResponseEndsForgotten(t, r.telemetry, []metricdata.DataPoint[int64]{{
		Value: 1, Attributes: attribute.NewSet(attribute.String("target", "pager")),
	}}, metricdatatest.IgnoreTimestamp())
}

// The end of an incident is told after its beginning.
func TestStatesAreToldOneAfterTheOther(t *testing.T) {
	cfg := configure(t, messageTargets("http://127.0.0.1:1"))
	for name, want := range map[string]int{"pager": 1, "alerts": 1, "chat": 4} {
		assert.Equal(t, want, cfg.Targets[name].Parallel, name)
	}
	cfg = configure(t, `targets: {pager: {pagerduty: {routing_key: k}, parallel: 3}}`)
	assert.Equal(t, 3, cfg.Targets["pager"].Parallel)
	pager := cfg.Targets["pager"]
	assert.Equal(t, pagerDutyEvents, pager.PagerDuty.Get().Endpoint)
	bot := configure(t, `targets: {bot: {slack: {token: x, channel: C1}}}`).Targets["bot"]
	assert.Equal(t, slackPost, bot.Slack.Get().client().Endpoint)
	assert.Empty(t, bot.Slack.Get().Headers, "the configuration itself is left alone")
}

func TestOwnersHaveTheirOwnReceivers(t *testing.T) {
	people, owner := receive(t), receive(t)
	at, err := url.Parse(owner.URL)
	require.NoError(t, err)
	r := run(t, nil, fmt.Sprintf(`
targets:
  people:
    per: anomaly
    webhook:
      endpoint: %s
      secret: %s
      headers: {Authorization: Bearer 0perators-0wn}
      endpoint_from: token.tags.webhook
      allow_private: [127.0.0.0/8]
      allow_http: true
      allow_ports: [%s]
rules: [{targets: [people]}]
`, people.URL, testSecret, at.Port()))
	to := func(id, address string) {
		r.sends(raised(id, func(l plog.LogRecord) { l.Attributes().PutStr("api_token.tags.webhook", address) }))
	}
	to("theirs", owner.URL+"/hook")
	to("forbidden", "http://169.254.169.254:"+at.Port()+"/latest/meta-data/")
	r.sends(raised("nobody's"))
	r.eventually("three webhooks", func() bool { return owner.count() == 1 && people.count() == 2 && r.delivered() == 3 })
	assert.Equal(t, "theirs", owner.all()[0].header.Get("webhook-id"))
	assert.Empty(t, owner.all()[0].header.Get("Authorization"), "what is the operator's stays with the operator's endpoint")
	assert.Equal(t, "Bearer 0perators-0wn", people.all()[0].header.Get("Authorization"))
	warned := r.said("the address that an event names is forbidden")
	require.Len(t, warned, 1)
	assert.Contains(t, warned[0].ContextMap()["reason"], "token.tags.webhook: forbidden address: 169.254.169.254 is link-local")
	metadatatest.AssertEqualTokenResponseDetours(t, r.telemetry, []metricdata.DataPoint[int64]{{
		Value: 1, Attributes: attribute.NewSet(attribute.String("target", "people")),
	}}, metricdatatest.IgnoreTimestamp())
}

func TestMessageTargetsSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ name, target, want string }{
		{"cloudevents: mode", `cloudevents: {endpoint: "http://x", mode: batched}`, `cloudevents::mode: "batched" is unknown: write structured or binary`},
		{"cloudevents: source", `cloudevents: {endpoint: "http://x", source: ""}`, `cloudevents::source: "" is no URI reference: write for example /holter/eu`},
		{"cloudevents: secret", `cloudevents: {endpoint: "http://x", secret: hunter2}`, `cloudevents::secret: the secret does not start with "whsec_"`},
		{"cloudevents: header", `cloudevents: {endpoint: "http://x", headers: {Ce-Id: x}}`, "cloudevents::headers: Ce-Id is set by the event"},
		{"slack: endpoint", `slack: {}`, "slack::endpoint is missing"},
		{"slack: channel of a webhook", `slack: {endpoint: "http://x", channel: "#a"}`, "slack::token is missing: an incoming webhook has its one channel"},
		{"slack: no channel", `slack: {token: hunter2}`, "slack::channel is missing"},
		{"slack: field", `slack: {token: x, channel: "#a", channel_from: token.owner.taem}`, "slack::channel_from: \"token.owner.taem\" is no field of an event: did you mean token.owner.team?"},
		{"slack: a bot elsewhere", `slack: {token: x, channel: "#a", endpoint_from: token.tags.hook}`, "slack::endpoint_from: a bot posts to Slack alone"},
		{"teams: template", `teams: {endpoint: "http://x/{{ .id }}"}`, "teams::endpoint: a teams target's endpoint is not a template"},
		{"teams: field", `teams: {endpoint: "http://x", endpoint_from: everything}`, `teams::endpoint_from: "everything" is no field of an event`},
		{"teams: network", `teams: {endpoint: "http://x", endpoint_from: token.tags.t, allow_private: [10.0.0.1]}`, `teams::allow_private: "10.0.0.1" is no network: write for example 10.20.0.0/16`},
		{"teams: port", `teams: {endpoint: "http://x", endpoint_from: token.tags.t, allow_ports: [0]}`, "teams::allow_ports: 0 is no port"},
		{"teams: nothing to allow", `teams: {endpoint: "http://x", allow_http: true}`, "teams::endpoint_from is missing"},
		{"pagerduty: key", `pagerduty: {}`, "pagerduty::routing_key is missing"},
		{"pagerduty: source", `pagerduty: {routing_key: x, source: ""}`, "pagerduty::source: is empty"},
		{"alertmanager: endpoint", `alertmanager: {}`, "alertmanager::endpoint is missing"},
		{"alertmanager: path", `alertmanager: {endpoint: "http://x/api/v2/alerts"}`, "alertmanager::endpoint: write the base URL"},
		{"alertmanager: label", `alertmanager: {endpoint: "http://x", labels: {a.b: c}}`, `alertmanager::labels: Alertmanager refuses the name "a.b": write letters, digits and underscores`},
		{"alertmanager: own label", `alertmanager: {endpoint: "http://x", labels: {severity: c}}`, "alertmanager::labels: severity is set by the incident"},
		{"alertmanager: hold", `alertmanager: {endpoint: "http://x", hold: 0s}`, "alertmanager::hold: 0s is not positive"},
		{"template: unescaped", `template: {endpoint: "http://x", body: '{{ .sentence }}'}`, "template::body: {{ .sentence }} is not escaped"},
		{"template: method", `template: {endpoint: "http://x", method: "DO IT"}`, `template::method "DO IT" is not an HTTP method`},
		{"template: success", `template: {endpoint: "http://x", success: {body: [{contains: ok}]}}`, "template::success: status is missing"},
		{"time-out", `teams: {endpoint: "http://x", timeout: 0s}`, "teams::timeout: 0s is not positive"},
		{"two kinds", `{teams: {endpoint: "http://x"}, slack: {endpoint: "http://x"}}`, "a target has one kind, this one has slack and teams: keep one of them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := c.target
			if target[0] != '{' {
				target = "{" + target + "}"
			}
			raw, err := confmap.NewRetrievedFromYAML([]byte("targets: {people: " + target + "}\nrules: [{targets: [people]}]"))
			require.NoError(t, err)
			conf, err := raw.AsConf()
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			if err = conf.Unmarshal(cfg); err == nil {
				err = confmap.Validate(cfg)
			}
			require.ErrorContains(t, err, "targets::people: "+c.want)
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

// A route leads the messages about a token to the targets of whoever owns it, each with its own scheduler.
func TestRoutesLeadToTheOwnersTargets(t *testing.T) {
	payments, platform, everybody := receive(t), receive(t), receive(t)
	r := run(t, nil, fmt.Sprintf(`
targets:
  payments chat: {webhook: {endpoint: %s, secret: %s}}
  platform chat: {webhook: {endpoint: %s, secret: %s}}
  security chat: {webhook: {endpoint: %s, secret: %s}}
  owner:
    route:
      by: token.owner.team
      to: {payments: [payments chat], platform: [platform chat, security chat]}
      otherwise: [security chat]
rules: [{targets: [owner, security chat]}]
`, payments.URL, testSecret, platform.URL, testSecret, everybody.URL, testSecret))
	for team, token := range map[string]string{"payments": "tok_1", "platform": "tok_2", "sales": "tok_3", "": "tok_4"} {
		r.sends(raised("a-"+token, func(l plog.LogRecord) {
			l.Attributes().PutStr("api_token.id", token)
			if team != "" {
				l.Attributes().PutStr("api_token.owner.team", team)
			}
		}))
	}
	r.eventually("all messages", func() bool { return payments.count() == 1 && platform.count() == 1 && everybody.count() == 4 })
	assert.Equal(t, "tok_1", payments.all()[0].envelope.Data.Token.ID)
	assert.Equal(t, "tok_2", platform.all()[0].envelope.Data.Token.ID)
	assert.Empty(t, r.said("no rule sends anything"))
	r.eventually("each to be delivered", func() bool { return r.delivered() == 6 })
}

func TestRoutesOfAnomalies(t *testing.T) {
	payments, everybody := receive(t), receive(t)
	r := run(t, nil, fmt.Sprintf(`
targets:
  payments chat: {webhook: {endpoint: %s, secret: %s}}
  security chat: {webhook: {endpoint: %s, secret: %s}}
  owner: {per: anomaly, route: {by: token.tags.plan, to: {gold: [payments chat]}, otherwise: [security chat]}}
rules: [{targets: [owner]}]
`, payments.URL, testSecret, everybody.URL, testSecret))
	r.sends(raised("a-1"))
	r.sends(raised("a-2", func(l plog.LogRecord) { l.Attributes().PutStr("api_token.tags.plan", "free") }))
	r.eventually("both", func() bool { return payments.count() == 1 && everybody.count() == 1 })
	assert.Equal(t, "a-1", payments.all()[0].header.Get("webhook-id"))
}

func TestRoutesSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ name, route, want string }{
		{"nothing", `{}`, "targets::owner: route::by is missing: write the field that chooses, for example by: token.owner.team; route::to is missing"},
		{"field", `{by: token.owner.taem, to: {a: [chat]}, otherwise: [chat]}`, `targets::owner: route::by: "token.owner.taem" is no field of an event: did you mean token.owner.team?`},
		{"nobody", `{by: token.owner.team, to: {a: []}, otherwise: [chat]}`, "targets::owner: route::to::a: no targets"},
		{"others", `{by: token.owner.team, to: {a: [chat]}}`, "targets::owner: route::otherwise is missing"},
		{"unknown", `{by: token.owner.team, to: {a: [chta]}, otherwise: [chat]}`, `targets::owner::route::to::a[0]: unknown target "chta": did you mean chat?`},
		{"a circle", `{by: token.owner.team, to: {a: [chat]}, otherwise: [owner]}`, "targets::owner::route::otherwise[0]: owner is a route itself"},
		{"an act", `{by: token.owner.team, to: {a: [kong]}, otherwise: [chat]}`, "targets::owner::route::to::a[0]: kong acts on tokens: a route leads to targets that tell people"},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw, err := confmap.NewRetrievedFromYAML([]byte(`targets:
  chat: {teams: {endpoint: "http://x"}}
  kong: {http: {endpoint: "http://x", success: {status: [200]}}}
  owner: {route: ` + c.route + `}
rules: [{targets: [owner]}]`))
			require.NoError(t, err)
			conf, err := raw.AsConf()
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			if err = conf.Unmarshal(cfg); err == nil {
				err = confmap.Validate(cfg)
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

// The examples of docs/messages.md work: each of their targets gets its message, here instead of where it says.
func TestExamplesOfMessages(t *testing.T) {
	text, err := os.ReadFile("docs/messages.md")
	require.NoError(t, err)
	var examples []string
	for part := range strings.SplitSeq(string(text), "```yaml\n") {
		if example, _, ok := strings.Cut(part, "```"); ok && strings.HasPrefix(example, "targets:") {
			examples = append(examples, example)
		}
	}
	require.Len(t, examples, 8)
	for _, example := range examples {
		people := receive(t)
		people.answer = func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/v2/enqueue" {
				w.WriteHeader(http.StatusAccepted)
			}
			_, _ = w.Write([]byte("ok"))
		}
		example = strings.ReplaceAll(example, "${env:WEBHOOK_SECRET}", testSecret)
		example = regexp.MustCompile(`\$\{env:[A-Z_]+\}`).ReplaceAllString(example, "0123456789abcdef")
		example = regexp.MustCompile(`https?://[a-z0-9.:]+`).ReplaceAllString(example, people.URL)
		// Targets that know where to send are sent here as well.
		example = strings.NewReplacer(
			"      token: ", "      endpoint: "+people.URL+"/bot\n      token: ", "{token: ", "{endpoint: "+people.URL+"/bot, token: ",
			"      routing_key: ", "      endpoint: "+people.URL+"/v2/enqueue\n      routing_key: ",
			"{routing_key: ", "{endpoint: "+people.URL+"/v2/enqueue, routing_key: ",
		).Replace(example)
		rule, ends := "rules: [{targets: [", 0
		for name, target := range configure(t, example).Targets {
			rule += strconv.Quote(name) + ", "
			if !target.Route.HasValue() {
				ends++
			}
		}
		r := run(t, nil, example+rule+"]}]\n")
		r.sends(raised("a-1", func(l plog.LogRecord) { l.Attributes().PutStr("api_token.owner.team", "payments") }))
		r.eventually("a message to each target of\n"+example, func() bool { return r.delivered() == ends })
		r.stop()
	}
}
