package evaluate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/geo"
	"github.com/holterhq/holter/internal/sim"
)

// Population is a fleet of the simulator to be drawn.
type Population struct {
	Seed         uint64
	Tokens, Days int
	End          time.Time
	Volume       float64
	Attacks      string // as sim.ParseAttacks reads them; empty: some of each kind
}

// aTheftOfEachKindPer is how many tokens there are for one theft of each kind.
const aTheftOfEachKindPer = 100

// Simulated is the stream of a fleet. It is judged from its second third on; thieves come in the last one.
func Simulated(p Population) (*Stream, error) {
	if p.Attacks == "" {
		n := max(1, p.Tokens/aTheftOfEachKindPer)
		p.Attacks = strings.Join(sim.AttackNames(), fmt.Sprintf("*%d,", n)) + fmt.Sprintf("*%d", n)
	}
	attacks, err := sim.ParseAttacks(p.Attacks)
	if err != nil {
		return nil, err
	}
	start := p.End.AddDate(0, 0, -p.Days)
	fleet, err := sim.New(sim.Config{Seed: p.Seed, Tokens: p.Tokens, Days: p.Days, Start: start, Volume: p.Volume, Attacks: attacks})
	if err != nil {
		return nil, err
	}
	countries, err := geo.Embedded()
	if err != nil {
		return nil, err
	}
	s := &Stream{
		Name:   fmt.Sprintf("the simulator's population, seed %d", p.Seed),
		Labels: make(map[string]Label),
		From:   start.AddDate(0, 0, p.Days/3),
		Each: func(ctx context.Context, yield func(*behavior.Observation, float64) error) error {
			for q := range fleet.Requests() {
				if err := ctx.Err(); err != nil {
					return err
				}
				o := observed(&q, countries)
				if err := yield(&o, float64(q.Time.Sub(start))/float64(p.End.Sub(start))); err != nil {
					return err
				}
			}
			return nil
		},
	}
	for _, l := range fleet.Labels() {
		s.Labels[l.RegistryID] = Label{Family: l.Attack, Start: float64(l.Start.UnixNano()) / 1e9, Horizon: defaultHorizon}
	}
	return s, nil
}

// observed is what token_behavior sees of a simulated request.
func observed(q *sim.Request, countries *geo.Database) behavior.Observation {
	o := behavior.Observation{
		Token: q.Token.ID, Hint: q.Token.Credential.Hint(), OwnerID: q.Token.Owner.ID, OwnerName: q.Token.Owner.Name, OwnerTeam: q.Token.Owner.Team,
		Time: q.Time.UnixNano(), Duration: int64(q.Duration), Trace: q.Trace, Span: q.Span,
		Service: q.Service.Name, Version: q.Version, Method: q.Route.Method, Route: q.Route.Template, Client: q.Agent,
		RequestBytes: -1, ResponseBytes: int64(q.Received),
	}
	answer(&o, q.Status)
	switch {
	case q.Service.RPC:
		o.HTTPStatus, o.ResponseBytes = 0, -1
	case q.Service.Raw:
		o.Route, o.Path = "", q.Path
	}
	if q.Sent > 0 && !q.Service.RPC {
		o.RequestBytes = int64(q.Sent)
	}
	place(&o, countries, q.Address)
	return o
}
