package response

// Event is an anomaly as the outside world sees it: the data of a webhook, and what the templates of a call read. What is
// not known is left out, so that a template that needs it fails instead of sending an empty word.
type Event struct {
	ID              string         `json:"id"`
	Time            string         `json:"time,omitempty"` // RFC 3339, event time
	Detector        string         `json:"detector"`
	Severity        string         `json:"severity"`
	Sentence        string         `json:"sentence,omitempty"`
	Score           *float64       `json:"score,omitempty"`     // evidence, in nats
	Threshold       *float64       `json:"threshold,omitempty"` // what the alert budget asks for, in nats
	SuggestedAction string         `json:"suggested_action,omitempty"`
	Rule            string         `json:"rule,omitempty"` // the rule that sent it here
	DryRun          bool           `json:"dry_run"`        // true: nothing is done about the token, only said
	TraceID         string         `json:"trace_id,omitempty"`
	SpanID          string         `json:"span_id,omitempty"`
	Incident        *Incident      `json:"incident,omitempty"` // that the message is about
	Token           Token          `json:"token"`
	Trigger         Trigger        `json:"trigger"`
	Evidence        []Evidence     `json:"evidence,omitempty"`
	SecurityRule    *SecurityRule  `json:"security_rule,omitempty"`
	Technique       string         `json:"technique,omitempty"`  // MITRE ATT&CK
	Attributes      map[string]any `json:"attributes,omitempty"` // whatever else the record carried
	Truncated       bool           `json:"truncated,omitempty"`  // true: something was cut to keep the message small
}

// Token is whose behaviour changed, as far as it may be shown.
type Token struct {
	ID          string            `json:"id,omitempty"`
	Hint        string            `json:"hint,omitempty"`
	RegistryID  string            `json:"registry_id,omitempty"`
	Fingerprint string            `json:"fingerprint,omitempty"`
	Type        string            `json:"type,omitempty"`
	Format      string            `json:"format,omitempty"`
	Direction   string            `json:"direction,omitempty"`
	Status      string            `json:"status,omitempty"`
	Issuer      string            `json:"issuer,omitempty"`
	ClientID    string            `json:"client_id,omitempty"`
	Scopes      []string          `json:"scopes,omitempty"`
	ExpiresAt   string            `json:"expires_at,omitempty"`
	Owner       *Owner            `json:"owner,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
}

// Completing is a later sight of the same token, with what a registry said of it before and did not say this time: who owns it decides
// what may be done about it, and a registry that does not answer for a while changes no owner.
func (t Token) Completing(later Token) Token {
	if later.Owner == nil || later.Owner.ID == "" {
		later.Owner = t.Owner
	}
	if later.RegistryID == "" {
		later.RegistryID = t.RegistryID
		if len(later.Tags) == 0 {
			later.Tags = t.Tags
		}
	}
	return later
}

// Owner answers for a token.
type Owner struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	Type string `json:"type,omitempty"`
	Team string `json:"team,omitempty"`
}

// Trigger is the request that tipped the evidence over the limit.
type Trigger struct {
	Service       string `json:"service,omitempty"`
	Version       string `json:"version,omitempty"`
	Environment   string `json:"environment,omitempty"`
	Method        string `json:"method,omitempty"`
	Route         string `json:"route,omitempty"`
	StatusCode    int64  `json:"status_code,omitempty"`
	Country       string `json:"country,omitempty"`
	Network       string `json:"network,omitempty"`
	ClientAddress string `json:"client_address,omitempty"` // truncated upstream
	Client        string `json:"client,omitempty"`
}

// Evidence is what one facet contributed.
type Evidence struct {
	Facet       string   `json:"facet,omitempty"`
	Observed    string   `json:"observed,omitempty"`
	Expected    string   `json:"expected,omitempty"`
	Nats        *float64 `json:"nats,omitempty"`
	Samples     int64    `json:"samples,omitempty"`
	BaselineAge float64  `json:"baseline_age,omitempty"` // seconds

	// What the owner's other tokens do: how many there are, how many of them do what was observed, and what most do.
	OwnerTokens       int64  `json:"owner_tokens,omitempty"`
	OwnerTokensSame   *int64 `json:"owner_tokens_same,omitempty"`
	OwnerTokensMostly string `json:"owner_tokens_mostly,omitempty"`
}

// SecurityRule names the rule behind the event, in the words of the semantic conventions.
type SecurityRule struct {
	Name     string `json:"name,omitempty"`
	Category string `json:"category,omitempty"`
}
