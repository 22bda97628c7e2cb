package provider

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

// kong is after OpenAPI of the Admin API (OSS) 3.9 and of the plugins key-auth and acl, Kong/developer.konghq.com at bc1cd742.
func kong(t *testing.T) *fake {
	plugins, keys, acls := map[string]bool{}, map[string]bool{"key_123": true}, map[string]string{"7d2e3179-f69b-450c-7179-ac8ee8bd8ca9": "premium"}
	const consumer = "/consumers/acme%2F1"
	const uuid = "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
	missing := answer(404, `{"message":"Not found"}`)
	return contract(t, &fake{
		needs: map[string]string{"Kong-Admin-Token": "kong-admin"},
		ops: []operation{
			{method: "PUT", path: consumer + "/plugins/" + uuid, schema: shape{
				"*name": "", "route": "", "service": "", "consumer": "", "instance_name": "", "protocols": []any{}, "enabled": true, "tags": []any{},
				"config": shape{"status_code": 0.0, "message": "", "content_type": "", "body": "", "echo": true, "trigger": ""},
			}, does: func(in request) canned {
				assert.Equal(t, "request-termination", in.json["name"])
				plugins[in.path[0]] = true
				return answer(200, text(`{"id":%q,"name":"request-termination","enabled":true}`, in.path[0]))
			}},
			{method: "GET", path: consumer + "/plugins/" + uuid, does: func(in request) canned {
				if !plugins[in.path[0]] {
					return missing
				}
				return answer(200, text(`{"id":%q,"name":"request-termination","enabled":true}`, in.path[0]))
			}},
			{method: "DELETE", path: consumer + "/plugins/" + uuid, does: func(in request) canned {
				delete(plugins, in.path[0])
				return answer(204, "") // or the resource didn't exist
			}},
			{method: "DELETE", path: consumer + "/key-auth/(key_123)", does: func(in request) canned {
				if !keys[in.path[0]] {
					return missing
				}
				delete(keys, in.path[0])
				return answer(204, "")
			}},
			{method: "GET", path: consumer + "/key-auth/(key_123)", does: func(in request) canned {
				if !keys[in.path[0]] {
					return missing
				}
				return answer(200, `{"id":"key_123"}`)
			}},
			{method: "DELETE", path: consumer + "/acls/" + uuid, does: func(in request) canned {
				if acls[in.path[0]] == "" {
					return missing
				}
				delete(acls, in.path[0])
				return answer(204, "")
			}},
			{method: "GET", path: consumer + "/acls/" + uuid, does: func(in request) canned {
				if acls[in.path[0]] == "" {
					return missing
				}
				return answer(200, text(`{"id":%q,"group":%q}`, in.path[0], acls[in.path[0]]))
			}},
			{method: "PUT", path: consumer + "/acls/" + uuid, schema: shape{"*group": "", "id": "", "tags": []any{}, "created_at": 0.0, "consumer": shape{"id": ""}}, does: func(in request) canned {
				acls[in.path[0]] = in.json["group"].(string)
				return answer(200, text(`{"id":%q,"group":%q}`, in.path[0], acls[in.path[0]]))
			}},
		},
	})
}

func TestKong(t *testing.T) {
	f := kong(t)
	cfg := Kong{
		Endpoint: f.URL + "/", Token: "kong-admin", Consumer: "token.owner.id", Key: "token.registry_id", Lock: KongTerminate,
		Group: "premium", ACL: "token.tags.kong.acl",
	}
	preset, err := cfg.Preset(f.channel("kong-admin"))
	require.NoError(t, err)
	assert.Equal(t, response.Ability{
		Do: true, Undo: true, Verify: true, ReadBack: true, Idempotent: true, Reversible: true, Delay: 5 * time.Second,
	}, preset.Can(response.Lock))
	lock := act{t, preset, response.Lock}
	lock.reversible()
	lock.refusals(f, []refused{
		{400, `{"message":"schema violation","name":"schema violation","code":2}`, nil, response.Final, "see its answer", false},
		{401, `{"message":"Unauthorized"}`, nil, response.Final, "does not accept the token of the Admin API", false},
		{403, ``, nil, response.Final, "may not do that", false},
		{404, `{"message":"Not found"}`, nil, response.Final, "no such consumer", false},
		{409, `{"message":"UNIQUE violation detected on '{name=\"request-termination\"}'"}`, nil, response.Final, "is left alone", false},
		{429, ``, []string{"Retry-After", "7"}, response.Refused, "", true},
		{500, ``, nil, response.Lost, "", false},
	})
	lock.missing("token", "owner", "id")
	lock.hides(f, "PUT "+f.URL+"/consumers/acme%2F1/plugins/", "kong-admin")

	restrict := act{t, preset, response.Restrict}
	assert.False(t, preset.Can(response.Restrict).Idempotent, "deleting twice is refused")
	restrict.reversible()
	restrict.missing("token", "tags", "kong.acl")
	assert.Zero(t, preset.Can(response.Reauthenticate))

	cfg.Lock, cfg.Group = KongDeleteKey, ""
	preset, err = cfg.Preset(f.channel("kong-admin"))
	require.NoError(t, err)
	assert.Equal(t, response.Ability{Do: true, Verify: true, ReadBack: true, Delay: 5 * time.Second}, preset.Can(response.Lock))
	deletion := act{t, preset, response.Lock}
	deletion.is(response.Undone, response.Verify)
	deletion.is(response.Done, response.Do)
	deletion.asked(response.Done, response.Do)
	deletion.is(response.Done, response.Verify)
	deletion.is(response.Final, response.Do, "it has no such key")
	deletion.is(response.Final, response.Undo, "lock cannot be undone at this target")
	deletion.missing("token", "registry_id")
}
