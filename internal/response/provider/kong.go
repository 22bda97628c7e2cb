package provider

import (
	"fmt"
	"net/http"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// Kong acts through Kong Gateway's Admin API.
//
// Source: OpenAPI of Kong Gateway's Admin API (OSS) 3.9, and of the plugins key-auth and acl, Kong/developer.konghq.com at bc1cd742.
type Kong struct {
	Endpoint string // of the Admin API
	Token    string // Kong-Admin-Token, where RBAC is on
	Consumer Field  // whose credential it is
	Key      Field  // the credential's id
	Lock     string // KongTerminate or KongDeleteKey
	Group    string // that a restricted consumer leaves; empty: no restriction
	ACL      Field  // the id of the consumer's membership in it
}

// What a lock does at Kong.
const (
	KongTerminate = "terminate"  // the consumer's requests are refused; can be undone
	KongDeleteKey = "delete_key" // the credential is deleted, for good
)

// kongDelay is how often a node looks for changes (db_update_frequency).
const kongDelay = 5 * time.Second

var kongRefusals = map[int]string{
	http.StatusBadRequest:   "Kong finds fault with the request, see its answer",
	http.StatusUnauthorized: "Kong does not accept the token of the Admin API",
	http.StatusForbidden:    "the token of the Admin API may not do that: give its role the endpoints of the consumer",
	http.StatusNotFound:     "Kong has no such consumer, or it has no such key: look at which fields name them, and at the workspace in the endpoint",
	http.StatusConflict:     "the consumer has a request-termination plugin already, which is not Holter's: it is left alone",
}

// Preset is Kong's.
func (k Kong) Preset(channel Channel) (*Preset, error) {
	address, err := base(k.Endpoint)
	if err != nil {
		return nil, err
	}
	b := &builder{channel: channel, base: address, secrets: map[string]string{"token": k.Token}}
	if k.Token != "" {
		b.headers = map[string]string{"Kong-Admin-Token": `{{ secret "token" }}`}
	}
	b.named("consumer", k.Consumer)
	b.named("key", k.Key)
	consumer := "/consumers/" + k.Consumer.in("urlpath")
	steps := Steps{}
	switch k.Lock {
	case KongTerminate:
		plugin := consumer + "/plugins/" + k.Consumer.in("uuid | urlpath")
		do := b.call(b.request(http.MethodPut, plugin,
			`{"name":"request-termination","enabled":true,"config":{"status_code":403,"message":"This key is locked"},"tags":["holter"]}`),
			status(200, 201), final(kongRefusals)...)
		do.ReadBack = &ReadBack{
			Request: b.request(http.MethodGet, plugin, ""),
			Done:    status(200).and(is("enabled", true)), NotDone: status(404),
		}
		undo := b.call(b.request(http.MethodDelete, plugin, ""), status(204), final(kongRefusals)...)
		steps[response.Lock] = Calls{Do: do, Undo: undo, Delay: kongDelay}
	case KongDeleteKey:
		key := consumer + "/key-auth/" + k.Key.in("urlpath")
		do := b.once(b.request(http.MethodDelete, key, ""), status(204), &ReadBack{
			Request: b.request(http.MethodGet, key, ""), Done: status(404), NotDone: status(200),
		}, final(kongRefusals)...)
		steps[response.Lock] = Calls{Do: do, Delay: kongDelay}
	default:
		return nil, fmt.Errorf("lock: %q: write %s (the consumer's requests are refused, which can be undone) or %s (its key is deleted for good)",
			k.Lock, KongTerminate, KongDeleteKey)
	}
	if k.Group != "" {
		b.named("acl", k.ACL)
		b.secrets["group"] = k.Group
		membership := consumer + "/acls/" + k.ACL.in("urlpath")
		do := b.once(b.request(http.MethodDelete, membership, ""), status(204), &ReadBack{
			Request: b.request(http.MethodGet, membership, ""), Done: status(404), NotDone: status(200),
		}, final(kongRefusals)...)
		undo := b.call(b.request(http.MethodPut, membership, `{"group":{{ secret "group" | json }}}`), status(200, 201), final(kongRefusals)...)
		steps[response.Restrict] = Calls{Do: do, Undo: undo, Delay: kongDelay}
	}
	return b.preset(steps)
}
