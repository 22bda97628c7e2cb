package console

import (
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/holterhq/holter/internal/insight"
	"github.com/holterhq/holter/internal/store"
)

// month is what limits, plans, routes, capacity and spend are about where nobody says.
const month = 30 * 24 * time.Hour

// insightQuestion is what insights are asked about: some tokens, and some time.
func (k *call) insightQuestion() (q insight.Question, err error) {
	asked, err := k.asked()
	if err != nil {
		return q, err
	}
	if k.args.Get("from") == "" {
		if asked.from, asked.to, err = k.span(month); err != nil {
			return q, err
		}
	}
	return insight.Question{Filter: asked.tokens, From: asked.from, To: asked.to}, nil
}

func (k *call) hygiene() (any, error) {
	q, err := k.insightQuestion()
	if err != nil {
		return nil, err
	}
	const most = 730
	days := 90
	if text := k.args.Get("days"); text != "" {
		if days, err = strconv.Atoi(text); err != nil || days < 1 || days > most {
			return nil, badRequest("days", "%q: write a number from 1 to %d", text, most)
		}
	}
	return insight.FindHygiene(k.ctx, k.Store, insight.HygieneQuestion{Filter: q.Filter, Now: k.now, Days: days, Registered: k.registered(q.Filter)})
}

// registered are those of the registry's tokens that are in the scope, and wanted. A registry knows no tenants, and a text is looked for in what was seen.
func (k *call) registered(wanted store.TokenFilter) iter.Seq[store.Token] {
	if k.Registered == nil || wanted.Text != "" {
		return nil
	}
	w := watcher{k.who, wanted}
	return func(yield func(store.Token) bool) {
		for t := range k.Registered {
			if w.sees(t) && !yield(t) {
				return
			}
		}
	}
}

// coverage is what of the services' traffic can be told by its token.
type coverage struct {
	Services []insight.Coverage `json:"services" doc:"the least covered first"`
}

func (k *call) coverage() (any, error) {
	asked, err := k.asked()
	if err != nil {
		return nil, err
	}
	// Spans without a token are no token's: only who sees all may count them.
	found, err := insight.FindCoverage(k.ctx, k.Store, insight.Question{Filter: store.TokenFilter{Scope: k.who.Scope}, From: asked.from, To: asked.to})
	if err != nil {
		return nil, err
	}
	if wanted := asked.where.Values; wanted != nil {
		found = slices.DeleteFunc(found, func(c insight.Coverage) bool { return !slices.Contains(wanted, c.Service) })
	}
	if mode := k.args.Get("demo"); mode == "hide" || mode == "only" {
		played, err := k.servicesOf(asked, store.TokenFilter{Environments: []string{DemoEnvironment}})
		if err != nil {
			return nil, err
		}
		others, err := k.servicesOf(asked, store.TokenFilter{NotEnvironments: []string{DemoEnvironment}})
		if err != nil {
			return nil, err
		}
		found = slices.DeleteFunc(found, func(c insight.Coverage) bool {
			if mode == "only" {
				return !played[c.Service]
			}
			return played[c.Service] && !others[c.Service] // of a service that both use it is not told apart
		})
	}
	return coverage{list(found)}, nil
}

// mostServices bounds of how many it is known whether they are the demo's.
const mostServices = 10_000

// servicesOf are the services that some tokens used.
func (k *call) servicesOf(q question, of store.TokenFilter) (map[string]bool, error) {
	of.Scope = k.who.Scope
	answer, err := k.Store.Query(k.ctx, store.Query{Filter: of, From: q.from, To: q.to, Measure: store.MeasureRequests, Group: store.ByService, Limit: mostServices})
	out := make(map[string]bool, len(answer.Series))
	for _, s := range answer.Series {
		out[s.Key] = true
	}
	return out, err
}

// windows that limits are for.
var windows = map[string]time.Duration{"1m": time.Minute, "1h": time.Hour, "24h": 24 * time.Hour}

// limits are rates that leave tokens room.
type limits struct {
	Rows   []insight.Limit `json:"rows"`
	Window string          `json:"window" enum:"1m,1h,24h"`
}

func (k *call) limitRows() (rows []insight.Limit, window string, err error) {
	q, err := k.insightQuestion()
	if err != nil {
		return nil, "", err
	}
	group, err := k.choice("group", string(store.ByToken), string(store.ByRoute))
	if err != nil {
		return nil, "", err
	}
	if window, err = k.choice("window", "1m", "1h", "24h"); err != nil {
		return nil, "", err
	}
	rows, err = insight.FindLimits(k.ctx, k.Store, insight.LimitQuestion{Question: q, Group: store.Group(group), Window: windows[window]})
	return rows, window, err
}

func (k *call) limits() (any, error) {
	rows, window, err := k.limitRows()
	return limits{list(rows), window}, err
}

// exportLimits writes them for a gateway.
func (k *call) exportLimits() (any, error) {
	format, err := k.choice("format", insight.GatewayFormats...)
	if err != nil {
		return nil, err
	}
	rows, window, err := k.limitRows()
	if err != nil {
		return nil, err
	}
	text, err := insight.ForGateway(format, rows, windows[window])
	if err != nil {
		return nil, err
	}
	ending := map[string]string{"nginx": "conf"}[format]
	if ending == "" {
		ending = "yaml"
	}
	return download{"holter-limits-" + format + "." + ending, text}, nil
}

// download is a text that is given as a file.
type download struct{ name, text string }

func (k *call) plans() (any, error) {
	q, err := k.insightQuestion()
	if err != nil {
		return nil, err
	}
	return insight.FindPlans(k.ctx, k.Store, q)
}

func (k *call) routesNow() (any, error) {
	q, err := k.insightQuestion()
	if err != nil {
		return nil, err
	}
	found, err := insight.FindRoutes(k.ctx, k.Store, insight.RouteQuestion{Question: q, Deprecated: k.Deprecated})
	if wanted := k.args["route"]; err == nil && wanted != nil {
		unwanted := func(route string) bool { return !slices.Contains(wanted, route) }
		found.Stress = slices.DeleteFunc(found.Stress, func(r insight.Stress) bool { return unwanted(r.Route) })
		found.Invest = slices.DeleteFunc(found.Invest, func(r insight.Invest) bool { return unwanted(r.Route) })
		found.Adoption = slices.DeleteFunc(found.Adoption, func(r insight.Adoption) bool { return unwanted(r.Route) })
		found.Deprecated = slices.DeleteFunc(found.Deprecated, func(r insight.Deprecated) bool { return unwanted(r.Route) })
	}
	return found, err
}

// capacity is who reaches a limit, and when.
type capacity struct {
	Rows []insight.Capacity `json:"rows"`
}

func (k *call) capacity() (any, error) {
	q, err := k.insightQuestion()
	if err != nil {
		return nil, err
	}
	found, err := insight.FindCapacity(k.ctx, k.Store, q)
	return capacity{list(found)}, err
}

func (k *call) spend() (any, error) {
	q, err := k.insightQuestion()
	if err != nil {
		return nil, err
	}
	group, err := k.choice("group", string(store.ByToken), string(store.ByOwner), string(store.ByModel))
	if err != nil {
		return nil, err
	}
	return insight.FindSpend(k.ctx, k.Store, insight.SpendQuestion{Question: q, Group: store.Group(group), Models: k.args["model"]})
}
