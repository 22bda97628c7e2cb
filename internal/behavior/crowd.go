package behavior

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/baseline"
)

// crowd groups what many tokens show for one cause. A deploy, an outage or a new client release makes tokens jump together: the
// first few raise events of their own, the others are gathered, and an hour later, or when the day is over, one event names them all.
type crowd struct {
	day    int32
	causes map[cause]*gathering
	due    int64 // event time at which the next gathering is told; 0: none
}

// cause is what tokens have in common: the same detector on the same service on the same day; population_shift itself for signs.
type cause struct {
	detector anomaly.Detector
	service  string
}

type gathering struct {
	n      int      // tokens so far, those with events of their own among them
	tokens []string // the first crowdListed of them
	first  anomaly.Event
	due    int64
	round  int // how often the cause was told of before
}

const (
	crowdAlone  = 5    // tokens that raise events of their own, at least
	crowdShare  = 0.01 // and this share of the live ones
	crowdListed = 500
	crowdWait   = int64(time.Hour)
)

// add takes the next event and returns it if it stands alone, after those of crowds that have waited long enough. A token that people
// have spoken of is counted as if nobody had, and told of as they have.
func (c *crowd) add(n *numbered, p *population) []anomaly.Event {
	e := &n.event
	alone := c.tell(e.Time, false)
	if e.Detector == anomaly.PopulationShift {
		if n.of != heeding {
			c.gather(e, max(signTokens, int(p.callers(e.Trigger.Service)*signShare))-1)
		}
		return alone
	}
	gathered := e.Limit > 0 && n.of != heeding && c.gather(e, max(crowdAlone, int(p.live*crowdShare)))
	if !gathered && n.told() {
		alone = append(alone, *e)
	}
	return alone
}

// told says whether an event is one that people hear of.
func (n *numbered) told() bool { return n.of != unheard || n.event.Limit == 0 }

// gather says whether an event is one of a crowd.
func (c *crowd) gather(e *anomaly.Event, alone int) bool {
	if today := int32(e.Time / day); today != c.day {
		if today < c.day {
			return false // an event of a day that was told already
		}
		*c = crowd{day: today}
	}
	key := cause{e.Detector, intern(e.Trigger.Service)}
	g := c.causes[key]
	if g == nil {
		if c.causes == nil {
			c.causes = map[cause]*gathering{}
		}
		g = &gathering{first: ofAll(e)}
		c.causes[key] = g
	}
	if g.n == 0 { // of another round
		g.first = ofAll(e)
	}
	g.n++
	if len(g.tokens) < crowdListed {
		g.tokens = append(g.tokens, e.Token.ID)
	}
	if g.round == 0 && g.n <= alone {
		return false
	}
	if g.due == 0 {
		if g.due = e.Time + crowdWait; key.detector == anomaly.PopulationShift {
			g.due = e.Time + signWait
		}
		if c.due == 0 || g.due < c.due {
			c.due = g.due
		}
	}
	return true
}

// ofAll is a token's event without what is true of that token alone.
func ofAll(e *anomaly.Event) anomaly.Event {
	all := *e
	all.Trigger.First, all.Examples = false, nil
	all.Evidence = slices.Clone(e.Evidence)
	for i := range all.Evidence {
		all.Evidence[i].Others = anomaly.Others{}
	}
	return all
}

// tell returns the events of the crowds that have waited long enough at an event time, or of all of them once their day is over.
func (c *crowd) tell(now int64, over bool) (events []anomaly.Event) {
	if c.due == 0 || now < c.due && !over {
		return nil
	}
	c.due = 0
	for key, g := range c.causes {
		switch {
		case g.due == 0:
		case over || g.due <= now:
			events = append(events, g.event(key))
			*g = gathering{round: g.round + 1, first: g.first}
		case c.due == 0 || g.due < c.due:
			c.due = g.due
		}
	}
	slices.SortFunc(events, func(a, b anomaly.Event) int { return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.ID, b.ID)) })
	return events
}

func (g *gathering) event(key cause) anomaly.Event {
	e := g.first
	e.ID = anomaly.NewID(key.id(e.Token.Tenant, g.round), anomaly.PopulationShift, e.Time/day, anomaly.Look)
	e.Detector, e.Severity, e.Action = anomaly.PopulationShift, anomaly.Look, anomaly.Observe
	e.Tokens, e.Token = g.tokens, anomaly.Token{Tenant: e.Token.Tenant}
	rule, _ := anomaly.RuleOf(key.detector)
	what := rule.Name
	if key.detector == anomaly.PopulationShift {
		what = "API token used on endpoints that nobody used before"
	}
	some := fmt.Sprintf("%d tokens at once", g.n)
	switch {
	case g.round > 0 && g.n == 1:
		some = "1 more token"
	case g.round > 0:
		some = fmt.Sprintf("%d more tokens", g.n)
	}
	e.Sentence = fmt.Sprintf("%s: %s, on %s since %s UTC; most likely one cause, such as a deploy or an outage.",
		some, what, key.service, time.Unix(0, g.first.Time).UTC().Format("15:04"))
	return e
}

// id tells the crowds of a day apart, and how often each was told of before.
func (c cause) id(tenant string, round int) string {
	id := string(c.detector) + "\x00" + c.service
	if tenant != "" {
		id += "\x00" + tenant
	}
	if round > 0 {
		id += "\x00" + strconv.Itoa(round)
	}
	return id
}

func (c *crowd) put(w *baseline.Writer) {
	w.Int(int64(c.day))
	w.Int(c.due)
	keys := make([]cause, 0, len(c.causes))
	for key := range c.causes {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b cause) int {
		return cmp.Or(cmp.Compare(a.detector, b.detector), cmp.Compare(a.service, b.service))
	})
	w.Uint(uint64(len(keys)))
	for _, key := range keys {
		g := c.causes[key]
		w.String(string(key.detector))
		w.String(key.service)
		w.Uint(uint64(g.n))
		w.Uint(uint64(len(g.tokens)))
		for _, token := range g.tokens {
			w.String(token)
		}
		w.Int(g.due)
		w.Uint(uint64(g.round))
		putFirst(w, &g.first)
	}
}

func (c *crowd) get(r *baseline.Reader, tenant string, written uint64) {
	c.day, c.due = int32(r.Int()), r.Int()
	for range r.Count() {
		key := cause{anomaly.Detector(intern(r.String())), intern(r.String())}
		g := &gathering{n: int(r.Uint())}
		for range r.Count() {
			g.tokens = append(g.tokens, intern(r.String()))
		}
		g.due = r.Int()
		g.round = int(r.Uint())
		getFirst(r, &g.first)
		g.first.Token.Tenant = tenant
		if written < roundsVersion && g.round > 0 { // it said whether it was told
			g.n, g.tokens, g.due = 0, nil, 0
		}
		if c.causes == nil {
			c.causes = map[cause]*gathering{}
		}
		c.causes[key] = g
	}
}

// putFirst writes what the crowd's event takes from its first token's.
func putFirst(w *baseline.Writer, e *anomaly.Event) {
	w.Int(e.Time)
	w.Bytes = append(append(w.Bytes, e.Trace[:]...), e.Span[:]...)
	w.Double(e.Score)
	w.Double(e.Limit)
	g := &e.Trigger
	for _, s := range [...]string{g.Service, g.Version, g.Environment, g.Method, g.Route, g.Country, g.Network, g.Client} {
		w.String(s)
	}
	w.Uint(uint64(g.HTTPStatus))
	w.Uint(uint64(len(e.Evidence)))
	for i := range e.Evidence {
		v := &e.Evidence[i]
		w.String(v.Facet)
		w.String(v.Observed)
		w.String(v.Expected)
		w.Double(v.Nats)
		w.Uint(v.Samples)
		w.Int(int64(v.Age))
	}
}

func getFirst(r *baseline.Reader, e *anomaly.Event) {
	e.Time = r.Int()
	r.Raw(e.Trace[:])
	r.Raw(e.Span[:])
	e.Score, e.Limit = r.Double(), r.Double()
	g := &e.Trigger
	for _, s := range [...]*string{&g.Service, &g.Version, &g.Environment, &g.Method, &g.Route, &g.Country, &g.Network, &g.Client} {
		*s = intern(r.String())
	}
	g.HTTPStatus = uint16(r.Uint())
	for range r.Count() {
		e.Evidence = append(e.Evidence, anomaly.Evidence{
			Facet: r.String(), Observed: r.String(), Expected: r.String(), Nats: r.Double(), Samples: r.Uint(), Age: time.Duration(r.Int()),
		})
	}
}
