package provider

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

// What an anomaly says besides whom it is about decides nothing about what an act holds.
func TestTheSubjectOfAnActIsWhatTakingItBackChanges(t *testing.T) {
	f := contract(t, &fake{}) // nobody may be asked
	of := func(preset *Preset, action response.Action, change ...string) string {
		return preset.Subject(action, []byte(strings.NewReplacer(change...).Replace(flagged)))
	}
	preset := func(p *Preset, err error) *Preset {
		require.NoError(t, err)
		return p
	}
	otherKey := []string{"key_123", "key_456", "tok_abc", "tok_def", "AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"}
	otherOwner := []string{"acme/1", "zed"}
	later := []string{"03:12:00Z", "04:30:00Z", "leaked_credential", "new_country", `"id":"a-1"`, `"id":"a-2","sentence":"It is used."`, `"id":"i-1"`, `"id":"i-2"`}
	for _, c := range []struct {
		name     string
		preset   *Preset
		action   response.Action
		perKey   bool
		perOwner bool
	}{
		{"kong", preset(Kong{Endpoint: f.URL, Consumer: "token.owner.id", Key: "token.registry_id", Lock: KongTerminate}.Preset(f.channel())), response.Lock, false, true},
		{"unkey", preset(Unkey{Endpoint: f.URL, RootKey: "root", Key: "token.registry_id"}.Preset(f.channel())), response.Lock, true, false},
		{"keycloak", preset(Keycloak{Endpoint: f.URL, Realm: "shop", Client: "token.owner.id", User: "token.id"}.Preset(f.channel())), response.Lock, false, true},
		{"access keys", preset(IAM{Endpoint: f.URL, User: "token.tags.aws.user", AccessKey: "token.tags.aws.key"}.Preset(f.channel())), response.Lock, true, false},
		{"sessions", preset(IAM{Endpoint: f.URL, User: "token.tags.aws.user", AccessKey: "token.tags.aws.key"}.Preset(f.channel())), response.Reauthenticate, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			one := of(c.preset, c.action)
			assert.NotEmpty(t, one)
			assert.Equal(t, one, of(c.preset, c.action, later...))
			assert.Equal(t, c.perKey, one != of(c.preset, c.action, otherKey...))
			assert.Equal(t, c.perOwner, one != of(c.preset, c.action, otherOwner...))
		})
	}
	assert.Empty(t, of(preset(Kong{Endpoint: f.URL, Consumer: "token.owner.id", Key: "token.registry_id", Lock: KongDeleteKey}.Preset(f.channel())), response.Lock), "nothing takes it back")
	assert.Empty(t, of(preset(Kong{Endpoint: f.URL, Consumer: "token.owner.id", Key: "token.registry_id", Lock: KongTerminate}.Preset(f.channel())), response.Lock, `"owner"`, `"nobody"`))
}

func TestACallOfOnesOwnHoldsWhatItsUndoNames(t *testing.T) {
	call := func(endpoint, body string) *Call {
		r, err := NewRequest(RequestSpec{Method: "POST", Endpoint: endpoint, Body: body})
		require.NoError(t, err)
		return &Call{Request: r}
	}
	body := func(token, act, sentence string) []byte {
		return []byte(text(`{"data":{"id":%q,"sentence":%q,"token":{"id":%q},"incident":{"id":"i-1","anomalies":3,"detectors":["x"],"act":{"id":%q,"state":"sending"}}}}`,
			act, sentence, token, act))
	}
	byToken := &Preset{Steps: Steps{response.Lock: {
		Do:   call("https://example.com/lock", ""),
		Undo: call("https://example.com/open/{{ .token.id | urlpath }}", `{"why":{{ .sentence | json }},"after":{{ .incident.anomalies | json }}}`),
	}}}
	assert.Equal(t, byToken.Subject(response.Lock, body("tok_a", "1", "once")), byToken.Subject(response.Lock, body("tok_a", "2", "twice")))
	assert.NotEqual(t, byToken.Subject(response.Lock, body("tok_a", "1", "once")), byToken.Subject(response.Lock, body("tok_b", "2", "once")))
	byAct := &Preset{Steps: Steps{response.Lock: {Do: call("https://example.com/lock", ""), Undo: call("https://example.com/locks/{{ .incident.act.id | urlpath }}", "")}}}
	assert.NotEqual(t, byAct.Subject(response.Lock, body("tok_a", "1", "once")), byAct.Subject(response.Lock, body("tok_a", "2", "once")))
}
