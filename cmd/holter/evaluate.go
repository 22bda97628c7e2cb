package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/holterhq/holter/cmd/holter/internal/evaluate"
	"github.com/holterhq/holter/cmd/holter/internal/progress"
)

// evaluateFlags is what holter evaluate is asked for.
type evaluateFlags struct {
	population evaluate.Population
	csv        []string
	labels     string
	from, end  string
	budget     float64
	budgets    []float64
	calibrate  bool
	json       bool
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

Every alert about a token without a label counts as false.`,
		Example: `  holter evaluate
  holter evaluate --seed 7 --tokens 1000 --days 60 --budgets 0.01,0.1,1,2,5,10,20
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
	fl.Float64SliceVar(&f.budgets, "budgets", nil, "several budgets: the whole curve, and --budget in full")
	fl.BoolVar(&f.calibrate, "calibration", false, "also say how fair the bets of each facet are, by age and volume of the tokens")
	fl.BoolVar(&f.json, "json", false, "print everything as JSON")
	fl.Uint64Var(&f.population.Seed, "seed", 1, "what the simulator draws from")
	fl.IntVar(&f.population.Tokens, "tokens", 300, "size of its fleet")
	fl.IntVar(&f.population.Days, "days", 45, "how long it is watched")
	fl.Float64Var(&f.population.Volume, "volume", 1, "scales everybody's requests")
	fl.StringVar(&f.population.Attacks, "attack", "", "thefts, as holter sim takes them (default: some of each kind)")
	fl.StringVar(&f.end, "end", "2026-04-27", "when its time ends: a date or a time")
	return cmd
}

// runEvaluate scores the stream that the flags ask for.
func runEvaluate(ctx context.Context, f evaluateFlags, out io.Writer) error {
	stream, err := f.stream()
	if err != nil {
		return err
	}
	budgets := slices.Clone(f.budgets)
	full := slices.Index(budgets, f.budget)
	if full < 0 {
		budgets, full = append(budgets, f.budget), len(budgets)
	}
	bar := progress.New(os.Stderr)
	report, err := evaluate.Run(ctx, stream, evaluate.Config{
		Budgets: budgets, Calibrate: f.calibrate,
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
