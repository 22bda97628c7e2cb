package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/holterhq/holter/cmd/holter/internal/progress"
	"github.com/holterhq/holter/internal/sim"
	"github.com/holterhq/holter/internal/sim/otlpsend"
	"github.com/holterhq/holter/internal/sim/replay"
)

// simFlags is what holter sim is asked for.
type simFlags struct {
	to                  otlpsend.Config
	pace                replay.Pace
	seed                uint64
	tokens, days        int
	end                 string
	volume              float64
	populations         string
	attacks             string
	owners, labels, csv string
	estate              string
	dryRun              bool

	truth *sim.Truth // of an estate
}

func simCommand() *cobra.Command {
	var f simFlags
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Send the traffic of a fleet of API clients as OTLP, with thieves if asked",
		Long: `Draws a fleet of API clients that looks real and sends its requests as the spans
that instrumented servers would send, in event-time order. The same flags, --end
among them, give the same requests.

Attacks (--attack NAME,NAME*3):
` + sim.DescribeAttacks() + `
Populations (--populations, equal parts): ` + fmt.Sprint(sim.Populations()),
		Example: `  holter sim --dry-run
  holter sim --tokens 500 --days 14 --attack stolen-key,exfiltration --labels labels.jsonl
  holter sim --estate truth.json --owners holter-data/owners.yaml
  holter sim --end +24h --days 15 --speed 1        # two weeks at once, then live for a day`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.to.Endpoint == "" {
				f.to.Endpoint = "127.0.0.1:4317"
				if f.to.Protocol == "http" {
					f.to.Endpoint = "127.0.0.1:4318"
				}
			}
			if !cmd.Flags().Changed("insecure") {
				f.to.Insecure = otlpsend.EndpointIsLoopback(f.to.Endpoint)
			}
			return runSim(cmd.Context(), f, cmd.OutOrStdout(), time.Now())
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.to.Endpoint, "endpoint", "", "OTLP receiver (default 127.0.0.1:4317, with http 127.0.0.1:4318)")
	fl.StringVar(&f.to.Protocol, "protocol", "grpc", "grpc or http")
	fl.BoolVar(&f.to.Insecure, "insecure", false, "send without TLS (default for this machine)")
	fl.BoolVar(&f.to.AllowRemote, "allow-remote", false, "permit an endpoint that is not this machine")
	fl.IntVar(&f.tokens, "tokens", 120, "size of the fleet")
	fl.IntVar(&f.days, "days", 30, "how long it is watched")
	fl.StringVar(&f.end, "end", "now", "when the time ends: now, a time (2026-04-27T00:00:00Z), a date, or an offset from now (+1h, -24h)")
	fl.Float64Var(&f.pace.Speed, "speed", 0, "seconds of the fleet's time in a second, from now on if it ends in the future; 0: as fast as they are accepted")
	fl.Float64Var(&f.pace.Rate, "rate", 20000, "spans a second at most; 0: no bound")
	fl.Uint64Var(&f.seed, "seed", 1, "what everything is drawn from")
	fl.Float64Var(&f.volume, "volume", 1, "scales everybody's requests")
	fl.StringVar(&f.populations, "populations", "", "only these, in equal parts")
	fl.StringVar(&f.attacks, "attack", "", "what thieves do")
	fl.StringVar(&f.owners, "owners", "", "write the owners file (the registry) there")
	fl.StringVar(&f.labels, "labels", "", "write the truth about the attacks there, JSON lines")
	fl.StringVar(&f.csv, "csv", "", "write all requests there as CSV, without credentials")
	fl.StringVar(&f.estate, "estate", "", "in place of a fleet 45 days of an estate of which all is planned, and write there what ought to be found in it, as JSON")
	fl.BoolVar(&f.dryRun, "dry-run", false, "send nothing, say what would be sent")
	return cmd
}

// runSim draws the fleet, writes what is known of it, and sends its requests.
func runSim(ctx context.Context, f simFlags, out io.Writer, now time.Time) (err error) {
	fleet, err := f.fleet(now)
	if err != nil {
		return err
	}
	if err := f.save(fleet); err != nil {
		return err
	}
	summary := sim.NewSummary(fleet)
	observe := summary.Add
	if f.csv != "" {
		rows, done, openErr := openCSV(f.csv)
		if openErr != nil {
			return openErr
		}
		defer func() { err = errors.Join(err, done()) }()
		observe = func(q *sim.Request) { summary.Add(q); _ = rows.Write(q) } // done returns what went wrong
	}
	if f.dryRun {
		for q := range fleet.Requests() {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			observe(&q)
		}
		return summary.Write(out)
	}
	sender, err := otlpsend.New(f.to)
	if err != nil {
		return err
	}
	defer sender.Close()
	if fleet.End().After(now) {
		f.pace.From = now
	}
	bar, began := progress.New(os.Stderr), time.Now()
	err = replay.Run(ctx, fleet, sender, f.pace, observe, func(p replay.Progress) {
		bar.Show(p.Done, fmt.Sprintf("%s  %d requests, %.0f spans/s", p.Time.Format("Mon 2 Jan 15:04"), p.Requests, float64(p.Spans)/time.Since(began).Seconds()))
	})
	bar.End()
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("stopped after %d requests", sender.Stats.Requests)
	}
	if err != nil {
		return err
	}
	st := sender.Stats
	fmt.Fprintf(out, "sent %d spans in %d batches, %.1f MB, %d tries repeated, in %.1f s\n", st.Spans, st.Batches, float64(st.Bytes)/1e6, st.Retries, time.Since(began).Seconds())
	return summary.Write(out)
}

func (f *simFlags) fleet(now time.Time) (*sim.Fleet, error) {
	end, err := parseEnd(f.end, now)
	if err != nil {
		return nil, err
	}
	if f.estate != "" {
		var estate *sim.Fleet
		estate, f.truth = sim.NewEstate(f.seed, end)
		return estate, nil
	}
	populations, err := sim.ParsePopulations(f.populations)
	if err != nil {
		return nil, err
	}
	attacks, err := sim.ParseAttacks(f.attacks)
	if err != nil {
		return nil, err
	}
	return sim.New(sim.Config{
		Seed: f.seed, Tokens: f.tokens, Start: end.AddDate(0, 0, -f.days), Days: f.days, Volume: f.volume, Populations: populations, Attacks: attacks,
	})
}

// save writes the files that are asked for.
func (f *simFlags) save(fleet *sim.Fleet) error {
	if f.owners != "" {
		if err := fleet.SaveOwners(f.owners, "sim"); err != nil {
			return err
		}
	}
	if f.truth != nil {
		file, err := os.Create(f.estate)
		if err != nil {
			return fmt.Errorf("write the truth: %w", err)
		}
		if err := errors.Join(f.truth.Write(file), file.Close()); err != nil {
			return err
		}
	}
	if f.labels == "" {
		return nil
	}
	file, err := os.Create(f.labels)
	if err != nil {
		return fmt.Errorf("write labels: %w", err)
	}
	return errors.Join(fleet.WriteLabels(file), file.Close())
}

// openCSV begins a file of rows; done ends it.
func openCSV(path string) (rows *sim.CSV, done func() error, err error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, nil, fmt.Errorf("write CSV: %w", err)
	}
	if rows, err = sim.NewCSV(file); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("write CSV: %w", err), file.Close())
	}
	return rows, func() error {
		if err := errors.Join(rows.Flush(), file.Close()); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
		return nil
	}, nil
}

// parseEnd reads --end.
func parseEnd(s string, now time.Time) (time.Time, error) {
	if s == "now" {
		return now, nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--end %q: write now, a time such as 2026-04-27T00:00:00Z, a date, or an offset such as +1h", s)
}
