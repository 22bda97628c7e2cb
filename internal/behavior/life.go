package behavior

import (
	"cmp"
	"slices"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/baseline"
)

// Life is what has been learned of a token: its normal life, as people may read it.
type Life struct {
	Token    anomaly.Token
	Day      int32 // the newest that is part of it, counted from 1970
	Latest   int64 // event time of the token's newest request, unix nanoseconds
	State    State
	Days     uint32      // on which the token was used
	Requests uint64      // on them
	PerDay   Range       // requests on such a day
	Hours    [48]float64 // shares of the requests by the hour of the day in UTC, on weekdays and then on weekends

	Routes, Countries, Networks, Clients []Habit // the most usual first
}

// Key tells the lives of all tokens apart, those of one token in either direction as well.
func (l *Life) Key() string { return keyOf(l.Token.ID, l.Token.Outbound) }

// Range holds four in five values.
type Range struct{ Low, Median, High float64 }

// Habit is a value that a token uses.
type Habit struct {
	Value string
	Share float64 // of the requests
	Day   int32   // Life.Day if it was used then; 0: before, and it is not known when
}

const (
	habitsTold = 50
	leastHabit = 0.0005    // a share that is none any more
	inFive     = 1.2815516 // standard deviations around the middle that hold four in five
)

// Life tells what has been learned of a token until its newest day began; nil if there is no such token. It changes nothing.
func (e *Engine) Life(token string, outbound bool) *Life {
	id := keyOf(token, outbound)
	s := e.shards[shardOf(id)]
	if a := s.advised[id]; a != nil {
		return a.life.tell(a.life.state(a.frozen()))
	}
	t := s.look(e, id)
	if t == nil {
		return nil
	}
	return t.tell(t.state(t.frozen()))
}

// lifeAfter tells what will have been learned of a token when the day is over, nil if its newest day is an earlier one. Days that are over
// already are as they are.
func (s *shard) lifeAfter(n uint32, today int32) *Life {
	if s.telling == nil {
		s.telling = &token{}
	}
	t := s.telling
	pack := s.packed(n)
	frozen := false
	a := s.advised[string(idOf(pack))]
	if a != nil {
		frozen = a.frozen()
		pack = a.life.pack(nil, &s.words)
	}
	if t.unpack(pack, &s.words) != nil || !t.open || t.block.day < today {
		return nil
	}
	if a == nil {
		frozen = t.frozen()
	}
	if t.block.day > today {
		return t.tell(t.state(frozen))
	}
	x := t.nats()
	t.end(&x, frozen)
	l := t.tell(t.state(frozen))
	l.Day = today
	for f, habits := range [...][]Habit{country: l.Countries, network: l.Networks, client: l.Clients} {
		for i := range habits {
			if slices.ContainsFunc(t.block.seen[f], func(c count) bool { return c.value == habits[i].Value }) {
				habits[i].Day = today
			}
		}
	}
	for i := range l.Routes {
		if slices.ContainsFunc(t.block.endpoints, func(e endpointCount) bool { return e.at.String() == l.Routes[i].Value }) {
			l.Routes[i].Day = today
		}
	}
	return l
}

// tell says what has been learned of the token.
func (t *token) tell(state State) *Life {
	l := &Life{
		Token: t.told(), Day: t.block.day - 1, Latest: t.last, State: state, Days: t.days, Requests: t.learned,
		Hours: t.hours.Shares(), Routes: t.usualRoutes(),
		Countries: habits(&t.countries), Networks: habits(&t.networks), Clients: habits(&t.clients),
	}
	if t.days > 0 {
		l.PerDay.Low, l.PerDay.Median, l.PerDay.High = t.volume.Span(inFive, burstTail)
	}
	return l
}

func habits(c *baseline.Categorical[string]) []Habit {
	return appendHabits(nil, c, c.Total(), func(value string) string { return value })
}

// usualRoutes are the endpoints of all services together.
func (t *token) usualRoutes() (all []Habit) {
	var total float32
	for i := range t.endpoints {
		total += t.endpoints[i].routes.Total()
	}
	for i := range t.endpoints {
		all = appendHabits(all, &t.endpoints[i].routes, total, Endpoint.String)
	}
	slices.SortFunc(all, func(a, b Habit) int { return cmp.Compare(a.Value, b.Value) })
	kept := all[:0]
	for _, h := range all { // services may have a route in common
		if n := len(kept); n > 0 && kept[n-1].Value == h.Value {
			kept[n-1].Share += h.Share
		} else {
			kept = append(kept, h)
		}
	}
	return mostUsual(kept)
}

func appendHabits[V comparable](all []Habit, c *baseline.Categorical[V], total float32, text func(V) string) []Habit {
	for _, v := range c.Values() {
		if share := float64(v.Weight / total); share >= leastHabit {
			all = append(all, Habit{Value: text(v.Value), Share: share})
		}
	}
	return mostUsual(all)
}

func mostUsual(all []Habit) []Habit {
	slices.SortFunc(all, func(a, b Habit) int { return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Value, b.Value)) })
	return all[:min(len(all), habitsTold)]
}
