package anomaly

// Detector names what noticed.
type Detector string

// Statistical detectors: all of them share the one alert budget.
const (
	NewCountry       Detector = "new_country"
	NewNetwork       Detector = "new_network"
	NewClient        Detector = "new_client"
	NewEndpoint      Detector = "new_endpoint"
	OddHours         Detector = "odd_hours"
	RequestBurst     Detector = "request_burst"
	ErrorSpike       Detector = "error_spike"
	DataExfiltration Detector = "data_exfiltration"
	SlowDrift        Detector = "slow_drift"
	DormantWake      Detector = "dormant_wake"
	ImpossibleTravel Detector = "impossible_travel"
	ConcurrentUse    Detector = "concurrent_use"
	EndpointSequence Detector = "endpoint_sequence"
	AuthFailures     Detector = "auth_failures"
	Enumeration      Detector = "enumeration"
	SpendSpike       Detector = "spend_spike"
	IdentityShift    Detector = "identity_shift"   // joint evidence of several weak facets
	PopulationShift  Detector = "population_shift" // many tokens, one cause
)

// Rules: no statistics, outside the budget.
const (
	ExpiredUse       Detector = "expired_use"
	RevokedUse       Detector = "revoked_use"
	UnknownToken     Detector = "unknown_token"
	NetworkPolicy    Detector = "network_policy"
	ScopeViolation   Detector = "scope_violation"
	LeakedCredential Detector = "leaked_credential"
	DecoyUse         Detector = "decoy_use"
)

// Rule is how security tools name and class a detector.
type Rule struct {
	Detector  Detector
	Name      string // security_rule.name
	Category  string // security_rule.category
	Technique string // MITRE ATT&CK, threat.technique.id
}

// Rules of all detectors, in the order of the documentation.
var Rules = [...]Rule{
	{IdentityShift, "API token used by somebody else", "identity", "T1550.001"},
	{NewCountry, "API token used from a new country", "origin", "T1078.004"},
	{NewNetwork, "API token used from a new network", "origin", "T1078.004"},
	{NewClient, "API token used by a new client", "client", "T1550.001"},
	{NewEndpoint, "API token used on endpoints it never used", "scope", "T1526"},
	{OddHours, "API token used at unusual hours", "time", "T1078.004"},
	{RequestBurst, "API token used far more than ever before", "volume", "T1499.003"},
	{SlowDrift, "API token use grows beyond its records", "volume", "T1496"},
	{ErrorSpike, "API token meets errors it never met", "errors", "T1595.003"},
	{DataExfiltration, "API token fetches far more data per request", "volume", "T1530"},
	{DormantWake, "API token used after long sleep", "time", "T1078.004"},
	{ImpossibleTravel, "API token used in two places at once", "origin", "T1078.004"},
	{ConcurrentUse, "API token used by two parties at once", "origin", "T1550.001"},
	{EndpointSequence, "API token used in an order that it never used", "scope", "T1550.001"},
	{AuthFailures, "API token refused far more than ever before", "errors", "T1110"},
	{Enumeration, "API token asks for many things that are not there", "errors", "T1595.003"},
	{SpendSpike, "API token spends far more than ever before", "volume", "T1496"},
	{PopulationShift, "Many API tokens changed at once", "population", "T1526"},
	{ExpiredUse, "Expired API token used", "registry", "T1550.001"},
	{RevokedUse, "Revoked API token used", "registry", "T1550.001"},
	{UnknownToken, "Unregistered API token used", "registry", "T1136.003"},
	{NetworkPolicy, "API token used from a network that it is not allowed on", "registry", "T1078.004"},
	{ScopeViolation, "API token used on what it is not granted", "registry", "T1526"},
	{LeakedCredential, "Leaked API token used", "registry", "T1552"},
	{DecoyUse, "Decoy API token used", "registry", "T1552"},
}

// RuleOf returns the rule of a detector, and whether there is such a detector.
func RuleOf(d Detector) (Rule, bool) {
	for _, r := range Rules {
		if r.Detector == d {
			return r, true
		}
	}
	return Rule{}, false
}
