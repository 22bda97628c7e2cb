package console

import (
	"time"

	"github.com/holterhq/holter/internal/store"
)

// Conditions of a token, as a person sees them at a glance.
const (
	conditionOK       = "ok"
	conditionLearning = "learning" // too little is known of it to judge
	conditionRising   = "rising"   // half of what the alert budget asks for speaks against it
	conditionAlert    = "alert"
	conditionDormant  = "dormant"
	conditionRevoked  = "revoked" // or expired: it should not be used
)

const (
	risingFrom = .5
	dormantFor = 30 * 24 * time.Hour
)

// condition is how a token is. Evidence that a person has cleared is none, until the engine tells of newer.
func (c *Console) condition(t store.Token, now time.Time) string {
	if cleared := c.ledger.clearedAt(t.ID); !cleared.IsZero() && !t.Evidence.At.After(cleared) && !t.Evidence.Frozen {
		t.Evidence.Nats = 0
	}
	return conditionOf(t, now)
}

func conditionOf(t store.Token, now time.Time) string {
	e := t.Evidence
	switch {
	case t.Status == "leaked" || e.Frozen || e.Threshold > 0 && e.Nats >= e.Threshold:
		return conditionAlert
	case t.Status == "revoked" || t.Status == "expired":
		return conditionRevoked
	case now.Sub(t.LastUse.At) > dormantFor:
		return conditionDormant
	case e.Learning || e.Threshold <= 0:
		return conditionLearning
	case e.Nats >= risingFrom*e.Threshold:
		return conditionRising
	}
	return conditionOK
}
