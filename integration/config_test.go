package integration

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is wrong in a config stops the start, and the message has the key's path and what would be right.
func TestAWrongConfigIsExplained(t *testing.T) {
	for name, wrong := range map[string]struct {
		set   string
		says  []string
		start bool // found only when components start
	}{
		"a misspelt key of the processor": {
			set:  "processors::token_identity::registry::reload_intervall: 5s",
			says: []string{"processors::token_identity::registry::reload_intervall", "reload_interval"},
		},
		"a misspelt key of the connector": {
			set:  "connectors::token_behavior::alert_budget::false_alert: 3",
			says: []string{"connectors::token_behavior::alert_budget::false_alert", "false_alerts"},
		},
		"a misspelt key of the exporter": {
			set:  "exporters::token_response::dryrun: false",
			says: []string{"exporters::token_response::dryrun", "dry_run"},
		},
		"a key in the wrong place": {
			set:  "connectors::token_behavior::flush_interval: 5s",
			says: []string{"connectors::token_behavior::flush_interval", "known are", "metrics"},
		},
		"a misspelt component": {
			set:  "processors::token_identiy: {}",
			says: []string{"token_identiy", "token_identity"},
		},
		"a duration without a unit": {
			set:  "connectors::token_behavior::reorder_window: 5",
			says: []string{"connectors::token_behavior::reorder_window", "5s"},
		},
		"a duration with a wrong unit": {
			set:  "connectors::token_behavior::metrics::flush_interval: 15 seconds",
			says: []string{"connectors::token_behavior::metrics::flush_interval", "15s"},
		},
		"a unit of time that is none": {
			set:  "connectors::token_behavior::alert_budget::per: fortnight",
			says: []string{"connectors::token_behavior::alert_budget::per", "fortnight", "week"},
		},
		"a detector that is none": {
			set:  "connectors::token_behavior::detectors::new_contry::enabled: false",
			says: []string{"connectors::token_behavior::detectors::new_contry", "new_country"},
		},
		"text for a number": {
			set:  "connectors::token_behavior::limits::max_tokens: many",
			says: []string{"token_behavior", "limits.max_tokens", "expected type 'int'"},
		},
		"a key that is too short": {
			set:  "processors::token_identity::keys::identity: c2hvcnQ=",
			says: []string{"processors::token_identity::keys::identity", "at least 32"},
		},
		"a proxy that is no network": {
			set:  "processors::token_identity::trusted_proxies: [10.0.0.0/40]",
			says: []string{"processors::token_identity::trusted_proxies", "10.0.0.0/40", "10.0.0.0/8"},
		},
		"a storage that is not there": {
			set:   "connectors::token_behavior::storage: file_storage/elsewhere",
			says:  []string{"token_behavior", "storage", "file_storage/elsewhere"},
			start: true,
		},
		"an owners file that is not there": {
			set:   "processors::token_identity::registry: {file: /nowhere/owners.yaml, optional: false}",
			says:  []string{"token_identity", "registry", "/nowhere/owners.yaml"},
			start: true,
		},
		"an endpoint without a scheme": {
			set:  "exporters::token_response::targets::people::webhook::endpoint: 127.0.0.1:8080/hook",
			says: []string{"exporters::token_response::targets::people::webhook", "endpoint", "http://127.0.0.1:8080/hook"},
		},
		"a kind of source that is none": {
			set:  "extensions::token_registry::registry::sources: [{mysql: {dsn: x}}]",
			says: []string{"extensions::token_registry::registry::sources[0]::mysql", "postgresql"},
		},
		"a refresh interval without a unit": {
			set:  "extensions::token_registry::registry::sources: [{postgresql: {dsn: 'postgres://u@h/d', query: q, refresh_interval: 30}}]",
			says: []string{"extensions::token_registry::registry::sources[0]::postgresql::refresh_interval", "30s"},
		},
		"keys in two places": {
			set:  "processors::token_identity::token_registry: token_registry",
			says: []string{"processors::token_identity::token_registry", "move them there"},
		},
		"a bound that holds nothing": {
			set:  "processors::token_identity::lineage::max_tokens: 0",
			says: []string{"processors::token_identity::lineage::max_tokens", "1000000"},
		},
		"a console that is open to all": {
			set:  "extensions::token_console::endpoint: 0.0.0.0:8686",
			says: []string{"extensions::token_console::endpoint", "127.0.0.1:8686", "users, oidc or auth"},
		},
		"a webhook secret of another make": {
			set:  "exporters::token_response::targets::people::webhook::secret: hunter2",
			says: []string{"exporters::token_response::targets::people::webhook", "secret", "whsec_"},
		},
		"a rule for a target that is none": {
			set:  "exporters::token_response::rules: [{targets: [peple]}]",
			says: []string{"exporters::token_response::rules", "peple", "people"},
		},
		"a severity that is none": {
			set:  "exporters::token_response::rules: [{min_severity: critical, targets: [people]}]",
			says: []string{"token_response", "rules[0].min_severity", "critical", "fatal"},
		},
		"a condition that is none": {
			set:  `exporters::token_response::rules: [{condition: 'attributes["anomaly.score"] >', targets: [people]}]`,
			says: []string{"exporters::token_response::rules", "condition"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, command := range []string{"validate", "start"} {
				if command == "validate" && wrong.start {
					continue
				}
				c := newCollector(t, "testdata/holter.yaml", "testdata/webhook.yaml", "yaml:"+wrong.set)
				c.Env["BACKEND"], c.Env["WEBHOOK"], c.Env["WEBHOOK_SECRET"] = "1", "1", webhookSecret
				var args []string
				if command == "validate" {
					args = []string{"validate"}
				}
				code, output := c.Run(args...)
				require.NotZero(t, code, "%s accepts %s", command, wrong.set)
				for _, says := range wrong.says {
					require.True(t, strings.Contains(output, says) || strings.Contains(onePath(output), says),
						"%s of %s does not say %q:\n%s", command, wrong.set, says, output)
				}
				require.NotContains(t, output, "hunter2", "a secret in an error message")
			}
		})
	}
}

// onePath joins a path that the Collector and the component have each written a part of, "a::b: c::d: what is wrong".
func onePath(output string) string { return strings.ReplaceAll(output, ": ", "::") }
