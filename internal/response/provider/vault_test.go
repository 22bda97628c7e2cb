package provider

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

// vault is after api-docs/auth/token.mdx and secret/identity/entity.mdx of hashicorp/vault at 34de7ab3 and 2e4af81d.
func vault(t *testing.T, unknown int) *fake {
	valid, disabled := true, false
	invalid := answer(unknown, `{"errors":["1 error occurred:\n\t* invalid accessor\n\n"]}`)
	return contract(t, &fake{
		needs: map[string]string{"X-Vault-Token": "vault-token", "X-Vault-Namespace": "shop", "X-Vault-Request": "true"},
		ops: []operation{
			{method: "POST", path: "/v1/auth/token/revoke-accessor", schema: shape{"*accessor": ""}, does: func(in request) canned {
				if !valid || in.json["accessor"] != "key_123" {
					return invalid
				}
				valid = false
				return answer(204, "")
			}},
			{method: "POST", path: "/v1/auth/token/lookup-accessor", schema: shape{"*accessor": ""}, does: func(in request) canned {
				if !valid || in.json["accessor"] != "key_123" {
					return invalid
				}
				return answer(200, `{"data":{"accessor":"key_123","id":"","ttl":2763902}}`)
			}},
			{method: "POST", path: "/v1/identity/entity/id/ent-1", schema: shape{"name": "", "metadata": shape{}, "policies": []any{}, "disabled": true}, does: func(in request) canned {
				disabled = in.json["disabled"].(bool)
				return answer(200, `{"data":{"id":"ent-1","aliases":null}}`)
			}},
			{method: "GET", path: "/v1/identity/entity/id/ent-1", does: func(request) canned {
				return answer(200, text(`{"data":{"id":"ent-1","disabled":%t}}`, disabled))
			}},
		},
	})
}

func TestVault(t *testing.T) {
	for _, unknown := range []int{400, 403, 404} {
		f := vault(t, unknown)
		cfg := Vault{
			Endpoint: f.URL, Token: "vault-token", Namespace: "shop", Lock: VaultAccessor, Accessor: "token.registry_id", Entity: "token.tags.vault.entity",
		}
		preset, err := cfg.Preset(f.channel("vault-token"))
		require.NoError(t, err)
		assert.Equal(t, response.Ability{Do: true, Verify: true, ReadBack: true}, preset.Can(response.Lock))
		lock := act{t, preset, response.Lock}
		lock.is(response.Undone, response.Verify)
		lock.refusals(f, []refused{
			{403, `{"errors":["permission denied"]}`, nil, response.Final, "the policy of Holter's token allows no update", false},
			{429, `{"errors":["request path \"auth/token/revoke-accessor\": rate limit quota exceeded"]}`, nil, response.Refused, "", true},
			{503, `{"errors":["Vault is sealed"]}`, nil, response.Refused, "", true},
		})
		f.will(403, `{"errors":["permission denied"]}`)
		lock.is(response.Refused, response.Verify, "says neither")
		lock.is(response.Done, response.Do)
		lock.is(response.Done, response.Verify)
		lock.asked(response.Done, response.Do)
		lock.is(response.Final, response.Do, "Vault knows no such accessor")
		lock.missing("token", "registry_id")
		lock.hides(f, `{"accessor":"key_123"}`, "vault-token")

		cfg.Lock = VaultEntity
		preset, err = cfg.Preset(f.channel("vault-token"))
		require.NoError(t, err)
		entity := act{t, preset, response.Lock}
		assert.True(t, preset.Can(response.Lock).Reversible)
		entity.reversible()
		entity.missing("token", "tags", "vault.entity")
	}
}
