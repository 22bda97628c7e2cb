package tokenconsoleextension

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/holterhq/holter/internal/console"
	"github.com/holterhq/holter/internal/sim"
	"github.com/holterhq/holter/internal/sim/otlpsend"
	"github.com/holterhq/holter/internal/sim/replay"
	"github.com/holterhq/holter/internal/store"
)

// What the demo plays: some weeks of a small fleet at once, then what it does from now on, for up to an hour.
const (
	demoTokens = 60
	demoDays   = 21
	demoRate   = 10_000 // spans a second
	demoTries  = 20     // of drawing a fleet that thieves find victims in
)

// player plays traffic of the simulator to an OTLP receiver of this machine.
type player struct {
	endpoint func() string
	now      func() time.Time

	mu    sync.Mutex
	fleet *sim.Fleet // that was played last
}

var _ console.Demo = (*player)(nil)

// Play sends a fleet's past as fast as it is taken, and its next hour as it goes.
func (p *player) Play(ctx context.Context, report func(done float64, requests int)) error {
	endpoint := p.endpoint()
	if endpoint == "" {
		return errors.New("demo::endpoint: this Collector has no OTLP receiver over gRPC: name one, such as 127.0.0.1:4317")
	}
	now := p.now()
	fleet, err := drawFleet(now)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.fleet = fleet
	p.mu.Unlock()
	sender, err := otlpsend.New(otlpsend.Config{Endpoint: endpoint, Protocol: "grpc", Insecure: true, Patience: 30 * time.Second})
	if err != nil {
		return fmt.Errorf("demo::endpoint: %w", err)
	}
	defer sender.Close()
	past := float64(now.Sub(fleet.Start()))
	live := false
	return replay.Run(ctx, fleet, sender, replay.Pace{Speed: 1, From: now, Rate: demoRate, Environment: console.DemoEnvironment}, nil, func(at replay.Progress) {
		if live {
			return
		}
		done := float64(at.Time.Sub(fleet.Start())) / past
		live = done >= 1-1/past*float64(time.Minute)
		if live {
			done = 1
		}
		report(done, at.Requests)
	})
}

// drawFleet draws a fleet that ends within the next hour, with two keys that are stolen, since some thief in fifty is not noticed, and one that is
// used to fetch far more than usual.
func drawFleet(now time.Time) (fleet *sim.Fleet, err error) {
	for try := range uint64(demoTries) {
		fleet, err = sim.New(sim.Config{
			Seed: uint64(now.Unix()) + try, Tokens: demoTokens, Start: now.Add(time.Hour).AddDate(0, 0, -demoDays), Days: demoDays,
			Attacks: []sim.Attack{
				{Name: "stolen-key", Start: now.Add(-60 * time.Hour)}, {Name: "stolen-key", Start: now.Add(-30 * time.Hour)}, {Name: "exfiltration", Start: now.Add(-24 * time.Hour)},
			},
		})
		if err == nil {
			return fleet, nil
		}
	}
	return nil, err
}

// Known is whose the tokens are: those that look as the fleet's do, and that nobody has introduced yet.
func (p *player) Known(seen []store.Token) (out []store.Token) {
	p.mu.Lock()
	fleet := p.fleet
	p.mu.Unlock()
	if fleet == nil {
		return nil
	}
	by := map[string]*sim.Token{}
	for _, t := range fleet.Tokens() {
		by[t.Credential.Hint()] = t
	}
	for _, t := range seen {
		known, ok := by[t.Hint[strings.LastIndexByte(t.Hint, '/')+1:]] // jwt/client, basic/user
		if !ok || t.OwnerID != "" {
			continue
		}
		out = append(out, store.Token{
			ID: t.ID, Direction: t.Direction, RegistryID: known.ID, Environment: t.Environment, Status: "active",
			OwnerID: known.Owner.ID, OwnerName: known.Owner.Name, OwnerType: known.Owner.Type, OwnerTeam: known.Owner.Team,
			Tags: map[string]string{"kind": string(known.Population)},
		})
	}
	return out
}
