package tokenconsoleextension

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

// configOf reads settings over the defaults.
func configOf(t *testing.T, settings map[string]any) *Config {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(cfg))
	return cfg
}

const hash = "$2a$04$f5Tc1LS9a0Z3ZcLLHxEPxOWzAXV8QDtf0MLjjrNzXPh6q1JQRmiYW"

func TestWhatIsWrongIsSaidWithItsKey(t *testing.T) {
	for name, c := range map[string]struct {
		settings map[string]any
		want     string
	}{
		"open to all": {
			map[string]any{"endpoint": "0.0.0.0:8686"},
			`endpoint: "0.0.0.0:8686" can be reached from other machines and nobody has to log in: write 127.0.0.1:8686, or configure users, oidc or auth`,
		},
		"all addresses": {map[string]any{"endpoint": ":8686"}, `endpoint: ":8686" can be reached from other machines`},
		"no address":    {map[string]any{"endpoint": "holter"}, `endpoint: "holter" can be reached`},
		"short password": {
			map[string]any{"users": []any{map[string]any{"name": "ana", "password": "1234", "roles": []any{"read"}}}},
			"users[0]::password: is neither a bcrypt or argon2id hash nor at least 12 characters long",
		},
		"no password": {map[string]any{"users": []any{map[string]any{"name": "ana", "roles": []any{"read"}}}}, "users[0]::password: is missing"},
		"no name":     {map[string]any{"users": []any{map[string]any{"password": hash, "roles": []any{"read"}}}}, "users[0]::name: is missing"},
		"role":        {map[string]any{"users": []any{map[string]any{"name": "ana", "password": hash, "roles": []any{"root"}}}}, `users[0]::roles: "root": write read, respond or admin`},
		"no role":     {map[string]any{"users": []any{map[string]any{"name": "ana", "password": hash}}}, "users[0]::roles: are missing"},
		"twice": {
			map[string]any{"users": []any{
				map[string]any{"name": "ana", "password": hash, "roles": []any{"read"}}, map[string]any{"name": "ana", "password": hash, "roles": []any{"read"}},
			}}, `users[1]::name: "ana" is there twice`,
		},
		"two that look": {
			map[string]any{"auth": map[string]any{"authenticator": "basicauth"}, "users": []any{map[string]any{"name": "ana", "password": hash, "roles": []any{"read"}}}},
			"users[0]::password: auth looks at passwords: leave it out",
		},
		"link": {
			map[string]any{"trace_links": []any{map[string]any{"name": "Jaeger", "url": "http://localhost:16686"}}},
			`trace_links[0]::url: "http://localhost:16686": write an address with {trace_id} in it`,
		},
		"script": {map[string]any{"trace_links": []any{map[string]any{"name": "Jaeger", "url": "javascript:alert({trace_id})"}}}, "trace_links[0]::url"},
		"limit":  {map[string]any{"limits": map[string]any{"timeout": "0s"}}, "limits::timeout: must be above zero, such as 20s"},
		"others": {map[string]any{"others": map[string]any{"roles": []any{"boss"}}}, `others::roles: "boss"`},
		"issuer": {map[string]any{"oidc": map[string]any{"issuer": "http://login.example.com", "client_id": "holter"}}, `oidc::issuer: "http://login.example.com": write`},
		"route":  {map[string]any{"deprecated_routes": []any{"/v1/orders"}}, `deprecated_routes[0]: "/v1/orders": write a method and a route`},
		"client": {map[string]any{"oidc": map[string]any{"issuer": "https://login.example.com"}}, "oidc::client_id: is missing"},
		"back": {
			map[string]any{"oidc": map[string]any{"issuer": "https://login.example.com", "client_id": "holter", "redirect_url": "https://holter.example.com/"}},
			`oidc::redirect_url: "https://holter.example.com/": write the console's address`,
		},
		"claims": {
			map[string]any{"oidc": map[string]any{"issuer": "https://login.example.com", "client_id": "holter", "roles": map[string]any{"sre": []any{"boss"}}}},
			`oidc::roles::sre: "boss": write read, respond or admin`,
		},
		"store": {map[string]any{"sessions": map[string]any{"lifetime": "-1h"}}, "sessions::lifetime: must be above zero"},
	} {
		assert.ErrorContains(t, confmap.Validate(configOf(t, c.settings)), c.want, name)
	}
}

func TestAddressesOfThisMachineNeedNoLogin(t *testing.T) {
	for _, at := range []string{"127.0.0.1:8686", "localhost:8686", "[::1]:8686", "127.0.0.2:0"} {
		assert.NoError(t, confmap.Validate(configOf(t, map[string]any{"endpoint": at})), at)
	}
	assert.NoError(t, confmap.Validate(configOf(t, map[string]any{"endpoint": "/run/holter.sock", "transport": "unix"})))
	for name, settings := range map[string]map[string]any{
		"users": {"endpoint": "0.0.0.0:8686", "users": []any{map[string]any{"name": "ana", "password": hash, "roles": []any{"read"}}}},
		"auth":  {"endpoint": "0.0.0.0:8686", "auth": map[string]any{"authenticator": "basicauth"}},
	} {
		assert.NoError(t, confmap.Validate(configOf(t, settings)), name)
	}
}

func TestReceiversAreFoundInTheConfiguration(t *testing.T) {
	grpc, http := otlp(confmap.NewFromStringMap(map[string]any{"receivers": map[string]any{
		"otlp": map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": "0.0.0.0:14317"}, "http": nil}},
		"nop":  nil,
	}}))
	assert.Equal(t, []string{"127.0.0.1:14317", "http://localhost:4318"}, []string{grpc, http})
	grpc, http = otlp(confmap.NewFromStringMap(map[string]any{"receivers": map[string]any{"nop": nil}}))
	assert.Equal(t, []string{"", ""}, []string{grpc, http})
}
