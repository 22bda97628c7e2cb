package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/behavior"
)

// valuesKept is how many networks, countries, clients and services are told apart for a token.
const valuesKept = 32

// sentencesKept is how many alerts are told in words for a token.
const sentencesKept = 5

// hoursOfWeek are counted from Monday 00:00 UTC.
const hoursOfWeek = 7 * 24

// token is what was seen of one token.
type token struct {
	id, hint, kind, status         string
	registry, ownerName, ownerTeam string
	requests, errors, refused      int
	first, last                    int64
	hours                          [hoursOfWeek]uint32
	networks, countries, clients   values
	services                       values
	alerts, acts                   int
	sentences                      []told
}

// told is an alert in words.
type told struct {
	At       int64
	Severity string
	Detector string
	Sentence string
	Hint     string
}

// values are the different values of a facet with their counts, bounded.
type values struct {
	list []value
	more bool
}

type value struct {
	name string
	n    int
}

func (v *values) add(name string) {
	if name == "" {
		return
	}
	for i := range v.list {
		if v.list[i].name == name {
			v.list[i].n++
			return
		}
	}
	if len(v.list) == valuesKept {
		v.more = true
		return
	}
	v.list = append(v.list, value{name, 1})
}

// top are the names of the heaviest, at most n.
func (v *values) top(n int) (names []string) {
	sorted := slices.Clone(v.list)
	slices.SortStableFunc(sorted, func(a, b value) int { return cmp.Compare(b.n, a.n) })
	for _, x := range sorted[:min(n, len(sorted))] {
		names = append(names, x.name)
	}
	return names
}

// tally adds requests up by token.
type tally struct {
	engine *behavior.Engine
	max    int
	tokens map[string]*token
	spare  int // requests of tokens beyond max

	requests, named int
	first, last     int64
	days            map[int64]int // requests by day
	events          []told
	alerts          int
	byDetector      map[anomaly.Detector]int
}

// eventsKept is how many alerts are told in words in all.
const eventsKept = 500

func newTally(engine *behavior.Engine, maxTokens int) *tally {
	return &tally{engine: engine, max: maxTokens, tokens: make(map[string]*token), days: make(map[int64]int), byDetector: make(map[anomaly.Detector]int)}
}

// take judges requests and adds them up.
func (t *tally) take(obs []behavior.Observation) {
	events := t.engine.Apply(obs)
	for i := range obs {
		t.add(&obs[i])
	}
	for i := range events {
		t.tell(&events[i])
	}
}

const day = int64(24 * time.Hour)

func (t *tally) add(o *behavior.Observation) {
	t.requests++
	if t.first == 0 || o.Time < t.first {
		t.first = o.Time
	}
	t.last = max(t.last, o.Time)
	t.days[o.Time/day]++
	if o.Token == "" {
		return
	}
	t.named++
	k := t.tokens[o.Token]
	if k == nil {
		if len(t.tokens) >= t.max {
			t.spare++
			return
		}
		k = &token{id: o.Token, first: o.Time}
		t.tokens[o.Token] = k
	}
	k.hint, k.kind, k.registry, k.ownerName, k.ownerTeam, k.status = o.Hint, o.Type, cmp.Or(o.Registry, o.OwnerID), cmp.Or(o.OwnerName, o.OwnerID), o.OwnerTeam, o.Status
	k.requests++
	k.first, k.last = min(k.first, o.Time), max(k.last, o.Time)
	at := time.Unix(0, o.Time).UTC()
	k.hours[(int(at.Weekday())+6)%7*24+at.Hour()]++
	switch o.Outcome {
	case behavior.Success:
	case behavior.AuthError:
		k.refused++
	default:
		k.errors++
	}
	k.networks.add(o.Network)
	k.countries.add(o.Country)
	k.clients.add(o.Client)
	k.services.add(o.Service)
}

func (t *tally) tell(e *anomaly.Event) {
	t.alerts++
	t.byDetector[e.Detector]++
	said := told{e.Time, e.Severity.String(), string(e.Detector), e.Sentence, e.Token.Hint}
	if len(t.events) < eventsKept {
		t.events = append(t.events, said)
	}
	k := t.tokens[e.Token.ID]
	if k == nil {
		return
	}
	k.alerts++
	if e.Severity > anomaly.Look {
		k.acts++
	}
	if len(k.sentences) < sentencesKept {
		k.sentences = append(k.sentences, said)
	}
}

// risk orders tokens: what somebody should act on, then what somebody should look at, then what is refused, then how widely it is used.
func (k *token) risk() int {
	return 100*k.acts + 10*(k.alerts-k.acts) + min(k.refused, 9) + boolean(k.wide())
}

// A token that is shared shows it: many networks, or countries and clients beside each other.
const (
	manyNetworks = 8
	manyClients  = 4
)

func (k *token) wide() bool {
	return len(k.networks.list) >= manyNetworks || len(k.countries.list) > 1 && len(k.clients.list) > 1 || len(k.clients.list) >= manyClients
}

func (k *token) width() int {
	return len(k.networks.list) + 4*len(k.countries.list) + 4*len(k.clients.list)
}

// dormant says whether a token was not used for the last third of the time, and for a week at least.
func (k *token) dormant(first, last int64) bool {
	return last-k.last > max(7*day, (last-first)/3)
}

// pick are the tokens that fit, in the order of a rank, the highest first, at most n; all says how many fit.
func (t *tally) pick(n int, fits func(*token) bool, rank func(*token) int) (some []*token, all int) {
	for _, k := range t.tokens {
		if fits(k) {
			some = append(some, k)
		}
	}
	slices.SortFunc(some, func(a, b *token) int {
		return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(b.requests, a.requests), cmp.Compare(a.id, b.id))
	})
	return some[:min(n, len(some))], len(some)
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}
