package embedded

import (
	"fmt"
	"strings"

	"github.com/holterhq/holter/internal/store"
)

// dimension is where a group's value is in a kind's keys.
type dimension func(key) string

func first(k key) string   { return k.first }
func second(k key) string  { return k.second }
func release(k key) string { return k.first + "@" + k.second }

// dimensions of kinds.
var dimensions = map[store.Kind]map[store.Group]dimension{
	store.Outcomes:       {store.ByOutcome: first},
	store.Routes:         {store.ByRoute: first},
	store.Origins:        {store.ByCountry: first, store.ByNetwork: second},
	store.Releases:       {store.ByService: first, store.ByRelease: release},
	store.Clients:        {store.ByClient: first},
	store.Bytes:          {},
	store.Durations:      {},
	store.RouteDurations: {store.ByRoute: first, store.ByOutcome: second},
	store.Units:          {store.ByUnit: first, store.ByModel: second},
	store.Costs:          {store.ByCurrency: first, store.ByModel: second},
}

// kindsOf are the kinds that can answer for a measure, the first that has the dimensions does.
var kindsOf = map[store.Measure][]store.Kind{
	store.MeasureRequests:  {store.Outcomes, store.Routes, store.Origins, store.Releases, store.Clients, store.RouteDurations},
	store.MeasureErrors:    {store.Outcomes, store.RouteDurations},
	store.MeasureBytesIn:   {store.Bytes},
	store.MeasureBytesOut:  {store.Bytes},
	store.MeasureTimeSpent: {store.Durations, store.RouteDurations},
	store.MeasureP50:       {store.Durations, store.RouteDurations},
	store.MeasureP95:       {store.Durations, store.RouteDurations},
	store.MeasureP99:       {store.Durations, store.RouteDurations},
	store.MeasureUnits:     {store.Units},
	store.MeasureCost:      {store.Costs},
	store.MeasureTokens:    {store.Outcomes, store.Routes, store.Origins, store.Releases, store.Clients, store.Units},
	store.MeasureOwners:    {store.Outcomes, store.Routes, store.Origins, store.Releases, store.Clients, store.Units},
}

// quantiles are the measures that are one.
var quantiles = map[store.Measure]float64{store.MeasureP50: .5, store.MeasureP95: .95, store.MeasureP99: .99}

const (
	success   = "success"
	tagPrefix = "tag:"
)

// ofSubject says whether a group is of who did it, and not of what was done.
func ofSubject(g store.Group) bool {
	return g == store.ByToken || g == store.ByOwner || g == store.ByTeam || strings.HasPrefix(string(g), tagPrefix)
}

// plan is how a question is answered.
type plan struct {
	kind  store.Kind
	group dimension // of keys; nil: of subjects, or none
	where dimension
	keep  func(key) bool // beside where
}

// newPlan finds the kind that has what a question asks for.
func newPlan(q *store.Query, anybody bool) (*plan, error) {
	able, ok := kindsOf[q.Measure]
	if !ok {
		return nil, fmt.Errorf("there is no measure %q", q.Measure)
	}
	if q.Group != store.ByNothing && !ofSubject(q.Group) && !isDimension(q.Group) {
		return nil, fmt.Errorf("there is no group %q", q.Group)
	}
	if q.Where.Group != store.ByNothing && !ofSubject(q.Where.Group) && !isDimension(q.Where.Group) {
		return nil, fmt.Errorf("there is no dimension %q", q.Where.Group)
	}
	for _, kind := range able {
		if kind == store.RouteDurations && (!anybody || ofSubject(q.Group) || ofSubject(q.Where.Group)) {
			continue
		}
		p := &plan{kind: kind}
		has := dimensions[kind]
		if isDimension(q.Group) {
			if p.group, ok = has[q.Group]; !ok {
				continue
			}
		}
		if isDimension(q.Where.Group) {
			if p.where, ok = has[q.Where.Group]; !ok {
				continue
			}
		}
		switch q.Measure {
		case store.MeasureErrors:
			outcome := has[store.ByOutcome]
			p.keep = func(k key) bool { o := outcome(k); return o != success && o != "" }
		case store.MeasureBytesIn:
			p.keep = func(k key) bool { return k.first == "receive" }
		case store.MeasureBytesOut:
			p.keep = func(k key) bool { return k.first == "transmit" }
		}
		return p, nil
	}
	return nil, store.ErrApart
}

func isDimension(g store.Group) bool {
	for _, has := range dimensions {
		if _, ok := has[g]; ok {
			return true
		}
	}
	return false
}
