package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/holterhq/holter/cmd/holter/internal/demo"
	"github.com/holterhq/holter/internal/sim/otlpsend"
)

func demoCommand() *cobra.Command {
	// token_identity looks for another owners file every 5 seconds.
	cfg := demo.Config{Reload: 6 * time.Second}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Replay a month in a minute, steal a key, and show what Holter says",
		Long: `Replays a month of a fleet's traffic into a Holter, steals one key in the last
days, and prints the anomaly that came back. It fails if the key was missed, or
if other alerts exceed the budget.

By default it starts an otelcol-holter of its own with the built-in
configuration, on free ports of this machine, and stops it afterwards. With
--endpoint and --data it uses one that runs.`,
		Example: `  holter demo
  holter demo --collector build/otelcol-holter --seed 7
  holter demo --endpoint 127.0.0.1:4317 --data ./holter-data`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := complete(&cfg); err != nil {
				return err
			}
			return demo.Run(cmd.Context(), cfg, cmd.OutOrStdout())
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&cfg.Collector, "collector", "", "the otelcol-holter to start (default: the one beside this program, in ./build or in the PATH)")
	fl.StringVar(&cfg.Endpoint, "endpoint", "", "OTLP over gRPC of a Holter that runs on this machine, instead")
	fl.StringVar(&cfg.Data, "data", "", "its HOLTER_DATA; with a collector of its own: a folder to keep (default: a temporary one)")
	fl.BoolVar(&cfg.Keep, "keep", false, "keep the temporary folder with the collector's log, state and events")
	fl.Uint64Var(&cfg.Seed, "seed", 0, "what everything is drawn from; 0: another each time")
	fl.IntVar(&cfg.Tokens, "tokens", 120, "size of the fleet")
	fl.IntVar(&cfg.Days, "days", 30, "how long it is watched")
	fl.DurationVar(&cfg.Duration, "duration", time.Minute, "what the days take, if the collector is fast enough")
	fl.Float64Var(&cfg.Budget, "budget", 10, "false alerts a week that are tolerable")
	fl.DurationVar(&cfg.Wait, "wait", 20*time.Second, "how long to wait for the last events")
	return cmd
}

// complete fills in what follows from what was given.
func complete(cfg *demo.Config) error {
	cfg.Now = time.Now()
	if cfg.Seed == 0 {
		cfg.Seed = uint64(cfg.Now.UnixNano()/1e6) % 1e6
	}
	switch {
	case cfg.Duration <= 0:
		return fmt.Errorf("--duration %s: the days take some time, such as 1m", cfg.Duration)
	case cfg.Days < 7:
		return fmt.Errorf("--days %d: Holter has to know the owner before it can tell a thief; give it a week at least", cfg.Days)
	case cfg.Endpoint != "" && cfg.Collector != "":
		return errors.New("--collector starts a Holter and --endpoint names one that runs: give one of them")
	case cfg.Endpoint != "" && cfg.Data == "":
		return errors.New("--endpoint needs --data: the folder that the running Holter has as HOLTER_DATA (./holter-data unless it was set)")
	case cfg.Endpoint != "" && !otlpsend.EndpointIsLoopback(cfg.Endpoint):
		return fmt.Errorf("--endpoint %s is not on this machine: the demo reads the anomalies from the collector's files", cfg.Endpoint)
	case cfg.Endpoint != "":
		return nil
	}
	var err error
	cfg.Collector, err = findCollector(cfg.Collector)
	return err
}

// findCollector is the binary to start: the given one, or the one that lies nearest.
func findCollector(given string) (string, error) {
	const name = "otelcol-holter"
	if given != "" {
		if _, err := os.Stat(given); err != nil {
			return "", fmt.Errorf("--collector: %w; make build makes build/%s", err, name)
		}
		return filepath.Abs(given)
	}
	places := []string{filepath.Join("build", name)}
	if self, err := os.Executable(); err == nil {
		places = append([]string{filepath.Join(filepath.Dir(self), name)}, places...)
	}
	for _, p := range places {
		if info, err := os.Stat(p); err == nil && !info.IsDir() {
			return filepath.Abs(p)
		}
	}
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	return "", fmt.Errorf("found no %s to start: run make build, or name one with --collector", name)
}
