// Package otelattr is the one place where Holter's attribute names are spelled, and the only bridge between pdata and the
// domain packages. There is no semantic convention for API tokens yet (semantic-conventions issue 4022): the day one comes,
// this package changes and nothing else.
package otelattr

// Attributes of the token behind a request. token_identity writes them, everything downstream reads them.
const (
	TokenID          = "api_token.id"          // "tok_" + base32 of a keyed hash: what behaviour is learned under
	TokenRegistryID  = "api_token.registry_id" // the registry's own id
	TokenTenant      = "api_token.tenant"      // whose tokens it is compared with; empty: tenants are not told apart
	TokenFingerprint = "api_token.fingerprint" // keyed hash of this very credential
	TokenProvisional = "api_token.provisional" // true until a slow source has answered
	TokenDirection   = "api_token.direction"   // DirectionInbound or DirectionOutbound
	TokenViolations  = "api_token.violations"  // string[]: what the registry forbids and the request did
	TokenType        = "api_token.type"        // api_key, jwt, oauth2, basic, aws_access_key …
	TokenFormat      = "api_token.format"      // github_pat, stripe_secret_key …
	TokenHint        = "api_token.hint"        // prefix and last four: what a person may see
	TokenIssuer      = "api_token.issuer"
	TokenClientID    = "api_token.client_id"
	TokenScopes      = "api_token.scopes"     // string[]
	TokenExpiresAt   = "api_token.expires_at" // RFC 3339
	TokenVerified    = "api_token.verified"   // false: the claims were read, not checked against a key
	TokenOwnerID     = "api_token.owner.id"
	TokenOwnerName   = "api_token.owner.name"
	TokenOwnerType   = "api_token.owner.type"
	TokenOwnerTeam   = "api_token.owner.team"
	TokenStatus      = "api_token.status" // active, expired, revoked, leaked, decoy, unknown; absent without a registry
	TokenTagsPrefix  = "api_token.tags."
	TokenKeyID       = "api_token.key_id"      // of a resource: the public id of the identity key that its tokens are named under
	TokenSealed      = "api_token.sealed"      // bytes: a sealed credential on its way from an agent to a gateway, which takes it off
	TokenOutcome     = "api_token.outcome"     // success, client_error, auth_error, rate_limited, server_error
	TokenOriginKind  = "api_token.origin.kind" // of the client's address: public, private, loopback, shared, documentation …
)

// Values of TokenDirection.
const (
	DirectionInbound  = "inbound"  // server spans: who calls us
	DirectionOutbound = "outbound" // client spans: the keys that we use elsewhere
)

// Attributes of an anomaly event, and its event name.
const (
	EventAnomaly    = "api_token.anomaly"
	AnomalyID       = "anomaly.id"
	AnomalyDetector = "anomaly.detector"
	AnomalyScore    = "anomaly.score"     // evidence in nats
	AnomalyLimit    = "anomaly.threshold" // the evidence that the alert budget asks for, in nats
	AnomalyTokens   = "anomaly.tokens"    // string[], of a population shift: the ids of the tokens that shifted
	AnomalyEvidence = "anomaly.evidence"  // list of maps: EvidenceFacet …
	AnomalyAction   = "anomaly.suggested_action"
	AnomalyTraces   = "anomaly.trace_ids" // string[], examples beside the record's own trace

	EvidenceFacet    = "facet"
	EvidenceObserved = "observed"
	EvidenceExpected = "expected"
	EvidenceNats     = "nats"
	EvidenceSamples  = "samples"
	EvidenceAge      = "baseline_age" // seconds
	// What the owner's other tokens do, where that is known.
	EvidenceOthers       = "owner_tokens"        // how many there are
	EvidenceOthersSame   = "owner_tokens_same"   // of them, those that do what was observed
	EvidenceOthersMostly = "owner_tokens_mostly" // what most of them do

	SecurityRuleName     = "security_rule.name"
	SecurityRuleCategory = "security_rule.category"
	ThreatTechniqueID    = "threat.technique.id" // MITRE ATT&CK
)

// Attributes of feedback about an anomaly, and its event name.
const (
	EventFeedback   = "api_token.feedback"
	FeedbackVerdict = "feedback.verdict" // benign, malicious
	FeedbackFacet   = "feedback.facet"   // as in EvidenceFacet; absent: the anomaly as a whole
	FeedbackValue   = "feedback.value"   // as in EvidenceObserved; absent: whatever the facet shows
	FeedbackTTL     = "feedback.ttl"     // seconds, or a duration such as 720h
	FeedbackBy      = "feedback.by"      // who says so
)

// Attributes of a token's baseline as the engine tells of it, daily and with each anomaly, and that event's name.
const (
	EventBaseline     = "api_token.baseline"
	BaselineID        = "baseline.id"   // the same event twice has the same
	BaselineDays      = "baseline.days" // on which the token was used
	BaselineRequests  = "baseline.requests"
	BaselineState     = "baseline.state"            // BaselineLearning, BaselineReady or BaselineFrozen
	BaselinePerDay    = "baseline.requests_per_day" // map: low, median, high
	BaselineHours     = "baseline.hours"            // double[]: shares of 24 hours, or of the 168 of a week
	BaselineRoutes    = "baseline.routes"           // list of maps: BaselineValue …
	BaselineCountries = "baseline.countries"
	BaselineNetworks  = "baseline.networks"
	BaselineClients   = "baseline.clients"

	BaselineLow    = "low"
	BaselineMedian = "median"
	BaselineHigh   = "high"
	BaselineValue  = "value"
	BaselineShare  = "share"
	BaselineLast   = "last"

	BaselineLearning = "learning" // not enough evidence yet
	BaselineReady    = "ready"
	BaselineFrozen   = "frozen" // an incident is open: nothing is learned
)

// Attributes of what the journal of token_store holds, as log records. Their event name is EventPrefix and the kind of the entry.
const (
	EventPrefix     = "api_token."
	EventApproval   = "api_token.approval"
	EventResponse   = "api_token.response"
	EventAudit      = "api_token.audit"
	JournalSequence = "holter.journal.sequence"
	JournalBy       = "holter.journal.by" // who said or decided it
)

// Attributes of api_token.response, which says how an incident or an act about a token stands, and of api_token.approval,
// which is what a person wants to have done. Both carry TokenID.
const (
	IncidentID        = "incident.id"
	IncidentState     = "incident.state"     // open, acknowledged, resolved
	IncidentOccasion  = "incident.occasion"  // why it is told: opened, updated, act_done …
	IncidentAnomalies = "incident.anomalies" // string[]: AnomalyID of the latest
	IncidentSeverity  = "incident.severity"  // warn, error, fatal

	ActID      = "act.id"
	ActAction  = "act.action" // restrict, reauthenticate, lock
	ActTarget  = "act.target"
	ActRule    = "act.rule"
	ActState   = "act.state"
	ActWhy     = "act.why" // why it is done, or held back
	ActAnswer  = "act.answer"
	ActProof   = "act.proof"
	ActDelay   = "act.delay"   // seconds after which the provider's act has to hold everywhere
	ActExpires = "act.expires" // unix seconds: undone by itself then, or no longer waiting for approval
	ActBlast   = "act.blast"   // map: days, requests, refused …

	ApprovalVerb = "approval.verb" // approve, refuse, undo, act, acknowledge, resolve, stop, resume, replay
	ApprovalWhy  = "approval.why"  // in the words of who wants it
	// ApprovalPreview makes an act a dry run: it is only said what would be sent.
	ApprovalPreview = "approval.preview"

	AuditID        = "audit.id"
	AuditDecision  = "audit.decision"
	DeliveryID     = "delivery.id" // of a dead letter
	DeliveryTarget = "delivery.target"
	DeliveryState  = "delivery.state"

	// How token_response itself stands: said at its start, and when that changes.
	ResponseDryRun    = "response.dry_run"
	ResponseStopped   = "response.stopped"
	ResponseStoppedBy = "response.stopped_by"
	ResponseTargets   = "response.targets" // list of maps: name, actions, undo, dry_run
)

// Semantic conventions v1.44 (https://opentelemetry.io/docs/specs/semconv/) that Holter reads or writes, and the older
// spellings that instrumentation in the field still sends.
const (
	ServiceName     = "service.name"
	ServiceVersion  = "service.version"
	EnvironmentName = "deployment.environment.name"

	HTTPMethod        = "http.request.method"
	HTTPRoute         = "http.route"
	HTTPStatus        = "http.response.status_code"
	HTTPRequestBytes  = "http.request.body.size"
	HTTPResponseBytes = "http.response.body.size"
	HTTPHeaderPrefix  = "http.request.header."
	URLFull           = "url.full"
	URLPath           = "url.path"
	URLQuery          = "url.query"
	ClientAddress     = "client.address"
	UserAgent         = "user_agent.original"
	UserAgentName     = "user_agent.name" // the family of the client

	RPCMethod         = "rpc.method"
	RPCService        = "rpc.service"
	RPCStatus         = "rpc.response.status_code"
	RPCMetadataPrefix = "rpc.request.metadata."

	OldHTTPMethod        = "http.method"
	OldHTTPStatus        = "http.status_code"
	OldHTTPURL           = "http.url"
	OldHTTPTarget        = "http.target"
	OldHTTPUserAgent     = "http.user_agent"
	OldHTTPClientIP      = "http.client_ip"
	OldHTTPRequestBytes  = "http.request_content_length"
	OldHTTPResponseBytes = "http.response_content_length"
	OldRPCGRPCStatus     = "rpc.grpc.status_code"
	OldRPCMetadataPrefix = "rpc.grpc.request.metadata."
	OldEnvironment       = "deployment.environment"

	GeoCountry     = "geo.country.iso_code"
	GeoContinent   = "geo.continent.code"
	GeoRegion      = "geo.region.iso_code"
	GeoLocality    = "geo.locality.name"
	GeoLatitude    = "geo.location.lat"
	GeoLongitude   = "geo.location.lon"
	ClientASNumber = "client.as.number"
	ClientASOrg    = "client.as.organization.name"
)
