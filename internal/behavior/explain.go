package behavior

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/baseline"
)

// Evidence below this many nats is not worth a line; above surelyNats over the limit somebody should act.
const (
	worthNats  = 0.3
	surelyNats = 2.5
	soleShare  = 0.75 // one facet with so much of the evidence gives joint evidence its own name
)

// explain turns a finding into the event that a person reads.
func (t *token) explain(o *Observation, f finding, x *[facetCount]float64, cfg *Config, owners *owners) anomaly.Event {
	d := &detectors[f.detector]
	name := d.name
	evidence, sole := t.evidenceOf(d, x)
	if name == anomaly.IdentityShift && sole != "" || name == anomaly.NewCountry && sole == anomaly.ImpossibleTravel {
		if !cfg.Disabled[sole] {
			name = sole
		}
	}
	name = t.block.closer(name, cfg.Disabled)
	t.price(evidence, cfg.Currency)
	t.relate(evidence, owners)
	severity, action := anomaly.Look, anomaly.Observe
	if f.score >= f.limit+surelyNats {
		severity, action = anomaly.Act, actionOf(name)
	}
	e := t.event(o, name, severity)
	e.Score, e.Limit, e.Evidence, e.Action = f.score, f.limit, evidence, action
	e.Examples = t.block.examples(e.Trace)
	e.Sentence = anomaly.Sentence(&e)
	return e
}

// examples are the traces of requests that are unlike the token, but for one.
func (b *block) examples(but [16]byte) (traces [][16]byte) {
	for _, trace := range b.traces[:b.unlike] {
		if trace != but {
			traces = append(traces, trace)
		}
	}
	return traces
}

// relate says what the owner's other tokens do.
func (t *token) relate(evidence []anomaly.Evidence, owners *owners) {
	for i := range evidence {
		for of := range ownedCount {
			if facetOf(of).String() == evidence[i].Facet {
				evidence[i].Others = owners.others(t, of, evidence[i].Observed)
			}
		}
	}
}

// report turns a broken rule into an event.
func (t *token) report(o *Observation, r *rule, b *breach) anomaly.Event {
	e := t.event(o, r.name, r.severity)
	e.Action = r.action
	e.Evidence = []anomaly.Evidence{{
		Facet: "registry", Observed: b.sentence, Expected: "a registered token in force", Samples: t.requests, Age: t.age(o),
	}}
	e.Sentence = anomaly.RuleSentence(&e, b.sentence)
	return e
}

func (t *token) event(o *Observation, name anomaly.Detector, severity anomaly.Severity) anomaly.Event {
	return anomaly.Event{
		ID: anomaly.NewID(t.id, name, int64(t.block.day), severity), Time: o.Time, Trace: o.Trace, Span: o.Span,
		Detector: name, Severity: severity,
		Token: t.told(),
		Trigger: anomaly.Trigger{
			Service: o.Service, Version: o.Version, Environment: o.Environment, Method: o.Method, Route: o.Route,
			HTTPStatus: o.HTTPStatus, Country: o.Country, Network: o.Network, Client: o.Client,
			First: t.neverCalled(o.Service, Endpoint{o.Method, o.Route}),
		},
	}
}

// told is what may be said of the token to a person.
func (t *token) told() anomaly.Token {
	return anomaly.Token{
		ID: tokenOf(t.id), Tenant: t.tenant, Hint: t.about.hint, Type: t.about.kind, Registry: t.about.registry,
		OwnerID: t.about.ownerID, OwnerName: t.about.ownerName, OwnerTeam: t.about.ownerTeam, Outbound: t.about.outbound,
	}
}

func actionOf(d anomaly.Detector) anomaly.Action {
	switch d {
	case anomaly.IdentityShift, anomaly.NewClient, anomaly.ConcurrentUse:
		return anomaly.Lock
	case anomaly.NewCountry, anomaly.NewNetwork, anomaly.OddHours, anomaly.DormantWake:
		return anomaly.Reauthenticate
	default:
		return anomaly.Restrict
	}
}

func (t *token) age(o *Observation) time.Duration { return time.Duration(max(0, o.Time-t.first)) }

// evidenceOf lists what each facet contributed today, strongest first, and names the detector of a facet that contributed nearly
// all of it, unless it did so by what the token uses anyway, and uses more than it did.
func (t *token) evidenceOf(d *detector, x *[facetCount]float64) (list []anomaly.Evidence, sole anomaly.Detector) {
	var sum [facetCount]float64
	for f, w := range d.weights {
		sum[Facet(f).base()] += w * x[f]
	}
	t.block.spread(&sum)
	var total float64
	var order []Facet
	worth := worthNats
	if slices.Max(sum[:]) < worth {
		worth = slices.Max(sum[:]) // most of it was gathered on the days before
	}
	for f := range facetCount {
		if sum[f] < worth || sum[f] <= 0 {
			continue
		}
		total += sum[f]
		at := len(order)
		for at > 0 && sum[order[at-1]] < sum[f] {
			at--
		}
		order = append(order, 0)
		copy(order[at+1:], order[at:])
		order[at] = f
	}
	for _, f := range order {
		observed, expected := t.compare(f)
		list = append(list, anomaly.Evidence{
			Facet: f.String(), Observed: observed, Expected: expected, Nats: sum[f], Samples: t.learned,
			Age: time.Duration(max(0, t.last-t.first)),
		})
	}
	if len(order) > 0 && sum[order[0]] >= soleShare*total && !t.familiar(order[0]) {
		sole = soleDetector[order[0]]
	}
	return list, sole
}

// familiarShare is the share of a token's life from which on a value is no news.
const familiarShare = 0.1

// familiar says whether what is most unlike the token today by a facet is a good part of its life all the same.
func (t *token) familiar(f Facet) bool {
	var of *baseline.Categorical[string]
	switch f {
	case country:
		of = &t.countries
	case network:
		of = &t.networks
	case client:
		of = &t.clients
	case service:
		of = &t.services
	default:
		return false
	}
	weight := of.Weight(t.block.peakIs[f])
	return weight > 0 && weight >= familiarShare*of.Total()
}

var soleDetector = map[Facet]anomaly.Detector{
	country: anomaly.NewCountry, network: anomaly.NewNetwork, client: anomaly.NewClient, service: anomaly.NewEndpoint,
	endpoint: anomaly.NewEndpoint, hour: anomaly.OddHours, burst: anomaly.RequestBurst, volume: anomaly.RequestBurst, breadth: anomaly.NewEndpoint,
	errorRate: anomaly.ErrorSpike, bytesOut: anomaly.DataExfiltration, gap: anomaly.DormantWake, hop: anomaly.ImpossibleTravel,
	combination: anomaly.RequestBurst, variety: anomaly.NewEndpoint, crossing: anomaly.ConcurrentUse, order: anomaly.EndpointSequence,
	spend: anomaly.SpendSpike,
}

// compare says what a facet shows today and what it normally shows.
func (t *token) compare(f Facet) (observed, expected string) {
	b := &t.block
	switch f {
	case country:
		return b.peakIs[f], shares(&t.countries)
	case network:
		return b.peakIs[f], shares(&t.networks)
	case client:
		return b.peakIs[f], shares(&t.clients)
	case service:
		return b.peakIs[f], shares(&t.services)
	case endpoint:
		return b.peakAt.String(), t.usualEndpoints()
	case hour:
		return t.compareHours()
	case burst:
		return fmt.Sprintf("%.0f requests within an hour", b.busiest), fmt.Sprintf("at most %.0f requests within an hour", math.Ceil(t.burst.Best()))
	case volume:
		observed = fmt.Sprintf("%d requests in a day", b.n)
		if float64(b.n) <= t.volume.Best() {
			return observed, fmt.Sprintf("about %.0f requests in a day", math.Ceil(t.volume.Typical()))
		}
		return observed, fmt.Sprintf("at most %.0f requests in a day", math.Ceil(t.volume.Best()))
	case breadth:
		return fmt.Sprintf("%d in a day, %s among them", b.fresh, b.peakAt), fmt.Sprintf("at most %.0f in a day", math.Ceil(t.breadth.Best()))
	case errorRate:
		return fmt.Sprintf("%.0f of %d requests failed", b.errors.Hits(), b.n), fmt.Sprintf("%.1f %%", 100*t.errors.Rate(&errorsRise))
	case bytesOut:
		return "answers up to " + size(float64(b.largest)), "about " + size(t.size.Typical())
	case hop:
		return fmt.Sprintf("%s and then %s, faster than anybody travels", b.hopFrom, b.hopTo), "one place at a time"
	case combination:
		return fmt.Sprintf("%d kinds of requests within an hour", b.mixed), fmt.Sprintf("at most %.0f kinds of requests within an hour", math.Ceil(t.combinations.Best()))
	case variety:
		return fmt.Sprintf("%d endpoints in a day", len(b.endpoints)), fmt.Sprintf("at most %.0f endpoints in a day", math.Ceil(t.variety.Best()))
	case crossing:
		return fmt.Sprintf("%s and %s take turns", b.crossing[0], b.crossing[1]), "one party at a time"
	case order:
		first, second := b.endpoints[b.order[0]].at, b.endpoints[b.order[1]].at
		return fmt.Sprintf("%d new orders in a day, %s after %s among them", len(b.orders), second, first), fmt.Sprintf("at most %.0f new orders in a day", math.Ceil(t.more.orders.Best()))
	case spend:
		return "", "" // see price
	case sizeShift:
		return "answers of other sizes", "about " + size(t.size.Typical())
	case requestShift:
		return "requests of other sizes", "about " + size(t.request.Typical())
	case gap:
		return fmt.Sprintf("woke after %.0f days", b.slept), fmt.Sprintf("at most %.0f days between uses", math.Ceil(float64(b.longest)))
	}
	return "", ""
}

// compareHours says at which hour the token was used today that is least like it, and when it usually is. An hour that lies among the
// usual ones tells by its day, or by how much was done in it.
func (t *token) compareHours() (observed, expected string) {
	from, to := t.hours.Busy(mostHours)
	at := int(t.block.peakBin) % 24
	observed, expected = fmt.Sprintf("%02d:00 UTC", at), fmt.Sprintf("%02d:00–%02d:00 UTC", from, to)
	if within := (at-from+24)%24 < (to-from+24)%24 || to-from == 24; !within {
		return observed, expected
	}
	weekend := int(t.block.peakBin) >= 24
	var share float64
	shares := t.hours.Shares()
	for bin, s := range shares {
		if bin >= 24 == weekend {
			share += s
		}
	}
	if share >= rareDays {
		return "mostly " + observed, expected
	}
	if expected += ", mostly on weekends"; weekend {
		expected = strings.Replace(expected, "mostly", "hardly", 1)
	}
	return fmt.Sprintf("%s %s", time.Unix(int64(t.block.day)*86400, 0).UTC().Weekday(), observed), expected
}

// rareDays is the share of requests below which a kind of day is hardly one of the token's.
const rareDays = 0.02

// shares writes the two heaviest values with their percentages, and how many more there are; what has not settled is left out.
func shares(c *baseline.Categorical[string]) string {
	const least = 0.005
	total := c.Total()
	var s strings.Builder
	more := 0
	for i, v := range c.Top(len(c.Values())) {
		switch share := v.Weight / total; {
		case share < least:
		case i >= 2:
			more++
		default:
			if i > 0 {
				s.WriteString(", ")
			}
			fmt.Fprintf(&s, "%s %.0f %%", v.Value, 100*share)
		}
	}
	if more > 0 {
		fmt.Fprintf(&s, " and %d more", more)
	}
	if s.Len() == 0 {
		return "nothing yet"
	}
	return s.String()
}

// String is the endpoint as people write it.
func (e Endpoint) String() string {
	switch {
	case e.Method == "":
		return e.Route
	case e.Route == "":
		return e.Method
	}
	return e.Method + " " + e.Route
}

func (t *token) usualEndpoints() string {
	n := 0
	var most baseline.Share[Endpoint]
	for i := range t.endpoints {
		n += len(t.endpoints[i].routes.Values())
		if top := t.endpoints[i].routes.Top(1); len(top) > 0 && top[0].Weight > most.Weight {
			most = top[0]
		}
	}
	switch n {
	case 0:
		return "nothing yet"
	case 1:
		return most.Value.String()
	}
	return fmt.Sprintf("%d endpoints, mostly %s", n, most.Value)
}

// size writes a size in decimal units.
func size(n float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if n < 1000 {
			return fmt.Sprintf("%.0f %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%.1f TB", n)
}
