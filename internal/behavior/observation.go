package behavior

import "unsafe"

// Observation is one request made with one token, as the telemetry tells it. It is what the journal keeps and what the
// engine learns from; it holds no credential and no full client address.
type Observation struct {
	Token    string // api_token.id; empty: no token, counted for coverage and route stress only
	Time     int64  // event time, unix nanoseconds: a span's end, a log record's timestamp
	Trace    [16]byte
	Span     [8]byte
	Outbound bool // a client span: a key that we use elsewhere; no origin facets

	Hint      string // api_token.hint
	Type      string // api_token.type
	Tenant    string // api_token.tenant; empty: tenants are not told apart
	OwnerID   string
	OwnerName string
	OwnerTeam string
	Registry  string // api_token.registry_id

	Service     string // service.name
	Version     string // service.version
	Environment string // deployment.environment.name
	Method      string
	Route       string // http.route or rpc method; empty: Apply templates Path into it
	Path        string // url.path where there is no route
	Outcome     Outcome
	HTTPStatus  uint16 // 0: none

	Country string // ISO 3166-1 alpha-2; empty: unknown
	Network string // "AS3320", or the address's /24 or /48 prefix; empty: unknown
	Client  string // user_agent.original as sent; Apply folds it to its family

	RequestBytes  int64 // -1: unknown
	ResponseBytes int64 // -1: unknown
	Duration      int64 // nanoseconds

	Status     string   // api_token.status: active, expired, revoked, leaked, decoy, unknown; empty without a registry
	Violations []string // api_token.violations

	Cost float64 // greater than 0: this is no request, it is what units cost that a request of the token used

	HourUnknown bool // the time is an estimate: the hour is neither judged nor learned
	Astray      bool // the time lies in a future that means nothing: it is not learned from

	Weight float64 // how many requests this one stands for (1 / sampling probability); 0 means 1, UnknownWeight that nobody knows

	skewed bool   // too far in the future to learn from
	hashed string // what hash is the hash of: it is compared by where it stands
	hash   uint32
}

// TokenHash is a hash of Token, which is worked out once.
func (o *Observation) TokenHash() uint32 {
	if len(o.hashed) != len(o.Token) || unsafe.StringData(o.hashed) != unsafe.StringData(o.Token) {
		o.hashed, o.hash = o.Token, hash(o.Token)
	}
	return o.hash
}

// UnknownWeight is the weight of a request that was kept for a reason and not by chance, as tail sampling keeps what is slow or
// failed. It counts once, and what its token shows of counts on that day is no evidence.
const UnknownWeight = -1

// Outcome is what became of a request, from the token's point of view.
type Outcome uint8

// The outcomes, in the order of the api_token.outcome documentation.
const (
	Success Outcome = iota
	ClientError
	AuthError
	RateLimited
	ServerError
)

// String is the value of api_token.outcome.
func (o Outcome) String() string {
	return [...]string{"success", "client_error", "auth_error", "rate_limited", "server_error"}[o]
}
