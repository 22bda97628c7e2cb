package sim

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Request is one call of a service, as the service saw it.
type Request struct {
	Time     time.Time // when it was answered
	Duration time.Duration
	Token    *Token
	Service  *Service
	Version  string // of the service
	Route    *Route
	Path     string
	Status   int // HTTP's numbers, also for gRPC
	Sent     int // body sizes in bytes
	Received int
	Address  netip.Addr
	Agent    string
	Trace    [16]byte
	Span     [8]byte
	Attack   *Label // nil: the owner's own
	Shown    Shown  // of the credential
	// Model is the language model that was asked on the way, with so many tokens in and out; empty: none was.
	Model         string
	Input, Output int
}

// Shown is what the server's span shows of the credential.
type Shown uint8

// What is shown.
const (
	Whole   Shown = iota
	Nothing       // the request came without one, or its header is not captured
	Masked        // somebody has written stars over it
)

// caller is who makes requests: a client, or a thief in its place.
type caller struct {
	token   *Token
	address netip.Addr
	agent   string // empty: the client's own
	label   *Label
	d       *dice
	ids     uint64 // the range of ids that it works with
}

// call answers one request that arrives at the given time.
func (c *caller) call(at time.Time, s *Service, route int) Request {
	r := &s.Routes[route]
	q := Request{
		Token: c.token, Service: s, Version: s.version(at, c.d), Route: r, Path: r.path(c.ids, c.d),
		Address: c.address, Agent: c.agent, Attack: c.label,
		Duration: time.Duration(c.d.lognormal(float64(r.Latency), .55)),
		Received: size(c.d, r.Response, .5), Sent: size(c.d, r.Request, .35),
	}
	if q.Agent == "" {
		q.Agent = c.token.agent(s, at)
	}
	q.Status = c.answer(at, s, r)
	if q.Status >= 400 {
		q.Received = 60 + c.d.IntN(200)
	}
	if q.Status >= 500 {
		q.Duration *= 3
	}
	q.Time = at.Add(q.Duration)
	putUint64(q.Trace[:8], c.d.Uint64())
	putUint64(q.Trace[8:], c.d.Uint64()|1)
	putUint64(q.Span[:], c.d.Uint64()|1)
	return q
}

// answer draws the status: an outage's, a mistake of the client's, or the usual one.
func (c *caller) answer(at time.Time, s *Service, r *Route) int {
	if status := s.trouble(at, c.d); status != 0 {
		return status
	}
	if x := c.d.Float64(); x < c.token.errors {
		switch {
		case x < c.token.errors*.12:
			return pick(c.d, []int{500, 503})
		case x < c.token.errors*.2:
			return 429
		case strings.Contains(r.Template, "{id}") && r.Method != "POST":
			return 404
		default:
			return pick(c.d, []int{400, 409, 422, 422})
		}
	}
	switch r.Method {
	case "POST":
		return 201
	case "DELETE":
		return 204
	default:
		return 200
	}
}

// path fills the template with an id. Clients return to the ids that they know.
func (r *Route) path(ids uint64, d *dice) string {
	if !strings.Contains(r.Template, "{id}") {
		return r.Template
	}
	return fill(r.Template, ids+uint64(d.ExpFloat64()*60))
}

func fill(template string, id uint64) string {
	return strings.Replace(template, "{id}", strconv.FormatUint(id, 10), 1)
}

func size(d *dice, median int, sigma float64) int {
	if median == 0 {
		return 0
	}
	return int(d.lognormal(float64(median), sigma))
}

func putUint64(b []byte, v uint64) {
	for i := range 8 {
		b[i] = byte(v >> (56 - 8*i))
	}
}
