package behavior

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/holterhq/holter/internal/baseline"
)

// stateVersion heads every record. A reader refuses what it does not know.
const stateVersion = 1

func encodeToken(t *token) []byte {
	w := &baseline.Writer{}
	w.Uint(stateVersion)
	t.put(w)
	return w.Bytes
}

func decodeToken(state []byte) (*token, error) {
	r := &baseline.Reader{Bytes: state}
	if err := version1(r); err != nil {
		return nil, err
	}
	t := &token{}
	t.get(r)
	return t, r.Err
}

func version1(r *baseline.Reader) error {
	if v := r.Uint(); r.Err == nil && v != stateVersion {
		return fmt.Errorf("state has version %d, this build reads %d", v, stateVersion)
	}
	return r.Err
}

func (t *token) put(w *baseline.Writer) {
	w.String(t.id)
	a := &t.about
	for _, s := range [...]string{a.hint, a.kind, a.registry, a.ownerID, a.ownerName, a.ownerTeam} {
		w.String(s)
	}
	w.Uint(flags(a.outbound, t.hasAlert, t.open))
	w.Int(t.first)
	w.Int(t.last)
	w.Uint(t.used)
	w.Uint(t.requests)
	w.Uint(uint64(t.days))
	w.Uint(t.learned)
	w.Int(int64(t.alertDay))
	for _, c := range [...]*baseline.Categorical[string]{&t.countries, &t.networks, &t.clients, &t.services} {
		c.Put(w, putString)
	}
	w.Uint(uint64(len(t.endpoints)))
	for i := range t.endpoints {
		w.String(t.endpoints[i].service)
		t.endpoints[i].routes.Put(w, putEndpoint)
	}
	t.hours.Put(w)
	t.burst.Put(w)
	t.volume.Put(w)
	t.breadth.Put(w)
	t.errors.Put(w)
	t.size.Put(w)
	t.gaps.Put(w)
	w.Uint(uint64(detectorCount))
	for _, c := range t.evidence {
		w.Float(float32(c))
	}
	t.block.put(w)
}

func (t *token) get(r *baseline.Reader) {
	t.id = intern(r.String())
	a := &t.about
	for _, s := range [...]*string{&a.hint, &a.kind, &a.registry, &a.ownerID, &a.ownerName, &a.ownerTeam} {
		*s = intern(r.String())
	}
	setFlags(r.Uint(), &a.outbound, &t.hasAlert, &t.open)
	t.first, t.last, t.used = r.Int(), r.Int(), r.Uint()
	t.requests, t.days, t.learned = r.Uint(), uint32(r.Uint()), r.Uint()
	t.alertDay = int32(r.Int())
	for _, c := range [...]*baseline.Categorical[string]{&t.countries, &t.networks, &t.clients, &t.services} {
		c.Get(r, getString)
	}
	if n := r.Count(); n > 0 {
		t.endpoints = make([]serviceRoutes, n)
		for i := range t.endpoints {
			t.endpoints[i].service = intern(r.String())
			t.endpoints[i].routes.Get(r, getEndpoint)
		}
	}
	t.hours.Get(r)
	t.burst.Get(r)
	t.volume.Get(r)
	t.breadth.Get(r)
	t.errors.Get(r)
	t.size.Get(r)
	t.gaps.Get(r)
	// Evidence of detectors that this build does not have is dropped, of new ones starts at nothing.
	for d := range r.Count() {
		if v := r.Float(); d < detectorCount {
			t.evidence[d] = baseline.Cusum(v)
		}
	}
	t.block.get(r)
}

func (b *block) put(w *baseline.Writer) {
	w.Int(int64(b.day))
	w.Uint(uint64(b.n))
	for f := range b.bets {
		b.bets[f].Put(w)
		w.Float(b.peaks[f])
	}
	for _, s := range b.peakIs {
		w.String(s)
	}
	putEndpoint(w, b.peakAt)
	w.Uint(uint64(b.peakBin))
	b.errors.Put(w)
	w.Uint(uint64(b.fresh))
	w.Double(b.gapNats)
	w.Double(b.excess)
	w.Uint(uint64(b.sized))
	w.Float(b.largest)
	w.Int(b.slot)
	w.Float(b.inSlot)
	w.Float(b.before)
	w.Float(b.busiest)
	for _, n := range b.hours {
		w.Uint(uint64(n))
	}
	for f := range b.seen {
		w.Uint(uint64(len(b.seen[f])))
		for _, c := range b.seen[f] {
			w.String(c.value)
			w.Uint(uint64(c.n))
		}
	}
	w.Uint(uint64(len(b.endpoints)))
	for i := range b.endpoints {
		w.String(b.endpoints[i].service)
		putEndpoint(w, b.endpoints[i].at)
		w.Uint(uint64(b.endpoints[i].n))
	}
	w.Uint(uint64(len(b.sizes)))
	for _, s := range b.sizes {
		w.Float(s)
	}
	w.Uint(uint64(detectorCount))
	for _, v := range b.worst {
		w.Float(v)
	}
	w.Uint(flags(b.alerted))
	w.Uint(uint64(b.rules))
}

func (b *block) get(r *baseline.Reader) {
	b.day, b.n = int32(r.Int()), uint32(r.Uint())
	for f := range b.bets {
		b.bets[f].Get(r)
		b.peaks[f] = r.Float()
	}
	for i := range b.peakIs {
		b.peakIs[i] = intern(r.String())
	}
	b.peakAt = getEndpoint(r)
	b.peakBin = uint8(r.Uint())
	b.errors.Get(r)
	b.fresh = uint32(r.Uint())
	b.gapNats, b.excess = r.Double(), r.Double()
	b.sized, b.largest = uint32(r.Uint()), r.Float()
	b.slot = r.Int()
	b.inSlot, b.before, b.busiest = r.Float(), r.Float(), r.Float()
	for i := range b.hours {
		b.hours[i] = uint16(r.Uint())
	}
	for f := range b.seen {
		for range r.Count() {
			b.seen[f] = append(b.seen[f], count{intern(r.String()), uint32(r.Uint())})
		}
	}
	for range r.Count() {
		b.endpoints = append(b.endpoints, endpointCount{intern(r.String()), getEndpoint(r), uint32(r.Uint())})
	}
	for range r.Count() {
		b.sizes = append(b.sizes, r.Float())
	}
	for d := range r.Count() {
		if v := r.Float(); d < detectorCount {
			b.worst[d] = v
		}
	}
	setFlags(r.Uint(), &b.alerted)
	b.rules = uint16(r.Uint())
}

func (p *population) put(w *baseline.Writer) {
	w.Uint(flags(p.began))
	w.Int(int64(p.day))
	w.Double(p.live)
	for _, v := range p.limits {
		w.Double(v)
	}
	putTable(w, &p.peers.country, putString, cmp.Compare[string])
	putTable(w, &p.peers.client, putString, cmp.Compare[string])
	putTable(w, &p.peers.service, putString, cmp.Compare[string])
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
}

func (p *population) get(r *baseline.Reader) {
	setFlags(r.Uint(), &p.began)
	p.day, p.live = int32(r.Int()), r.Double()
	for i := range p.limits {
		p.limits[i] = r.Double()
	}
	getTable(r, &p.peers.country, getString)
	getTable(r, &p.peers.client, getString)
	getTable(r, &p.peers.service, getString)
	p.peers.endpoints = getEndpoints(r)
	for i := range p.hours {
		p.hours[i], p.peers.hours[i] = r.Double(), r.Double()
	}
	for range r.Count() {
		v := version{intern(r.String()), intern(r.String())}
		p.peers.releases[v] = release{int32(r.Int()), int32(r.Int())}
	}
	p.calib.get(r)
}

func (t *tally) put(w *baseline.Writer) {
	putTable(w, &t.country, putString, cmp.Compare[string])
	putTable(w, &t.client, putString, cmp.Compare[string])
	putTable(w, &t.service, putString, cmp.Compare[string])
	putEndpoints(w, t.endpoints)
	for _, n := range t.hours {
		w.Double(n)
	}
	w.Double(t.active)
	t.calib.put(w)
}

func (t *tally) get(r *baseline.Reader) {
	getTable(r, &t.country, getString)
	getTable(r, &t.client, getString)
	getTable(r, &t.service, getString)
	t.endpoints = getEndpoints(r)
	for i := range t.hours {
		t.hours[i] = r.Double()
	}
	t.active = r.Double()
	t.calib.get(r)
}

// put writes the counted levels only: most are empty.
func (c *calibration) put(w *baseline.Writer) {
	w.Double(c.days)
	for d := range c.passed {
		n := 0
		for _, v := range c.passed[d] {
			if v != 0 {
				n++
			}
		}
		w.Uint(uint64(n))
		for l, v := range c.passed[d] {
			if v != 0 {
				w.Uint(uint64(l))
				w.Double(v)
			}
		}
	}
}

func (c *calibration) get(r *baseline.Reader) {
	c.days = r.Double()
	for d := range c.passed {
		for range r.Count() {
			l, v := r.Uint(), r.Double()
			if l < levelCount {
				c.passed[d][l] = v
			}
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

func putString(w *baseline.Writer, s string)     { w.String(s) }
func getString(r *baseline.Reader) string        { return intern(r.String()) }
func putEndpoint(w *baseline.Writer, e Endpoint) { w.String(e.Method); w.String(e.Route) }
func getEndpoint(r *baseline.Reader) Endpoint {
	return Endpoint{intern(r.String()), intern(r.String())}
}

func flags(set ...bool) (bits uint64) {
	for i, s := range set {
		if s {
			bits |= 1 << i
		}
	}
	return bits
}

func setFlags(bits uint64, into ...*bool) {
	for i, b := range into {
		*b = bits&(1<<i) != 0
	}
}
