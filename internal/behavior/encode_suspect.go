package behavior

import "github.com/holterhq/holter/internal/baseline"

// putMore writes what version 2 of the state added.
func (t *token) putMore(w *baseline.Writer) {
	t.request.Put(w)
	t.travels.Put(w)
	t.variety.Put(w)
	t.combinations.Put(w)
	w.Float(t.calm)
	w.Word(t.place)
	w.Int(t.last - t.placeAt)
	w.Uint(flags(t.suspect != nil))
	if t.suspect != nil {
		t.suspect.put(w)
	}
	t.block.putMore(w)
}

func (t *token) getMore(r *baseline.Reader) {
	t.request.Get(r)
	t.travels.Get(r)
	t.variety.Get(r)
	t.combinations.Get(r)
	t.calm = r.Float()
	t.place, t.placeAt = r.Word(), r.Int()
	if !r.Plain {
		t.placeAt = t.last - t.placeAt
	}
	var suspected bool
	setFlags(r.Uint(), &suspected)
	if suspected {
		t.suspect = t.newSuspect()
		t.suspect.get(r)
	}
	t.block.getMore(r)
}

func (s *suspect) put(w *baseline.Writer) {
	w.Uint(uint64(s.days))
	w.Float(float32(s.evidence))
	for i := range s.seen {
		w.Uint(uint64(s.total[i]))
		putCounts(w, s.seen[i])
	}
	putEndpointCounts(w, s.endpoints)
	w.Uint(uint64(len(s.hours)))
	for _, h := range s.hours {
		w.Uint(uint64(h.bin))
		w.Float(h.weight)
	}
	w.Float(s.hourTotal)
	s.size.Put(w)
	s.request.Put(w)
}

func (s *suspect) get(r *baseline.Reader) {
	s.days, s.evidence = uint8(r.Uint()), baseline.Cusum(r.Float())
	for i := range s.seen {
		s.total[i] = uint32(r.Uint())
		s.seen[i] = getCounts(r, s.seen[i][:0])
	}
	s.endpoints = getEndpointCounts(r, s.endpoints[:0])
	for range r.Count() {
		s.hours = append(s.hours, hourWeight{uint8(r.Uint()) % 48, r.Float()})
	}
	s.hourTotal = r.Float()
	s.size.Get(r)
	s.request.Get(r)
}

func (b *block) putMore(w *baseline.Writer) {
	for _, mix := range [...][]uint16{b.mixNow, b.mixBefore} {
		w.Uint(uint64(len(mix)))
		for _, c := range mix {
			w.Uint(uint64(c))
		}
	}
	w.Uint(uint64(b.mixed))
	for i := range b.shifts {
		b.shifts[i].Put(w)
	}
	b.hops.Put(w)
	w.Word(b.hopFrom)
	w.Word(b.hopTo)
	w.Uint(uint64(len(b.requests)))
	for _, bytes := range b.requests {
		w.Float(bytes)
	}
	w.Uint(uint64(b.alertOf))
	b.stranger.Put(w)
	w.Uint(flags(b.tipped != nil))
	if b.tipped != nil {
		putTipped(w, b.tipped)
	}
}

func (b *block) getMore(r *baseline.Reader) {
	for _, mix := range [...]*[]uint16{&b.mixNow, &b.mixBefore} {
		for range r.Count() {
			*mix = append(*mix, uint16(r.Uint()))
		}
	}
	b.mixed = uint16(r.Uint())
	for i := range b.shifts {
		b.shifts[i].Get(r)
	}
	b.hops.Get(r)
	b.hopFrom, b.hopTo = r.Word(), r.Word()
	for range r.Count() {
		b.requests = append(b.requests, r.Float())
	}
	b.alertOf = uint8(r.Uint() % uint64(detectorCount))
	if !r.Plain {
		b.stranger.Get(r)
	}
	var tipped bool
	setFlags(r.Uint(), &tipped)
	if tipped {
		b.tipped = getTipped(r)
	}
}

// putTipped writes what an event says of its request; the rest of the observation was learned.
func putTipped(w *baseline.Writer, o *Observation) {
	w.String(o.Token)
	w.Int(o.Time)
	w.Bytes = append(append(w.Bytes, o.Trace[:]...), o.Span[:]...)
	for _, s := range tippedTexts(o) {
		w.Word(*s)
	}
	w.Uint(uint64(o.HTTPStatus))
}

func getTipped(r *baseline.Reader) *Observation {
	o := &Observation{Token: r.String(), Time: r.Int()}
	r.Raw(o.Trace[:])
	r.Raw(o.Span[:])
	for _, s := range tippedTexts(o) {
		*s = r.Word()
	}
	o.HTTPStatus = uint16(r.Uint())
	return o
}

func tippedTexts(o *Observation) [8]*string {
	return [...]*string{&o.Service, &o.Version, &o.Environment, &o.Method, &o.Route, &o.Country, &o.Network, &o.Client}
}

func putCounts(w *baseline.Writer, counts []count) {
	w.Uint(uint64(len(counts)))
	for _, c := range counts {
		w.Word(c.value)
		w.Uint(uint64(c.n))
	}
}

func getCounts(r *baseline.Reader, counts []count) []count {
	for range r.Count() {
		counts = append(counts, count{value: r.Word(), n: uint32(r.Uint())})
	}
	return counts
}

func putEndpointCounts(w *baseline.Writer, counts []endpointCount) {
	w.Uint(uint64(len(counts)))
	for i := range counts {
		w.Word(counts[i].service)
		putEndpoint(w, counts[i].at)
		w.Uint(uint64(counts[i].n))
	}
}

func getEndpointCounts(r *baseline.Reader, counts []endpointCount) []endpointCount {
	for range r.Count() {
		counts = append(counts, endpointCount{service: r.Word(), at: getEndpoint(r), n: uint32(r.Uint())})
	}
	return counts
}
