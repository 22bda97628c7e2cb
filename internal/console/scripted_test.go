package console

import (
	"context"
	"time"

	"github.com/holterhq/holter/internal/store"
)

// scripted is a demo whose steps the test gives. Each of them writes a token, as its telemetry would.
type scripted struct {
	store store.Store
	steps chan float64
}

func (s *scripted) Play(ctx context.Context, report func(done float64, requests int)) error {
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case done, ok := <-s.steps:
			if !ok {
				return nil
			}
			err := s.store.Write(ctx, store.Batch{Sightings: []store.Sighting{{Token: store.Token{
				ID: "tok_played", Direction: "inbound", Hint: "sk_live_…play", Environment: DemoEnvironment, LastUse: store.Use{At: noon.Add(time.Duration(n) * time.Second)},
			}}}})
			if err != nil {
				return err
			}
			report(done, n)
		}
	}
}

func (s *scripted) Known(seen []store.Token) (out []store.Token) {
	for _, t := range seen {
		if t.OwnerID == "" {
			out = append(out, store.Token{ID: t.ID, OwnerID: "kestrel", OwnerName: "Kestrel Labs"})
		}
	}
	return out
}
