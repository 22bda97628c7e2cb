package registry

import (
	"net/netip"
	"slices"
	"time"
)

// Violations that are no status: what the registry forbids and the use of a token did.
const (
	NetworkViolation = "network" // it came from outside the token's networks
	RouteViolation   = "route"   // it went where the token may not go
	ScopeViolation   = "scope"   // the credential claims a scope that the registry does not grant
	RotatedViolation = "rotated" // another had taken over, and the grace was over
)

// Use is one use of a token. What is not known of it violates nothing.
type Use struct {
	When   time.Time
	Addr   netip.Addr
	Method string
	Path   string // or the route, where the path is not known
	Scopes []string
}

// Limits says what of a use has to be known to check it: its address, and its method and path.
func (t *Token) Limits() (networks, routes bool) { return len(t.Networks) > 0, len(t.Routes) > 0 }

// Unlimited says whether the token is active at any time and every use of it is allowed.
func (t *Token) Unlimited() bool {
	return t.Status == Active && t.ExpiresAt.IsZero() && t.UsableUntil.IsZero() && len(t.Networks)+len(t.Routes)+len(t.Scopes) == 0
}

// At is the status at a time, and what the use of the token at that time violates.
func (t *Token) At(when time.Time) (Status, []string) { return t.Check(Use{When: when}) }

// Lists of one violation, so that a use that violates one thing allocates nothing.
var (
	onlyExpired = []string{string(Expired)}
	onlyRotated = []string{RotatedViolation}
	onlyNetwork = []string{NetworkViolation}
	onlyRoute   = []string{RouteViolation}
	onlyScope   = []string{ScopeViolation}
	onlyStatus  = map[Status][]string{
		Expired: onlyExpired, Revoked: {string(Revoked)}, Leaked: {string(Leaked)}, Decoy: {string(Decoy)},
	}
)

// Check is the status of the token at the time of a use, and what the use violates.
func (t *Token) Check(u Use) (Status, []string) {
	status := t.Status
	var broken []string
	switch {
	case status != Active:
		if broken = onlyStatus[status]; broken == nil && status != Unknown {
			broken = []string{string(status)}
		}
	case !t.ExpiresAt.IsZero() && u.When.After(t.ExpiresAt):
		status, broken = Expired, onlyExpired
	case !t.UsableUntil.IsZero() && u.When.After(t.UsableUntil):
		broken = onlyRotated
	}
	if len(t.Networks) > 0 && u.Addr.IsValid() && !t.allowsAddr(u.Addr) {
		broken = also(broken, onlyNetwork)
	}
	if len(t.Routes) > 0 && u.Path != "" && !t.allowsPath(u.Method, u.Path) {
		broken = also(broken, onlyRoute)
	}
	if len(t.Scopes) > 0 && len(u.Scopes) > 0 && !t.grants(u.Scopes) {
		broken = also(broken, onlyScope)
	}
	return status, broken
}

func also(broken, one []string) []string {
	if broken == nil {
		return one
	}
	return append(broken[:len(broken):len(broken)], one...)
}

func (t *Token) allowsAddr(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, network := range t.Networks {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

func (t *Token) allowsPath(method, path string) bool {
	path = cleanPath(path)
	for i := range t.Routes {
		if t.Routes[i].allows(method, path) {
			return true
		}
	}
	return false
}

func (t *Token) grants(scopes []string) bool {
	for _, scope := range scopes {
		if !slices.Contains(t.Scopes, scope) {
			return false
		}
	}
	return true
}
