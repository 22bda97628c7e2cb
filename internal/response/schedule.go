package response

import (
	"time"
)

// Schedule says how long to wait before each attempt. The zero value tries once.
type Schedule struct {
	Delays []time.Duration // before the first attempt, the second …; its length is the number of attempts
	Jitter float64         // each delay is stretched or shrunk by up to this part of itself
}

// StandardSchedule is what Standard Webhooks 1.0.0 proposes: ten attempts over three days.
func StandardSchedule() Schedule {
	return Schedule{
		Delays: []time.Duration{
			0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
			5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
		},
		Jitter: 0.1,
	}
}

// maxRetryAfter bounds what a target may ask for, so that a wrong header does not silence it for good.
const maxRetryAfter = 24 * time.Hour

// Due is when the attempt after the given number of attempts is to be made; false: there is none. luck is uniform in [0, 1).
func (s Schedule) Due(attempts int, now time.Time, retryAfter time.Duration, luck float64) (time.Time, bool) {
	if attempts >= max(len(s.Delays), 1) {
		return time.Time{}, false
	}
	var delay time.Duration
	if attempts < len(s.Delays) {
		delay = s.Delays[attempts]
	}
	delay += time.Duration(float64(delay) * s.Jitter * (2*luck - 1))
	return now.Add(max(delay, min(retryAfter, maxRetryAfter))), true
}

// Terms are what a target promises about repetition.
type Terms struct {
	Kind       Kind
	Idempotent bool // an act that may be sent twice
	ReadBack   bool // the target can be asked whether an act was done
	Schedule   Schedule
}

// Repeatable says whether sending twice does no harm.
func (t Terms) Repeatable() bool { return t.Kind == Message || t.Idempotent }

// Next is what becomes of a delivery after an answer. It is called once per attempt, with the attempt not yet counted.
func (t Terms) Next(p Progress, answer Answer, now time.Time, luck float64) Progress {
	asked := p.State == Asking
	p.Answer = answer
	p.Attempts++
	switch answer.Verdict {
	case Done:
		p.State = Delivered
		return p
	case Described:
		p.State = DryRun
		return p
	case Final:
		p.State = Dead
		return p
	case Undone:
		p.Doubt = false
		if p.State, p.Due = Waiting, now; !asked {
			p.State = Dead // asked whether an act holds, the target says that it does not
		}
		return p
	case Lost:
		p.Doubt = true
		if !t.Repeatable() && !t.ReadBack {
			p.State = Unknown
			return p
		}
		asked = asked || !t.Repeatable()
	}
	due, more := t.Schedule.Due(p.Attempts, now, answer.RetryAfter, luck)
	switch {
	case more && asked:
		p.State, p.Due = Asking, due
	case more:
		p.State, p.Due = Waiting, due
	case answer.Verdict == Gone:
		p.State, p.Due = Waiting, now
	case asked:
		p.State = Unknown
	default:
		p.State = Dead
	}
	return p
}

// Recover is what becomes of a delivery that was found in storage at a start.
func (t Terms) Recover(p Progress, now time.Time) Progress {
	if p.State != Sending {
		return p
	}
	p.Doubt = true
	switch {
	case t.Repeatable():
		p.State, p.Due = Waiting, now
	case t.ReadBack:
		p.State, p.Due = Asking, now
	default:
		p.State = Unknown
		p.Answer = Answer{Verdict: Lost, Reason: "the process ended after the request was begun and before its answer was kept"}
	}
	return p
}
