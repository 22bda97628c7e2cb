package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/holterhq/holter/cmd/holter/internal/evaluate"
	"github.com/holterhq/holter/cmd/holter/internal/progress"
	"github.com/holterhq/holter/internal/anomaly"
	"github.com/holterhq/holter/internal/sim"
)

// evaluateFlags is what holter evaluate is asked for.
type evaluateFlags struct {
	population evaluate.Population
	csv        []string
	labels     string
	from, end  string
	budget     float64
	per        time.Duration
	budgets    []float64
	calibrate  bool
	json       bool
	alerts     string
}

func evaluateCommand() *cobra.Command {
	var f evaluateFlags
	cmd := &cobra.Command{
		Use:   "evaluate",
		Short: "Score detection on labelled traffic: false alerts, thefts found, and how soon",
		Long: `Runs the detection of token_behavior over a labelled stream, here and without a
collector, and prints false alerts per 1,000 active token-days, recall for each
kind of theft, and the median time to detect, with 95 % intervals.

The stream is a fleet of the simulator, with thefts of every kind, or CSV files
with the columns t (unix seconds), token, service, method, route, path, status,
req_bytes, resp_bytes, ip or network, country, user_agent; t and token have to
be there. Labels say which tokens were stolen, from when on:

  {"TOKEN": {"family": "swap", "magnitude": "full", "start": 1700194224, "horizon_days": 10}}

Every alert about a token without a label counts as false.

Scenarios, fleets of one kind of client, large enough to see whether a budget holds:
` + sim.DescribeScenarios(),
		Example: `  holter evaluate
  holter evaluate --seed 7 --tokens 1000 --days 60 --budgets 0.01,0.1,1,2,5,10,20
  holter evaluate --scenario ci --networks --seed 12
  holter evaluate --csv requests.csv --csv thefts.csv.gz --labels labels.json --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runEvaluate(cmd.Context(), f, cmd.OutOrStdout())
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringArrayVar(&f.csv, "csv", nil, "requests in the order of time, instead of the simulator's; several files are merged, .gz is unpacked")
	fl.StringVar(&f.labels, "labels", "", "which tokens of the CSV were stolen, JSON")
	fl.StringVar(&f.from, "from", "", "judge from this date on; before it is only learned (default: as the labels say; the simulator's second third)")
	fl.Float64Var(&f.budget, "budget", 5, "tolerable false alerts per 1,000 active token-days")
	fl.DurationVar(&f.per, "per", 0, "the budget is for all tokens together in this time (168h is a week), as alert_budget::per")
	fl.Float64SliceVar(&f.budgets, "budgets", nil, "several budgets: the whole curve, and --budget in full")
	fl.BoolVar(&f.calibrate, "calibration", false, "also say how fair the bets of each facet are, by age and volume of the tokens")
	fl.StringVar(&f.alerts, "alerts", "", "write every alert under --budget there, JSON lines: when, which token, what it says, and whether it is false")
	fl.BoolVar(&f.json, "json", false, "print everything as JSON")
	fl.Uint64Var(&f.population.Seed, "seed", 1, "what the simulator draws from")
	fl.StringVar(&f.population.Scenario, "scenario", "", "a fleet of one kind of client, without thefts unless --attack asks for some")
	fl.BoolVar(&f.population.Networks, "networks", false, "its requests carry AS numbers, as with a database of networks (default: /24 and /48)")
	fl.IntVar(&f.population.Tokens, "tokens", 0, "size of its fleet (default 300, or the scenario's)")
	fl.IntVar(&f.population.Days, "days", 0, "how long it is watched (default 45, or the scenario's)")
	fl.Float64Var(&f.population.Volume, "volume", 1, "scales everybody's requests")
	fl.StringVar(&f.population.Attacks, "attack", "", "thefts, as holter sim takes them (default: some of each kind)")
	fl.StringVar(&f.end, "end", "2026-04-27", "when its time ends: a date or a time")
	return cmd
}

// runEvaluate scores the stream that the flags ask for.
func runEvaluate(ctx context.Context, f evaluateFlags, out io.Writer) (err error) {
	stream, err := f.stream()
	if err != nil {
		return err
	}
	budgets, full := f.curve()
	tell, done, err := f.tell()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	bar := progress.New(os.Stderr)
	report, err := evaluate.Run(ctx, stream, evaluate.Config{
		Budgets: budgets, Per: f.per, Full: full, Calibrate: f.calibrate, Alert: tell,
		Progress: func(done float64, at time.Time, requests int) {
			bar.Show(done, fmt.Sprintf("%s  %d requests", at.Format(time.DateOnly), requests))
		},
	})
	bar.End()
	if errors.Is(err, context.Canceled) {
		return errors.New("stopped: nothing was scored")
	}
	if err != nil {
		return err
	}
	if f.json {
		return report.JSON(out)
	}
	return report.Text(out, full)
}

// curve is all budgets, and the number of the one that is told in full.
func (f *evaluateFlags) curve() (budgets []float64, full int) {
	budgets = slices.Clone(f.budgets)
	if full = slices.Index(budgets, f.budget); full < 0 {
		return append(budgets, f.budget), len(budgets)
	}
	return budgets, full
}

// tell writes alerts to the file that is asked for; done closes it.
func (f *evaluateFlags) tell() (tell func(*anomaly.Event, string), done func() error, err error) {
	if f.alerts == "" {
		return nil, func() error { return nil }, nil
	}
	file, err := os.Create(f.alerts)
	if err != nil {
		return nil, nil, fmt.Errorf("write alerts: %w", err)
	}
	buffer := bufio.NewWriter(file)
	lines := json.NewEncoder(buffer)
	tell = func(e *anomaly.Event, verdict string) {
		_ = lines.Encode(struct { // the buffer keeps the first error
			Time     time.Time        `json:"time"`
			Token    string           `json:"token"`
			Detector anomaly.Detector `json:"detector"`
			Verdict  string           `json:"verdict"`
			Score    float64          `json:"score"`
			Limit    float64          `json:"threshold"`
			Sentence string           `json:"sentence"`
		}{time.Unix(0, e.Time).UTC(), e.Token.ID, e.Detector, verdict, e.Score, e.Limit, e.Sentence})
	}
	return tell, func() error {
		if err := errors.Join(buffer.Flush(), file.Close()); err != nil {
			return fmt.Errorf("write alerts: %w", err)
		}
		return nil
	}, nil
}

func (f *evaluateFlags) stream() (*evaluate.Stream, error) {
	var from time.Time
	if f.from != "" {
		var err error
		if from, err = parseEnd(f.from, time.Now()); err != nil {
			return nil, fmt.Errorf("--from %q: write a date such as 2026-04-27, or a time", f.from)
		}
	}
	if len(f.csv) > 0 {
		return f.table(from)
	}
	if f.labels != "" {
		return nil, errors.New("--labels belongs to --csv: the simulator knows its own thefts")
	}
	var err error
	if f.population.End, err = parseEnd(f.end, time.Now()); err != nil {
		return nil, err
	}
	if f.population.Scenario == "" {
		f.population.Tokens, f.population.Days = cmp.Or(f.population.Tokens, 300), cmp.Or(f.population.Days, 45)
	}
	stream, err := evaluate.Simulated(f.population)
	if err == nil && !from.IsZero() {
		stream.From = from
	}
	return stream, err
}

func (f *evaluateFlags) table(from time.Time) (*evaluate.Stream, error) {
	var labels map[string]evaluate.Label
	if f.labels != "" {
		var said time.Time
		var err error
		if labels, said, err = evaluate.ReadLabels(f.labels); err != nil {
			return nil, err
		}
		if from.IsZero() {
			from = said
		}
	}
	return evaluate.CSV(f.csv, labels, from), nil
}
