package provider

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/holterhq/holter/internal/response"
)

// Whatever a provider answers to a question, nothing breaks, and only 200 (or 404 for a policy that is gone) says anything.
func FuzzAnswersToQuestions(f *testing.F) {
	for _, body := range []string{
		`{"active":false}`, `{"active":true}`, `{"active":"no"}`, `[]`, `[{"start":1}]`, `[{"clientId":"billing"}]`, `null`, `<html>`,
		`<ListAccessKeysResponse><ListAccessKeysResult><AccessKeyMetadata><member><AccessKeyId>key_123</AccessKeyId><Status>Inactive</Status></member></AccessKeyMetadata></ListAccessKeysResult></ListAccessKeysResponse>`,
		`<GetRolePolicyResponse><GetRolePolicyResult><PolicyDocument>%7B%7D</PolicyDocument></GetRolePolicyResult></GetRolePolicyResponse>`,
		`<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>`,
	} {
		f.Add(200, []byte(body))
		f.Add(404, []byte(body))
	}
	event, err := eventData([]byte(flagged))
	if err != nil {
		f.Fatal(err)
	}
	event["arrived"] = "2026-03-25T12:00:00Z"
	judges := map[string]func(map[string]any, int, []byte) (response.Verdict, string){
		"revoked": revoked, "loggedOut": loggedOut, "denied": denied("Role"),
		"consented": Keycloak{Client: "token.client_id"}.consented, "inactive": IAM{AccessKey: "token.registry_id"}.inactive,
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		for name, judge := range judges {
			verdict, why := judge(event, status, body)
			assert.NotEmpty(t, why, name)
			switch verdict {
			case response.Done:
				assert.Equal(t, 200, status, name)
			case response.Undone:
				assert.Contains(t, []int{200, 404}, status, name)
			default:
				assert.Equal(t, response.Refused, verdict, name)
			}
		}
	})
}
