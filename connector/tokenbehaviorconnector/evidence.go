package tokenbehaviorconnector

import (
	"math"

	"github.com/holterhq/holter/internal/behavior"
)

// evidence is what a view has told of how tokens stand, and of whom it has to tell although they were not used.
type evidence struct {
	told    map[subject]behavior.Standing
	touched map[subject]int64 // by feedback, and when
}

// subject is a token in one direction.
type subject struct {
	token    string
	outbound bool
}

// toldKept bounds the memory; beyond it everything is forgotten and told anew.
const toldKept = 65_536

// finest is how much evidence has to change to be told, in nats.
const finest = 0.01

// news says whether a token stands otherwise than was told.
func (e *evidence) news(of subject, standing behavior.Standing) bool {
	standing.Nats = math.Round(standing.Nats/finest) * finest
	told, known := e.told[of]
	if known && told == standing {
		return false
	}
	if e.told == nil || !known && len(e.told) >= toldKept {
		e.told = make(map[subject]behavior.Standing)
	}
	e.told[of] = standing
	return true
}

// putEvidence tells how a token stands, if that is news.
func (o *metricsOutput) putEvidence(v *view, p *pages, of subject, at int64) {
	if standing, ok := o.standing(of.token, of.outbound); ok && v.evidence.news(of, standing) {
		p.room(0).PutEvidence(of.token, of.outbound, at, standing)
	}
}

// touch notes that a token stands otherwise without having been used.
func (o *metricsOutput) touch(f *behavior.Feedback) {
	for _, v := range o.views {
		if v.Evidence {
			v.evidence.touch(subject{f.Token, f.Outbound}, f.Time)
		}
	}
}

func (e *evidence) touch(of subject, at int64) {
	if e.touched == nil {
		e.touched = make(map[subject]int64)
	}
	e.touched[of] = max(at, e.touched[of])
}
