package console

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// measures are what can be asked for; the first is the usual one.
var measures = []string{
	string(store.MeasureRequests), string(store.MeasureErrors), string(store.MeasureBytesIn), string(store.MeasureBytesOut), string(store.MeasureTimeSpent),
	string(store.MeasureP50), string(store.MeasureP95), string(store.MeasureP99), string(store.MeasureUnits), string(store.MeasureCost),
	string(store.MeasureTokens), string(store.MeasureOwners),
}

var groups = []store.Group{
	store.ByToken, store.ByOwner, store.ByTeam, store.ByRoute, store.ByCountry, store.ByNetwork, store.ByRelease, store.ByService, store.ByClient,
	store.ByOutcome, store.ByUnit, store.ByModel, store.ByCurrency,
}

const groupNames = "token, owner, team, route, country, network, release, service, client, outcome, unit, model, currency"

// seriesAnswer is a measure along time.
type seriesAnswer struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Step   int       `json:"step" doc:"seconds"`
	Level  int       `json:"level" doc:"seconds: what was counted by"`
	Series []series  `json:"series" doc:"the greatest first"`
	Rest   *series   `json:"rest" doc:"all others together"`
	Keys   int       `json:"keys" doc:"how many there were"`
	Facts  int64     `json:"facts" doc:"that were read"`
}

type series struct {
	Key    string `json:"key"`
	Label  string `json:"label"`
	Total  number `json:"total"`
	Points points `json:"points" doc:"point i covers from + i·step; null: nothing happened"`
}

// query reads what a series and a top have in common.
func (k *call) query(usual, most int) (q question, query store.Query, err error) {
	if q, err = k.asked(); err != nil {
		return q, query, err
	}
	measure, err := k.choice("measure", measures...)
	if err != nil {
		return q, query, err
	}
	group, err := k.group()
	if err != nil {
		return q, query, err
	}
	limit, err := k.limit(usual, most)
	return q, store.Query{Filter: q.tokens, From: q.from, To: q.to, Measure: store.Measure(measure), Group: group, Where: q.where, Limit: limit}, err
}

// group is what an answer is broken down by.
func (k *call) group() (store.Group, error) {
	g := store.Group(k.args.Get("group"))
	if tag, ok := strings.CutPrefix(string(g), "tag:"); ok && tag != "" && len(tag) <= mostText {
		return g, nil
	}
	if g != store.ByNothing && !slices.Contains(groups, g) {
		return g, badRequest("group", "%q: choose from %s, or tag:<key>", g, groupNames)
	}
	return g, nil
}

func (k *call) series() (any, error) {
	q, query, err := k.query(10, 200)
	if err != nil {
		return nil, err
	}
	if query.Step, err = k.step(q, usualPoints); err != nil {
		return nil, err
	}
	answer, err := k.Store.Query(k.ctx, query)
	if err != nil {
		return nil, err
	}
	labels, err := k.labels(query.Group, answer.Series)
	if err != nil {
		return nil, err
	}
	out := seriesAnswer{
		From: answer.From, To: answer.To, Step: seconds(answer.Step), Level: seconds(answer.Level), Series: []series{}, Keys: answer.Keys, Facts: answer.Facts,
	}
	for _, s := range answer.Series {
		out.Series = append(out.Series, series{s.Key, labels.of(s.Key), number(s.Total), s.Points})
	}
	if answer.Rest != nil && answer.Keys > len(answer.Series) {
		out.Rest = &series{"", "all others", number(answer.Rest.Total), answer.Rest.Points}
	}
	return out, nil
}

func seconds(d time.Duration) int { return int(d / time.Second) }

// labels are what people call the keys of a group.
type labels map[string]string

func (l labels) of(key string) string {
	if label := l[key]; label != "" {
		return label
	}
	return key
}

// labels asks what the tokens and owners of an answer are called.
func (k *call) labels(group store.Group, found []store.Series) (labels, error) {
	if group != store.ByToken && group != store.ByOwner || len(found) == 0 {
		return nil, nil
	}
	keys := make([]string, len(found))
	for i, s := range found {
		keys[i] = s.Key
	}
	out := labels{}
	if group == store.ByToken {
		tokens, err := k.tokensOf(k.ctx, store.TokenFilter{Scope: k.who.Scope, IDs: keys})
		for _, t := range tokens {
			out[t.ID] = labelOf(t)
		}
		return out, err
	}
	page, err := k.Store.Tokens(k.ctx, store.TokenQuery{Filter: store.TokenFilter{Scope: k.who.Scope, Owners: keys}, Limit: 1000})
	for _, t := range page.Tokens {
		if t.OwnerName != "" {
			out[t.OwnerID] = t.OwnerName
		}
	}
	return out, err
}

// tokensOf are all tokens of a filter that names few.
func (c *Console) tokensOf(ctx context.Context, f store.TokenFilter) ([]store.Token, error) {
	page, err := c.Store.Tokens(ctx, store.TokenQuery{Filter: f, Limit: 1000})
	return page.Tokens, err
}

// labelOf is what people call a token.
func labelOf(t store.Token) string {
	name := t.Hint
	if name == "" {
		name = t.ID
	}
	if t.OwnerName != "" {
		return name + " · " + t.OwnerName
	}
	return name
}
