package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/response"
)

// Causes of an incident.
const (
	Deploy  = "deploy"
	Attack  = "attack"
	Unclear = "unclear"
)

// Release is the version of the service that the anomalous request met.
type Release struct {
	Service, Version string
	Age              time.Duration // since its first request, at the time of the anomaly
}

// freshRelease is how old a release is at most that is a likely cause of what changed.
const freshRelease = time.Hour

// Whence are the facets that say where requests come from and who makes them; a deploy of ours changes none of them.
var whence = []string{"country", "network", "travel", "networks at once", "client"}

// Why says whether a deploy or an attack is behind an anomaly, and why we think so. release is nil where it is not known.
func Why(e *response.Event, release *Release) (cause, why string) {
	if rule, ok := anomaly.RuleOf(anomaly.Detector(e.Detector)); ok && rule.Category == "registry" {
		return Attack, "the registry forbids what was done: " + lower(rule.Name) + "."
	}
	var moved, changed []string
	for _, piece := range e.Evidence {
		switch {
		case piece.Nats != nil && *piece.Nats <= 0:
		case slices.Contains(whence, piece.Facet):
			moved = append(moved, strings.TrimSpace(piece.Facet+" "+piece.Observed))
		case piece.Facet != "":
			changed = append(changed, piece.Facet)
		}
	}
	fresh := release != nil && release.Version != "" && release.Age >= 0 && release.Age < freshRelease
	switch {
	case e.Detector == "population_shift":
		return Deploy, "many tokens changed at once, which one stolen token does not do."
	case len(moved) > 1:
		return Attack, "it comes from elsewhere: " + strings.Join(moved, ", ") + "."
	case len(moved) == 1 && len(changed) > 0 && !fresh:
		return Attack, "it comes from elsewhere (" + moved[0] + ") and does something else (" + strings.Join(changed, ", ") + ")."
	case len(moved) == 0 && fresh:
		return Deploy, fmt.Sprintf("%s %s is in use for %d min, and the token is used from where it always was.", release.Service, release.Version, int(release.Age.Minutes()))
	case len(moved) == 0 && len(changed) > 0:
		return Unclear, "it is used from where it always was, and only what it does has changed (" + strings.Join(changed, ", ") + ")."
	case len(moved) == 1 && fresh:
		return Unclear, fmt.Sprintf("%s is new, and so is %s %s, in use for %d min.", moved[0], release.Service, release.Version, int(release.Age.Minutes()))
	case len(moved) == 1:
		return Unclear, "only " + moved[0] + " is new."
	}
	return Unclear, "the evidence points nowhere."
}

func lower(text string) string {
	if len(text) > 1 && text[1] >= 'a' && text[1] <= 'z' {
		return strings.ToLower(text[:1]) + text[1:]
	}
	return text
}
