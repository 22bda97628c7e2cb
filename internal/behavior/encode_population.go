package behavior

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/holterhq/holter/internal/baseline"
)

func (p *population) put(w *baseline.Writer) {
	w.Uint(flags(p.began))
	w.Int(int64(p.day))
	w.Double(p.live)
	for d := range detectors {
		w.Double(p.limits.instant[d])
		w.Double(p.limits.settled[d])
	}
	putCommon(w, &p.peers.common)
	putEndpoints(w, p.peers.endpoints)
	for i := range p.hours {
		w.Double(p.hours[i])
		w.Double(p.peers.hours[i])
	}
	order := slices.SortedFunc(maps.Keys(p.peers.releases), func(a, b version) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.version, b.version))
	})
	w.Uint(uint64(len(order)))
	for _, v := range order {
		w.String(v.service)
		w.String(v.version)
		w.Int(int64(p.peers.releases[v].first))
		w.Int(int64(p.peers.releases[v].last))
	}
	p.calib.put(w)
	p.tally().put(w)
	p.crowd.put(w)
}

func (p *population) get(r *baseline.Reader, written uint64) {
	setFlags(r.Uint(), &p.began)
	p.day, p.live = int32(r.Int()), r.Double()
	for d := range detectors { // one that the state does not know says nothing before tomorrow
		p.limits.instant[d], p.limits.settled[d] = math.MaxFloat64, math.MaxFloat64
	}
	if written == 1 {
		for range detectorsOf1 {
			r.Double()
		}
	} else {
		for d := range detectorsIn(written) {
			p.limits.instant[d], p.limits.settled[d] = r.Double(), r.Double()
		}
	}
	getCommon(r, &p.peers.common)
	p.peers.endpoints = getEndpoints(r)
	for i := range p.hours {
		p.hours[i], p.peers.hours[i] = r.Double(), r.Double()
	}
	for range r.Count() {
		v := version{intern(r.String()), intern(r.String())}
		p.peers.releases[v] = release{int32(r.Int()), int32(r.Int())}
	}
	p.calib.get(r, written)
	p.tallies[0].get(r, written)
	if written >= 2 {
		p.crowd.get(r, p.tenant, written)
	}
}

func (t *tenants) put(w *baseline.Writer) {
	w.Uint(uint64(len(t.order)))
	for _, p := range t.order {
		w.String(p.tenant)
		w.Int(int64(p.seen))
		p.put(w)
	}
}

func (t *tenants) get(r *baseline.Reader, written uint64) {
	for range r.Count() {
		p := t.add(intern(r.String()))
		p.seen = int32(r.Int())
		p.get(r, written)
	}
}

func (t *tally) put(w *baseline.Writer) {
	putCommon(w, &t.common)
	putEndpoints(w, t.endpoints)
	for _, n := range t.hours {
		w.Double(n)
	}
	w.Double(t.active)
	t.calib.put(w)
	putNotes(w, t.notes)
}

func (t *tally) get(r *baseline.Reader, written uint64) {
	getCommon(r, &t.common)
	t.endpoints = getEndpoints(r)
	for i := range t.hours {
		t.hours[i] = r.Double()
	}
	t.active = r.Double()
	t.calib.get(r, written)
	if written >= ownersVersion {
		t.notes = getNotes(r)
	}
}

// put writes the counted levels only: most are empty.
func (c *calibration) put(w *baseline.Writer) {
	w.Double(c.days)
	for d := range detectors {
		putLevels(w, &c.passed[d])
		putLevels(w, &c.settled[d])
		putLevels(w, &c.over[d])
		w.Double(c.alerted[d])
	}
}

// detectorsOf1 is how many detectors version 1 of the state knew. They were others: what was measured of them is dropped, and
// thresholds start nominal.
const detectorsOf1 = 11

// detectorsIn is how many detectors a version from 2 on knew: the first ones of today's.
func detectorsIn(version uint64) int {
	switch version {
	case 2:
		return 12
	case 3:
		return 15
	}
	return detectorCount
}

func (c *calibration) get(r *baseline.Reader, written uint64) {
	c.days = r.Double()
	if written == 1 {
		c.days = 0
		for range detectorsOf1 {
			getLevels(r, new(levels))
		}
		return
	}
	for d := range detectorsIn(written) {
		getLevels(r, &c.passed[d])
		getLevels(r, &c.settled[d])
		getLevels(r, &c.over[d])
		c.alerted[d] = r.Double()
	}
}

func putLevels(w *baseline.Writer, counted *levels) {
	n := 0
	for _, v := range *counted {
		if v != 0 {
			n++
		}
	}
	w.Uint(uint64(n))
	for l, v := range *counted {
		if v != 0 {
			w.Uint(uint64(l))
			w.Double(v)
		}
	}
}

func getLevels(r *baseline.Reader, counted *levels) {
	for range r.Count() {
		l, v := r.Uint(), r.Double()
		if l < levelCount {
			counted.grow(int(l))
			(*counted)[l] = v
		}
	}
}

func putTable[V comparable](w *baseline.Writer, t *table[V], value func(*baseline.Writer, V), compare func(a, b V) int) {
	w.Uint(uint64(len(t.days)))
	for _, v := range slices.SortedFunc(maps.Keys(t.days), compare) {
		value(w, v)
		w.Double(t.days[v])
	}
}

func getTable[V comparable](r *baseline.Reader, t *table[V], value func(*baseline.Reader) V) {
	for range r.Count() {
		v := value(r)
		t.add(v, r.Double())
	}
}

func putCommon(w *baseline.Writer, tables *[commonCount]table[string]) {
	for of := range tables {
		putTable(w, &tables[of], putWord, cmp.Compare[string])
	}
}

func getCommon(r *baseline.Reader, tables *[commonCount]table[string]) {
	for of := range tables {
		getTable(r, &tables[of], getWord)
	}
}

func putEndpoints(w *baseline.Writer, services map[string]*table[Endpoint]) {
	w.Uint(uint64(len(services)))
	for _, name := range slices.Sorted(maps.Keys(services)) {
		w.String(name)
		putTable(w, services[name], putEndpoint, func(a, b Endpoint) int {
			return cmp.Or(cmp.Compare(a.Method, b.Method), cmp.Compare(a.Route, b.Route))
		})
	}
}

func getEndpoints(r *baseline.Reader) map[string]*table[Endpoint] {
	services := map[string]*table[Endpoint]{}
	for range r.Count() {
		t := &table[Endpoint]{}
		services[intern(r.String())] = t
		getTable(r, t, getEndpoint)
	}
	return services
}
