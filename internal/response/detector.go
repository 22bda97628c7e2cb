package response

// Detectors are the names that an event's detector can have.
var Detectors = []string{
	"auth_failures", "concurrent_use", "data_exfiltration", "dormant_wake", "endpoint_sequence", "enumeration", "error_spike",
	"identity_shift", "impossible_travel", "new_client", "new_country", "new_endpoint", "new_network", "odd_hours",
	"population_shift", "request_burst", "slow_drift", "spend_spike",
	"decoy_use", "expired_use", "leaked_credential", "network_policy", "revoked_use", "scope_violation", "unknown_token",
}
