package usage

import (
	"cmp"

	"github.com/holterhq/holter/internal/behavior"
)

// Sighting is the latest request of a token in one direction since the last Batch.
type Sighting struct {
	behavior.Observation
	At      int64    // as of a Role
	Details *Details // nil: nothing more is known
}

// Details are what a request says of its token beside what behaviour is learned from.
type Details struct {
	Format, OwnerType, ExpiresAt string
	Scopes                       []string
	Tags                         []Tag
}

// Tag is what a registry says of a token in its own words.
type Tag struct{ Key, Value string }

// sightings are those of a row, inbound and outbound. A direction that was not seen has no token.
type sightings [2]Sighting

// see takes in a request, if it is the latest.
func (s *sightings) see(obs *behavior.Observation, role *Role) {
	of := &s[0]
	if obs.Outbound {
		of = &s[1]
	}
	details := role.Details
	if details == nil {
		details = of.Details
	}
	if of.Token == "" || role.At >= of.At {
		of.Observation, of.At = *obs, role.At
	}
	of.Details = details
}

// appendTo appends those that were seen.
func (s *sightings) appendTo(all []*Sighting) []*Sighting {
	for i := range s {
		if s[i].Token != "" {
			all = append(all, &s[i])
		}
	}
	return all
}

// compareSightings puts those of one token and direction together, the latest first.
func compareSightings(a, b *Sighting) int {
	return cmp.Or(cmp.Compare(a.Token, b.Token), cmp.Compare(number(a.Outbound), number(b.Outbound)), cmp.Compare(b.At, a.At))
}

func number(outbound bool) int {
	if outbound {
		return 1
	}
	return 0
}

// latest leaves one of each token and direction, in the order of compareSightings.
func latest(all []*Sighting) []*Sighting {
	kept := all[:0]
	for _, s := range all {
		if n := len(kept); n > 0 && kept[n-1].Token == s.Token && kept[n-1].Outbound == s.Outbound {
			if kept[n-1].Details == nil {
				kept[n-1].Details = s.Details
			}
			continue
		}
		kept = append(kept, s)
	}
	return kept
}
