package console

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// tokenDetail is what there is to say of one token.
type tokenDetail struct {
	Token     store.Token   `json:"token"`
	State     string        `json:"state" enum:"ok,learning,rising,alert,dormant,revoked"`
	Sentence  string        `json:"sentence" doc:"is it all right, what changed, since when, with which release"`
	Siblings  []store.Token `json:"siblings" doc:"other tokens of the same owner"`
	Baseline  *store.Event  `json:"baseline"`
	Anomalies []finding     `json:"anomalies" doc:"the latest first"`
	Releases  []release     `json:"releases" doc:"that the token was used with, the latest first"`
}

// release is a version of a service that a token was used with.
type release struct {
	Service  string    `json:"service"`
	Version  string    `json:"version"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Requests float64   `json:"requests"`
}

// one is the token of the path.
func (k *call) one() (store.Token, error) {
	id := k.r.PathValue("id")
	if len(id) > mostText {
		return store.Token{}, store.ErrNotFound
	}
	found, err := k.tokensOf(k.ctx, store.TokenFilter{Scope: k.who.Scope, IDs: []string{id}})
	if err != nil {
		return store.Token{}, err
	}
	if len(found) == 0 {
		return store.Token{}, notFound("there is no such token, or it is not yours to see")
	}
	return found[0], nil
}

// oneAsked is the token in the path, and what is asked of it.
func (k *call) oneAsked() (store.Token, question, error) {
	t, err := k.one()
	if err != nil {
		return store.Token{}, question{}, err
	}
	q, err := k.asked()
	return t, q, err
}

func (k *call) token() (any, error) {
	t, q, err := k.oneAsked()
	if err != nil {
		return nil, err
	}
	return k.tokenDetail(t, q)
}

// Bounds of what a token's page begins with.
const (
	mostSiblings = 50
	mostListed   = 50
)

func (k *call) tokenDetail(t store.Token, q question) (*tokenDetail, error) {
	out := &tokenDetail{Token: t, State: k.condition(t, k.now), Siblings: []store.Token{}}
	if t.OwnerID != "" {
		page, err := k.Store.Tokens(k.ctx, store.TokenQuery{
			Filter: store.TokenFilter{Scope: k.who.Scope, Owners: []string{t.OwnerID}}, Sort: "-last_used", Limit: mostSiblings + 1,
		})
		if err != nil {
			return nil, err
		}
		out.Siblings = slices.DeleteFunc(list(page.Tokens), func(s store.Token) bool { return s.ID == t.ID })
	}
	event, err := k.baselineEvent(t)
	if err != nil {
		return nil, err
	}
	out.Baseline = event
	page, err := k.Store.Events(k.ctx, store.EventQuery{Filter: k.only(t), Kinds: []string{store.EventAnomaly}, Limit: mostListed})
	if err != nil {
		return nil, err
	}
	out.Anomalies = k.findings(page.Events)
	if out.Releases, err = k.releases(t, q); err != nil {
		return nil, err
	}
	today, err := k.Store.Query(k.ctx, store.Query{Filter: k.only(t), From: k.now.Add(-24 * time.Hour).Truncate(time.Hour), To: k.now, Measure: store.MeasureRequests})
	if err != nil {
		return nil, err
	}
	out.Sentence = sentence(t, out.State, first(today).Total, baselineOf(event), page.Events, out.Releases, k.now)
	return out, nil
}

// releases are what a token was used with, the latest first.
func (k *call) releases(t store.Token, q question) ([]release, error) {
	a, err := k.Store.Query(k.ctx, store.Query{
		Filter: k.only(t), From: q.from, To: q.to, Measure: store.MeasureRequests, Group: store.ByRelease, Limit: 100,
		Step: stepFor(q.from, q.to, k.now, k.oldest(), usualPoints),
	})
	if err != nil {
		return nil, err
	}
	out := []release{}
	for _, s := range a.Series {
		service, version, _ := strings.Cut(s.Key, "@")
		r := release{Service: service, Version: version, Requests: s.Total}
		for i, v := range s.Points {
			if v <= 0 {
				continue
			}
			at := a.From.Add(time.Duration(i) * a.Step)
			if r.First.IsZero() {
				r.First = at
			}
			r.Last = at.Add(a.Step)
		}
		if !r.First.IsZero() {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b release) int {
		return cmp.Or(b.First.Compare(a.First), strings.Compare(a.Service, b.Service), strings.Compare(a.Version, b.Version))
	})
	return out, nil
}

// sentence answers in words: is it all right, what changed, since when, with which release.
func sentence(t store.Token, condition string, today float64, b *baseline, anomalies []store.Event, releases []release, now time.Time) string {
	var s strings.Builder
	latest := func(within time.Duration) *store.Event {
		if len(anomalies) > 0 && now.Sub(anomalies[0].Time) < within {
			return &anomalies[0]
		}
		return nil
	}
	switch condition {
	case conditionAlert:
		s.WriteString("Something is wrong")
		if e := latest(30 * 24 * time.Hour); e != nil {
			fmt.Fprintf(&s, " since %s: %s", moment(e.Time), e.Body)
		} else if t.Status == "leaked" {
			s.WriteString(": this token is public, replace it.")
		} else {
			fmt.Fprintf(&s, ": %.1f nats speak against it, and the alert budget asks for %.1f.", t.Evidence.Nats, t.Evidence.Threshold)
		}
	case conditionRevoked:
		fmt.Fprintf(&s, "This token is %s: nobody should use it.", t.Status)
	case conditionDormant:
		if t.LastUse.At.IsZero() {
			s.WriteString("It was never used.")
		} else {
			fmt.Fprintf(&s, "It sleeps: it was not used for %s.", days(now.Sub(t.LastUse.At)))
		}
	case conditionLearning:
		s.WriteString("Too little is known of it to judge yet")
		if b != nil && b.Days >= 1 {
			fmt.Fprintf(&s, ", after %s", count(b.Days, "day"))
		}
		s.WriteString(".")
	case conditionRising:
		fmt.Fprintf(&s, "Something begins to change: %.0f %% of what would raise an alert speaks against it.", 100*t.Evidence.Nats/t.Evidence.Threshold)
	default:
		s.WriteString("All right.")
	}
	if condition != conditionRevoked && condition != conditionDormant {
		fmt.Fprintf(&s, " %s in the last 24 hours", count(today, "request"))
		if b.learned() {
			fmt.Fprintf(&s, ", usually %s to %s a day", short(b.Low), short(b.High))
		}
		s.WriteString(".")
	}
	if len(releases) > 0 && releases[0].Version != "" && now.Sub(releases[0].First) < 7*24*time.Hour && len(releases) > 1 {
		fmt.Fprintf(&s, " %s %s is new since %s.", releases[0].Service, releases[0].Version, moment(releases[0].First))
	}
	return s.String()
}
