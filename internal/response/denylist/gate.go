package denylist

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/registry"
	"github.com/holterhq/holter/internal/response"
)

// Gate answers whether a request may pass. Its fields are not changed once it is asked. Safe for concurrent use.
type Gate struct {
	List   *List
	Finder *Finder
	// IDs are the names that a credential of a tenant may stand in the list under.
	IDs func(tenant string, scheme credential.Scheme, secret string) [2]string
	// Locate says where an address is. Nil: it is not known.
	Locate func(netip.Addr) (country string, system uint32)
	// Routes say what happens while it is not known whom to refuse, the first that matches counts. None: everything passes.
	Routes []Failing
}

// Failing says what happens on a route while it is not known whom to refuse.
type Failing struct {
	Route  registry.Route
	Closed bool
}

// Verdict is what a gateway is told.
type Verdict uint8

// Verdicts.
const (
	Passed          Verdict = iota
	Locked                  // the token does not work any more
	Reauthenticated         // whoever holds it has to log in again
	Restricted              // the request is outside of what the token may still do
	Opened                  // it is not known whom to refuse, and the request passes
	Closed                  // it is not known whom to refuse, and nothing passes on this route
	verdicts
)

var verdictNames = [verdicts]string{"pass", "locked", "reauthenticate", "restricted", "open", "closed"}

func (v Verdict) String() string {
	if v < verdicts {
		return verdictNames[v]
	}
	return fmt.Sprintf("verdict(%d)", uint8(v))
}

// Verdicts are all there are.
func Verdicts() []Verdict {
	return []Verdict{Passed, Locked, Reauthenticated, Restricted, Opened, Closed}
}

// Answer is a verdict and why.
type Answer struct {
	Verdict Verdict
	Entry   *Entry // the strictest that counts: what the request is refused for, or by what a token that passed is restricted
	Outside string // of a restriction: route, network or country
	Err     error  // why it is not known whom to refuse
}

// Refused says whether the request must not go on.
func (a *Answer) Refused() bool { return a.Verdict != Passed && a.Verdict != Opened }

// Check answers from memory.
func (g *Gate) Check(r *Request, now time.Time) (answer Answer) {
	defer func() {
		if bug := recover(); bug != nil {
			answer = g.unsure(r, fmt.Errorf("panic: %T", bug)) // its text may quote the request
		}
	}()
	if g.List.Len() > 0 {
		g.Finder.Find(r, func(scheme credential.Scheme, secret string) bool {
			ids := g.IDs(r.Tenant, scheme, secret)
			g.judge(&answer, r, ids[0], now)
			if ids[1] != ids[0] {
				g.judge(&answer, r, ids[1], now)
			}
			return !answer.Refused()
		})
	}
	if !answer.Refused() {
		if err := g.List.Trouble(); err != nil {
			return g.unsure(r, err)
		}
	}
	return answer
}

// judge finds out whether a token is refused.
func (g *Gate) judge(answer *Answer, r *Request, id string, now time.Time) {
	var from *Where
	for _, e := range g.List.of(id) {
		if e.over(now) || answer.Entry != nil && e.Action <= answer.Entry.Action && answer.Refused() {
			continue
		}
		switch e.Action {
		case response.Lock:
			*answer = Answer{Verdict: Locked, Entry: e}
		case response.Reauthenticate:
			*answer = Answer{Verdict: Reauthenticated, Entry: e}
		default:
			if from == nil {
				from = g.where(r, e.Grant)
			}
			if outside := e.Grant.forbids(r.Method, r.path(), *from); outside != "" {
				*answer = Answer{Verdict: Restricted, Entry: e, Outside: outside}
			} else if answer.Entry == nil {
				answer.Entry = e
			}
		}
	}
}

func (g *Gate) where(r *Request, grant *Grant) *Where {
	from := &Where{Addr: r.Client}
	if g.Locate != nil && r.Client.IsValid() && grant != nil {
		from.Country, from.System = g.Locate(r.Client)
	}
	return from
}

// unsure is the answer when it is not known whom to refuse.
func (g *Gate) unsure(r *Request, err error) Answer {
	path := r.path()
	for i := range g.Routes {
		if failing := &g.Routes[i]; path == "" && failing.Closed || path != "" && failing.Route.Matches(r.Method, path) {
			if failing.Closed {
				return Answer{Verdict: Closed, Err: err}
			}
			break
		}
	}
	return Answer{Verdict: Opened, Err: err}
}
