package provider

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// IAM acts on access keys and on the sessions of a role. The channel's Sign signs for iam.
//
// Source: botocore/data/iam/2010-05-08/service-2.json, boto/botocore at 0e6e2404 (7 August 2026): UpdateAccessKey, ListAccessKeys,
// PutRolePolicy, GetRolePolicy, DeleteRolePolicy and the same three of a user; the policy is the one that the IAM user guide gives for
// revoking temporary credentials.
type IAM struct {
	Endpoint  string
	User      Field // whose access key it is
	AccessKey Field // its id, AKIA…
	Role      Field // whose sessions have to begin anew; empty: the user's, which began with GetSessionToken
}

// API Gateway and IAM obey soon; how soon is not documented.
const awsDelay = 30 * time.Second

const (
	iamForm   = "application/x-www-form-urlencoded"
	iamPolicy = "HolterRevokeOlderSessions"
)

var iamRefusals = []Refusal{
	{Status: 400, Check: &Check{Contains: "<Code>Throttling"}, Busy: true, Why: "AWS is asked too often"},
	{Status: 400, Final: true, Why: "AWS finds fault with the request, see its answer"},
	{Status: 403, Check: &Check{Contains: "<Code>AccessDenied"}, Final: true, Why: "Holter's credentials may not do that: allow the action in their policy"},
	{Status: 403, Final: true, Why: "AWS does not accept Holter's credentials"},
	{Status: 404, Final: true, Why: "AWS knows no such user, role, access key or policy: look at which fields name them"},
	{Status: 409, Check: &Check{Contains: "<Code>LimitExceeded<"}, Final: true, Why: "the inline policies of the user or role would get longer than IAM allows: remove one"},
	{Status: 409, Why: "AWS is busy with another change of the same thing"},
}

// Preset is IAM's.
func (i IAM) Preset(channel Channel) (*Preset, error) {
	address, err := base(i.Endpoint)
	if err != nil {
		return nil, err
	}
	b := &builder{channel: channel, base: address, headers: map[string]string{"Content-Type": iamForm}}
	b.named("user", i.User)
	b.named("access_key_id", i.AccessKey)
	action := func(name, parameters string) *Request {
		return b.request(http.MethodPost, "/", "Action="+name+"&Version=2010-05-08&"+parameters)
	}
	user := "UserName=" + i.User.in("urlquery")
	set := func(to string) *Call {
		return b.call(action("UpdateAccessKey", user+"&AccessKeyId="+i.AccessKey.in("urlquery")+"&Status="+to),
			status(200).and(Check{Contains: "<UpdateAccessKeyResponse"}), iamRefusals...)
	}
	lock := Calls{Do: set("Inactive"), Undo: set("Active"), Delay: awsDelay}
	lock.Do.ReadBack = &ReadBack{Request: action("ListAccessKeys", user), Judge: i.inactive}
	steps := Steps{response.Lock: lock}
	whose, name := "User", i.User
	if i.Role != "" {
		b.named("role", i.Role)
		whose, name = "Role", i.Role
	}
	policy := whose + "Name=" + name.in("urlquery") + "&PolicyName=" + iamPolicy
	document := `{{ printf "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":[\"*\"],\"Resource\":[\"*\"],` +
		`\"Condition\":{\"DateLessThan\":{\"aws:TokenIssueTime\":\"%s\"}}}]}" .arrived | urlquery }}`
	answered := func(name string) Success {
		return status(200).and(Check{Contains: "<" + name + whose + "PolicyResponse"})
	}
	again := Calls{
		Do:    b.call(action("Put"+whose+"Policy", policy+"&PolicyDocument="+document), answered("Put"), iamRefusals...),
		Undo:  b.once(action("Delete"+whose+"Policy", policy), answered("Delete"), nil, iamRefusals...),
		Delay: awsDelay,
	}
	again.Do.ReadBack = &ReadBack{Request: action("Get"+whose+"Policy", policy), Judge: denied(whose)}
	steps[response.Reauthenticate] = again
	return b.preset(steps)
}

// inactive says whether the list of a user's access keys has the key as inactive.
func (i IAM) inactive(event map[string]any, status int, body []byte) (response.Verdict, string) {
	key, err := field(event, string(i.AccessKey))
	if err != nil {
		return response.Refused, err.Error()
	}
	var list struct {
		Keys []struct {
			ID     string `xml:"AccessKeyId"`
			Status string
		} `xml:"ListAccessKeysResult>AccessKeyMetadata>member"`
	}
	if err := xml.Unmarshal(body, &list); status != http.StatusOK || err != nil {
		return response.Refused, fmt.Sprintf("status %d is no list of access keys", status)
	}
	for _, k := range list.Keys {
		switch {
		case k.ID != key:
		case k.Status == "Inactive":
			return response.Done, "the access key is inactive"
		default:
			return response.Undone, "the access key is " + k.Status
		}
	}
	return response.Refused, "the user has no such access key"
}

// denied says whether the role or user has the policy that refuses sessions from before the act.
func denied(whose string) func(event map[string]any, status int, body []byte) (response.Verdict, string) {
	who := "the " + strings.ToLower(whose)
	return func(event map[string]any, status int, body []byte) (response.Verdict, string) {
		var answer struct {
			OfRole string `xml:"GetRolePolicyResult>PolicyDocument"`
			OfUser string `xml:"GetUserPolicyResult>PolicyDocument"`
		}
		switch err := xml.Unmarshal(body, &answer); {
		case status == http.StatusNotFound && strings.Contains(string(body), "<Code>NoSuchEntity</Code>"):
			return response.Undone, who + " has no policy " + iamPolicy
		case status != http.StatusOK || err != nil:
			return response.Refused, fmt.Sprintf("status %d is no policy", status)
		}
		document, err := url.PathUnescape(answer.OfRole + answer.OfUser)
		if err != nil || !strings.Contains(document, fmt.Sprint(event["arrived"])) {
			return response.Undone, who + "'s policy " + iamPolicy + " is of another act"
		}
		return response.Done, who + " refuses sessions from before the act"
	}
}

// APIGateway acts on API keys of Amazon API Gateway. The channel's Sign signs for apigateway.
//
// Source: botocore/data/apigateway/2015-07-09/service-2.json, boto/botocore at 0e6e2404 (7 August 2026): UpdateApiKey and GetApiKey.
type APIGateway struct {
	Endpoint string
	Key      Field // the key's id, not its value
}

// Preset is API Gateway's.
func (g APIGateway) Preset(channel Channel) (*Preset, error) {
	address, err := base(g.Endpoint)
	if err != nil {
		return nil, err
	}
	b := &builder{channel: channel, base: address, headers: map[string]string{"Accept": "application/json"}}
	b.named("key", g.Key)
	path := "/apikeys/" + g.Key.in("urlpath")
	refusals := final(map[int]string{
		400: "API Gateway finds fault with the request, see its answer",
		401: "API Gateway does not accept Holter's credentials",
		403: "Holter's credentials may not do that, or are not accepted: allow apigateway:PATCH and apigateway:GET on /apikeys/*",
		404: "API Gateway has no such key in the region: look at which field names its id",
	})
	set := func(enabled bool) *Call {
		return b.call(b.request(http.MethodPatch, path,
			fmt.Sprintf(`{"patchOperations":[{"op":"replace","path":"/enabled","value":"%t"}]}`, enabled)),
			status(200).and(is("enabled", enabled)), refusals...)
	}
	lock := Calls{Do: set(false), Undo: set(true), Delay: awsDelay}
	lock.Do.ReadBack = &ReadBack{
		Request: b.request(http.MethodGet, path, ""),
		Done:    status(200).and(is("enabled", false)), NotDone: status(200).and(is("enabled", true)),
	}
	return b.preset(Steps{response.Lock: lock})
}
