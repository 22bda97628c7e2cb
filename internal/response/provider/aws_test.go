package provider

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

// iam is after botocore/data/iam/2010-05-08/service-2.json, boto/botocore at 0e6e2404: actions, members, patterns, codes and statuses.
func iam(t *testing.T) *fake {
	status := "Active"
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
	ops := []operation{
		{method: "POST", path: "/", form: []string{"Action=UpdateAccessKey", version, "UserName=shop", "AccessKeyId=AKIAIOSFODNN7EXAMPLE", "Status"}, does: signed(func(in request) canned {
			status = in.form.Get("Status")
			assert.Contains(t, []string{"Active", "Inactive", "Expired"}, status)
			return done("UpdateAccessKey", "")
		})},
		{method: "POST", path: "/", form: []string{"Action=ListAccessKeys", version, "UserName=shop"}, does: signed(func(request) canned {
			return done("ListAccessKeys", text(`<ListAccessKeysResult><AccessKeyMetadata><member><UserName>shop</UserName><AccessKeyId>AKIAI44QH8DHBEXAMPLE</AccessKeyId><Status>Inactive</Status></member>`+
				`<member><UserName>shop</UserName><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId><Status>%s</Status></member></AccessKeyMetadata><IsTruncated>false</IsTruncated></ListAccessKeysResult>`, status))
		})},
	}
	for whose, name := range map[string]string{"Role": "shop-role", "User": "shop"} {
		policy, of := "", []string{version, whose + "Name=" + name, "PolicyName=HolterRevokeOlderSessions"}
		form := func(action string, more ...string) []string {
			return slices.Concat([]string{"Action=" + action + whose + "Policy"}, of, more)
		}
		ops = append(ops,
			operation{method: "POST", path: "/", form: form("Put", "PolicyDocument"), does: signed(func(in request) canned {
				policy = in.form.Get("PolicyDocument")
				assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-03-25T12:00:00Z"}}}]}`, policy)
				return done("Put"+whose+"Policy", "")
			})},
			operation{method: "POST", path: "/", form: form("Get"), does: signed(func(request) canned {
				if policy == "" {
					return fault(404, "NoSuchEntity")
				}
				return done("Get"+whose+"Policy", text(`<Get%[1]sPolicyResult><%[1]sName>%[2]s</%[1]sName><PolicyName>HolterRevokeOlderSessions</PolicyName><PolicyDocument>%[3]s</PolicyDocument></Get%[1]sPolicyResult>`,
					whose, name, url.PathEscape(policy)))
			})},
			operation{method: "POST", path: "/", form: form("Delete"), does: signed(func(request) canned {
				if policy == "" {
					return fault(404, "NoSuchEntity")
				}
				policy = ""
				return done("Delete"+whose+"Policy", "")
			})},
		)
	}
	return contract(t, &fake{may: []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"}, ops: ops})
}

func TestIAM(t *testing.T) {
	f := iam(t)
	way := f.channel(awsSecret)
	way.Sign = SigV4(awsWho, "iam", "us-east-1")
	preset, err := IAM{Endpoint: f.URL, User: "token.tags.aws.user", AccessKey: "token.tags.aws.key", Role: "token.tags.aws.role"}.Preset(way)
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
		{409, fault("LimitExceeded"), nil, response.Final, "longer than IAM allows", false},
		{500, fault("ServiceFailure"), nil, response.Lost, "", false},
		{200, `<html>`, nil, response.Refused, "", false},
	})
	lock.missing("token", "tags", "aws.user")
	lock.hides(f, "Action=UpdateAccessKey&Version=2010-05-08&UserName=shop&AccessKeyId=AKIAIOSFODNN7EXAMPLE&Status=Inactive", awsSecret)

	sessions := act{t, preset, response.Reauthenticate}
	assert.Equal(t, response.Ability{Do: true, Undo: true, Verify: true, ReadBack: true, Reversible: true, Delay: 30 * time.Second}, preset.Can(response.Reauthenticate))
	sessions.reversible()
	sessions.missing("token", "tags", "aws.role")

	preset, err = IAM{Endpoint: f.URL, User: "token.tags.aws.user", AccessKey: "token.tags.aws.key"}.Preset(way)
	require.NoError(t, err)
	sessions = act{t, preset, response.Reauthenticate} // without a role, those of the user
	sessions.reversible()
	sessions.missing("token", "tags", "aws.user")
}

// gateway is after botocore/data/apigateway/2015-07-09/service-2.json, boto/botocore at 0e6e2404: UpdateApiKey and GetApiKey.
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
