package credential

import (
	"math"
	"slices"
	"strings"
)

// Format is a published credential format: an anchored prefix, and what may follow it.
type Format struct {
	Name string
	Kind Kind

	prefix string
	body   *charset
	min    int    // shortest body
	max    int    // longest body, 0: as long as it goes on
	edge   edge   // what must stand beside it
	exact  bool   // the body is min bytes long, no more
	only   bool   // an identifier or a key that signs, never the token of a request
	head   head   // what belongs to the credential before its prefix
	must   string // what the body has to contain
	mixed  bool   // the body has to look drawn by lot: the prefix alone says too little
	public bool   // the prefix is an address, not a part of the credential
}

// head is what stands before the prefix of a format that is known by its middle.
type head struct {
	set      *charset
	min, max int
	begins   string
}

// edge says how sure a prefix is by itself. A sure one is found even when it is glued to other text.
type edge uint8

const (
	sure  edge = iota // the prefix says enough
	left              // no letter or digit before it
	alone             // no letter or digit before or after it
)

// formats is the prefix table. Sources: the providers' own documentation of their key formats.
var formats = []Format{
	{Name: "github_pat", Kind: APIKey, prefix: "ghp_", body: alnum, min: 36},
	{Name: "github_oauth", Kind: OAuth2, prefix: "gho_", body: alnum, min: 36},
	{Name: "github_app_user", Kind: OAuth2, prefix: "ghu_", body: alnum, min: 36},
	{Name: "github_app", Kind: OAuth2, prefix: "ghs_", body: dotted, min: 36}, // ghs_<app id>_<JWT> is some 520 bytes long
	{Name: "github_refresh", Kind: OAuth2, prefix: "ghr_", body: alnum, min: 36},
	{Name: "github_fine_grained_pat", Kind: APIKey, prefix: "github_pat_", body: word, min: 60},

	{Name: "gitlab_pat", Kind: APIKey, prefix: "glpat-", body: dotted, min: 20},
	{Name: "gitlab_deploy", Kind: APIKey, prefix: "gldt-", body: dotted, min: 20},
	{Name: "gitlab_runner", Kind: APIKey, prefix: "glrt-", body: dotted, min: 20},
	{Name: "gitlab_ci_job", Kind: APIKey, prefix: "glcbt-", body: dotted, min: 20},
	{Name: "gitlab_trigger", Kind: APIKey, prefix: "glptt-", body: dotted, min: 20},
	{Name: "gitlab_feed", Kind: APIKey, prefix: "glft-", body: dotted, min: 20},
	{Name: "gitlab_scim", Kind: APIKey, prefix: "glsoat-", body: dotted, min: 20},
	{Name: "gitlab_agent", Kind: APIKey, prefix: "glagent-", body: dotted, min: 20},
	{Name: "gitlab_feature_flag", Kind: APIKey, prefix: "glffct-", body: dotted, min: 20},
	{Name: "gitlab_mail", Kind: APIKey, prefix: "glimt-", body: dotted, min: 20},
	{Name: "gitlab_oauth_app", Kind: OAuth2, prefix: "gloas-", body: dotted, min: 20},

	{Name: "slack_bot", Kind: APIKey, prefix: "xoxb-", body: dashed, min: 20},
	{Name: "slack_user", Kind: APIKey, prefix: "xoxp-", body: dashed, min: 20},
	{Name: "slack_workspace", Kind: APIKey, prefix: "xoxa-", body: dashed, min: 8},
	{Name: "slack_legacy", Kind: APIKey, prefix: "xoxs-", body: dashed, min: 8},
	{Name: "slack_legacy", Kind: APIKey, prefix: "xoxo-", body: hexDash, min: 8},
	{Name: "slack_client", Kind: APIKey, prefix: "xoxc-", body: dashed, min: 20},
	{Name: "slack_cookie", Kind: Session, prefix: "xoxd-", body: slackSet, min: 20},
	{Name: "slack_refresh", Kind: OAuth2, prefix: "xoxr-", body: dashed, min: 8},
	{Name: "slack_configuration", Kind: OAuth2, prefix: "xoxe-", body: slackSet, min: 20},
	{Name: "slack_configuration", Kind: OAuth2, prefix: "xoxe.", body: slackSet, min: 20},
	{Name: "slack_app", Kind: APIKey, prefix: "xapp-", body: dashed, min: 8},
	{Name: "slack_webhook", Kind: APIKey, prefix: "hooks.slack.com/services/", body: base64Set, min: 40, public: true},
	{Name: "slack_webhook", Kind: APIKey, prefix: "hooks.slack.com/workflows/", body: base64Set, min: 40, public: true},
	{Name: "slack_webhook", Kind: APIKey, prefix: "hooks.slack.com/triggers/", body: base64Set, min: 40, public: true},
	{Name: "teams_webhook", Kind: APIKey, prefix: "webhook.office.com/webhookb2/", body: hookSet, min: 36, public: true},

	{Name: "stripe_secret_key", Kind: APIKey, prefix: "sk_live_", body: alnum, min: 10},
	{Name: "stripe_secret_key", Kind: APIKey, prefix: "sk_test_", body: alnum, min: 10},
	{Name: "stripe_secret_key", Kind: APIKey, prefix: "sk_prod_", body: alnum, min: 10},
	{Name: "stripe_restricted_key", Kind: APIKey, prefix: "rk_live_", body: alnum, min: 10},
	{Name: "stripe_restricted_key", Kind: APIKey, prefix: "rk_test_", body: alnum, min: 10},
	{Name: "stripe_restricted_key", Kind: APIKey, prefix: "rk_prod_", body: alnum, min: 10},
	{Name: "webhook_secret", Kind: APIKey, prefix: "whsec_", body: base64Set, min: 24, only: true},

	{Name: "openai_project_key", Kind: APIKey, prefix: "sk-proj-", body: urlSafe, min: 20},
	{Name: "openai_service_key", Kind: APIKey, prefix: "sk-svcacct-", body: urlSafe, min: 20},
	{Name: "openai_admin_key", Kind: APIKey, prefix: "sk-admin-", body: urlSafe, min: 20},
	{Name: "anthropic_key", Kind: APIKey, prefix: "sk-ant-", body: urlSafe, min: 24},
	{Name: "openrouter_key", Kind: APIKey, prefix: "sk-or-v1-", body: hexAny, min: 64},
	{Name: "openai_key", Kind: APIKey, prefix: "sk-", body: alnum, min: 40, edge: left},
	{Name: "groq_key", Kind: APIKey, prefix: "gsk_", body: alnum, min: 50, edge: left},
	{Name: "xai_key", Kind: APIKey, prefix: "xai-", body: urlSafe, min: 64, edge: left},
	{Name: "perplexity_key", Kind: APIKey, prefix: "pplx-", body: alnum, min: 40, edge: left},
	{Name: "huggingface_token", Kind: APIKey, prefix: "hf_", body: alnum, min: 34, edge: left},
	{Name: "replicate_token", Kind: APIKey, prefix: "r8_", body: alnum, min: 37, edge: left},
	{Name: "langsmith_key", Kind: APIKey, prefix: "lsv2_pt_", body: word, min: 32},
	{Name: "langsmith_key", Kind: APIKey, prefix: "lsv2_sk_", body: word, min: 32},
	{Name: "pinecone_key", Kind: APIKey, prefix: "pcsk_", body: word, min: 40, edge: left},

	{Name: "aws_access_key_id", Kind: AWSAccessKey, prefix: "AKIA", body: base32Set, min: 16, edge: alone, exact: true},
	{Name: "aws_access_key_id", Kind: AWSAccessKey, prefix: "ASIA", body: base32Set, min: 16, edge: alone, exact: true},
	{Name: "aws_access_key_id", Kind: AWSAccessKey, prefix: "ABIA", body: base32Set, min: 16, edge: alone, exact: true},
	{Name: "aws_access_key_id", Kind: AWSAccessKey, prefix: "ACCA", body: base32Set, min: 16, edge: alone, exact: true},
	{Name: "google_api_key", Kind: APIKey, prefix: "AIza", body: urlSafe, min: 35, edge: left},
	{Name: "google_oauth", Kind: OAuth2, prefix: "ya29.", body: dotted, min: 20, edge: left},
	{Name: "google_client_secret", Kind: APIKey, prefix: "GOCSPX-", body: urlSafe, min: 28, only: true},
	{Name: "digitalocean_pat", Kind: APIKey, prefix: "dop_v1_", body: hexLower, min: 64},
	{Name: "digitalocean_oauth", Kind: OAuth2, prefix: "doo_v1_", body: hexLower, min: 64},
	{Name: "digitalocean_refresh", Kind: OAuth2, prefix: "dor_v1_", body: hexAny, min: 64},
	{Name: "cloudflare_user_token", Kind: APIKey, prefix: "cfut_", body: urlSafe, min: 40},
	{Name: "cloudflare_account_token", Kind: APIKey, prefix: "cfat_", body: urlSafe, min: 40},
	{Name: "heroku_key", Kind: APIKey, prefix: "HRKU-AA", body: urlSafe, min: 40},
	{Name: "alibaba_access_key_id", Kind: APIKey, prefix: "LTAI", body: alnum, min: 20, edge: alone, exact: true},

	{Name: "npm_token", Kind: APIKey, prefix: "npm_", body: alnum, min: 36, edge: left},
	{Name: "pypi_token", Kind: APIKey, prefix: "pypi-AgEIcHlwaS5vcmc", body: urlSafe, min: 30},
	{Name: "rubygems_key", Kind: APIKey, prefix: "rubygems_", body: hexLower, min: 48},
	{Name: "docker_pat", Kind: APIKey, prefix: "dckr_pat_", body: urlSafe, min: 27},
	{Name: "docker_oat", Kind: APIKey, prefix: "dckr_oat_", body: urlSafe, min: 27},
	{Name: "artifactory_key", Kind: APIKey, prefix: "AKCp", body: alnum, min: 69, edge: alone, exact: true},
	{Name: "sourcegraph_token", Kind: APIKey, prefix: "sgp_", body: word, min: 40, edge: left},
	{Name: "pulumi_token", Kind: APIKey, prefix: "pul-", body: hexLower, min: 40, edge: left},
	{Name: "postman_key", Kind: APIKey, prefix: "PMAK-", body: dashed, min: 59},
	{Name: "circleci_pat", Kind: APIKey, prefix: "CCIPAT_", body: word, min: 40},
	{Name: "buildkite_token", Kind: APIKey, prefix: "bkua_", body: hexLower, min: 40, edge: left},
	{Name: "netlify_pat", Kind: APIKey, prefix: "nfp_", body: alnum, min: 36, edge: left},
	{Name: "atlassian_token", Kind: APIKey, prefix: "ATATT3", body: base64Set, min: 100, edge: left},

	{Name: "sendgrid_key", Kind: APIKey, prefix: "SG.", body: padded, min: 40, edge: left},
	{Name: "sendinblue_key", Kind: APIKey, prefix: "xkeysib-", body: dashed, min: 64},
	{Name: "mailgun_key", Kind: APIKey, prefix: "key-", body: hexAny, min: 32, edge: alone, exact: true},
	{Name: "twilio_key", Kind: APIKey, prefix: "SK", body: hexAny, min: 32, edge: alone, exact: true},
	{Name: "shopify_access_token", Kind: APIKey, prefix: "shpat_", body: hexAny, min: 32},
	{Name: "shopify_custom_app", Kind: APIKey, prefix: "shpca_", body: hexAny, min: 32},
	{Name: "shopify_private_app", Kind: APIKey, prefix: "shppa_", body: hexAny, min: 32},
	{Name: "shopify_shared_secret", Kind: APIKey, prefix: "shpss_", body: hexAny, min: 32, only: true},
	{Name: "square_token", Kind: APIKey, prefix: "sq0atp-", body: urlSafe, min: 22},
	{Name: "square_secret", Kind: APIKey, prefix: "sq0csp-", body: urlSafe, min: 40, only: true},
	{Name: "linear_key", Kind: APIKey, prefix: "lin_api_", body: alnum, min: 40},
	{Name: "notion_token", Kind: APIKey, prefix: "ntn_", body: alnum, min: 40, edge: left},
	{Name: "figma_token", Kind: APIKey, prefix: "figd_", body: urlSafe, min: 38, edge: left},
	{Name: "hubspot_pat", Kind: APIKey, prefix: "pat-na1-", body: dashed, min: 36},
	{Name: "hubspot_pat", Kind: APIKey, prefix: "pat-eu1-", body: dashed, min: 36},

	{Name: "vault_service_token", Kind: APIKey, prefix: "hvs.", body: urlSafe, min: 24, edge: left},
	{Name: "vault_batch_token", Kind: APIKey, prefix: "hvb.", body: urlSafe, min: 24, edge: left},
	{Name: "doppler_token", Kind: APIKey, prefix: "dp.pt.", body: alnum, min: 40, edge: left},
	{Name: "doppler_service_token", Kind: APIKey, prefix: "dp.st.", body: dotted, min: 40, edge: left},
	{Name: "onepassword_token", Kind: APIKey, prefix: "ops_eyJ", body: base64Set, min: 100},
	{Name: "age_secret_key", Kind: PrivateKey, prefix: "AGE-SECRET-KEY-1", body: base32Set, min: 58, only: true},
	{Name: "grafana_service_account", Kind: APIKey, prefix: "glsa_", body: word, min: 32},
	{Name: "grafana_cloud", Kind: APIKey, prefix: "glc_", body: base64Set, min: 32, edge: left},
	{Name: "sentry_org_token", Kind: APIKey, prefix: "sntrys_", body: base64Set, min: 32},
	{Name: "sentry_user_token", Kind: APIKey, prefix: "sntryu_", body: hexLower, min: 64},
	{Name: "newrelic_key", Kind: APIKey, prefix: "NRAK-", body: alnum, min: 27},
	{Name: "posthog_key", Kind: APIKey, prefix: "phx_", body: alnum, min: 40, edge: left},
	{Name: "databricks_token", Kind: APIKey, prefix: "dapi", body: hexLower, min: 32, edge: alone, exact: true},
	{Name: "planetscale_token", Kind: APIKey, prefix: "pscale_tkn_", body: padded, min: 32},
	{Name: "planetscale_password", Kind: APIKey, prefix: "pscale_pw_", body: padded, min: 32},
	{Name: "planetscale_oauth", Kind: OAuth2, prefix: "pscale_oauth_", body: padded, min: 32},
	{Name: "supabase_token", Kind: APIKey, prefix: "sbp_", body: hexLower, min: 40, edge: left},
	{Name: "tailscale_key", Kind: APIKey, prefix: "tskey-", body: dashed, min: 24},

	{Name: "aws_access_key_id", Kind: AWSAccessKey, prefix: "A3T", body: base32Set, min: 17, edge: alone, exact: true},
	{Name: "aws_bedrock_key", Kind: APIKey, prefix: "ABSK", body: base64Set, min: 109, edge: left},
	{Name: "aws_bedrock_key", Kind: APIKey, prefix: "bedrock-api-key-", body: base64Set, min: 28, edge: left},
	{Name: "onepassword_secret_key", Kind: APIKey, prefix: "A3-", body: upperDash, min: 36, max: 37, edge: alone, only: true},
	{Name: "adobe_client_secret", Kind: APIKey, prefix: "p8e-", body: alnum, min: 32, edge: alone, exact: true, only: true},
	{Name: "authress_access_key", Kind: APIKey, prefix: "sc_", body: padded, min: 50, edge: left, must: ".acc"},
	{Name: "authress_access_key", Kind: APIKey, prefix: "ext_", body: padded, min: 50, edge: left, must: ".acc"},
	{Name: "authress_access_key", Kind: APIKey, prefix: "scauth_", body: padded, min: 50, edge: left, must: ".acc"},
	{Name: "authress_access_key", Kind: APIKey, prefix: "authress_", body: padded, min: 50, edge: left, must: ".acc"},
	{Name: "clojars_token", Kind: APIKey, prefix: "CLOJARS_", body: alnum, min: 60},
	{Name: "cloudflare_origin_ca_key", Kind: APIKey, prefix: "v1.0-", body: hexDash, min: 150, edge: left},
	{Name: "defined_networking_key", Kind: APIKey, prefix: "dnkey-", body: padded, min: 70, edge: left},
	{Name: "dropbox_token", Kind: OAuth2, prefix: "sl.", body: padded, min: 100, edge: left},
	{Name: "duffel_token", Kind: APIKey, prefix: "duffel_test_", body: padded, min: 40},
	{Name: "duffel_token", Kind: APIKey, prefix: "duffel_live_", body: padded, min: 40},
	{Name: "dynatrace_token", Kind: APIKey, prefix: "dt0c01.", body: dotted, min: 80, edge: left},
	{Name: "easypost_key", Kind: APIKey, prefix: "EZAK", body: alnum, min: 54, edge: alone, exact: true},
	{Name: "easypost_key", Kind: APIKey, prefix: "EZTK", body: alnum, min: 54, edge: alone, exact: true},
	{Name: "facebook_app_token", Kind: OAuth2, prefix: "|", body: urlSafe, min: 27, max: 40, edge: alone, head: head{set: decimal, min: 15, max: 16}},
	{Name: "flutterwave_key", Kind: APIKey, prefix: "FLWSECK_TEST-", body: dashed, min: 12},
	{Name: "flyio_token", Kind: APIKey, prefix: "fo1_", body: urlSafe, min: 43, edge: left},
	{Name: "flyio_token", Kind: APIKey, prefix: "fm1a_", body: base64Set, min: 100, edge: left},
	{Name: "flyio_token", Kind: APIKey, prefix: "fm1r_", body: base64Set, min: 100, edge: left},
	{Name: "flyio_token", Kind: APIKey, prefix: "fm2_", body: base64Set, min: 100, edge: left},
	{Name: "frameio_token", Kind: APIKey, prefix: "fio-u-", body: padded, min: 60, edge: left},
	{Name: "grafana_api_key", Kind: APIKey, prefix: "eyJrIjoi", body: base64Set, min: 62, edge: left},
	{Name: "harness_token", Kind: APIKey, prefix: "pat.", body: dotted, min: 68, edge: alone, exact: true},
	{Name: "harness_token", Kind: APIKey, prefix: "sat.", body: dotted, min: 68, edge: alone, exact: true},
	{Name: "terraform_token", Kind: APIKey, prefix: "atlasv1.", body: padded, min: 60, max: 72, edge: alone, head: head{set: dotted, min: 15, max: 15}},
	{Name: "huggingface_org_token", Kind: APIKey, prefix: "api_org_", body: alnum, min: 34, edge: left},
	{Name: "infracost_key", Kind: APIKey, prefix: "ico-", body: alnum, min: 32, edge: alone, exact: true},
	{Name: "intra42_secret", Kind: APIKey, prefix: "s-s4t2", body: dashed, min: 60, edge: left, only: true},
	{Name: "mapbox_token", Kind: APIKey, prefix: "pk.", body: dotted, min: 70, edge: left},
	{Name: "mapbox_token", Kind: APIKey, prefix: "sk.", body: dotted, min: 70, edge: left},
	{Name: "newrelic_insert_key", Kind: APIKey, prefix: "NRII-", body: dashed, min: 32},
	{Name: "octopus_key", Kind: APIKey, prefix: "API-", body: base32Set, min: 26, edge: alone, exact: true},
	{Name: "openshift_token", Kind: OAuth2, prefix: "sha256~", body: urlSafe, min: 43, edge: left},
	{Name: "azure_client_secret", Kind: APIKey, prefix: "Q~", body: tilded, min: 31, max: 34, edge: alone, head: head{set: tilded, min: 4, max: 4}, only: true},
	{Name: "plaid_token", Kind: APIKey, prefix: "access-sandbox-", body: hexDash, min: 36},
	{Name: "plaid_token", Kind: APIKey, prefix: "access-development-", body: hexDash, min: 36},
	{Name: "plaid_token", Kind: APIKey, prefix: "access-production-", body: hexDash, min: 36},
	{Name: "prefect_key", Kind: APIKey, prefix: "pnu_", body: alnum, min: 36, edge: left},
	{Name: "readme_key", Kind: APIKey, prefix: "rdme_", body: alnum, min: 70},
	{Name: "scalingo_token", Kind: APIKey, prefix: "tk-us-", body: urlSafe, min: 48, edge: left},
	{Name: "settlemint_token", Kind: APIKey, prefix: "sm_aat_", body: alnum, min: 16, edge: left},
	{Name: "settlemint_token", Kind: APIKey, prefix: "sm_pat_", body: alnum, min: 16, edge: left},
	{Name: "settlemint_token", Kind: APIKey, prefix: "sm_sat_", body: alnum, min: 16, edge: left},
	{Name: "shippo_token", Kind: APIKey, prefix: "shippo_live_", body: hexAny, min: 40},
	{Name: "shippo_token", Kind: APIKey, prefix: "shippo_test_", body: hexAny, min: 40},
	{Name: "sonar_token", Kind: APIKey, prefix: "squ_", body: padded, min: 40, edge: left},
	{Name: "sonar_token", Kind: APIKey, prefix: "sqp_", body: padded, min: 40, edge: left},
	{Name: "sonar_token", Kind: APIKey, prefix: "sqa_", body: padded, min: 40, edge: left},
	{Name: "typeform_token", Kind: APIKey, prefix: "tfp_", body: padded, min: 40, edge: left},
	{Name: "vault_service_token", Kind: APIKey, prefix: "s.", body: alnum, min: 24, edge: alone, exact: true, mixed: true},
	{Name: "yandex_token", Kind: OAuth2, prefix: "t1.", body: padded, min: 88, edge: left},

	{Name: "paseto", Kind: OAuth2, prefix: "v2.local.", body: dotted, min: 40, edge: left},
	{Name: "paseto", Kind: OAuth2, prefix: "v2.public.", body: dotted, min: 40, edge: left},
	{Name: "paseto", Kind: OAuth2, prefix: "v3.local.", body: dotted, min: 40, edge: left},
	{Name: "paseto", Kind: OAuth2, prefix: "v3.public.", body: dotted, min: 40, edge: left},
	{Name: "paseto", Kind: OAuth2, prefix: "v4.local.", body: dotted, min: 40, edge: left},
	{Name: "paseto", Kind: OAuth2, prefix: "v4.public.", body: dotted, min: 40, edge: left},
	{Name: "macaroon", Kind: APIKey, prefix: "MDAx", body: base64Set, min: 60, edge: left},
	{Name: "macaroon", Kind: APIKey, prefix: "AgEI", body: base64Set, min: 80, edge: left},
}

var (
	jwtFormat      = &Format{Name: "jwt", Kind: JWT}
	telegramFormat = &Format{Name: "telegram_bot", Kind: APIKey, edge: left}
	slackHook      = &Format{Name: "slack_webhook", Kind: APIKey, edge: left}
	pemFormat      = &Format{Name: "private_key", Kind: PrivateKey, only: true}
)

// Recognise is the format that s is from its first byte to its last, nil if there is none.
func Recognise(s string) *Format {
	if len(s) < shortestFormat {
		return nil
	}
	for _, f := range byStart[startOf(s)] {
		if strings.HasPrefix(s, f.prefix) && f.end(s, 0) == len(s) {
			return f
		}
	}
	switch {
	case s[0] == 'e' && jwtEnd(s, 0) == len(s):
		return jwtFormat
	case digit(s[0]) && telegram(s):
		return telegramFormat
	case s[0] == 'T' && slackPath(s):
		return slackHook
	}
	if f, start, end := runFormat(s, 0, len(s)); f != nil && start == 0 && end == len(s) {
		return f
	}
	for _, f := range headed {
		if at := f.head.max; len(s) > at {
			for ; at >= f.head.min; at-- {
				if strings.HasPrefix(s[at:], f.prefix) && f.start(s, at, 0) == 0 && f.end(s, at) == len(s) {
					return f
				}
			}
		}
	}
	return nil
}

// shortestFormat is the length of the shortest prefix and body there are.
const shortestFormat = 13

// IsFormat says whether a format is called so.
func IsFormat(name string) bool {
	return slices.ContainsFunc(formats, func(f Format) bool { return f.Name == name }) ||
		slices.ContainsFunc([]*Format{jwtFormat, telegramFormat, slackHook, pemFormat}, func(f *Format) bool { return f.Name == name })
}

// Prefix is what a hint may show of a secret: the part that every secret of its format has.
func (f *Format) Prefix() string { return f.prefix }

// start is where the credential begins whose prefix stands at at, or -1: it is something else.
func (f *Format) start(s string, at, from int) int {
	if f.head.set == nil {
		return at
	}
	for n := f.head.max; n >= f.head.min; n-- {
		start := at - n
		if start >= from && (start == 0 || !alnum[s[start-1]]) && f.head.set.all(s[start:at]) && strings.HasPrefix(s[start:], f.head.begins) {
			return start
		}
	}
	return -1
}

// end is where the credential that begins at start ends, or -1: what begins there is something else. The prefix is known to
// match.
func (f *Format) end(s string, start int) int {
	if f.edge != sure && start > 0 && f.head.set == nil && alnum[s[start-1]] {
		return -1
	}
	body := start + len(f.prefix)
	end := f.body.run(s[:min(len(s), body+f.reach())], body)
	for end > body+f.min && s[end-1] == '.' {
		end-- // the full stop of a sentence
	}
	switch n := end - body; {
	case n < f.min, f.exact && n != f.min, f.max > 0 && n > f.max:
		return -1
	case f.edge == alone && end < len(s) && word[s[end]]:
		return -1
	case f.must != "" && !strings.Contains(s[body:end], f.must):
		return -1
	case f.mixed && (!promised(s[body:end]) || camel(s[body:end])):
		return -1
	}
	return end
}

// reach is how much is read of a body: what is longer than a format can be is another thing, and is not read to its end wherever it may begin.
func (f *Format) reach() int {
	const stops, longest = 16, 4096
	switch {
	case f.exact:
		return f.min + stops
	case f.max > 0:
		return f.max + stops
	case f.must != "":
		return longest
	}
	return math.MaxInt32
}

// glued says whether the format is only found where it stands apart from other text, so that a secret of it has to be hunted
// by its own bytes elsewhere.
func (f *Format) glued() bool { return f.edge != sure || f.public }
