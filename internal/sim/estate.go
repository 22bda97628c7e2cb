package sim

import (
	"net/netip"
	"slices"
	"time"
)

// An estate is a fleet of few tokens of which every request is planned: what wants tidying up, who has which limit, which route suffers, what language models
// cost. Its Truth is what ought to be found.
const (
	estateDays  = 45
	hygieneDays = 14
	minuteDays  = 5 // limits by the minute are asked of so many days
)

// estate is planned by its steward.
type estate struct {
	*Fleet
	truth Truth
	nets  map[*Owner]netip.Prefix
}

// NewEstate plans an estate of 45 days that ends with the UTC day before end.
func NewEstate(seed uint64, end time.Time) (*Fleet, *Truth) {
	end = end.UTC().Truncate(24 * time.Hour)
	f := &Fleet{seed: seed, start: end.AddDate(0, 0, -estateDays), end: end, days: estateDays, volume: 1}
	e := &estate{Fleet: f, nets: map[*Owner]netip.Prefix{}}
	e.truth = Truth{
		From: f.start, To: end, HygieneDays: hygieneDays, LimitsFrom: end.AddDate(0, 0, -minuteDays), Currency: "USD",
		ModelPrices: map[string]Price{"gpt-4o": {2.5, 10}, "gpt-4o-mini": {.15, .6}}, OldRoutes: []string{"GET /v1/reports/legacy"},
	}
	for i, name := range []string{"Alder Freight", "Birch Labs", "Cedar Retail", "Dogwood Media", "Elm Systems"} {
		country := []string{"DE", "NL", "FR", "US", "SE"}[i]
		o := &Owner{ID: []string{"alder", "birch", "cedar", "dogwood", "elm"}[i], Name: name, Type: "customer", Team: teams[i], Country: countries[country]}
		f.owners = append(f.owners, o)
		e.nets[o] = subnet(countries[country].Hosted[0], 24, uint64(i))
	}
	e.plan()
	slices.SortStableFunc(f.planned, byTime)
	e.count()
	return f, &e.truth
}

// terms are what a registry says of a token beside whose it is.
type terms struct {
	status       string
	scopes       []string
	tags         map[string]string
	expires      time.Time
	unregistered bool
}

// issue gives an owner a token. What is not a finding of its own has a JWT, which is renewed every hour: nobody has to rotate it.
func (e *estate) issue(id string, owner *Owner, format Format, t terms) *Token {
	d := newDice(e.seed, "estate", id)
	token := &Token{
		ID: id, Owner: owner, Country: owner.Country.Code, Credential: newCredential(d, format), index: len(e.tokens), seed: d.Uint64(), start: e.start,
		rhythm: rhythm{zone: time.UTC, country: owner.Country}, terms: &t,
	}
	e.tokens = append(e.tokens, token)
	return token
}

// service is one that an estate offers.
func (e *estate) offer(name string, routes ...Route) *Service {
	s := &Service{Name: name, Language: "go", Host: name + ".sample.example", Routes: routes, releases: []release{{version: "1.0.0", from: e.start.AddDate(-1, 0, 0), over: time.Hour}}}
	e.services = append(e.services, s)
	return s
}

// order is a kind of call that a token makes.
type order struct {
	token   *Token
	from    *Owner // in whose network; nil: its own
	service *Service
	route   int
	status  int // 0: 200
	took    time.Duration
	shown   Shown
	model   string
	in, out int
}

// call plans one.
func (e *estate) call(o order, at time.Time) {
	from, status, took := o.from, o.status, o.took
	if from == nil {
		from = o.token.Owner
	}
	if status == 0 {
		status = 200
	}
	if took == 0 {
		took = 20 * time.Millisecond
	}
	r := &o.service.Routes[o.route]
	d := newDice(e.seed, "call", itoa(len(e.planned)))
	q := Request{
		Time: at, Duration: took, Token: o.token, Service: o.service, Version: "1.0.0", Route: r, Path: r.path(7, d), Status: status, Sent: r.Request, Received: r.Response,
		Address: host(e.nets[from], uint64(len(o.token.ID))), Agent: "estate-sdk/1.0", Shown: o.shown, Model: o.model, Input: o.in, Output: o.out,
	}
	putUint64(q.Trace[:8], d.Uint64())
	putUint64(q.Trace[8:], d.Uint64()|1)
	putUint64(q.Span[:], d.Uint64()|1)
	e.planned = append(e.planned, q)
}

// daily plans so many calls on each day from one to before another, every few minutes from eight o'clock on.
func (e *estate) daily(o order, from, to, calls int) {
	for day := from; day < to; day++ {
		for n := range calls {
			e.call(o, e.start.AddDate(0, 0, day).Add(8*time.Hour+time.Duration(n)*11*time.Hour/time.Duration(calls)+time.Duration(len(o.token.ID))*time.Second))
		}
	}
}

func (e *estate) find(kind string, t *Token, guess string) {
	name := t.ID
	if t.terms.unregistered {
		name = t.Credential.Hint()
	}
	e.truth.Findings = append(e.truth.Findings, TrueFinding{Kind: kind, Token: name, Guess: guess})
}

// plan is the life of the estate.
func (e *estate) plan() {
	alder, birch, cedar, dogwood, elm := e.owners[0], e.owners[1], e.owners[2], e.owners[3], e.owners[4]
	get := func(template string) Route { return Route{Method: "GET", Template: template, Response: 900} }
	post := func(template string) Route {
		return Route{Method: "POST", Template: template, Request: 300, Response: 200}
	}
	shop := e.offer("shop-api", get("/v1/orders"), post("/v1/orders"), get("/v1/users/{id}"), get("/v2/users/{id}"), get("/v1/reports/legacy"), post("/v1/exports"), get("/v1/balance"))
	const (
		orders = iota
		newOrder
		users
		users2
		legacy
		exports
		balance
	)
	yards := e.offer("yard-api", get("/v1/yards"))
	search := e.offer("search-api", get("/v1/search"))
	chat := e.offer("chat-api", post("/v1/chat"))
	site := e.offer("site", get("/"), get("/v1/stock"))
	const last, lately = estateDays, estateDays - hygieneDays + 4

	// Owners' own applications. They are the company that other tokens are seen in.
	plan := func(name string) terms { return terms{tags: map[string]string{"plan": name, "quota": ""}} } // the quota is set by what is used
	own := map[*Owner]*Token{}
	for _, o := range []struct {
		owner *Owner
		calls int
		terms terms
	}{{alder, 20, plan("free")}, {birch, 30, plan("pro")}, {cedar, 25, plan("pro")}, {dogwood, 12, plan("free")}, {elm, 10, plan("pro")}} {
		t := e.issue(o.owner.ID+"-app", o.owner, JWT, o.terms)
		own[o.owner] = t
		e.daily(order{token: t, service: shop, route: orders}, 0, last, o.calls)
		e.daily(order{token: t, service: shop, route: newOrder, status: 201}, 0, last, 3)
		e.daily(order{token: t, service: shop, route: newOrder, status: 422}, 0, last, 1)
	}

	// Hygiene.
	key := func(id string, owner *Owner, t terms) *Token { return e.issue(id, owner, HomeGrown, t) }
	unused := key("unused", alder, terms{})
	e.daily(order{token: unused, service: shop}, 0, estateDays-25, 6)
	e.find("unused", unused, "")
	e.find("never_used", key("never-used", alder, terms{}), "")
	expiring := key("expiring", birch, terms{expires: e.end.AddDate(0, 0, 12)})
	e.daily(order{token: expiring, service: shop}, lately, last, 5)
	e.find("expiring", expiring, "")
	broad := key("over-privileged", birch, terms{scopes: []string{"orders:read", "orders:write", "mandates:write"}})
	e.daily(order{token: broad, service: shop}, lately, last, 5)
	e.find("over_privileged", broad, "")
	shared := key("shared", cedar, terms{})
	e.daily(order{token: shared, service: shop}, lately, last, 6)
	e.daily(order{token: shared, service: shop, from: dogwood}, lately, last, 6)
	e.find("shared", shared, "")
	leaked := key("leaked", dogwood, terms{status: "leaked"})
	e.daily(order{token: leaked, service: shop}, lately, last, 4)
	e.find("leaked", leaked, "")
	elmYards := e.issue("elm-yards", elm, JWT, terms{})
	e.daily(order{token: elmYards, service: yards}, 0, last, 8)
	stray := key("stray", elm, terms{unregistered: true})
	e.daily(order{token: stray, service: yards}, lately, last, 7)
	e.find("unregistered", stray, elm.ID)
	old := key("not-rotated", elm, terms{})
	e.daily(order{token: old, service: shop}, 0, last, 4)
	e.find("not_rotated", old, "")
	fading := e.issue("declining", birch, JWT, terms{})
	e.daily(order{token: fading, service: shop}, 0, last-7, 40)
	e.daily(order{token: fading, service: shop}, last-7, last, 10)
	e.find("declining", fading, "")

	// Limits: of 200 minutes half see 4 requests, 40 % 10, 9 % 20 and 1 % 100.
	burst := e.issue("limits", alder, JWT, terms{})
	for n := range 200 {
		size := 4
		switch {
		case n%100 == 99:
			size = 100
		case n%100 >= 90:
			size = 20
		case n%100 >= 50:
			size = 10
		}
		minute := e.end.AddDate(0, 0, -minuteDays).Add(time.Duration(n) * 35 * time.Minute)
		for i := range size {
			e.call(order{token: burst, service: shop, route: balance}, minute.Add(time.Second+time.Duration(i)*500*time.Millisecond))
		}
	}

	// Capacity: 100 requests on the first day and 5 more on each one after it; 400 a day is the quota.
	growing := e.issue("growing", elm, JWT, terms{tags: map[string]string{"plan": "metered", "quota": "12000"}})
	for day := range estateDays {
		e.daily(order{token: growing, service: yards}, day, day+1, 100+5*day)
	}
	e.truth.Capacity = append(e.truth.Capacity, TrueCapacity{Token: growing.ID, Limit: 400, Slope: 5, Reaches: e.start.Add(60*24*time.Hour + 12*time.Hour)})

	// Routes: calm with 60 requests an hour, ten times as slow with 240, four fifths of them one token's.
	calm, greedy := e.issue("calm", alder, JWT, terms{}), e.issue("greedy", dogwood, JWT, terms{})
	for day := estateDays - 10; day < estateDays; day++ {
		for hour := 8; hour < 20; hour++ {
			few, many, took := 36, 24, 50*time.Millisecond
			if hour >= 12 && hour < 15 {
				few, many, took = 48, 192, 500*time.Millisecond
			}
			at := e.start.AddDate(0, 0, day).Add(time.Duration(hour)*time.Hour + time.Minute)
			for n := range few {
				e.call(order{token: calm, service: search, took: took}, at.Add(time.Duration(n)*time.Minute))
			}
			for n := range many {
				e.call(order{token: greedy, service: search, took: took}, at.Add(time.Duration(n)*15*time.Second))
			}
		}
	}
	e.truth.Stress = append(e.truth.Stress, TrueStress{Route: "GET /v1/search", Threshold: 4, Shares: map[string]float64{greedy.ID: .8, calm.ID: .2}})
	e.daily(order{token: own[alder], service: shop, route: users}, 0, last, 5)
	e.daily(order{token: own[cedar], service: shop, route: users}, 0, last-3, 3)
	e.daily(order{token: own[dogwood], service: shop, route: users2}, estateDays-20, last, 4)
	e.daily(order{token: own[cedar], service: shop, route: legacy}, 0, last, 2)
	e.daily(order{token: own[birch], service: shop, route: exports}, estateDays-9, last, 2)
	e.daily(order{token: own[elm], service: shop, route: exports, status: 500, took: 80 * time.Millisecond}, estateDays-6, last, 1)

	// Language models.
	e.daily(order{token: own[alder], service: chat, model: "gpt-4o", in: 1000, out: 200, took: 2 * time.Second}, 0, last, 9)
	e.daily(order{token: own[birch], service: chat, model: "gpt-4o-mini", in: 500, out: 100, took: time.Second}, 0, last, 12)

	// What shows no credential, and what shows one that somebody has masked before.
	e.daily(order{token: own[alder], service: site, route: 1}, last-3, last, 10)
	e.daily(order{token: own[birch], service: site, shown: Nothing}, last-3, last, 40)
	e.daily(order{token: own[cedar], service: site, route: 1, shown: Masked}, last-3, last, 6)
}
