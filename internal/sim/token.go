package sim

import (
	"math"
	"net/netip"
	"time"
)

// Token is a client of the fleet, known by the credential it shows. Its exported part is what a registry knows of it.
type Token struct {
	ID         string // the registry's own
	Population Population
	Owner      *Owner // who answers for it
	Country    string // where its client is at home
	Credential Credential
	Traced     bool // the client is instrumented too: its spans are the parents of ours

	index     int
	seed      uint64
	rhythm    rhythm
	timer     *timer
	monthEnd  *monthEnd
	origin    origin
	client    client
	rpcClient client
	work      work
	daily     float64 // requests on a usual weekday
	session   float64 // flows in a session
	gap       float64 // median seconds between two requests
	burst     float64 // how unequal days are: the deviation of the logarithm
	trend     float64 // growth a day
	idleDays  float64 // share of days without any request
	asleep    []span
	trips     []trip
	drills    bool // repeats reads by id
	errors    float64
	start     time.Time
	terms     *terms // of an estate's token; nil: the usual ones
}

// Key tells two kinds of being away apart in mix.
const (
	saltMood = 0x6d6f6f64
	saltIdle = 0x69646c65
)

// volume is how many requests are due in the hour from t on.
func (t *Token) volume(at time.Time) float64 {
	for _, s := range t.asleep {
		if s.covers(at) {
			return 0
		}
	}
	r := t.rhythm
	if j := t.abroad(at); j != nil {
		r.zone, r.country = j.country.zones[0], j.country
	}
	today := uint64(day(at.In(r.zone)))
	if unit(mix(t.seed^saltIdle, today)) < t.idleDays {
		return 0
	}
	age := at.Sub(t.start).Hours() / 24
	return t.daily * r.share(at) * t.mood(today) * math.Exp(t.trend*age)
}

// mood is how busy a day is beside the usual: lognormal, 1 on average.
func (t *Token) mood(today uint64) float64 {
	u, v := unit(mix(t.seed^saltMood, today)), unit(mix(t.seed^saltMood, today+1<<32))
	z := math.Sqrt(-2*math.Log(1-u)) * math.Cos(2*math.Pi*v)
	return math.Exp(t.burst*z - t.burst*t.burst/2)
}

// abroad is the journey that the client's owner is on at the time, or nil.
func (t *Token) abroad(at time.Time) *trip {
	for i := range t.trips {
		if t.trips[i].covers(at) {
			return &t.trips[i]
		}
	}
	return nil
}

// address is where a session that begins at the time comes from.
func (t *Token) address(at time.Time, d *dice) netip.Addr {
	if j := t.abroad(at); j != nil {
		return j.hotel.address(at, d)
	}
	return t.origin.address(at, d)
}

// agent is the user agent that a service sees at the time.
func (t *Token) agent(s *Service, at time.Time) string {
	if s.RPC {
		return t.rpcClient.userAgent(at)
	}
	return t.client.userAgent(at)
}

// zone is the time zone that the client lives in.
func (t *Token) zone() *time.Location { return t.rhythm.zone }

// dormant tells whether the client has been asleep for at least half a week, and will be for some more days.
func (t *Token) dormant(at time.Time) bool {
	for _, s := range t.asleep {
		if s.covers(at.Add(-84*time.Hour)) && s.covers(at.Add(48*time.Hour)) {
			return t.Population == Dormant
		}
	}
	return false
}

// settled tells whether the client was about, and at home, in all of the stretch.
func (t *Token) settled(from, to time.Time) bool {
	for _, s := range t.asleep {
		if s.from.Before(to) && from.Before(s.to) {
			return false
		}
	}
	for _, j := range t.trips {
		if j.from.Before(to) && from.Before(j.to) {
			return false
		}
	}
	return true
}

// Zone is the name of the time zone that the client lives in.
func (t *Token) Zone() string { return t.rhythm.zone.String() }
