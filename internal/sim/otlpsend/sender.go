package otlpsend

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"
)

// Config says where to and how to send.
type Config struct {
	Endpoint string // host:port; for HTTP also a URL
	Protocol string // grpc or http
	Insecure bool   // without TLS
	// AllowRemote permits endpoints that are not this machine. Simulated traffic is noise in anybody's production.
	AllowRemote bool
	// Patience is how long a refused batch is tried again; 0 means a minute.
	Patience time.Duration
}

// Sender sends batches one after another, so that what is received is in order too.
type Sender struct {
	exporter exporter
	cfg      Config
	Stats    Stats
}

// Stats is what has been sent.
type Stats struct {
	Batches, Spans, Requests, Retries int
	Bytes                             int64
}

// exporter is one of OTLP's two transports.
type exporter interface {
	// export sends a batch. An error that may pass is a refusal.
	export(context.Context, *Batch) (rejected int64, message string, err error)
	close() error
}

// refusal is an error that may pass: it is tried again, after the wait that the server asks for.
type refusal struct {
	error
	wait time.Duration // 0: none asked for
}

func (r refusal) Unwrap() error { return r.error }

// Waits between tries: they double from the first to the last.
const (
	firstWait = 100 * time.Millisecond
	lastWait  = 5 * time.Second
)

// New prepares a sender. It does not connect yet: a server that is not there shows with the first batch.
func New(cfg Config) (*Sender, error) {
	if cfg.Patience == 0 {
		cfg.Patience = time.Minute
	}
	host, err := endpointHost(cfg.Endpoint)
	if err != nil {
		return nil, err
	}
	if !Loopback(host) && !cfg.AllowRemote {
		return nil, fmt.Errorf("endpoint %s is not on this machine: simulated traffic does not belong into a system that others use; add --allow-remote if it is meant to go there", cfg.Endpoint)
	}
	s := &Sender{cfg: cfg}
	switch cfg.Protocol {
	case "grpc":
		s.exporter, err = newGRPC(cfg)
	case "http":
		s.exporter = newHTTP(cfg)
	default:
		err = fmt.Errorf("unknown protocol %q: choose grpc or http", cfg.Protocol)
	}
	return s, err
}

// Send sends a batch, again if it is refused for now. It gives up when the server says that the batch is bad, or when its
// patience ends.
func (s *Sender) Send(ctx context.Context, b *Batch) error {
	wait, deadline := firstWait, time.Now().Add(s.cfg.Patience)
	for {
		rejected, message, err := s.exporter.export(ctx, b)
		if err == nil && rejected > 0 {
			return fmt.Errorf("%s rejected %d of %d spans: %s", s.cfg.Endpoint, rejected, b.Spans, message)
		}
		if err == nil {
			s.Stats.Batches++
			s.Stats.Spans += b.Spans
			s.Stats.Requests += b.Requests
			s.Stats.Bytes += int64(b.Size)
			return nil
		}
		var r refusal
		if !errors.As(err, &r) {
			return fmt.Errorf("send to %s: %w", s.cfg.Endpoint, err)
		}
		pause := max(r.wait, wait/2+rand.N(wait/2))
		if time.Now().Add(pause).After(deadline) {
			return fmt.Errorf("%s took nothing for %s: %w; is an OTLP/%s receiver listening there?", s.cfg.Endpoint, s.cfg.Patience, err, s.cfg.Protocol)
		}
		s.Stats.Retries++
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		wait = min(2*wait, lastWait)
	}
}

// Close ends the connection.
func (s *Sender) Close() error { return s.exporter.close() }

// Loopback tells whether a host is this machine.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// EndpointIsLoopback tells whether an endpoint is on this machine; false as well if it cannot be read.
func EndpointIsLoopback(endpoint string) bool {
	host, err := endpointHost(endpoint)
	return err == nil && Loopback(host)
}

func endpointHost(endpoint string) (string, error) {
	if u, ok := asURL(endpoint); ok {
		return u.Hostname(), nil
	}
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil || host == "" || port == "" {
		return "", fmt.Errorf("endpoint %q is not host:port: write for example 127.0.0.1:4317", endpoint)
	}
	return host, nil
}
