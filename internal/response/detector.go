package response

import "slices"

// Detectors are the names that an event's detector can have.
var Detectors = []string{
	"auth_failures", "concurrent_use", "data_exfiltration", "dormant_wake", "endpoint_sequence", "enumeration", "error_spike",
	"identity_shift", "impossible_travel", "new_client", "new_country", "new_endpoint", "new_network", "odd_hours",
	"population_shift", "request_burst", "slow_drift", "spend_spike",
	"decoy_use", "expired_use", "leaked_credential", "network_policy", "revoked_use", "scope_violation", "unknown_token",
}

// Nearest returns the name that a person probably meant, or "" if none is near.
func Nearest(word string, names []string) string {
	best, least := "", max(2, len(word)/3)+1
	for _, name := range slices.Sorted(slices.Values(names)) {
		if d := distance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is Levenshtein's, over bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
