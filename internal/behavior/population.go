package behavior

import "math"

// population is what the engine knows about all tokens of a tenant together. It changes only between event-time days, while no shard is at work;
// in between the shards read it and write their tallies.
type population struct {
	tenant string // whose tokens these are; empty: those without one
	seen   int32  // the day of its newest request

	day    int32
	began  bool
	peers  *Peers
	hours  [48]float64 // counts behind peers.hours
	live   float64     // tokens active on a day, averaged
	calib  calibration
	limits limits

	tallies [shardCount]tally // what the shards add to tomorrow's
	crowd   crowd
}

// liveMemory is how quickly the number of live tokens follows, per event-time day.
const liveMemory = 0.1

// tally is what the tokens of one shard add to tomorrow's population.
type tally struct {
	common    [commonCount]table[string]
	endpoints map[string]*table[Endpoint]
	hours     [48]float64
	active    float64 // tokens seen today
	calib     calibration
	notes     []ownerNote
	refused   int // ways for which there is no room among their owner's
}

func (t *tally) endpoint(service string, at Endpoint) {
	e := t.endpoints[service]
	if e == nil {
		if t.endpoints == nil {
			t.endpoints = map[string]*table[Endpoint]{}
		}
		e = &table[Endpoint]{}
		t.endpoints[service] = e
	}
	e.note(at)
}

// merge takes another tally in and clears it.
func (t *tally) merge(from *tally) {
	for of := range t.common {
		t.common[of].merge(&from.common[of])
	}
	for name, e := range from.endpoints {
		if t.endpoints == nil {
			t.endpoints = map[string]*table[Endpoint]{}
		}
		if t.endpoints[name] == nil {
			t.endpoints[name] = &table[Endpoint]{}
		}
		t.endpoints[name].merge(e)
	}
	for i, n := range from.hours {
		t.hours[i] += n
	}
	t.active += from.active
	from.hours, from.active = [48]float64{}, 0
	t.calib.merge(&from.calib)
	t.refused += from.refused
	from.refused = 0
	if len(from.notes) > 0 {
		t.notes, from.notes = append(t.notes, from.notes...), nil
		t.trimNotes()
	}
}

// turn begins a later event-time day: everything noted so far becomes the peers of the new day.
func (p *population) turn(today int32) {
	if p.began {
		p.take(today)
	}
	p.day, p.began = today, true
}

// tally is what was noted so far.
func (p *population) tally() *tally {
	all := &p.tallies[0]
	for i := 1; i < shardCount; i++ {
		all.merge(&p.tallies[i])
	}
	return all
}

func (p *population) take(today int32) {
	peers, t := p.peers, p.tally()
	for of := range peers.common {
		peers.common[of].merge(&t.common[of])
		peers.common[of].trim(notedMost)
	}
	for name, e := range t.endpoints {
		if peers.endpoints[name] == nil {
			peers.endpoints[name] = &table[Endpoint]{}
		}
		peers.endpoints[name].merge(e)
	}
	for i, n := range t.hours {
		p.hours[i] += n
	}
	p.calib.merge(&t.calib)
	active := t.active
	t.hours, t.active = [48]float64{}, 0
	passed := float64(today - p.day)
	p.live += (1 - math.Pow(1-liveMemory, passed)) * (active/passed - p.live)
	if weeks := today/7 - p.day/7; weeks > 0 {
		p.fade(math.Pow(peersDecay, 7*float64(weeks)))
	}
	for i, n := range p.hours {
		// One token-day in each bin stands for what nobody has done yet.
		peers.hours[i] = (n + 1) / (total(&p.hours) + 48)
	}
}

func (p *population) fade(factor float64) {
	peers := p.peers
	for of := range peers.common {
		peers.common[of].fade(factor, peersKept)
	}
	for name, e := range peers.endpoints {
		e.fade(factor, peersKept)
		if e.total == 0 {
			delete(peers.endpoints, name)
		}
	}
	for i, n := range p.hours {
		p.hours[i] = math.Round(n*factor*1024) / 1024
	}
	for v, r := range peers.releases {
		if p.day-r.last > releaseForgotten {
			delete(peers.releases, v)
		}
	}
	p.calib.fade(p.live)
}

func total(hours *[48]float64) (sum float64) {
	for _, n := range hours {
		sum += n
	}
	return sum
}
