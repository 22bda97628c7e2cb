package credential

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPlaceOf(t *testing.T) {
	for place, names := range map[Place][]string{
		Authorization: {"authorization", "Authorization", "http.request.header.authorization", "http.request.header.proxy_authorization", "rpc.request.metadata.authorization", "http_authorization", "headers.authorization", "request.headers.Authorization"},
		Secret: {
			"x-api-key", "X-Api-Key", "x_api_key", "http.request.header.x_api_key", "rpc.grpc.request.metadata.x-api-key", "http_x_api_key", "apikey", "apiKey",
			"token", "access_token", "accessToken", "x-new-token", "http.response.header.x-new-token", "client_secret", "clientSecret", "password", "db.password",
			"X-Amz-Security-Token", "Ocp-Apim-Subscription-Key", "x-functions-key", "private-token", "cookie_access_token", "secret_access_key",
		},
		CookieHeader: {"cookie", "Cookie", "http.request.header.cookie", "http_cookie"},
		SetCookie:    {"set-cookie", "http.response.header.set-cookie", "http.response.header.set_cookie", "sent_http_set_cookie"},
		Query:        {"url.query", "args", "query_string", "querystring"},
		Statement:    {"db.query.text", "db.statement"},
		Arguments:    {"process.command_args", "process.command_line"},
		Text: {
			"", "url.full", "url.path", "http.url", "user_agent.original", "key", "messaging.kafka.message.key", "gen_ai.usage.input_tokens", "next_page_token",
			"primary_key", "session.id", "token_type", "api_token.id", "api_token.hint", "exception.message", "k8s.secret.name", "http.response.header.www-authenticate",
		},
	} {
		for _, name := range names {
			assert.Equal(t, place, PlaceOf(name), name)
		}
	}
}

func TestFold(t *testing.T) {
	for _, name := range []string{"X-Api-Key", "x_api_key", "xApiKey", "x.api.key"} {
		assert.Equal(t, "xapikey", Fold(name))
	}
}

func TestMasked(t *testing.T) {
	for _, v := range []string{"REDACTED", "[REDACTED]", "<redacted>", "***", "*", "****1234", "ghp_****abcd", "[FILTERED]", "[Filtered]", "xxxxx", "••••", "sk_live_…9f3a", "######", "hmac-sha256:abcdef", "%5BREDACTED%5D", "(masked)"} {
		assert.True(t, Masked(v), v)
	}
	for _, v := range []string{"", "abc", "token", "x", "not-a-token", "eyJhbGciOi", "a*b", "red", "filter"} {
		assert.False(t, Masked(v), v)
	}
}

func TestFlagTakesSecret(t *testing.T) {
	for _, v := range []string{"--token", "-api-key", "--upstream-key", "--password"} {
		assert.True(t, FlagTakesSecret(v), v)
	}
	for _, v := range []string{"", "--", "token", "--token=x", "--port", "--token-file", "-v"} {
		assert.False(t, FlagTakesSecret(v), v)
	}
}
