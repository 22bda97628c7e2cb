package provider

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// GitHub has tokens revoked by showing them to GitHub.
//
// Source: descriptions/api.github.com/api.github.com.2022-11-28.json, github/rest-api-description at 1e9ee981: credentials/revoke and
// rate-limit/get. That a bad credential gets a 401 is not said of the latter there: it is from GitHub's documentation of authentication.
type GitHub struct {
	Endpoint string
}

const githubDelay = time.Minute // the request is accepted, and worked on later

// Preset is GitHub's. The channel's Fill opens the credential. The request is made without authentication: with one it is refused.
func (g GitHub) Preset(channel Channel) (*Preset, error) {
	address, err := base(g.Endpoint)
	if err != nil {
		return nil, err
	}
	b := &builder{channel: channel, base: address, headers: map[string]string{
		"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28",
	}}
	do := b.call(b.request(http.MethodPost, "/credentials/revoke", `{"credentials":[{{ .credential | json }}]}`), status(202),
		Refusal{Status: 422, Final: true, Why: "GitHub does not take the credential: it revokes personal access tokens (ghp_, github_pat_), OAuth tokens (gho_) and user and refresh tokens of GitHub Apps (ghu_, ghr_) only"},
		Refusal{Status: 403, Check: &Check{Contains: "rate limit"}, Busy: true, Why: "GitHub takes 60 such requests an hour from one address, they are used up"},
		Refusal{Status: 403, Final: true, Why: "GitHub refuses the request: it has to be made without authentication, is auth or a header configured?"},
	)
	lock := Calls{Do: do, Delay: githubDelay, Verify: &ReadBack{
		Request: b.request(http.MethodGet, "/rate_limit", "", "Authorization", "Bearer {{ .credential }}"),
		Judge:   unaccepted,
	}}
	return b.preset(Steps{response.Lock: lock})
}

// unaccepted says whether GitHub refuses the credential. It refuses refresh tokens whether or not they are revoked.
func unaccepted(event map[string]any, status int, _ []byte) (response.Verdict, string) {
	credential, _ := event["credential"].(string)
	switch {
	case strings.HasPrefix(credential, "ghr_"):
		return response.Refused, "GitHub cannot be asked about a refresh token (ghr_)"
	case status == http.StatusUnauthorized:
		return response.Done, "GitHub does not accept the credential any more"
	case status == http.StatusOK:
		return response.Undone, "GitHub still accepts the credential"
	}
	return response.Refused, fmt.Sprintf("status %d says neither that the credential is accepted nor that it is not", status)
}
