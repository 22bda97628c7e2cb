package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/holterhq/holter/cmd/holter/internal/progress"
	"github.com/holterhq/holter/cmd/holter/internal/report"
)

func reportCommand() *cobra.Command {
	var cfg report.Config
	var path string
	cmd := &cobra.Command{
		Use:   "report FILE…",
		Short: "Write one HTML page about the tokens in access logs or OTLP files, without deploying anything",
		Long: `Reads access logs and OTLP files as a Holter would and writes one HTML page: the
riskiest, shared, dormant and unowned tokens, their heartbeat over the week, and
what would have fired. The page loads nothing and holds no credential.

Files may be mixed, and are read by the time of their first request; .gz is
unpacked. Lines are
  the common or combined log format of nginx and Apache, with headers behind it
  JSON objects, as Caddy, Envoy, Kong, APISIX and nginx write them
  OTLP traces or logs in JSON, as the file exporter writes them`,
		Example: `  holter report /var/log/nginx/access.log
  holter report access.log access.log.1 access.log.2.gz --owners owners.yaml --output tokens.html
  holter report requests-*.jsonl --budget 2`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("name the files to read: access logs, or OTLP as JSON lines")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.Paths = args
			if !(cfg.Budget > 0) {
				return fmt.Errorf("--budget %v: write a number of false alerts a week, above 0", cfg.Budget)
			}
			if cfg.MaxTokens < 1 {
				return fmt.Errorf("--max-tokens %d: write a number above 0", cfg.MaxTokens)
			}
			return runReport(cmd.Context(), cfg, path, cmd.OutOrStdout())
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVarP(&path, "output", "o", "holter-report.html", "the page")
	fl.StringVar(&cfg.Owners, "owners", "", "the registry file that says whose tokens are whose")
	fl.Float64Var(&cfg.Budget, "budget", 10, "false alerts a week that you can live with")
	fl.StringVar(&cfg.Service, "service", "gateway", "the name of what wrote the access logs")
	fl.IntVar(&cfg.MaxTokens, "max-tokens", 50_000, "how many tokens are kept")
	return cmd
}

// runReport writes the page whole or not at all.
func runReport(ctx context.Context, cfg report.Config, path string, out io.Writer) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".holter-report-*")
	if err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close(), os.Remove(file.Name()))
		}
	}()
	bar, began := progress.New(os.Stderr), time.Now()
	cfg.Progress = func(done float64, at time.Time, requests int) {
		bar.Show(done, fmt.Sprintf("%s  %d requests, %.0f a second", at.Format(time.DateOnly), requests, float64(requests)/time.Since(began).Seconds()))
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // little of what is read is kept
	s, err := report.Run(ctx, cfg, file)
	bar.End()
	if err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close(), os.Chmod(file.Name(), 0o644)); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	took := time.Since(began).Seconds()
	fmt.Fprintf(out, "%s: %d requests, %d with one of %d tokens, %d alerts; %.1f MB in %.1f s (%.1f MB/s)\n", path, s.Requests, s.Named, s.Tokens, s.Alerts,
		float64(s.Bytes)/1e6, took, float64(s.Bytes)/1e6/took)
	if s.Skipped.Lines > 0 {
		fmt.Fprintf(out, "%d of %d lines were skipped, the first of them: %s\n", s.Skipped.Lines, s.Lines, s.Skipped.First[0])
	}
	return nil
}
