package provider

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/response"
)

// github is after descriptions/api.github.com/api.github.com.2022-11-28.json, github/rest-api-description at 1e9ee981: credentials/revoke and
// rate-limit/get, but for the 401.
func github(t *testing.T) *fake {
	active := true
	return contract(t, &fake{
		needs: map[string]string{"Accept": "application/vnd.github+json", "X-Github-Api-Version": "2022-11-28"},
		may:   []string{"Authorization"},
		ops: []operation{
			{method: "POST", path: "/credentials/revoke", schema: shape{"*credentials": []any{}}, does: func(in request) canned {
				assert.Empty(t, in.header.Get("Authorization"), "any authenticated request gets 403")
				list := in.json["credentials"].([]any)
				if len(list) != 1 || !revocable.MatchString(list[0].(string)) {
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

// revocable are the credentials that GitHub takes.
var revocable = regexp.MustCompile(`^(ghp|github_pat|gho|ghu|ghr)_`)

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
		{422, `{"message":"Validation failed: ghp_secret0123456789"}`, nil, response.Final, "refresh tokens of GitHub Apps", false},
		{500, `{"message":"Server Error"}`, nil, response.Lost, "", false},
	})
	f.will(403, `rate limit`, "X-Ratelimit-Remaining", "0", "X-Ratelimit-Reset", fmt.Sprint(noon.Add(40*time.Minute).Unix()))
	assert.Equal(t, 40*time.Minute, lock.send(response.Do, response.Waiting).RetryAfter, "until the hour is over")
	f.will(422, `ghp_secret0123456789`)
	assert.Equal(t, "***", lock.send(response.Do, response.Waiting).Text, "an answer that repeats the credential is kept without it")
	lock.missing("token", "fingerprint")

	way.Fill = opens("ghr_refresh0123456789").Fill
	preset, err = GitHub{Endpoint: f.URL}.Preset(way)
	require.NoError(t, err)
	refresh := act{t, preset, response.Lock}
	refresh.is(response.Done, response.Do)
	f.will(401, `{"message":"Bad credentials"}`)
	refresh.is(response.Refused, response.Verify, "cannot be asked about a refresh token")

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
