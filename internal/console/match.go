package console

import (
	"slices"

	"github.com/holterhq/holter/internal/console/access"
	"github.com/holterhq/holter/internal/store"
)

// watcher is what one stream is about: what may be seen of it, and what is wanted.
type watcher struct {
	who    access.Who
	filter store.TokenFilter
}

// sees says whether a token is in the scope, and wanted.
func (w watcher) sees(t store.Token) bool {
	f := w.filter
	return w.who.Sees(t.Tenant, t.OwnerTeam) && among(f.IDs, t.ID) && among(f.Owners, t.OwnerID) && among(f.Teams, t.OwnerTeam) && among(f.Statuses, t.Status) &&
		among(f.Directions, t.Direction) && among(f.Environments, t.Environment) && !slices.Contains(f.NotEnvironments, t.Environment) && (len(f.Tags) == 0 || slices.ContainsFunc(f.Tags, t.HasTag)) &&
		(f.Text == "" || t.Mentions(f.Text))
}

// hears says whether an anomaly is in the scope, and wanted. It is nil's that are about many tokens at once.
func (w watcher) hears(e store.Event, t *store.Token) bool {
	if !w.who.Sees(e.Tenant, e.Team) {
		return false
	}
	if t == nil {
		f := w.filter
		return len(f.IDs)+len(f.Owners)+len(f.Teams)+len(f.Statuses)+len(f.Directions)+len(f.Environments)+len(f.Tags)+len(f.Text) == 0
	}
	return w.sees(*t)
}

func among(wanted []string, value string) bool {
	return len(wanted) == 0 || slices.Contains(wanted, value)
}
