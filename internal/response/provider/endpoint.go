package provider

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/holterhq/holter/internal/response/wire"
)

// CheckEndpoint says what is wrong with an address: no scheme, no host, credentials in it, or a host that an event could
// choose.
func CheckEndpoint(endpoint string) error {
	if endpoint == "" {
		return errors.New(`endpoint is missing: write endpoint: https://…`)
	}
	fixed, _, templated := strings.Cut(endpoint, "{{")
	lower := strings.ToLower(fixed)
	if !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") {
		if scheme, rest, ok := strings.Cut(fixed, "://"); ok {
			return fmt.Errorf("endpoint %q has the scheme %q: write http://%s or https://%s", redact(endpoint), scheme, redact(rest), redact(rest))
		}
		return fmt.Errorf("endpoint %q has no scheme: write http://%s or https://%s", redact(endpoint), redact(endpoint), redact(endpoint))
	}
	_, rest, _ := strings.Cut(fixed, "://")
	if templated && !strings.ContainsAny(rest, "/?") {
		return fmt.Errorf("endpoint %q: the host must be written out, an event may not choose it", redact(endpoint))
	}
	u, err := url.Parse(fixed)
	if err != nil {
		return fmt.Errorf("endpoint %q is not a URL", redact(endpoint))
	}
	if u.Hostname() == "" {
		return fmt.Errorf("endpoint %q has no host", redact(endpoint))
	}
	if u.User != nil {
		return fmt.Errorf("endpoint %q holds credentials: put them into headers, or use an auth extension", redact(endpoint))
	}
	return nil
}

// redact masks what may be secret in an address or in its template: the user, and values of the query that are written
// out. Values that come from the event stay, they are what a reader wants to see.
func redact(endpoint string) string {
	head, query, hasQuery := cutQuery(endpoint)
	_, rest, ok := strings.Cut(head, "://")
	if !ok {
		rest = head
	}
	authority, _, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		head = strings.TrimSuffix(head, rest) + wire.Mask + rest[at:]
	}
	if !hasQuery {
		return head
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if ok && value != "" && !strings.Contains(pair, "{{") {
			pairs[i] = name + "=" + wire.Mask
		}
	}
	return head + "?" + strings.Join(pairs, "&")
}

// cutQuery parts a template at the first question mark outside of an action.
func cutQuery(endpoint string) (head, query string, found bool) {
	inside := false
	for i := range len(endpoint) {
		switch {
		case strings.HasPrefix(endpoint[i:], "{{"):
			inside = true
		case strings.HasPrefix(endpoint[i:], "}}"):
			inside = false
		case endpoint[i] == '?' && !inside:
			return endpoint[:i], endpoint[i+1:], true
		}
	}
	return endpoint, "", false
}
