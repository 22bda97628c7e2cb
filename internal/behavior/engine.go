package behavior

import (
	"cmp"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/holterhq/holter/internal/anomaly"
)

// Config is what an operator decides about detection.
type Config struct {
	Budget   Budget
	Currency string // that Observation.Cost is in
	Disabled map[anomaly.Detector]bool
	Limits   Limits
	Shards   int            // goroutines that Apply may use; 0 means 1
	Routes   RouteTemplater // templates raw paths; nil: a path is its own route

	// Probe sees every observation before it is learned from, in the goroutine that learns; a panic in it stands for a bug in
	// learning. For tests and drills.
	Probe func(*Observation)

	// Load reads a record that a Snapshot wrote, nil if there is none: tokens that left memory come back through it. Without it they
	// start anew.
	Load func(key string) ([]byte, error)
}

// Budget is how many false alerts are tolerable. Exactly one of Per and PerTokenDays is set.
type Budget struct {
	FalseAlerts  float64
	Per          time.Duration // FalseAlerts for the whole installation in this time
	PerTokenDays float64       // FalseAlerts per so many active token-days
}

// Limits bounds the engine's memory.
type Limits struct {
	MaxTokens   int // tokens kept in memory; 0 means 1,000,000
	LiveTokens  int // of them, those used latest that are kept unpacked, at some five KiB each; 0 means one in 32
	MaxFeedback int // tokens with feedback in force; 0 means 4,096
	MaxTenants  int // tenants whose tokens are compared with each other; 0 means 256
	MaxWatched  int // acts whose tokens are watched; 0 means 4,096
}

// RouteTemplater turns raw paths into a bounded set of templates. Its state travels in the engine's snapshot.
type RouteTemplater interface {
	Template(service, method, path string) string
	AppendBinary([]byte) ([]byte, error)
	UnmarshalBinary([]byte) error
}

// Stats are the engine's running totals, for telemetry.
type Stats struct {
	Tokens     int    // in memory
	Evicted    uint64 // left memory because of MaxTokens
	Recalled   uint64 // came back from storage
	Unreadable uint64 // could not be decoded and started anew
	Late       uint64 // observations of a day before their token's open one
	Skewed     uint64 // observations so far in the future that they were not learned from
	Learned    uint64
	Hidden     uint64 // token-days without origin facets: the token is usually seen through a CDN
	Panics     uint64 // observations on which learning failed; the token starts anew
	Fault      string // the newest of them, with its stack
	Tenants    int    // with a population of their own
	Beyond     uint64 // observations of tenants beyond Limits.MaxTenants
	Unrelated  uint64 // ways of tokens that are not compared with those of their owner's others: there was no room
	Advised    int    // tokens with feedback in force
	Displaced  uint64 // feedback that made room for newer feedback about the same token
	Watched    int    // acts whose tokens are watched
	Unwatched  uint64 // acts that made room for newer ones
}

// Engine judges and learns. Not safe for concurrent use.
type Engine struct {
	cfg        Config
	disabled   [detectorCount]bool
	shards     []*shard
	population population // of the tokens without a tenant
	tenants    tenants
	clients    families
	directions directions
	watchlist  watchlist
	ahead      ahead
	sweep      sweep
	latest     seenRelease
	stats      Stats
	parts      [shardCount][]int // Apply's work, reused
	found      [shardCount][]numbered
	all        []*Observation

	hasEvicted  bool // storage may hold tokens that are not in memory
	routesSaved []byte
	saved       [pageCount]page
}

// shardCount is fixed, so that a state means the same whatever the number of goroutines.
const shardCount = 16

// parallelFrom is the number of observations from which goroutines pay.
const parallelFrom = 256

// Validate says what is wrong with a Config and what would be right.
func (c Config) Validate() error {
	var errs []error
	b := c.Budget
	if !(b.FalseAlerts > 0) {
		errs = append(errs, fmt.Errorf("alert_budget::false_alerts: %v false alerts cannot be promised: write a number above 0", b.FalseAlerts))
	}
	if (b.Per > 0) == (b.PerTokenDays > 0) {
		errs = append(errs, errors.New("alert_budget: write either per: week or per_token_days: 1000"))
	}
	if c.Limits.MaxTokens < 0 {
		errs = append(errs, fmt.Errorf("limits::max_tokens: %d is negative", c.Limits.MaxTokens))
	}
	if c.Limits.LiveTokens < 0 {
		errs = append(errs, fmt.Errorf("limits::live_tokens: %d is negative", c.Limits.LiveTokens))
	}
	if c.Limits.MaxTenants < 0 {
		errs = append(errs, fmt.Errorf("limits::max_tenants: %d is negative", c.Limits.MaxTenants))
	}
	if c.Limits.MaxWatched < 0 {
		errs = append(errs, fmt.Errorf("limits::max_watched: %d is negative", c.Limits.MaxWatched))
	}
	if c.Limits.MaxFeedback < 0 {
		errs = append(errs, fmt.Errorf("limits::max_feedback: %d is negative", c.Limits.MaxFeedback))
	}
	return errors.Join(errs...)
}

// New returns an engine that knows no token yet. The Config must be valid.
func New(cfg Config) *Engine {
	if cfg.Limits.MaxTokens == 0 {
		cfg.Limits.MaxTokens = 1_000_000
	}
	if cfg.Limits.MaxFeedback == 0 {
		cfg.Limits.MaxFeedback = 4096
	}
	if cfg.Limits.MaxWatched == 0 {
		cfg.Limits.MaxWatched = 4096
	}
	if cfg.Limits.MaxTenants == 0 {
		cfg.Limits.MaxTenants = 256
	}
	e := &Engine{cfg: cfg, population: population{peers: newPeers()}, tenants: tenants{beyond: population{peers: newPeers()}}}
	for d := range detectors {
		e.disabled[d] = cfg.Disabled[detectors[d].name]
	}
	for i := range shardCount {
		e.shards = append(e.shards, newShard(i, max(1, cfg.Limits.MaxTokens/shardCount), cfg.Limits.LiveTokens/shardCount))
	}
	return e
}

// Apply judges and learns from observations in order and returns the events in order. It fills in Route and folds Client to its
// family in place. Observations without a token are left alone. Same input, same output, however it is split into calls.
func (e *Engine) Apply(obs []Observation) []anomaly.Event {
	e.all = e.all[:0]
	for i := range obs {
		e.all = append(e.all, &obs[i])
	}
	defer func() { clear(e.all) }()
	return e.ApplyEach(e.all)
}

// ApplyEach is Apply for observations wherever they stand.
func (e *Engine) ApplyEach(obs []*Observation) []anomaly.Event {
	defer unmark(obs)
	var events []anomaly.Event
	from := 0
	for i, o := range obs {
		e.prepare(o)
		if o.Token == "" {
			continue
		}
		if o.Astray {
			e.stats.Skewed++
			o.skewed = true
			continue
		}
		if today := int32(o.Time / day); !e.population.began || today > e.population.day {
			if e.ahead.implausible(&e.population, today) {
				e.stats.Skewed++
				o.skewed = true
				continue
			}
			events = e.run(obs[from:i], events)
			from = i
			events = append(events, e.stand(e.settle(today))...)
			for p := range e.populations() {
				events = append(events, p.crowd.tell(0, true)...)
			}
			if e.population.began {
				e.dawn(e.population.day)
			}
			e.turn(today)
			e.watchlist.expire(int64(today) * day)
			e.latest = seenRelease{}
		}
		e.admit(o.Tenant)
		e.release(o)
	}
	return e.run(obs[from:], events)
}

// settle raises the events of the days before today, in the order of their time.
func (e *Engine) settle(today int32) (all []numbered) {
	for _, s := range e.shards {
		for _, event := range s.settleBefore(e, today, nil) {
			all = append(all, numbered{event: event, of: s.self(keyOf(event.Token.ID, event.Token.Outbound))})
		}
		for _, event := range s.settleAdvised(e, today, nil) {
			all = append(all, numbered{event: event, of: heeding})
		}
	}
	slices.SortFunc(all, func(x, y numbered) int {
		a, b := &x.event, &y.event
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Token.ID, b.Token.ID), cmp.Compare(a.ID, b.ID), cmp.Compare(x.of, y.of))
	})
	return all
}

// prepare folds the client to its family, names the baseline, and templates a raw path.
func (e *Engine) prepare(o *Observation) {
	o.Client = e.clients.family(o.Client)
	o.Token = e.directions.key(o.Token, o.Outbound)
	if o.Route == "" && o.Path != "" {
		o.Route = o.Path
		if e.cfg.Routes != nil {
			o.Route = e.cfg.Routes.Template(o.Service, o.Method, o.Path)
		}
	}
}

// release notes when a version of a service is first and last seen.
func (e *Engine) release(o *Observation) {
	if o.Version == "" {
		return
	}
	p := e.populationOf(o.Tenant)
	if p == &e.tenants.beyond {
		return
	}
	releases, today := p.peers.releases, int32(o.Time/day)
	key := version{o.Service, o.Version}
	if e.latest == (seenRelease{p, key, today}) {
		return
	}
	key = version{intern(o.Service), intern(o.Version)}
	e.latest = seenRelease{p, key, today}
	r, ok := releases[key]
	switch {
	case ok && r.last < today:
		releases[key] = release{r.first, today}
	case !ok && len(releases) < releasesKept:
		releases[key] = release{today, today}
	}
}

// seenRelease is a release that was seen, and on which day: mostly the next is the same.
type seenRelease struct {
	of *population
	version
	day int32
}

// run hands observations of one event-time day to their shards.
func (e *Engine) run(obs []*Observation, events []anomaly.Event) []anomaly.Event {
	for i, o := range obs {
		if o.Token != "" && !o.skewed {
			s := o.TokenHash() % shardCount
			e.parts[s] = append(e.parts[s], i)
		}
	}
	workers := min(e.cfg.Shards, shardCount)
	if workers <= 1 || len(obs) < parallelFrom {
		for s := range e.shards {
			e.work(s, obs)
		}
	} else {
		var group sync.WaitGroup
		for w := range workers {
			group.Go(func() {
				for s := w; s < shardCount; s += workers {
					e.work(s, obs)
				}
			})
		}
		group.Wait()
	}
	var all []numbered
	for s := range e.found {
		all = append(all, e.found[s]...)
		e.found[s] = e.found[s][:0]
	}
	slices.SortStableFunc(all, func(a, b numbered) int { return cmp.Compare(a.at, b.at) })
	return append(events, e.stand(all)...)
}

// work applies a shard's part, going on behind an observation on which learning panics.
func (e *Engine) work(s int, obs []*Observation) {
	for part := e.parts[s]; len(part) > 0; {
		part = part[e.advance(s, part, obs):]
	}
	e.parts[s] = e.parts[s][:0]
}

// advance applies observations up to the end of the part or the first panic, and returns how many it took.
func (e *Engine) advance(s int, part []int, obs []*Observation) (done int) {
	defer func() {
		if fault := recover(); fault != nil {
			o := obs[part[done]]
			e.shards[s].lose(e.shards[s].find(o.Token, o.hash), o.Token, fault, debug.Stack())
			done++
		}
	}()
	var events []anomaly.Event
	for k, i := range part {
		if k%(2*inSight) == 0 {
			e.shards[s].awaitPacks(obs, part[k:min(k+2*inSight, len(part))])
		}
		e.shards[s].lookAhead(obs, part[k:])
		if e.cfg.Probe != nil {
			e.cfg.Probe(obs[i])
		}
		events = e.shards[s].apply(e, obs[i], events[:0])
		e.shards[s].askOn()
		self := e.shards[s].self(obs[i].Token)
		for _, event := range events {
			e.found[s] = append(e.found[s], numbered{i, event, self})
		}
		if self == unheard {
			for _, event := range e.shards[s].advised[obs[i].Token].apply(e, obs[i]) {
				e.found[s] = append(e.found[s], numbered{i, event, heeding})
			}
		}
		done++
	}
	return done
}

// Stats returns the running totals.
func (e *Engine) Stats() Stats {
	total := e.stats
	total.Tenants = len(e.tenants.order)
	total.Watched, total.Unwatched = e.watchlist.count, e.watchlist.displaced
	for _, s := range e.shards {
		total.Tokens += s.count
		total.Advised += len(s.advised)
		total.Displaced += s.stats.Displaced
		total.Evicted += s.stats.Evicted
		total.Recalled += s.stats.Recalled
		total.Unreadable += s.stats.Unreadable + s.unreadable
		total.Late += s.stats.Late
		total.Learned += s.stats.Learned
		total.Hidden += s.stats.Hidden
		total.Panics += s.stats.Panics
		if s.stats.Fault != "" {
			total.Fault = s.stats.Fault
		}
	}
	return total
}

func shardOf(token string) int { return int(hash(token) % shardCount) }

// Hash is the hash of a token's id.
func Hash(token string) uint32 { return hash(token) }

// hash is FNV-1a.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

// ahead tells a clock that runs wild from time that has passed: one source's future must not make everybody else late.
type ahead struct {
	day  int32
	seen int
}

const (
	aheadDays = 45 // a quiet spell that is believed at once
	aheadSeen = 3  // observations that must agree before a longer one is
)

// implausible says whether a day is too far ahead of the population's to be believed yet.
func (a *ahead) implausible(p *population, today int32) bool {
	if !p.began || today-p.day <= aheadDays {
		return false
	}
	if a.seen > 0 && today-a.day > aheadDays || a.day-today > aheadDays {
		a.seen = 0
	}
	a.day = today
	a.seen++
	return a.seen < aheadSeen
}
