package sim

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// count works out what follows from the plan by looking at every request: nothing is estimated, kept in levels or asked of a store. Quotas are
// set so that owners are at 85, 105 and 40 % of them.
func (e *estate) count() {
	t := &e.truth
	t.Requests, t.HourlyTotals = map[string]int64{}, map[string]int64{}
	coverage := map[string]*TrueCoverage{}
	var told []Request // those that a token is known of
	for _, q := range e.planned {
		c := coverage[q.Service.Name]
		if c == nil {
			c = &TrueCoverage{Service: q.Service.Name}
			coverage[q.Service.Name] = c
		}
		switch q.Shown {
		case Nothing:
			c.Without++
			continue
		case Masked:
			c.Unreadable++
			continue
		}
		c.With++
		told = append(told, q)
		t.Requests[nameOf(q.Token)]++
		t.HourlyTotals[q.Time.Truncate(time.Hour).Format(time.RFC3339)]++
	}
	for _, service := range slices.Sorted(maps.Keys(coverage)) {
		t.Coverage = append(t.Coverage, *coverage[service])
	}
	e.countPlans(told)
	e.countLimits(told)
	e.countRoutes(told)
	e.countSpend(told)
}

func nameOf(t *Token) string {
	if t.terms.unregistered {
		return t.Credential.Hint()
	}
	return t.ID
}

// ownerOf is the owner's id, as far as a registry knows it.
func ownerOf(t *Token) string {
	if t.terms.unregistered {
		return ""
	}
	return t.Owner.ID
}

func routeOf(q *Request) string { return q.Route.Method + " " + q.Route.Template }

// cost is what the request's model took.
func (e *estate) cost(q *Request) float64 {
	price := e.truth.ModelPrices[q.Model]
	return float64(q.Input)*price.Input/1e6 + float64(q.Output)*price.Output/1e6
}

func (e *estate) countPlans(all []Request) {
	last := e.end.Add(-time.Second)
	month := time.Date(last.Year(), last.Month(), 1, 0, 0, 0, 0, time.UTC)
	type account struct{ owner, plan string }
	rows, thisMonth := map[account]*TruePlan{}, map[account]int64{}
	for i := range all {
		q := &all[i]
		of := account{ownerOf(q.Token), q.Token.terms.tags["plan"]}
		if rows[of] == nil {
			rows[of] = &TruePlan{Owner: of.owner, Plan: of.plan, Alert: "none"}
		}
		rows[of].Requests++
		rows[of].Cost += e.cost(q)
		if !q.Time.Before(month) {
			thisMonth[of]++
		}
	}
	for owner, used := range map[string]float64{"birch": .85, "cedar": 1.05, "alder": .4} {
		for _, t := range e.tokens {
			if _, has := t.terms.tags["quota"]; has && t.Owner.ID == owner {
				of := account{owner, t.terms.tags["plan"]}
				t.terms.tags["quota"] = strconv.FormatInt(int64(float64(thisMonth[of])/used), 10)
			}
		}
	}
	for _, t := range e.tokens {
		row := rows[account{t.Owner.ID, t.terms.tags["plan"]}]
		if quota, err := strconv.ParseInt(t.terms.tags["quota"], 10, 64); err == nil && row != nil {
			row.Quota = max(row.Quota, quota)
		}
	}
	for of, row := range rows {
		if row.Quota > 0 {
			row.Used = float64(thisMonth[of]) / float64(row.Quota)
		}
		if row.Used >= .8 {
			row.Alert = "80"
		}
		if row.Used >= 1 {
			row.Alert = "100"
		}
		e.truth.Plans = append(e.truth.Plans, *row)
	}
	slices.SortFunc(e.truth.Plans, func(a, b TruePlan) int { return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Plan, b.Plan)) })
}

func (e *estate) countLimits(all []Request) {
	for _, window := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour} {
		type place struct{ token, route string }
		counts := map[place]map[time.Time]int64{}
		for i := range all {
			q := &all[i]
			if q.Time.Before(e.truth.LimitsFrom) {
				continue
			}
			for _, at := range []place{{token: nameOf(q.Token)}, {nameOf(q.Token), routeOf(q)}} {
				if counts[at] == nil {
					counts[at] = map[time.Time]int64{}
				}
				counts[at][q.Time.Truncate(window)]++
			}
		}
		byRoute := map[string][]int64{}
		for at, windows := range counts {
			sizes := slices.Collect(maps.Values(windows))
			if at.route != "" {
				byRoute[at.route] = append(byRoute[at.route], sizes...)
				continue
			}
			e.truth.Limits = append(e.truth.Limits, limitOf(sizes, TrueLimit{Token: at.token, Window: window}))
		}
		for route, sizes := range byRoute {
			e.truth.Limits = append(e.truth.Limits, limitOf(sizes, TrueLimit{Route: route, Window: window}))
		}
	}
	slices.SortFunc(e.truth.Limits, func(a, b TrueLimit) int {
		return cmp.Or(cmp.Compare(a.Window, b.Window), cmp.Compare(a.Token, b.Token), cmp.Compare(a.Route, b.Route))
	})
}

// limitOf takes quantiles by the nearest rank, half as much again as the 99th of 100 as the limit, in two digits, and counts what is over it.
func limitOf(sizes []int64, l TrueLimit) TrueLimit {
	slices.Sort(sizes)
	rank := func(share float64) int64 { return sizes[max(0, int(math.Ceil(share*float64(len(sizes))))-1)] }
	l.P50, l.P90, l.P99, l.Max = rank(.5), rank(.9), rank(.99), sizes[len(sizes)-1]
	limit := 1.5 * float64(l.P99)
	for unit := 1.0; ; unit *= 10 {
		if limit <= 100*unit {
			l.Recommended = int64(math.Ceil(limit/unit) * unit)
			break
		}
	}
	for _, n := range sizes {
		l.Requests += n
		l.WouldRefuse += max(0, n-l.Recommended)
	}
	return l
}

func (e *estate) countRoutes(all []Request) {
	type life struct {
		first  time.Time
		owners map[string]bool
		daily  []float64
		byWhom map[string]int64
		failed int64
		took   []float64
	}
	lives := map[string]*life{}
	for i := range all {
		q := &all[i]
		l := lives[routeOf(q)]
		if l == nil {
			l = &life{first: q.Time.Truncate(24 * time.Hour), owners: map[string]bool{}, daily: make([]float64, e.days), byWhom: map[string]int64{}}
			lives[routeOf(q)] = l
		}
		if o := ownerOf(q.Token); o != "" {
			l.owners[o] = true
		}
		l.daily[int(q.Time.Sub(e.start)/(24*time.Hour))]++
		l.byWhom[nameOf(q.Token)]++
		l.took = append(l.took, q.Duration.Seconds())
		if q.Status >= 400 {
			l.failed++
		}
	}
	for _, route := range slices.Sorted(maps.Keys(lives)) {
		l := lives[route]
		if l.first.After(e.start) {
			e.truth.Adoption = append(e.truth.Adoption, TrueAdoption{Route: route, First: l.first, Owners: len(l.owners), Daily: l.daily})
		}
		slices.Sort(l.took)
		e.truth.Investments = append(e.truth.Investments, TrueInvestment{
			Route: route, Owners: len(l.owners), Requests: int64(len(l.took)), ErrorRate: float64(l.failed) / float64(len(l.took)),
			P95: l.took[int(math.Ceil(.95*float64(len(l.took))))-1],
		})
	}
	e.truth.Deprecated = []TrueDeprecation{
		{Route: "GET /v1/reports/legacy", Callers: lives["GET /v1/reports/legacy"].byWhom},
		{Route: "GET /v1/users/{id}", Since: lives["GET /v2/users/{id}"].first, Callers: lives["GET /v1/users/{id}"].byWhom},
	}
}

func (e *estate) countSpend(all []Request) {
	type spender struct{ group, key string }
	rows := map[spender]*TrueSpend{}
	for i := range all {
		q := &all[i]
		if q.Model == "" {
			continue
		}
		for _, of := range []spender{{"token", nameOf(q.Token)}, {"owner", ownerOf(q.Token)}, {"model", q.Model}} {
			if rows[of] == nil {
				rows[of] = &TrueSpend{Group: of.group, Key: of.key}
			}
			rows[of].Cost += e.cost(q)
			rows[of].Input += int64(q.Input)
			rows[of].Output += int64(q.Output)
		}
	}
	for _, row := range rows {
		e.truth.Spend = append(e.truth.Spend, *row)
	}
	slices.SortFunc(e.truth.Spend, func(a, b TrueSpend) int { return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Key, b.Key)) })
}
