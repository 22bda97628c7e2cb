package provider

import (
	"fmt"
	"net/http"
	"regexp"

	"github.com/holterhq/holter/internal/response"
)

// Vault acts on tokens of HashiCorp Vault and OpenBao.
//
// Source: website/content/api-docs/auth/token.mdx and secret/identity/entity.mdx, hashicorp/vault at 34de7ab3 and 2e4af81d. That an
// accessor is unknown is said with 400, 403 or 404, depending on the version.
type Vault struct {
	Endpoint  string
	Token     string // X-Vault-Token
	Namespace string
	Lock      string // VaultAccessor or VaultEntity
	Accessor  Field
	Entity    Field
}

// What a lock does at Vault.
const (
	VaultAccessor = "accessor" // the token and its children are revoked, for good
	VaultEntity   = "entity"   // the tokens of the entity are refused; can be undone
)

var invalidAccessor = regexp.MustCompile(`invalid accessor|token not found`)

// Preset is Vault's.
func (v Vault) Preset(channel Channel) (*Preset, error) {
	address, err := base(v.Endpoint)
	if err != nil {
		return nil, err
	}
	if err := needs("token", v.Token, "write one whose policy allows update on the paths that are called"); err != nil {
		return nil, err
	}
	b := &builder{
		channel: channel, base: address, secrets: map[string]string{"token": v.Token, "namespace": v.Namespace},
		headers: map[string]string{"X-Vault-Token": `{{ secret "token" }}`, "X-Vault-Request": "true"},
	}
	if v.Namespace != "" {
		b.headers["X-Vault-Namespace"] = `{{ secret "namespace" }}`
	}
	switch v.Lock {
	case VaultAccessor:
		b.named("accessor", v.Accessor)
		body := fmt.Sprintf(`{"accessor":%s}`, v.Accessor.in("json"))
		gone := Check{Matches: invalidAccessor}
		unknown := Refusal{Check: &gone, Final: true, Why: "Vault knows no such accessor: the token was revoked or has expired before, or the field that names it holds something else"}
		refusals := []Refusal{}
		for _, code := range []int{400, 403, 404} {
			unknown.Status = code
			refusals = append(refusals, unknown)
		}
		refusals = append(refusals, Refusal{Status: 403, Final: true, Why: "the policy of Holter's token allows no update on auth/token/revoke-accessor"})
		ask := &ReadBack{
			Request: b.request(http.MethodPost, "/v1/auth/token/lookup-accessor", body),
			Done:    status(400, 403, 404).and(gone), NotDone: status(200).and(is("data.accessor", nil)),
		}
		do := b.once(b.request(http.MethodPost, "/v1/auth/token/revoke-accessor", body), status(204), ask, refusals...)
		return b.preset(Steps{response.Lock: {Do: do}})
	case VaultEntity:
		b.named("entity", v.Entity)
		path := "/v1/identity/entity/id/" + v.Entity.in("urlpath")
		refusals := final(map[int]string{
			http.StatusBadRequest: "Vault finds fault with the request: look at which field names the entity's id",
			http.StatusForbidden:  "the policy of Holter's token allows no update on identity/entity/id",
			http.StatusNotFound:   "Vault has no such entity: look at which field names its id",
		})
		set := func(disabled bool) *Call {
			return b.call(b.request(http.MethodPost, path, fmt.Sprintf(`{"disabled":%t}`, disabled)), status(200, 204), refusals...)
		}
		lock := Calls{Do: set(true), Undo: set(false)}
		lock.Do.ReadBack = &ReadBack{
			Request: b.request(http.MethodGet, path, ""),
			Done:    status(200).and(is("data.disabled", true)), NotDone: status(200).and(is("data.disabled", false)),
		}
		return b.preset(Steps{response.Lock: lock})
	}
	return nil, fmt.Errorf("lock: %q: write %s (the token is revoked for good) or %s (its entity is disabled, which can be undone)", v.Lock, VaultAccessor, VaultEntity)
}
