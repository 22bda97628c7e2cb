package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// Keycloak acts through Keycloak's Admin REST API.
//
// Source: ClientsResource, ClientResource and UserResource with their OpenAPI annotations, keycloak/keycloak at 008e3d40. The
// channel's Sign brings the access token.
type Keycloak struct {
	Endpoint string // such as https://id.example.com, or with /auth before version 17
	Realm    string
	Client   Field // clientId, not the UUID
	User     Field // the user's id: the sub of its tokens
}

var keycloakRefusals = map[int]string{
	http.StatusBadRequest:   "Keycloak finds fault with the request, see its answer",
	http.StatusUnauthorized: "Keycloak does not accept Holter's access token for its Admin API",
	http.StatusForbidden:    "Holter's client lacks a role of realm-management: manage-clients to lock, manage-users to log out and to withdraw consent",
	http.StatusNotFound:     "Keycloak has no such client, user or consent in the realm: look at which fields name them",
	http.StatusConflict:     "Keycloak refuses the change of the client, see its answer",
}

func (k Keycloak) builder(channel Channel) (*builder, error) {
	address, err := base(k.Endpoint)
	if err != nil {
		return nil, err
	}
	if err := needs("realm", k.Realm, "write which realm the tokens are of"); err != nil {
		return nil, err
	}
	realm, err := urlpath(k.Realm)
	if err != nil {
		return nil, fmt.Errorf("realm: %w", err)
	}
	b := &builder{channel: channel, base: address + "/admin/realms/" + realm}
	b.named("client", k.Client)
	b.named("user", k.User)
	return b, nil
}

// Preset is Keycloak's.
func (k Keycloak) Preset(channel Channel) (*Preset, error) {
	b, err := k.builder(channel)
	if err != nil {
		return nil, err
	}
	client := "/clients/{{ .client_uuid | urlpath }}"
	find := b.request(http.MethodGet, "/clients?clientId="+k.Client.in("urlquery"), "")
	set := func(enabled bool) *Call {
		call := b.call(b.request(http.MethodPut, client, fmt.Sprintf(`{"enabled":%t}`, enabled)), status(204), final(keycloakRefusals)...)
		call.Fill = k.uuid(channel, find)
		return call
	}
	lock := Calls{Do: set(false), Undo: set(true)}
	lock.Do.ReadBack = &ReadBack{
		Request: b.request(http.MethodGet, client, ""),
		Done:    status(200).and(is("enabled", false)), NotDone: status(200).and(is("enabled", true)),
	}

	user := "/users/" + k.User.in("urlpath")
	logout := Calls{
		Do:     b.call(b.request(http.MethodPost, user+"/logout", ""), status(204), final(keycloakRefusals)...),
		Verify: &ReadBack{Request: b.request(http.MethodGet, user+"/sessions", ""), Judge: loggedOut},
	}

	withdraw := Calls{
		Do: b.once(b.request(http.MethodDelete, user+"/consents/"+k.Client.in("urlpath"), ""), status(204),
			&ReadBack{Request: b.request(http.MethodGet, user+"/consents", ""), Judge: k.consented}, final(keycloakRefusals)...),
	}
	return b.preset(Steps{response.Lock: lock, response.Reauthenticate: logout, response.Restrict: withdraw})
}

// consented says whether the user's consents still name the client.
func (k Keycloak) consented(event map[string]any, status int, body []byte) (response.Verdict, string) {
	client, err := field(event, string(k.Client))
	if err != nil {
		return response.Refused, err.Error()
	}
	var consents []struct {
		ClientID string `json:"clientId"`
	}
	if err := json.Unmarshal(body, &consents); status != http.StatusOK || err != nil {
		return response.Refused, fmt.Sprintf("status %d says nothing of the user's consents", status)
	}
	for _, c := range consents {
		if c.ClientID == client {
			return response.Undone, "the user's consent for the client is still there"
		}
	}
	return response.Done, "no consent for the client is left"
}

// loggedOut says whether the user has a session from before the act. One from after it is what was asked for.
func loggedOut(event map[string]any, status int, body []byte) (response.Verdict, string) {
	var sessions []struct {
		Start int64 `json:"start"` // unix milliseconds
	}
	if err := json.Unmarshal(body, &sessions); status != http.StatusOK || err != nil {
		return response.Refused, fmt.Sprintf("status %d says nothing of the user's sessions", status)
	}
	arrived, err := time.Parse(time.RFC3339, fmt.Sprint(event["arrived"]))
	if err != nil {
		return response.Refused, "the time of the act is not known"
	}
	old := 0
	for _, s := range sessions {
		if s.Start < arrived.UnixMilli() {
			old++
		}
	}
	if old > 0 {
		return response.Undone, fmt.Sprintf("the user still has %d of the sessions from before", old)
	}
	return response.Done, "none of the user's sessions from before is left"
}

// uuid finds the id under which the Admin API knows a client. In dry run nobody is asked.
func (k Keycloak) uuid(channel Channel, find *Request) Filler {
	return func(ctx context.Context, event map[string]any, d *response.Delivery, now time.Time) (map[string]string, error) {
		client, err := field(event, string(k.Client))
		if err != nil {
			return nil, Impossible("%w", err)
		}
		if d.Dry(channel.DryRun) {
			return map[string]string{"client_uuid": "the id of client " + client}, nil
		}
		reply, err := channel.exchange(ctx, find, whole{sent: event}, "", now)
		if err != nil {
			return nil, err
		}
		var clients []struct{ ID, ClientID string }
		switch err := json.Unmarshal(reply.Body, &clients); {
		case reply.Status == 0:
			return nil, fmt.Errorf("looking for the client: %w", reply.Err)
		case keycloakRefusals[reply.Status] != "":
			return nil, Impossible("looking for the client: status %d: %s", reply.Status, keycloakRefusals[reply.Status])
		case reply.Status != http.StatusOK || err != nil:
			return nil, fmt.Errorf("looking for the client: status %d tells of none", reply.Status)
		}
		for _, c := range clients {
			if c.ClientID == client {
				return map[string]string{"client_uuid": c.ID}, nil
			}
		}
		return nil, Impossible("the realm %s has no client %q: look at which field names it", k.Realm, client)
	}
}
