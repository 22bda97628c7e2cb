package provider

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// Unkey acts through Unkey's API v2.
//
// Source: svc/api/openapi, unkeyed/unkey at fc99b6b9 (21 August 2026).
type Unkey struct {
	Endpoint string
	RootKey  string // with api.*.update_key and api.*.read_key
	Key      Field  // the key's id
	// Permissions that a restricted key keeps. None: those that it really used, as the incident's grant says.
	Permissions []string
}

// unkeyDelay is what Unkey documents for its edge regions.
const unkeyDelay = 30 * time.Second

var unkeyRefusals = map[int]string{
	http.StatusBadRequest:   "Unkey finds fault with the request: look at which field names the key's id, it is not the key itself",
	http.StatusUnauthorized: "Unkey does not accept the root key",
	http.StatusForbidden:    "the root key lacks a permission: give it api.*.update_key and api.*.read_key",
	http.StatusNotFound:     "Unkey has no such key: look at which field names its id",
}

// Preset is Unkey's.
func (u Unkey) Preset(channel Channel) (*Preset, error) {
	address, err := base(u.Endpoint)
	if err != nil {
		return nil, err
	}
	if err := needs("root_key", u.RootKey, "write one with the permissions api.*.update_key and api.*.read_key"); err != nil {
		return nil, err
	}
	b := &builder{
		channel: channel, base: address, secrets: map[string]string{"root": u.RootKey},
		headers: map[string]string{"Authorization": `Bearer {{ secret "root" }}`},
	}
	b.named("key", u.Key)
	id := u.Key.in("json")
	set := func(enabled bool) *Call {
		return b.call(b.request(http.MethodPost, "/v2/keys.updateKey", fmt.Sprintf(`{"keyId":%s,"enabled":%t}`, id, enabled)),
			status(200).and(is("meta.requestId", nil), Check{Path: "error", Exists: &no}), final(unkeyRefusals)...)
	}
	get := b.request(http.MethodPost, "/v2/keys.getKey", fmt.Sprintf(`{"keyId":%s}`, id))
	lock := Calls{Do: set(false), Undo: set(true), Delay: unkeyDelay}
	lock.Do.ReadBack = &ReadBack{
		Request: get,
		Done:    status(200).and(is("data.enabled", false)), NotDone: status(200).and(is("data.enabled", true)),
	}

	kept := "{{ .incident.grant.scopes | json }}"
	if len(u.Permissions) > 0 {
		text, err := json.Marshal(u.Permissions)
		if err != nil {
			return nil, fmt.Errorf("permissions: %w", err)
		}
		b.secrets["permissions"] = string(text)
		kept = `{{ secret "permissions" | raw }}`
	}
	restrict := Calls{Delay: unkeyDelay, Do: b.call(
		b.request(http.MethodPost, "/v2/keys.setPermissions", fmt.Sprintf(`{"keyId":%s,"permissions":%s}`, id, kept)),
		status(200).and(is("data", nil), Check{Path: "error", Exists: &no}), final(unkeyRefusals)...)}
	return b.preset(Steps{response.Lock: lock, response.Restrict: restrict})
}
