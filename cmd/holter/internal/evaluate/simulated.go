package evaluate

import (
	"context"
	"fmt"
	"strconv"
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
	Attacks      string // as sim.ParseAttacks reads them; empty: some of each kind, none in a scenario
	Scenario     string // as sim.ParseScenario reads it; empty: the usual mix
	Networks     bool   // requests carry the number of the autonomous system that they came from
}

// aTheftOfEachKindPer is how many tokens there are for one theft of each kind.
const aTheftOfEachKindPer = 100

// Simulated is the stream of a fleet. It is judged from its second third on; thieves come in the last one.
func Simulated(p Population) (*Stream, error) {
	scenario, err := p.scenario()
	if err != nil {
		return nil, err
	}
	if p.Attacks == "" && p.Scenario == "" {
		n := max(1, p.Tokens/aTheftOfEachKindPer)
		p.Attacks = strings.Join(sim.AttackNames(), fmt.Sprintf("*%d,", n)) + fmt.Sprintf("*%d", n)
	}
	attacks, err := sim.ParseAttacks(p.Attacks)
	if err != nil {
		return nil, err
	}
	start := p.End.AddDate(0, 0, -p.Days)
	fleet, err := sim.New(sim.Config{
		Seed: p.Seed, Tokens: p.Tokens, Days: p.Days, Start: start, Volume: p.Volume, Populations: scenario.Populations, Attacks: attacks,
	})
	if err != nil {
		return nil, err
	}
	countries, err := geo.Embedded()
	if err != nil {
		return nil, err
	}
	s := &Stream{
		Name:   p.name(&scenario),
		Labels: make(map[string]Label),
		From:   start.AddDate(0, 0, p.Days/3),
		Each: func(ctx context.Context, yield func(*behavior.Observation, float64) error) error {
			for q := range fleet.Requests() {
				if err := ctx.Err(); err != nil {
					return err
				}
				o := observed(&q, countries)
				if number := sim.AS(q.Address); p.Networks && number > 0 {
					o.Network = "AS" + strconv.FormatUint(uint64(number), 10)
				}
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

// scenario is the one that is asked for; it says how large the fleet is where nothing else does.
func (p *Population) scenario() (sim.Scenario, error) {
	if p.Scenario == "" {
		return sim.Scenario{}, nil
	}
	s, err := sim.ParseScenario(p.Scenario)
	if p.Tokens == 0 {
		p.Tokens = s.Tokens
	}
	if p.Days == 0 {
		p.Days = s.Days
	}
	return s, err
}

func (p *Population) name(s *sim.Scenario) string {
	if p.Scenario == "" {
		return fmt.Sprintf("the simulator's population, seed %d", p.Seed)
	}
	networks := "without network data"
	if p.Networks {
		networks = "with network data"
	}
	return fmt.Sprintf("%s, seed %d, %s: %s", s.Name, p.Seed, networks, s.Story)
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
