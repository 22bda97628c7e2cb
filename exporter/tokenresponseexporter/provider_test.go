package tokenresponseexporter

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/holterhq/holter/internal/response"
)

// What is wrong with a provider's target is said before anything is sent.
func TestProviderConfigErrors(t *testing.T) {
	for _, c := range []struct{ kind, cfg, want string }{
		{"kong", `{endpoint: "kong:8001"}`, `kong::endpoint "kong:8001" has no scheme: write http://kong:8001 or https://kong:8001`},
		{"kong", `{endpoint: "http://kong:8001/{{ .id }}"}`, `kong::endpoint "http://kong:8001/{{ .id }}" is a template: this kind of target writes its paths itself`},
		{"kong", `{endpoint: "http://kong:8001", lock: explode}`, `kong::lock: "explode": write terminate (the consumer's requests are refused, which can be undone) or delete_key (its key is deleted for good)`},
		{"kong", `{endpoint: "http://kong:8001", consumer: token.owner}`, `kong::consumer: an event has no field "token.owner": did you mean token.owner.id?`},
		{"kong", `{endpoint: "http://kong:8001", consumer: nonsense}`, `kong::consumer: an event has no field "nonsense": write one of token.id, `},
		{"kong", `{endpoint: "http://kong:8001", timeout: 0s}`, `kong::timeout: 0s is not positive`},
		{"unkey", `{}`, `unkey::root_key is missing: write one with the permissions api.*.update_key and api.*.read_key`},
		{"vault", `{endpoint: "https://vault:8200"}`, `vault::token is missing`},
		{"vault", `{endpoint: "https://vault:8200", token: t, lock: x}`, `vault::lock: "x": write accessor`},
		{"keycloak", `{endpoint: "https://id", client_id: holter, client_secret: s}`, `keycloak::realm is missing: write which realm the tokens are of`},
		{"keycloak", `{endpoint: "https://id", realm: r}`, `keycloak::client_id is missing`},
		{"keycloak", `{endpoint: "https://id", realm: r, client_id: holter}`, `keycloak::client_secret is missing`},
		{"github", `{}`, `seal::private_key_file is missing: target x takes the credential itself, which only its holder can open`},
		{"aws", `{service: s3}`, `aws::service: "s3": write iam or apigateway`},
		{"aws", `{service: apigateway}`, `aws::region is missing: write the one that the API keys are in`},
		{"aws", `{credentials: {access_key_id: AKIA}}`, `aws::credentials: access_key_id and secret_access_key belong together`},
		{"oauth_revocation", `{endpoint: "https://id/revoke"}`, `oauth_revocation::client_id is missing`},
		{"oauth_revocation", `{endpoint: "https://id/revoke", client_id: c}`, `oauth_revocation::client_secret is missing`},
		{"oauth_revocation", `{endpoint: "https://id/revoke", client_id: c, auth_method: tls}`, `oauth_revocation::auth_method: "tls": write client_secret_basic, client_secret_post or private_key_jwt`},
		{"oauth_revocation", `{endpoint: "https://id/revoke", client_id: c, auth_method: private_key_jwt}`, `oauth_revocation::private_key_file is missing`},
		{"oauth_revocation", `{endpoint: "https://id/revoke", client_id: c, auth_method: private_key_jwt, private_key_file: k}`, `oauth_revocation::audience is missing`},
		{"oauth_revocation", `{endpoint: "https://id/revoke", client_id: c, client_secret: s, token_type_hint: id_token}`, `oauth_revocation::token_type_hint: "id_token": write access_token or refresh_token`},
		{"oauth_revocation", `{endpoint: "https://id/revoke", client_id: c, client_secret: s, introspection: {endpoint: id}}`, `oauth_revocation::introspection: endpoint "id" has no scheme`},
		{"security_event_token", `{endpoint: "https://rp/events"}`, `security_event_token::issuer is missing`},
		{"security_event_token", `{endpoint: "https://rp/events", issuer: i, audience: a, private_key_file: k, lock: revoke}`, `security_event_token::lock: "revoke": write one of risk-level-change, session-revoked`},
		{"security_event_token", `{endpoint: "https://rp/events", issuer: i, audience: a, private_key_file: k, subject: {format: phone}}`, `security_event_token::subject::format: "phone": write one of opaque, iss_sub, email, account`},
		{"security_event_token", `{endpoint: "https://rp/events", issuer: i, audience: a, private_key_file: k, subject: {format: account}}`, `security_event_token::subject::account: "": write what follows acct:`},
	} {
		t.Run(c.kind+" "+c.want, func(t *testing.T) {
			raw, err := confmap.NewRetrievedFromYAML([]byte(fmt.Sprintf("targets: {x: {%s: %s}}\nrules: [{action: lock, targets: [x]}]", c.kind, c.cfg)))
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

// documented is every example of docs/providers.md, by the kind of target that it is of.
func documented(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("docs", "providers.md"))
	require.NoError(t, err)
	all := make(map[string]string)
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		example := regexp.MustCompile(`\$\{env:[A-Z_]+\}`).ReplaceAllString(block[1], "an-example-of-a-secret")
		kind := regexp.MustCompile(`(?m)^      ([a-z_]+):`).FindStringSubmatch(example)
		require.NotNil(t, kind, example)
		all[kind[1]] += example
		raw, err := confmap.NewRetrievedFromYAML([]byte(example))
		require.NoError(t, err)
		conf, err := raw.AsConf()
		require.NoError(t, err)
		sub, err := conf.Sub("token_response")
		require.NoError(t, err)
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, sub.Unmarshal(cfg), example)
		require.NoError(t, confmap.Validate(cfg), example)
	}
	return all
}

func TestEveryProviderHasAnExampleThatWorks(t *testing.T) {
	examples := documented(t)
	for _, k := range (&TargetConfig{}).kinds() {
		if _, ok := k.cfg.(known); ok || k.name == "security_event_token" {
			assert.Contains(t, examples, k.name)
		}
	}
}

// The table of what each target can is what the code says.
func TestWhatTargetsCanIsDocumented(t *testing.T) {
	for cfg, want := range map[string][]response.Action{
		`kong: {endpoint: "http://kong:8001"}`:                                         {response.Lock},
		`kong: {endpoint: "http://kong:8001", group: premium}`:                         {response.Restrict, response.Lock},
		`unkey: {root_key: secret-root}`:                                               {response.Restrict, response.Lock},
		`keycloak: {endpoint: "https://id", realm: r, client_id: a, client_secret: b}`: {response.Restrict, response.Reauthenticate, response.Lock},
		`vault: {endpoint: "https://vault", token: t}`:                                 {response.Lock},
		`aws: {}`:                          {response.Reauthenticate, response.Lock},
		`aws: {role: token.tags.aws.role}`: {response.Reauthenticate, response.Lock},
		`aws: {service: apigateway, region: eu-central-1}`:                                           {response.Lock},
		`http: {endpoint: "https://a", success: {status: [200]}}`:                                    {},
		`http: {restrict: {do: {endpoint: "https://a"}, success: {status: [200]}}}`:                  {response.Restrict},
		`security_event_token: {endpoint: "https://a", issuer: i, audience: a, private_key_file: k}`: {response.Restrict, response.Reauthenticate, response.Lock},
	} {
		parsed := configure(t, "targets: {x: {"+cfg+"}}")
		target := parsed.Targets["x"]
		acts, ok := target.acts()
		require.True(t, ok)
		assert.ElementsMatch(t, want, acts.actions(), cfg)
		assert.Nil(t, acts.dry())
	}
	people := configure(t, `targets: {x: {webhook: {endpoint: "https://a", secret: `+testSecret+`}}}`).Targets["x"]
	_, ok := people.acts()
	assert.False(t, ok)
}

func TestSecretsOfProvidersAreNotShown(t *testing.T) {
	cfg := configure(t, `
registry: token_registry
seal: {private_key_file: /etc/holter/seal.key}
targets:
  a: {kong: {endpoint: "http://kong", token: hidden-1}}
  b: {unkey: {root_key: hidden-2}}
  c: {vault: {endpoint: "http://vault", token: hidden-3}}
  d: {keycloak: {endpoint: "http://id", realm: r, client_id: c, client_secret: hidden-4}}
  e: {aws: {credentials: {access_key_id: AKIA, secret_access_key: hidden-5, session_token: hidden-6}}}
  f: {oauth_revocation: {endpoint: "http://id", client_id: c, client_secret: hidden-7, introspection: {endpoint: "http://id", client_id: d, client_secret: hidden-8}}}
`)
	shown := confmap.New()
	require.NoError(t, shown.Marshal(cfg))
	assert.NotContains(t, fmt.Sprint(shown.ToStringMap()), "hidden-")
}

func TestJWKSIsServed(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "set.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	people := receive(t)
	people.says(http.StatusAccepted)
	address := "127.0.0.1:" + freePort(t)
	r := run(t, nil, fmt.Sprintf(`
dry_run: false
targets:
  rp:
    security_event_token:
      endpoint: %s
      issuer: https://holter.example.com
      audience: https://rp.example.com
      private_key_file: %s
      jwks: {endpoint: "%s"}
rules: [{name: tell, action: lock, targets: [rp]}]
`, people.URL, file, address))
	answer, err := http.Get("http://" + address + "/.well-known/jwks.json")
	require.NoError(t, err)
	defer answer.Body.Close()
	var keys struct{ Keys []map[string]any }
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&keys))
	require.Len(t, keys.Keys, 1)
	assert.Equal(t, "ES256", keys.Keys[0]["alg"])
	assert.NotContains(t, keys.Keys[0], "d", "the private half stays here")
	r.stop()
	conn, err := net.Dial("tcp", address)
	if !assert.Error(t, err, "the server ends with the exporter") {
		conn.Close()
	}
}
