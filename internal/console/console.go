package console

import (
	"context"
	"io/fs"
	"iter"
	"net/http"
	"sync"
	"time"

	"github.com/holterhq/holter/internal/console/access"
	"github.com/holterhq/holter/internal/store"
)

// Settings are what a console is made of.
type Settings struct {
	Store   store.Store
	Gate    *access.Gate
	Assets  fs.FS // index.html and what it needs
	Version string
	Links   []Link
	Limits  Limits
	// Deprecated are routes that ought to be gone, such as GET /v1/orders, beside those that have a later version.
	Deprecated []string
	// Registered are the tokens that the registry lists, by its own ids; nil: there is none to be asked.
	Registered iter.Seq[store.Token]
	// OTLP is where apps send their telemetry, as far as it is known: host:port, and a URL.
	OTLP func() (grpc, http string)
	// Demo plays traffic that is made up; nil: there is none.
	Demo Demo
	// Count is told of what was refused or dropped because of a limit, by the Dropped… names.
	Count func(what string)
	// Trouble is told of errors that are nobody's fault who asked.
	Trouble func(doing string, err error)
	Now     func() time.Time
}

// Link leads from a trace id to where traces are.
type Link struct {
	Name string `json:"name" doc:"what the link is called"`
	URL  string `json:"url" doc:"with {trace_id} where the trace id goes"`
}

// Limits bound what may be asked.
type Limits struct {
	MaxRange time.Duration // between from and to
	Timeout  time.Duration // of a question; exports take ten times as long
	Requests *access.Rates // of each address
	Streams  int           // open at the same time
	Export   int           // rows
	Entries  int           // of the journal that are kept at hand
}

// Names of what Count is told.
const (
	DroppedRate   = "rate"
	DroppedLogin  = "login"
	DroppedStream = "stream"
	DroppedBeat   = "beat"
	DroppedEntry  = "entry"
)

// Console is an http.Handler.
type Console struct {
	Settings
	routes  []route
	mux     *http.ServeMux
	page    *page
	hub     *hub
	ledger  *ledger
	stage   *stage
	status  cached[store.Status]
	answers answers

	ctx     context.Context // of all that goes on beside requests
	stop    context.CancelFunc
	running sync.WaitGroup
}

// New makes a console. It answers once Run has been called.
func New(s Settings) (*Console, error) {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Count == nil {
		s.Count = func(string) {}
	}
	if s.Trouble == nil {
		s.Trouble = func(string, error) {}
	}
	if s.OTLP == nil {
		s.OTLP = func() (string, string) { return "", "" }
	}
	c := &Console{Settings: s, ledger: newLedger(s.Limits.Entries, func() { s.Count(DroppedEntry) })}
	c.hub, c.stage = newHub(c), &stage{c: c}
	c.ctx, c.stop = context.WithCancel(context.Background())
	var err error
	if c.page, err = newPage(s.Assets); err != nil {
		return nil, err
	}
	c.routes = c.table()
	c.mux = c.router()
	return c, nil
}

// Run begins to watch the store, until Close.
func (c *Console) Run() {
	c.running.Go(func() { c.ledger.follow(c.ctx, c.Store, c.hub.tellEntries, c.Trouble) })
	c.running.Go(func() { c.hub.run(c.ctx) })
}

// Close ends the streams and the demo.
func (c *Console) Close() {
	c.stop()
	c.running.Wait()
}

// cached is something that is asked for at most so often.
type cached[T any] struct {
	mu    sync.Mutex
	value T
	until time.Time
}

func (c *cached[T]) get(now time.Time, lasts time.Duration, ask func() (T, error)) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Before(c.until) {
		return c.value, nil
	}
	value, err := ask()
	if err != nil {
		return value, err
	}
	c.value, c.until = value, now.Add(lasts)
	return value, nil
}
