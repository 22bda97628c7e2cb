package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// List is a registry that a server gives over HTTP: the last good answer stays in force. Snapshot may be called at any time; Check
// by one goroutine at a time.
type List struct {
	endpoint string
	shown    string
	client   *http.Client
	format   Format // empty: what the answer says
	interval time.Duration
	limit    int64
	optional bool
	current  atomic.Pointer[Snapshot]

	mu       sync.Mutex
	tag      string // the ETag of the answer that was read last, good or bad
	modified string // its Last-Modified
	err      error  // and what was wrong with it
}

// ListConfig says where the list is.
type ListConfig struct {
	Endpoint string
	Client   *http.Client
	Format   Format // empty: what the content type says, or the end of the path
	Interval time.Duration
	MaxBytes int64 // an answer that is longer is refused
	Optional bool
}

// NewList is the registry at an endpoint.
func NewList(cfg ListConfig) (*List, error) {
	u, err := url.Parse(cfg.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("endpoint: is no URL: write https://keys.example.com/registry.json")
	}
	return &List{
		endpoint: cfg.Endpoint, shown: u.Scheme + "://" + u.Host + u.Path, client: cfg.Client, format: cfg.Format,
		interval: cfg.Interval, limit: cfg.MaxBytes, optional: cfg.Optional,
	}, nil
}

// Name is "http" and the endpoint, without a user and parameters, which may be secret.
func (l *List) Name() string { return "http " + l.shown }

// Snapshot is the reading in force, nil if there is none.
func (l *List) Snapshot() *Snapshot { return l.current.Load() }

// Interval is how often to ask.
func (l *List) Interval() time.Duration { return l.interval }

// Optional says whether to go on without a first reading.
func (l *List) Optional() bool { return l.optional }

// Remote says that a first reading may take its time.
func (l *List) Remote() bool { return true }

// Check asks for the list if it has changed since the last answer. It says whether another reading came into force, and what is
// wrong with the answer or its server; the same error is returned as long as the list stays as it is.
func (l *List) Check(ctx context.Context) (changed bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	changed, err = l.ask(ctx)
	if err != nil {
		return false, fmt.Errorf("http: %s: %w", l.shown, err)
	}
	return changed, nil
}

func (l *List) ask(ctx context.Context) (changed bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.endpoint, http.NoBody)
	if err != nil {
		return false, errors.New("the endpoint cannot be asked")
	}
	request.Header.Set("Accept", "application/json, application/yaml, text/csv;q=0.9")
	if l.tag != "" {
		request.Header.Set("If-None-Match", l.tag)
	}
	if l.modified != "" {
		request.Header.Set("If-Modified-Since", l.modified)
	}
	answer, err := l.client.Do(request)
	if err != nil {
		var asked *url.Error
		if errors.As(err, &asked) {
			err = asked.Err // the rest is the endpoint with its parameters
		}
		return false, err
	}
	defer func() { _ = answer.Body.Close() }()
	switch {
	case answer.StatusCode == http.StatusNotModified:
		return false, l.err
	case answer.StatusCode != http.StatusOK:
		return false, fmt.Errorf("answered %d: 200 with a list is needed", answer.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, l.limit+1))
	if err != nil {
		return false, fmt.Errorf("the answer broke off: %w", err)
	}
	if int64(len(text)) > l.limit {
		return false, fmt.Errorf("the answer is longer than %d bytes: raise max_bytes", l.limit)
	}
	l.tag, l.modified = answer.Header.Get("ETag"), answer.Header.Get("Last-Modified")
	next, err := l.formatOf(answer).Parse(bytes.NewReader(text))
	if l.err = err; err != nil {
		return false, err
	}
	l.current.Store(next)
	return true, nil
}

func (l *List) formatOf(answer *http.Response) Format {
	if l.format != "" {
		return l.format
	}
	if format, ok := formatOfType(answer.Header.Get("Content-Type")); ok {
		return format
	}
	return FormatOf(answer.Request.URL.Path)
}
