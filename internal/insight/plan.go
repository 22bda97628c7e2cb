package insight

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// Tags of tokens that say what was agreed.
const (
	TagPlan  = "plan"
	TagQuota = "quota" // requests of an owner in a calendar month, UTC
)

// Plan is what an owner used under a plan.
type Plan struct {
	Owner     string           `json:"owner"`
	OwnerName string           `json:"owner_name,omitempty"`
	Plan      string           `json:"plan"`
	Requests  int64            `json:"requests"`
	Units     map[string]int64 `json:"units"`
	Cost      float64          `json:"cost"`
	Currency  string           `json:"currency,omitempty"`
	Quota     int64            `json:"quota,omitempty"`
	UsedShare float64          `json:"used_share"` // of the quota, in the month that the question ends in
	Alert     string           `json:"alert"`      // none, 80 or 100
}

// Plans are all owners' usage, the greatest first, and its sum.
type Plans struct {
	Rows  []Plan `json:"rows"`
	Total int64  `json:"total"`
}

// account is an owner under a plan.
type account struct{ owner, plan string }

// FindPlans adds up usage by owner and plan, over whole UTC days. Usage is that of the owner that a token had then; the plan is the token's tag of that name
// now. The requests of all rows add up to the total, which is that of all facts: what had no fact of its own because of a limit, and what has no
// owner, are a row without one.
//
//	used_share = requests since the first of the month / the greatest quota among the owner's tokens of the plan
//	alert = 100 where that is 1 or more, 80 from 0.8 on
func FindPlans(ctx context.Context, s store.Store, q Question) (Plans, error) {
	all, err := tokens(ctx, s, q.Filter)
	if err != nil {
		return Plans{}, err
	}
	known := make(map[string]*store.Token, len(all))
	quotas, names := make(map[account]int64), make(map[string]string)
	for i := range all {
		t := &all[i]
		known[t.ID] = t
		names[t.OwnerID] = t.OwnerName
		of := account{t.OwnerID, t.Tags[TagPlan]}
		quotas[of] = max(quotas[of], int64(number(t.Tags, TagQuota)))
	}
	accountOf := func(u store.SubjectUse) account {
		plan := ""
		if t := known[u.Subject.Token]; t != nil {
			plan = t.Tags[TagPlan]
		}
		return account{u.Subject.Owner, plan}
	}
	rows := make(map[account]*Plan)
	row := func(u store.SubjectUse) *Plan {
		of := accountOf(u)
		r, ok := rows[of]
		if !ok {
			r = &Plan{Owner: of.owner, OwnerName: names[of.owner], Plan: of.plan, Units: make(map[string]int64), Quota: quotas[of]}
			rows[of] = r
		}
		return r
	}
	from, to := q.wholeDays()
	for _, part := range []struct {
		kind store.Kind
		take func(store.SubjectUse)
	}{
		{store.Outcomes, func(u store.SubjectUse) { row(u).Requests += u.Value }},
		{store.Units, func(u store.SubjectUse) { row(u).Units[u.First] += u.Value }},
		{store.Costs, func(u store.SubjectUse) {
			r := row(u)
			r.Cost += float64(u.Value) / 1e9
			r.Currency = cmp.Or(r.Currency, u.First)
		}},
	} {
		if err := each(ctx, s, q.facts(part.kind, from, to, day), part.take); err != nil {
			return Plans{}, err
		}
	}
	month := make(map[account]int64)
	last := to.Add(-time.Second)
	first := time.Date(last.Year(), last.Month(), 1, 0, 0, 0, 0, time.UTC)
	err = each(ctx, s, q.facts(store.Outcomes, first, to, day), func(u store.SubjectUse) { month[accountOf(u)] += u.Value })
	if err != nil {
		return Plans{}, err
	}
	plans := Plans{Rows: make([]Plan, 0, len(rows))}
	for of, r := range rows {
		r.Alert = "none"
		if r.Quota > 0 {
			r.UsedShare = float64(month[of]) / float64(r.Quota)
			switch {
			case r.UsedShare >= 1:
				r.Alert = "100"
			case r.UsedShare >= 0.8:
				r.Alert = "80"
			}
		}
		plans.Rows = append(plans.Rows, *r)
		plans.Total += r.Requests
	}
	slices.SortFunc(plans.Rows, func(a, b Plan) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Plan, b.Plan))
	})
	return plans, nil
}

// each hands over all facts.
func each(ctx context.Context, s store.Store, q store.FactQuery, take func(store.SubjectUse)) error {
	for use, err := range s.Facts(ctx, q) {
		if err != nil {
			return err
		}
		take(use)
	}
	return nil
}

// Spend is what somebody's priced usage cost.
type Spend struct {
	Key      string           `json:"key"`
	Label    string           `json:"label"`
	Cost     float64          `json:"cost"`
	Currency string           `json:"currency,omitempty"`
	Units    map[string]int64 `json:"units"`
}

// Spending is all of it, the greatest first.
type Spending struct {
	Rows  []Spend `json:"rows"`
	Total float64 `json:"total"`
}

// SpendQuestion asks for spending.
type SpendQuestion struct {
	Question
	Group  store.Group // by token, owner or model
	Models []string    // of these alone; none: of all
}

// FindSpend adds up costs and units over whole UTC days, by token, owner or model. With several currencies a row is of the one that its first cost was in, and
// the total is of all: price everything in one.
func FindSpend(ctx context.Context, s store.Store, q SpendQuestion) (Spending, error) {
	all, err := tokens(ctx, s, q.Filter)
	if err != nil {
		return Spending{}, err
	}
	labels := make(map[string]string)
	for i := range all {
		switch t := &all[i]; q.Group {
		case store.ByToken:
			labels[t.ID] = hintOf(t)
		case store.ByOwner:
			labels[t.OwnerID] = ownerOf(t)
		}
	}
	rows := make(map[string]*Spend)
	row := func(u store.SubjectUse) *Spend {
		key := u.Second
		switch q.Group {
		case store.ByToken:
			key = u.Subject.Token
		case store.ByOwner:
			key = u.Subject.Owner
		}
		r, ok := rows[key]
		if !ok {
			r = &Spend{Key: key, Label: cmp.Or(labels[key], key), Units: make(map[string]int64)}
			rows[key] = r
		}
		return r
	}
	from, to := q.wholeDays()
	each := func(kind store.Kind, take func(store.SubjectUse)) error {
		return each(ctx, s, q.facts(kind, from, to, day), func(u store.SubjectUse) {
			if len(q.Models) == 0 || slices.Contains(q.Models, u.Second) {
				take(u)
			}
		})
	}
	err = each(store.Costs, func(u store.SubjectUse) {
		r := row(u)
		r.Cost += float64(u.Value) / 1e9
		r.Currency = cmp.Or(r.Currency, u.First)
	})
	if err != nil {
		return Spending{}, err
	}
	if err := each(store.Units, func(u store.SubjectUse) { row(u).Units[u.First] += u.Value }); err != nil {
		return Spending{}, err
	}
	spending := Spending{Rows: make([]Spend, 0, len(rows))}
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		spending.Rows = append(spending.Rows, *rows[key])
		spending.Total += rows[key].Cost
	}
	slices.SortStableFunc(spending.Rows, func(a, b Spend) int { return cmp.Compare(b.Cost, a.Cost) })
	return spending, nil
}
