package provider

import (
	"net/http"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// GitHub has personal access tokens revoked by showing them to GitHub.
//
// Source: REST API 2022-11-28, "Revoke a list of credentials" and "Get rate limit status for the authenticated user", docs.github.com.
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
		Refusal{Status: 422, Final: true, Why: "GitHub does not take the credential: it revokes personal access tokens (ghp_ and github_pat_) only"},
		Refusal{Status: 403, Check: &Check{Contains: "rate limit"}, Busy: true, Why: "GitHub takes 60 such requests an hour from one address, they are used up"},
		Refusal{Status: 403, Final: true, Why: "GitHub refuses the request: it has to be made without authentication, is auth or a header configured?"},
	)
	lock := Calls{Do: do, Delay: githubDelay, Verify: &ReadBack{
		Request: b.request(http.MethodGet, "/rate_limit", "", "Authorization", "Bearer {{ .credential }}"),
		Done:    status(401), NotDone: status(200),
	}}
	return b.preset(Steps{response.Lock: lock})
}
