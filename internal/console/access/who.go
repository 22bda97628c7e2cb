package access

import (
	"slices"

	"github.com/holterhq/holter/internal/store"
)

// Role is what somebody may do. Each one includes those before it.
type Role string

// Roles.
const (
	Read    Role = "read"    // see
	Respond Role = "respond" // say what is benign and what is not
	Admin   Role = "admin"   // play the demo, erase
)

// Roles are all there are, the least first.
var Roles = []Role{Read, Respond, Admin}

// Who is somebody who asks. The zero value is nobody.
type Who struct {
	Name  string
	Roles []Role
	Scope store.Scope
}

// May says whether somebody has a role, or one that includes it. Everybody has none.
func (w Who) May(role Role) bool {
	if role == "" {
		return true
	}
	least := slices.Index(Roles, role)
	return slices.ContainsFunc(w.Roles, func(r Role) bool { return slices.Index(Roles, r) >= least })
}

// Scoped says whether somebody sees only a part.
func (w Who) Scoped() bool { return len(w.Scope.Tenants) > 0 || len(w.Scope.Teams) > 0 }

// Sees says whether a token of a tenant and a team is in somebody's scope.
func (w Who) Sees(tenant, team string) bool {
	return (len(w.Scope.Tenants) == 0 || slices.Contains(w.Scope.Tenants, tenant)) && (len(w.Scope.Teams) == 0 || slices.Contains(w.Scope.Teams, team))
}

// Held are all roles that somebody has, those that are included too.
func Held(w Who) (out []Role) {
	for _, r := range Roles {
		if w.May(r) {
			out = append(out, r)
		}
	}
	return out
}
