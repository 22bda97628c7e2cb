package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/holterhq/holter/internal/freeport"
)

// collector is an otelcol-holter that the demo started.
type collector struct {
	cmd      *exec.Cmd
	ended    chan struct{} // closed when the process is gone
	endpoint string
	log      string
}

// How long a collector may take to listen, and to end.
const (
	startPatience = 60 * time.Second
	stopPatience  = 30 * time.Second
)

// startCollector runs the binary with its built-in configuration, on free ports of this machine and with data of its own.
func startCollector(ctx context.Context, path, data string) (*collector, error) {
	ports, err := freeport.Take(5)
	if err != nil {
		return nil, err
	}
	c := &collector{ended: make(chan struct{}), endpoint: "127.0.0.1:" + ports[0], log: filepath.Join(data, "collector.log")}
	log, err := os.Create(c.log)
	if err != nil {
		return nil, fmt.Errorf("write the collector's log: %w", err)
	}
	defer log.Close()
	c.cmd = exec.Command(path,
		"--set=receivers::otlp::protocols::grpc::endpoint=127.0.0.1:"+ports[0],
		"--set=receivers::otlp::protocols::http::endpoint=127.0.0.1:"+ports[1],
		"--set=exporters::prometheus::endpoint=127.0.0.1:"+ports[2],
		"--set=extensions::health_check::endpoint=127.0.0.1:"+ports[3],
		"--set=extensions::token_console::endpoint=127.0.0.1:"+ports[4],
		"--set=service::telemetry::metrics::level=none",
	)
	c.cmd.Env = append(os.Environ(), "HOLTER_DATA="+data)
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w; build it with make build, or name another with --collector", path, err)
	}
	go func() {
		_ = c.cmd.Wait()
		close(c.ended)
	}()
	if err := c.listening(ctx); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// listening waits until the receiver takes connections.
func (c *collector) listening(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		if conn, err := net.DialTimeout("tcp", c.endpoint, time.Second); err == nil {
			return conn.Close()
		}
		select {
		case <-c.ended:
			return fmt.Errorf("the collector ended before it listened; its last words (all in %s):\n%s", c.log, c.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("the collector does not listen on %s; its last words (all in %s):\n%s", c.endpoint, c.log, c.lastWords())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// stop ends the process that was started, and no other: first with a word, in the end by force.
func (c *collector) stop() error {
	select {
	case <-c.ended:
		return nil
	default:
	}
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the collector: %w", err)
	}
	select {
	case <-c.ended:
		return nil
	case <-time.After(stopPatience):
		_ = c.cmd.Process.Kill()
		<-c.ended
		return fmt.Errorf("the collector did not end within %s of SIGTERM and was killed; see %s", stopPatience, c.log)
	}
}

// alive is an error when the process has ended by itself.
func (c *collector) alive() error {
	select {
	case <-c.ended:
		return fmt.Errorf("the collector ended in the middle; its last words (all in %s):\n%s", c.log, c.lastWords())
	default:
		return nil
	}
}

func (c *collector) lastWords() string {
	b, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}
