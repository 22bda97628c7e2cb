package provider

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

// unkey is after svc/api/openapi of unkeyed/unkey at fc99b6b9.
func unkey(t *testing.T) *fake {
	enabled := true
	permissions := []any{"orders.read", "orders.write"}
	fault := func(status int, title, detail string) canned {
		return answer(status, text(`{"meta":{"requestId":"req_1"},"error":{"title":%q,"detail":%q,"status":%d,"type":"https://unkey.com/docs/errors/x"}}`, title, detail, status))
	}
	known := func(in request, does func() canned) canned {
		if in.json["keyId"] != "key_123" {
			return fault(404, "Not Found", "The requested key does not exist.")
		}
		return does()
	}
	return contract(t, &fake{
		needs: map[string]string{"Authorization": "Bearer unkey_root"},
		ops: []operation{
			{method: "POST", path: "/v2/keys.updateKey", schema: shape{
				"*keyId": "", "name": "", "externalId": "", "meta": shape{}, "expires": 0.0, "credits": shape{}, "ratelimits": []any{}, "enabled": true, "roles": []any{}, "permissions": []any{},
			}, does: func(in request) canned {
				return known(in, func() canned {
					enabled = in.json["enabled"].(bool)
					return answer(200, `{"meta":{"requestId":"req_1"},"data":{}}`)
				})
			}},
			{method: "POST", path: "/v2/keys.getKey", schema: shape{"*keyId": "", "decrypt": true}, does: func(in request) canned {
				return known(in, func() canned {
					return answer(200, text(`{"meta":{"requestId":"req_1"},"data":{"keyId":"key_123","start":"sk","createdAt":1,"enabled":%t}}`, enabled))
				})
			}},
			{method: "POST", path: "/v2/keys.setPermissions", schema: shape{"*keyId": "", "*permissions": []any{}}, does: func(in request) canned {
				return known(in, func() canned {
					permissions = in.json["permissions"].([]any)
					assert.Equal(t, []any{"orders.read"}, permissions)
					return answer(200, `{"meta":{"requestId":"req_1"},"data":[{"id":"perm_1","name":"orders.read","slug":"orders.read"}]}`)
				})
			}},
		},
	})
}

func TestUnkey(t *testing.T) {
	f := unkey(t)
	cfg := Unkey{Endpoint: f.URL, RootKey: "unkey_root", Key: "token.registry_id"}
	preset, err := cfg.Preset(f.channel("unkey_root"))
	require.NoError(t, err)
	assert.Equal(t, response.Ability{
		Do: true, Undo: true, Verify: true, ReadBack: true, Idempotent: true, Reversible: true, Delay: 30 * time.Second,
	}, preset.Can(response.Lock))
	lock := act{t, preset, response.Lock}
	lock.reversible()
	problem := func(status int) string {
		return text(`{"meta":{"requestId":"r"},"error":{"title":"t","detail":"d","status":%d,"type":"x"}}`, status)
	}
	lock.refusals(f, []refused{
		{400, problem(400), nil, response.Final, "it is not the key itself", false},
		{401, problem(401), nil, response.Final, "does not accept the root key", false},
		{403, problem(403), nil, response.Final, "api.*.update_key", false},
		{404, problem(404), nil, response.Final, "no such key", false},
		{429, problem(429), nil, response.Refused, "", true},
		{500, problem(500), nil, response.Lost, "", false},
		{200, problem(200), nil, response.Refused, "error", false},
	})
	lock.missing("token", "registry_id")
	lock.hides(f, `{"keyId":"key_123","enabled":false}`, "unkey_root")

	restrict := act{t, preset, response.Restrict}
	assert.Equal(t, response.Ability{Do: true, Idempotent: true, Delay: 30 * time.Second}, preset.Can(response.Restrict))
	restrict.is(response.Done, response.Do)
	restrict.is(response.Final, response.Undo)
	restrict.missing("incident", "grant", "scopes")

	cfg.Permissions = []string{"orders.read"}
	preset, err = cfg.Preset(f.channel("unkey_root"))
	require.NoError(t, err)
	act{t, preset, response.Restrict}.is(response.Done, response.Do)
}
