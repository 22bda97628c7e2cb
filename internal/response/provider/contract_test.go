package provider

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
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

// github is after REST 2022-11-28, "Revoke a list of credentials" and "Get rate limit status".
func github(t *testing.T) *fake {
	active := true
	return contract(t, &fake{
		needs: map[string]string{"Accept": "application/vnd.github+json", "X-Github-Api-Version": "2022-11-28"},
		may:   []string{"Authorization"},
		ops: []operation{
			{method: "POST", path: "/credentials/revoke", schema: shape{"*credentials": []any{}}, does: func(in request) canned {
				assert.Empty(t, in.header.Get("Authorization"), "any authenticated request gets 403")
				list := in.json["credentials"].([]any)
				if len(list) != 1 || !strings.HasPrefix(list[0].(string), "ghp_") {
					return answer(422, `{"message":"Validation failed","documentation_url":"https://docs.github.com/rest"}`)
				}
				active = false
				return answer(202, `{}`)
			}},
			{method: "GET", path: "/rate_limit", does: func(in request) canned {
				assert.Equal(t, "Bearer ghp_secret0123456789", in.header.Get("Authorization"))
				if !active {
					return answer(401, `{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest","status":"401"}`)
				}
				return answer(200, `{"resources":{},"rate":{"limit":5000,"remaining":4999,"reset":1372700873,"used":1}}`)
			}},
		},
	})
}

func opens(raw string) Opener {
	return func(fingerprint string) (string, error) {
		if fingerprint != "fp_1" {
			return "", fmt.Errorf("no copy of %s", fingerprint)
		}
		return raw, nil
	}
}

func TestGitHub(t *testing.T) {
	f := github(t)
	way := f.channel()
	way.Fill = opens("ghp_secret0123456789").Fill
	preset, err := GitHub{Endpoint: f.URL}.Preset(way)
	require.NoError(t, err)
	assert.Equal(t, response.Ability{Do: true, Verify: true, Idempotent: true, Delay: time.Minute}, preset.Can(response.Lock))
	lock := act{t, preset, response.Lock}
	lock.hides(f, `{"credentials":["***"]}`, "ghp_secret0123456789")
	lock.is(response.Undone, response.Verify)
	lock.is(response.Done, response.Do)
	lock.is(response.Done, response.Do)
	lock.is(response.Done, response.Verify)
	lock.refusals(f, []refused{
		{403, `{"message":"API rate limit exceeded for 203.0.113.1."}`, []string{"X-Ratelimit-Remaining", "0", "X-Ratelimit-Reset", "1774443600"}, response.Refused, "60 such requests an hour", true},
		{403, `{"message":"Forbidden"}`, nil, response.Final, "without authentication", false},
		{422, `{"message":"Validation failed: ghp_secret0123456789"}`, nil, response.Final, "personal access tokens", false},
		{500, `{"message":"Server Error"}`, nil, response.Lost, "", false},
	})
	f.will(403, `rate limit`, "X-Ratelimit-Remaining", "0", "X-Ratelimit-Reset", fmt.Sprint(noon.Add(40*time.Minute).Unix()))
	assert.Equal(t, 40*time.Minute, lock.send(response.Do, response.Waiting).RetryAfter, "until the hour is over")
	f.will(422, `ghp_secret0123456789`)
	assert.Equal(t, "***", lock.send(response.Do, response.Waiting).Text, "an answer that repeats the credential is kept without it")
	lock.missing("token", "fingerprint")

	way.Fill = Opener(func(string) (string, error) { return "", fmt.Errorf("there is no sealed copy") }).Fill
	preset, err = GitHub{Endpoint: f.URL}.Preset(way)
	require.NoError(t, err)
	f.made()
	d := &response.Delivery{ID: "act-1", Body: []byte(flagged), Action: response.Lock, Arrived: noon}
	assert.Equal(t, response.Unreached, preset.Send(t.Context(), d, noon.Add(time.Second)).Verdict, "it may be on its way")
	late := preset.Send(t.Context(), d, noon.Add(time.Hour))
	assert.Equal(t, response.Final, late.Verdict)
	assert.Equal(t, "there is no sealed copy", late.Reason)
	assert.Empty(t, f.made())
}

// keycloak is after the Admin REST resources with their OpenAPI annotations, keycloak/keycloak at 008e3d40.
func keycloak(t *testing.T) *fake {
	enabled, sessions, consent := true, 2, true
	uuid := "9f3a6c0e-7f5a-4f4c-9f55-0c5b1b9e2b11"
	realm := "/admin/realms/shop"
	return contract(t, &fake{
		may: []string{"Authorization"},
		ops: []operation{
			{method: "POST", path: "/realms/shop/protocol/openid-connect/token", form: []string{"grant_type=client_credentials"}, does: func(in request) canned {
				user, password, _ := (&http.Request{Header: in.header}).BasicAuth()
				assert.Equal(t, "holter s3cr3t-of-client", user+" "+password)
				return answer(200, `{"access_token":"admin-access-token","expires_in":60,"token_type":"Bearer"}`)
			}},
			{method: "GET", path: realm + "/clients", query: []string{"clientId"}, does: func(in request) canned {
				assert.Equal(t, "Bearer admin-access-token", in.header.Get("Authorization"))
				if in.query.Get("clientId") != "billing" {
					return answer(200, `[]`)
				}
				return answer(200, text(`[{"id":%q,"clientId":"billing","enabled":%t}]`, uuid, enabled))
			}},
			{method: "PUT", path: realm + "/clients/" + uuid, schema: shape{"id": "", "clientId": "", "enabled": true}, does: func(in request) canned {
				enabled = in.json["enabled"].(bool)
				return answer(204, "")
			}},
			{method: "GET", path: realm + "/clients/" + uuid, does: func(request) canned {
				return answer(200, text(`{"id":%q,"clientId":"billing","enabled":%t}`, uuid, enabled))
			}},
			{method: "POST", path: realm + "/users/(acme%2F1)/logout", does: func(in request) canned {
				sessions = 0
				return answer(204, "")
			}},
			{method: "GET", path: realm + "/users/(acme%2F1)/sessions", does: func(request) canned {
				if sessions == 0 { // somebody has logged in again since
					return answer(200, text(`[{"id":"s9","start":%d}]`, noon.Add(time.Minute).UnixMilli()))
				}
				return answer(200, text(`[{"id":"s1","start":%d},{"id":"s2","start":%d}]`, noon.Add(-time.Hour).UnixMilli(), noon.Add(-time.Minute).UnixMilli()))
			}},
			{method: "DELETE", path: realm + "/users/(acme%2F1)/consents/billing", does: func(request) canned {
				if !consent {
					return answer(404, `{"error":"Consent nor offline token not found"}`)
				}
				consent = false
				return answer(204, "")
			}},
			{method: "GET", path: realm + "/users/(acme%2F1)/consents", does: func(request) canned {
				if consent {
					return answer(200, `[{"clientId":"other"},{"clientId":"billing","grantedClientScopes":["orders"]}]`)
				}
				return answer(200, `[{"clientId":"other"}]`)
			}},
		},
	})
}

func TestKeycloak(t *testing.T) {
	f := keycloak(t)
	way := f.channel("s3cr3t-of-client")
	token := &AccessToken{Client: way.Client, Endpoint: f.URL + "/realms/shop/protocol/openid-connect/token", ID: "holter", Secret: "s3cr3t-of-client"}
	way.Sign = token.Sign
	cfg := Keycloak{Endpoint: f.URL, Realm: "shop", Client: "token.client_id", User: "token.owner.id"}
	preset, err := cfg.Preset(way)
	require.NoError(t, err)
	lock := act{t, preset, response.Lock}
	assert.Equal(t, response.Ability{Do: true, Undo: true, Verify: true, ReadBack: true, Idempotent: true, Reversible: true}, preset.Can(response.Lock))
	lock.is(response.Done, response.Do)
	assert.Equal(t, []string{
		"POST /realms/shop/protocol/openid-connect/token", "GET /admin/realms/shop/clients", "PUT /admin/realms/shop/clients/9f3a6c0e-7f5a-4f4c-9f55-0c5b1b9e2b11",
	}, f.made())
	lock.is(response.Done, response.Undo)
	assert.Len(t, f.made(), 2, "the access token is used again")
	lock.reversible()
	lock.missing("token", "client_id")
	lock.hides(f, `{"enabled":false}`, "s3cr3t-of-client", "admin-access-token")
	for status, why := range map[int]string{401: "does not accept Holter's access token", 403: "lacks a role of realm-management", 404: "look at which fields name them"} {
		f.will(status, `{"error":"x"}`)
		lock.is(response.Final, response.Do, "looking for the client: status", why)
	}
	f.will(200, `[]`)
	lock.is(response.Final, response.Do, `the realm shop has no client "billing"`)
	f.will(503, ``)
	lock.is(response.Unreached, response.Do)

	logout := act{t, preset, response.Reauthenticate}
	assert.Equal(t, response.Ability{Do: true, Verify: true, Idempotent: true}, preset.Can(response.Reauthenticate))
	logout.is(response.Undone, response.Verify, "2 of the sessions from before")
	logout.is(response.Done, response.Do)
	logout.is(response.Done, response.Do)
	logout.is(response.Done, response.Verify)
	logout.missing("token", "owner", "id")

	consent := act{t, preset, response.Restrict}
	assert.Equal(t, response.Ability{Do: true, Verify: true, ReadBack: true}, preset.Can(response.Restrict))
	consent.is(response.Undone, response.Verify)
	consent.is(response.Done, response.Do)
	consent.asked(response.Done, response.Do)
	consent.is(response.Final, response.Do, "no such client, user or consent")

	token.expires = noon
	f.will(401, `{"error":"invalid_client","error_description":"Invalid client or Invalid client credentials"}`)
	logout.is(response.Final, response.Do, "an access token for the provider: status 401, invalid_client: look at client_id and client_secret")
}

// iam is after the IAM API reference, version 2010-05-08.
func iam(t *testing.T) *fake {
	status, policy := "Active", ""
	fault := func(code int, name string) canned {
		return answer(code, text(`<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>%s</Code><Message>m</Message></Error><RequestId>r</RequestId></ErrorResponse>`, name))
	}
	done := func(name, result string) canned {
		return answer(200, text(`<%sResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">%s<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></%sResponse>`, name, result, name))
	}
	signed := func(does func(request) canned) func(request) canned {
		return func(in request) canned {
			checkSignature(t, in, "us-east-1", "iam")
			return does(in)
		}
	}
	const version = "Version=2010-05-08"
	return contract(t, &fake{
		may: []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"},
		ops: []operation{
			{method: "POST", path: "/", form: []string{"Action=UpdateAccessKey", version, "UserName=acme/1", "AccessKeyId=key_123", "Status"}, does: signed(func(in request) canned {
				status = in.form.Get("Status")
				assert.Contains(t, []string{"Active", "Inactive", "Expired"}, status)
				return done("UpdateAccessKey", "")
			})},
			{method: "POST", path: "/", form: []string{"Action=ListAccessKeys", version, "UserName=acme/1"}, does: signed(func(request) canned {
				return done("ListAccessKeys", text(`<ListAccessKeysResult><UserName>acme/1</UserName><AccessKeyMetadata><member><UserName>acme/1</UserName><AccessKeyId>other</AccessKeyId><Status>Inactive</Status></member>`+
					`<member><UserName>acme/1</UserName><AccessKeyId>key_123</AccessKeyId><Status>%s</Status></member></AccessKeyMetadata><IsTruncated>false</IsTruncated></ListAccessKeysResult>`, status))
			})},
			{method: "POST", path: "/", form: []string{"Action=PutRolePolicy", version, "RoleName=shop-role", "PolicyName=HolterRevokeOlderSessions", "PolicyDocument"}, does: signed(func(in request) canned {
				policy = in.form.Get("PolicyDocument")
				assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-03-25T12:00:00Z"}}}]}`, policy)
				return done("PutRolePolicy", "")
			})},
			{method: "POST", path: "/", form: []string{"Action=GetRolePolicy", version, "RoleName=shop-role", "PolicyName=HolterRevokeOlderSessions"}, does: signed(func(request) canned {
				if policy == "" {
					return fault(404, "NoSuchEntity")
				}
				return done("GetRolePolicy", text(`<GetRolePolicyResult><RoleName>shop-role</RoleName><PolicyName>HolterRevokeOlderSessions</PolicyName><PolicyDocument>%s</PolicyDocument></GetRolePolicyResult>`, url.QueryEscape(policy)))
			})},
			{method: "POST", path: "/", form: []string{"Action=DeleteRolePolicy", version, "RoleName=shop-role", "PolicyName=HolterRevokeOlderSessions"}, does: signed(func(request) canned {
				if policy == "" {
					return fault(404, "NoSuchEntity")
				}
				policy = ""
				return done("DeleteRolePolicy", "")
			})},
		},
	})
}

func TestIAM(t *testing.T) {
	f := iam(t)
	way := f.channel(awsSecret)
	way.Sign = SigV4(awsWho, "iam", "us-east-1")
	preset, err := IAM{Endpoint: f.URL, User: "token.owner.id", AccessKey: "token.registry_id", Role: "token.tags.aws.role"}.Preset(way)
	require.NoError(t, err)
	lock := act{t, preset, response.Lock}
	assert.Equal(t, response.Ability{
		Do: true, Undo: true, Verify: true, ReadBack: true, Idempotent: true, Reversible: true, Delay: 30 * time.Second,
	}, preset.Can(response.Lock))
	lock.reversible()
	fault := func(code string) string {
		return `<ErrorResponse><Error><Code>` + code + `</Code></Error></ErrorResponse>`
	}
	lock.refusals(f, []refused{
		{400, fault("Throttling"), nil, response.Refused, "asked too often", true},
		{400, fault("ValidationError"), nil, response.Final, "see its answer", false},
		{403, fault("AccessDenied"), nil, response.Final, "allow the action in their policy", false},
		{403, fault("SignatureDoesNotMatch"), nil, response.Final, "does not accept Holter's credentials", false},
		{403, fault("InvalidClientTokenId"), nil, response.Final, "does not accept Holter's credentials", false},
		{404, fault("NoSuchEntity"), nil, response.Final, "no such user, role, access key", false},
		{409, fault("EntityTemporarilyUnmodifiable"), nil, response.Refused, "busy with another change", false},
		{500, fault("ServiceFailure"), nil, response.Lost, "", false},
		{200, `<html>`, nil, response.Refused, "", false},
	})
	lock.missing("token", "owner", "id")
	lock.hides(f, "Action=UpdateAccessKey&Version=2010-05-08&UserName=acme%2F1&AccessKeyId=key_123&Status=Inactive", awsSecret)

	sessions := act{t, preset, response.Reauthenticate}
	assert.Equal(t, response.Ability{Do: true, Undo: true, Verify: true, ReadBack: true, Reversible: true, Delay: 30 * time.Second}, preset.Can(response.Reauthenticate))
	sessions.reversible()
	sessions.missing("token", "tags", "aws.role")
}

// gateway is after the API Gateway REST API reference, UpdateApiKey and GetApiKey.
func gateway(t *testing.T) *fake {
	enabled := "true"
	key := func() canned {
		return answer(200, text(`{"id":"key_123","name":"acme","enabled":%s,"createdDate":1,"lastUpdatedDate":2,"stageKeys":[]}`, enabled))
	}
	return contract(t, &fake{
		may: []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"},
		ops: []operation{
			{method: "PATCH", path: "/apikeys/key_123", schema: shape{"*patchOperations": []any{}}, does: func(in request) canned {
				checkSignature(t, in, "eu-central-1", "apigateway")
				list := in.json["patchOperations"].([]any)
				if assert.Len(t, list, 1) {
					one := list[0].(map[string]any)
					fits(t, "patchOperations[0]", shape{"*op": "", "*path": "", "value": "", "from": ""}, one)
					assert.Equal(t, "replace /enabled", one["op"].(string)+" "+one["path"].(string))
					enabled = one["value"].(string)
				}
				return key()
			}},
			{method: "GET", path: "/apikeys/key_123", does: func(in request) canned {
				checkSignature(t, in, "eu-central-1", "apigateway")
				return key()
			}},
		},
	})
}

func TestAPIGateway(t *testing.T) {
	f := gateway(t)
	way := f.channel(awsSecret)
	way.Sign = SigV4(awsWho, "apigateway", "eu-central-1")
	preset, err := APIGateway{Endpoint: f.URL, Key: "token.registry_id"}.Preset(way)
	require.NoError(t, err)
	lock := act{t, preset, response.Lock}
	lock.reversible()
	lock.refusals(f, []refused{
		{400, `{"message":"Invalid patch path"}`, nil, response.Final, "see its answer", false},
		{401, `{"message":"The security token included in the request is invalid."}`, nil, response.Final, "does not accept Holter's credentials", false},
		{403, `{"message":"User is not authorized"}`, nil, response.Final, "apigateway:PATCH", false},
		{404, `{"message":"Invalid API Key identifier specified"}`, nil, response.Final, "no such key in the region", false},
		{429, `{"message":"Too Many Requests"}`, []string{"Retry-After", "3"}, response.Refused, "", true},
	})
	lock.missing("token", "registry_id")
}
