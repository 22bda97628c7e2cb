package behavior

import (
	"encoding/binary"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/baseline"
)

// more is what else is known of a token's normal life.
type more struct {
	crossings baseline.Proportion // turns that two parties take
	orders    baseline.Record     // new pairs of endpoints in a day
	pairs     pairs
	spend     baseline.Record // what a day costs
}

// moreBlock is what else an open block holds.
type moreBlock struct {
	visits   [2]visit
	crossed  baseline.Streak
	crossing [2]string // the networks that took turns last
	refused  uint32    // requests that were refused
	missing  uint32    // requests for what is not there

	latest   uint8 // number of the endpoint of the newest request
	followed int64 // and when that was
	orders   []uint32
	order    [2]uint8 // numbers of the endpoints of the newest new pair

	spent float64

	look    bool // the newest request may have changed what speaks against the token
	release bool // it met a release that is young
	signs   bool // and is a sign of a deploy
}

const (
	orderFloor = 3 // new pairs in a day
	orderTail  = 1.5
	spendFloor = 1 // of the currency that prices are in, in a day
	spendTail  = 1.5
	freeDays   = 5 // without costs count before the first one with any
)

// observeMore bets on the request's outcome, its network and its place among the others.
func (t *token) observeMore(o *Observation, number int) {
	switch o.Outcome {
	case AuthError:
		t.block.refused++
	case ClientError:
		t.block.missing++
	}
	if !o.Outbound && o.Network != "" {
		t.cross(o)
	}
	t.follow(o, number)
}

// natsMore is the evidence of these facets in the open block so far.
func (t *token) natsMore(x *[facetCount]float64) {
	b, m := &t.block, &t.more
	if b.crossed.Hits() >= turns && !t.roaming() && m.crossings.Rate(&crossingsRise) < crossingsRise.Alarm() {
		x[crossing] = b.crossed.Nats()
	}
	if len(b.orders) > orderFloor {
		x[order] = m.orders.Nats(float64(len(b.orders)), orderFloor, orderTail)
	}
	if b.spent > spendFloor {
		record := t.spending()
		x[spend] = record.Nats(b.spent, spendFloor, spendTail)
	}
}

// spending is the record of what days cost. A token that never cost anything has shown so, though less than one that could have.
func (t *token) spending() (r baseline.Record) {
	if t.more.spend != r {
		return t.more.spend
	}
	for range min(t.days, freeDays) {
		r.Learn(0)
	}
	return r
}

// learnMore takes them into the token's normal life. While an incident is open no pair is.
func (t *token) learnMore(frozen bool) {
	b, m := &t.block, &t.more
	m.crossings.Learn(b.crossed)
	if t.mature() { // before that its orders are only got to know
		m.orders.Learn(float64(len(b.orders)))
	}
	if !frozen {
		for _, pair := range b.orders {
			m.pairs.add(pair)
		}
	}
	if b.spent > 0 || m.spend.Best() > 0 {
		m.spend.Learn(b.spent)
	}
}

func (m *more) put(w *baseline.Writer) {
	m.crossings.Put(w)
	m.orders.Put(w)
	m.spend.Put(w)
	putBits(w, m.pairs)
}

func (m *more) get(r *baseline.Reader) {
	m.crossings.Get(r)
	m.orders.Get(r)
	m.spend.Get(r)
	m.pairs = getBits(r)
}

// putBits writes those of the numbers that are not zero.
func putBits(w *baseline.Writer, all pairs) {
	w.Uint(flags(all[0] != 0, all[1] != 0, all[2] != 0, all[3] != 0))
	for _, v := range all {
		if v != 0 {
			w.Bytes = binary.LittleEndian.AppendUint64(w.Bytes, v)
		}
	}
}

func getBits(r *baseline.Reader) (all pairs) {
	var used [len(all)]bool
	setFlags(r.Uint(), &used[0], &used[1], &used[2], &used[3])
	for i := range all {
		if used[i] {
			var raw [8]byte
			r.Raw(raw[:])
			all[i] = binary.LittleEndian.Uint64(raw[:])
		}
	}
	return all
}

func (b *moreBlock) put(w *baseline.Writer) {
	w.Uint(flags(b.crossing != [2]string{}, b.spent != 0))
	for _, v := range b.visits {
		w.Word(v.network)
		if v.network != "" {
			w.Int(v.at)
		}
	}
	b.crossed.Put(w)
	if b.crossing != [2]string{} {
		w.Word(b.crossing[0])
		w.Word(b.crossing[1])
	}
	w.Uint(uint64(b.refused))
	w.Uint(uint64(b.missing))
	w.Uint(uint64(b.latest))
	w.Int(b.followed)
	w.Uint(uint64(len(b.orders)))
	for _, pair := range b.orders {
		w.Uint(uint64(pair))
	}
	w.Uint(uint64(b.order[0]))
	w.Uint(uint64(b.order[1]))
	if b.spent != 0 {
		w.Double(b.spent)
	}
}

func (b *moreBlock) get(r *baseline.Reader) {
	var crossing, spent bool
	setFlags(r.Uint(), &crossing, &spent)
	for i := range b.visits {
		if b.visits[i].network = r.Word(); b.visits[i].network != "" {
			b.visits[i].at = r.Int()
		}
	}
	b.crossed.Get(r)
	if crossing {
		b.crossing = [2]string{r.Word(), r.Word()}
	}
	b.refused, b.missing = uint32(r.Uint()), uint32(r.Uint())
	b.latest, b.followed = uint8(r.Uint()), r.Int()
	for range r.Count() {
		b.orders = append(b.orders, uint32(r.Uint()))
	}
	b.order = [2]uint8{uint8(r.Uint()), uint8(r.Uint())}
	if spent {
		b.spent = r.Double()
	}
}

// mostly is the share of the failed requests that gives them their name.
const mostly = 0.75

// closer is the detector that says more closely what the day shows: errors that are refusals, requests for what is not there, or a mixture of
// what the token never asked for.
func (b *block) closer(name anomaly.Detector, disabled map[anomaly.Detector]bool) anomaly.Detector {
	closer := name
	switch name {
	case anomaly.ErrorSpike:
		switch failed := float64(b.errors.Hits()); {
		case float64(b.refused) >= mostly*failed:
			closer = anomaly.AuthFailures
		case float64(b.missing) >= mostly*failed:
			closer = anomaly.Enumeration
		}
	case anomaly.NewEndpoint, anomaly.RequestBurst:
		switch {
		case float64(b.missing) >= float64(b.n)/2:
			closer = anomaly.Enumeration
		case float64(b.fresh) >= float64(len(b.endpoints))/2:
			closer = anomaly.NewEndpoint
		}
	}
	if disabled[closer] {
		return name
	}
	return closer
}
