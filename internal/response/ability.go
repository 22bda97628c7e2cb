package response

import "time"

// Ability is what a target can do about a token for one action.
type Ability struct {
	Do         bool          // the action itself
	Undo       bool          // what was done can be taken back
	Verify     bool          // the target can be asked whether it holds
	ReadBack   bool          // after a lost answer, the target can be asked whether it was done
	Idempotent bool          // doing it twice does no harm, nor does undoing it twice
	Reversible bool          // undone, the token is as it was before
	Delay      time.Duration // until every part of the provider obeys, as it documents
}

// Actor is a target that acts on tokens.
type Actor interface {
	Can(action Action) Ability
}

// Terms are what holds for repeating one step of an act.
func (a Ability) Terms(step Step, schedule Schedule) Terms {
	if step == Verify { // asking changes nothing
		return Terms{Kind: Act, Idempotent: true, Schedule: verifySchedule(schedule)}
	}
	return Terms{Kind: Act, Idempotent: a.Idempotent, ReadBack: a.ReadBack, Schedule: schedule}
}

// longestVerify is how long a provider may leave the question open whether an act holds. A token that may still work has to be
// told of sooner than a webhook has to arrive.
const longestVerify = 10 * time.Minute

// verifySchedule is the beginning of a schedule.
func verifySchedule(s Schedule) Schedule {
	var total time.Duration
	for i, delay := range s.Delays {
		if total += delay; total > longestVerify {
			return Schedule{Delays: s.Delays[:max(i, 1)], Jitter: s.Jitter}
		}
	}
	return s
}
