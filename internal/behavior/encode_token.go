package behavior

import (
	"fmt"

	"github.com/holterhq/holter/internal/baseline"
)

// stateVersion heads every record. A reader takes what an older build has written, and refuses what it does not know. Version 2
// added travel, mixtures, request sizes, the suspect and the request that tipped a day.
const (
	stateVersion  = 2
	oldestVersion = 1
)

func encodeToken(t *token) []byte {
	w := &baseline.Writer{}
	w.Uint(stateVersion)
	t.put(w)
	return w.Bytes
}

func decodeToken(state []byte) (*token, error) {
	r := &baseline.Reader{Bytes: state}
	version, err := versionOf(r)
	if err != nil {
		return nil, err
	}
	t := &token{}
	t.get(r, version)
	return t, r.Err
}

func versionOf(r *baseline.Reader) (uint64, error) {
	v := r.Uint()
	if r.Err == nil && (v < oldestVersion || v > stateVersion) {
		return v, fmt.Errorf("state has version %d, this build reads %d to %d", v, oldestVersion, stateVersion)
	}
	return v, r.Err
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
	t.putMore(w)
}

func (t *token) get(r *baseline.Reader, version uint64) {
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
	// Evidence for other detectors is none for these.
	for d := range r.Count() {
		if v := r.Float(); d < detectorCount && version == stateVersion {
			t.evidence[d] = baseline.Cusum(v)
		}
	}
	t.block.get(r, version)
	if version >= 2 {
		t.getMore(r)
	}
	t.block.expected = t.densities()
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
		putCounts(w, b.seen[f])
	}
	putEndpointCounts(w, b.endpoints)
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

func (b *block) get(r *baseline.Reader, version uint64) {
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
		b.seen[f] = getCounts(r)
	}
	b.endpoints = getEndpointCounts(r)
	for range r.Count() {
		b.sizes = append(b.sizes, r.Float())
	}
	for d := range r.Count() {
		if v := r.Float(); d < detectorCount && version == stateVersion {
			b.worst[d] = v
		}
	}
	setFlags(r.Uint(), &b.alerted)
	b.rules = uint16(r.Uint())
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
