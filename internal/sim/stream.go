package sim

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// Requests are all requests of the fleet in the order in which they were answered. It can be called again, and gives the
// same.
func (f *Fleet) Requests() iter.Seq[Request] {
	if f.planned != nil {
		return slices.Values(f.planned)
	}
	return func(yield func(Request) bool) {
		shifts := make([]*shift, len(f.tokens))
		for i, t := range f.tokens {
			shifts[i] = &shift{caller: caller{token: t, d: newDice(f.seed, "traffic", itoa(i)), ids: 1000 + mix(t.seed, 7)%8_000_000}}
		}
		next := make([]int, len(f.crimes))
		var due []Request
		for hour := f.start; hour.Before(f.end); hour = hour.Add(time.Hour) {
			end := hour.Add(time.Hour)
			due = due[:0]
			for _, s := range shifts {
				s.plan(hour)
				due = s.finish(end, due)
			}
			for i, c := range f.crimes {
				for ; next[i] < len(c.requests) && c.requests[next[i]].Time.Before(end); next[i]++ {
					due = append(due, c.requests[next[i]])
				}
			}
			slices.SortStableFunc(due, byTime)
			for _, q := range due {
				if !yield(q) {
					return
				}
			}
		}
	}
}

func byTime(a, b Request) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Token.index, b.Token.index))
}

// shift is a client at work: the requests that it has begun and not finished.
type shift struct {
	caller
	open []Request
}

// plan begins everything that the client begins in the hour from the given moment on.
func (s *shift) plan(hour time.Time) {
	t := s.token
	if due := t.volume(hour); due > 0 {
		share := 1.0
		if t.timer != nil {
			share = .5 // the other half goes by the clock
		}
		for range s.d.poisson(due * share / (t.session * t.work.length())) {
			s.visit(hour.Add(s.d.duration(0, time.Hour)))
		}
	}
	if t.timer != nil {
		s.tick(hour)
	}
	if t.monthEnd != nil {
		if size, due := t.monthEnd.due(hour.In(t.zone())); due {
			s.close(hour, s.d.lognormal(size, .2))
		}
	}
}

// finish moves what is answered before the given moment to out.
func (s *shift) finish(before time.Time, out []Request) []Request {
	kept := s.open[:0]
	for _, q := range s.open {
		if q.Time.Before(before) {
			out = append(out, q)
		} else {
			kept = append(kept, q)
		}
	}
	clear(s.open[len(kept):])
	s.open = kept
	return out
}

// visit is one session: some flows, one after another, from one place.
func (s *shift) visit(at time.Time) {
	t := s.token
	s.address = t.address(at, s.d)
	for range s.d.geometric(t.session) {
		h := t.work.pick(at, s.d)
		at = s.run(at, h.service, h.flow, t.gap)
		at = at.Add(s.pause(t.gap * 3))
	}
}

// run calls a flow's routes one after another and returns when it is through.
func (s *shift) run(at time.Time, service *Service, f flow, gap float64) time.Time {
	for _, route := range f {
		for {
			q := s.call(at, service, route)
			s.open = append(s.open, q)
			at = q.Time.Add(s.pause(gap))
			if !s.token.drills || service.Routes[route].Method != "GET" || !s.d.chance(.25) {
				break
			}
		}
	}
	return at
}

func (s *shift) pause(median float64) time.Duration {
	return time.Duration(min(900, s.d.lognormal(median, 1)) * float64(time.Second))
}

// tick runs the timed job for each of its times in the hour. How much it finds to do follows the volume, so that a day has
// as many timed requests as others.
func (s *shift) tick(hour time.Time) {
	t := s.token
	first := hour.Truncate(t.timer.every).Add(t.timer.offset)
	for at := first; at.Before(hour.Add(time.Hour)); at = at.Add(t.timer.every) {
		if at.Before(hour) {
			continue
		}
		runs := float64(24*time.Hour) / float64(t.timer.every)
		h := t.work[0]
		s.address = t.address(at, s.d)
		moment := at.Add(s.d.duration(0, t.timer.jitter))
		times := max(1, s.d.poisson(t.daily/2/runs/float64(len(h.flow))))
		for range times {
			moment = s.run(moment, h.service, h.flow, .4)
		}
	}
}

// close works through the books: one flow over and over, in a row.
func (s *shift) close(hour time.Time, size float64) {
	t := s.token
	s.address = t.address(hour, s.d)
	h := t.work[0]
	at := hour.Add(s.d.duration(0, 5*time.Minute))
	for n := 0; n < int(size); n += len(h.flow) {
		at = s.run(at, h.service, h.flow, .8)
	}
}
