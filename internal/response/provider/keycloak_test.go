package provider

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

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
		"POST /realms/shop/protocol/openid-connect/token", "GET /admin/realms/shop/clients",
		"GET /admin/realms/shop/clients/9f3a6c0e-7f5a-4f4c-9f55-0c5b1b9e2b11", "PUT /admin/realms/shop/clients/9f3a6c0e-7f5a-4f4c-9f55-0c5b1b9e2b11",
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
