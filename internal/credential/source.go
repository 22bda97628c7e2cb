package credential

// SourceNames are the names under which the credential of a request stands, the most telling first.
type SourceNames struct{ Headers, Metadata, Parameters, Cookies []string }

// UsualSources are the names that are looked for unless others are given.
func UsualSources() SourceNames {
	return SourceNames{
		Headers: []string{
			"authorization", "x-api-key", "api-key", "apikey", "x-apikey", "x-auth-token", "x-access-token", "x-auth-key", "x-token", "token",
			"private-token", "x-goog-api-key", "ocp-apim-subscription-key", "x-functions-key", "x-rapidapi-key", "x-vault-token",
			"dd-api-key", "x-shopify-access-token", "x-gitlab-token", "circle-token", "x-figma-token", "x-authorization",
			"x-forwarded-authorization", "access-token", "auth-token", "api-token", "x-api-token", "x-amz-security-token",
			"proxy-authorization",
		},
		Metadata: []string{"authorization", "x-api-key", "api-key", "apikey", "x-auth-token", "x-access-token", "x-goog-api-key", "token"},
		Parameters: []string{
			"access_token", "api_key", "apikey", "auth_token", "token", "key", "auth", "jwt", "id_token", "x-amz-credential", "subscription-key",
		},
		Cookies: []string{
			"access_token", "auth_token", "api_key", "token", "jwt", "id_token", "sid", "session", "sessionid", "session_id", "connect.sid",
			"JSESSIONID", "PHPSESSID", "laravel_session", "_session",
		},
	}
}
