package tokenresponseexporter

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func TestDenyListFaults(t *testing.T) {
	const served = "http: {}, keys: {identity: " + denyKey + "}"
	for _, c := range []struct{ name, deny, want string }{
		{"no names", `http: {}`, "deny_list::token_registry: is missing: name the extension that token_identity uses, or write keys"},
		{"two", served + `, token_registry: token_registry`, "deny_list::keys: given beside token_registry"},
		{"a short key", `grpc: {}, keys: {identity: c2hvcnQ=}`, "deny_list::keys::identity: 5 bytes are too few"},
		{"learn_by", served + `, learn_by: token`, `deny_list::learn_by: "token": write principal, client or owner`},
		{"no endpoint", `grpc: {endpoint: ""}, keys: {identity: ` + denyKey + `}`, "deny_list::grpc::endpoint: is missing"},
		{"no name", served + `, sources: {headers: [default, "--"]}`, `deny_list::sources::headers[1]: "--" is no name`},
		{"two tenants", served + `, tenant: {value: acme, header: x-tenant}`, "deny_list::tenant: value and header are both given"},
		{"no route", served + `, routes: [{match: payments, fail: closed}]`, `deny_list::routes[0]::match: "payments": its path must begin with a slash`},
		{"no mode", served + `, routes: [{match: /v1/*}]`, `deny_list::routes[0]::fail: "": write open`},
		{"no proxy", served + `, trusted_proxies: [home]`, `deny_list::trusted_proxies[0]: "home" is neither a network nor an address`},
		{"no room", served + `, max_entries: 0`, "deny_list::max_entries: 0 is not positive"},
		{"no age", served + `, max_age: -1s`, "deny_list::max_age: -1s is negative"},
		{"an unknown key", served + `, entries: 7`, "entries"},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw, err := confmap.NewRetrievedFromYAML([]byte("deny_list: {" + c.deny + "}"))
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
	raw, err := confmap.NewRetrievedFromYAML([]byte("targets: {gate: {deny_list: {}}}\nrules: [{action: lock, targets: [gate]}]"))
	require.NoError(t, err)
	conf, err := raw.AsConf()
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, conf.Unmarshal(cfg))
	require.ErrorContains(t, confmap.Validate(cfg), "targets::gate::deny_list: nobody could ask whom to refuse: write deny_list::http")

	cfg = configure(t, "deny_list: {"+served+"}\ntargets: {gate: {deny_list: {dry_run: false}}}\nrules: [{action: lock, targets: [gate]}]")
	assert.Equal(t, "localhost:8687", cfg.DenyList.HTTP.Get().NetAddr.Endpoint)
	assert.False(t, cfg.DenyList.GRPC.HasValue(), "off unless it is written")
	gate := cfg.Targets["gate"]
	assert.False(t, *gate.DenyList.Get().DryRun)
	assert.False(t, createDefaultConfig().(*Config).DenyList.served())
}
