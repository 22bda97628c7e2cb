package tokenresponseexporter

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/geo"
	"github.com/holterhq/holter/internal/response/denylist"
)

// Gateways that ask, each in its own way. A path of its own for each says which headers are the gateway's word: the others may be the
// caller's.
const (
	byNginx = iota
	byTraefik
	byCaddy
	byEnvoy
	byExtAuthz
)

var gateways = [...]string{byNginx: "nginx", byTraefik: "traefik", byCaddy: "caddy", byEnvoy: "envoy", byExtAuthz: "ext_authz"}

const (
	checkPath = "/check/"
	linesPath = "/list.jsonl"
	plainPath = "/list.txt"
	// mostWaiting is how many may wait for a change; whoever comes then is answered at once.
	mostWaiting = 1000
	// longestWait is how long a request for the list may wait for a change.
	longestWait = time.Minute
	// closedFor is what those are told to wait who are refused because it is not known whom to refuse.
	closedFor = 5
)

// ServeHTTP answers checks and hands out the list.
func (d *denyList) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, checkPath):
		d.checkHTTP(w, r)
	case r.URL.Path == linesPath:
		d.serveList(w, r, "application/jsonl", func(p *denylist.Page) []byte { return p.Lines })
	case r.URL.Path == plainPath:
		d.serveList(w, r, "text/plain; charset=utf-8", func(p *denylist.Page) []byte { return p.Plain })
	default:
		http.Error(w, "ask at /check/nginx, /check/traefik, /check/caddy or /check/envoy, or take /list.jsonl or /list.txt", http.StatusNotFound)
	}
}

// asked is what a gateway's request says of the request that it asks about; false: no gateway asks like this.
func (d *denyList) asked(r *http.Request) (gateway int, asked denylist.Request, ok bool) {
	asked = denylist.Request{Headers: headersOf(r.Header), Tenant: d.cfg.Tenant.Value}
	if d.cfg.Tenant.Header != "" {
		asked.Tenant = r.Header.Get(d.cfg.Tenant.Header)
	}
	name, _, _ := strings.Cut(r.URL.Path[len(checkPath):], "/")
	switch name {
	case "nginx":
		gateway, asked.Method, asked.URI = byNginx, r.Header.Get("X-Original-Method"), r.Header.Get("X-Original-Uri")
		asked.Client, _ = geo.ParseAddr(r.Header.Get("X-Real-Ip"))
		return gateway, asked, true
	case "traefik", "caddy":
		gateway, asked.Method, asked.URI = byTraefik, r.Header.Get("X-Forwarded-Method"), r.Header.Get("X-Forwarded-Uri")
		if name == "caddy" {
			gateway = byCaddy
		}
	case "envoy":
		gateway, asked.Method, asked.URI = byEnvoy, r.Method, strings.TrimPrefix(r.RequestURI, checkPath+name)
	default:
		return 0, asked, false
	}
	asked.Client, _ = d.proxies.Behind(r.Header.Values("X-Forwarded-For")...)
	return gateway, asked, true
}

func headersOf(header http.Header) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for name, values := range header {
			for _, value := range values {
				if !yield(name, value) {
					return
				}
			}
		}
	}
}

func (d *denyList) checkHTTP(w http.ResponseWriter, r *http.Request) {
	gateway, asked, ok := d.asked(r)
	if !ok {
		http.Error(w, "no gateway asks there: write /check/nginx, /check/traefik, /check/caddy or /check/envoy", http.StatusNotFound)
		return
	}
	now := time.Now()
	answer := d.check(r.Context(), gateway, &asked, now)
	said := say(&answer, now)
	for _, h := range said.headers {
		w.Header().Set(h[0], h[1])
	}
	switch {
	case said.status == http.StatusOK && gateway != byEnvoy: // which takes nothing else for a yes
		w.WriteHeader(http.StatusNoContent)
		return
	case answer.Verdict == denylist.Closed && gateway == byNginx: // to which anything but 401 and 403 is an error
		said.status = http.StatusForbidden
	}
	w.Header().Set("Cache-Control", "no-store")
	if said.body == nil {
		w.WriteHeader(said.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(said.status)
	_, _ = w.Write(said.body) // whoever does not read it has the status
}

// check answers one request.
func (d *denyList) check(ctx context.Context, gateway int, asked *denylist.Request, now time.Time) denylist.Answer {
	answer := d.gate.Check(asked, now)
	d.tell.telemetry.TokenResponseDenyListChecks.Add(ctx, 1, d.counted[gateway][answer.Verdict])
	if answer.Err != nil {
		d.tell.denyUnsure(ctx, answer.Err, now)
	}
	return answer
}

// said is an answer as HTTP says it.
type said struct {
	status  int
	headers [][2]string
	body    []byte
}

// Headers of answers.
const (
	headerReason   = "X-Holter-Reason"
	headerIncident = "X-Holter-Incident"
	headerScopes   = "X-Holter-Allowed-Scopes"
)

// say is what a gateway, and mostly its caller, is told.
func say(a *denylist.Answer, now time.Time) said {
	if !a.Refused() {
		out := said{status: http.StatusOK}
		if e := a.Entry; e != nil && e.Grant != nil && len(e.Grant.Scopes) > 0 {
			out.headers = append(out.headers, [2]string{headerScopes, printable(strings.Join(e.Grant.Scopes, " "))})
		}
		return out
	}
	out := said{status: http.StatusForbidden, headers: [][2]string{{headerReason, a.Verdict.String()}}}
	problem := struct {
		Error    string `json:"error"`
		Message  string `json:"message"`
		Incident string `json:"incident,omitempty"`
	}{Error: "token_" + a.Verdict.String()}
	switch a.Verdict {
	case denylist.Locked:
		problem.Message = "this API token is locked"
	case denylist.Reauthenticated:
		out.status = http.StatusUnauthorized
		problem.Error, problem.Message = "invalid_token", "this API token works no more: log in again"
		out.headers = append(out.headers, [2]string{"WWW-Authenticate", `Bearer error="invalid_token", error_description="log in again"`})
	case denylist.Restricted:
		problem.Message = fmt.Sprintf("this API token is restricted, and this %s is outside of what it may do", a.Outside)
	default:
		out.status = http.StatusServiceUnavailable
		problem.Error, problem.Message = "unavailable", "it is not known whether this API token may pass"
		out.headers = append(out.headers, [2]string{"Retry-After", strconv.Itoa(closedFor)})
	}
	if e := a.Entry; e != nil {
		problem.Incident = printable(e.Incident)
		if problem.Incident != "" {
			out.headers = append(out.headers, [2]string{headerIncident, problem.Incident})
		}
		if !e.Until.IsZero() {
			left := max(1, int64(math.Ceil(e.Until.Sub(now).Seconds())))
			out.headers = append(out.headers, [2]string{"Retry-After", strconv.FormatInt(left, 10)})
		}
	}
	out.body, _ = json.Marshal(problem) // of texts
	return out
}

// printable leaves out what cannot stand in a header.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f {
			return -1
		}
		return c
	}, text)
}

// serveList hands out the list, at once or when it is another than the one that the gateway has.
func (d *denyList) serveList(w http.ResponseWriter, r *http.Request, mediaType string, part func(*denylist.Page) []byte) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the list can only be read", http.StatusMethodNotAllowed)
		return
	}
	wait, err := waitOf(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := d.list.Trouble(); err != nil {
		// An empty list would be believed.
		w.Header().Set("Retry-After", strconv.Itoa(closedFor))
		http.Error(w, "it is not known whom to refuse: the storage cannot be read", http.StatusServiceUnavailable)
		return
	}
	page, changed := d.list.Page()
	if wait > 0 && matches(r, page.Tag) {
		if d.waiting.Add(1) <= mostWaiting {
			page = d.wait(w, r, wait, page, changed)
		}
		d.waiting.Add(-1)
	}
	header := w.Header()
	header.Set("Etag", `"`+page.Tag+`"`)
	header.Set("Cache-Control", fmt.Sprintf("private, max-age=%d", int(d.cfg.MaxAge.Seconds())))
	if matches(r, page.Tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", mediaType)
	body := part(page)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // whoever went away asks again
	}
}

// wait returns the list when it changes, or after a while as it was.
func (d *denyList) wait(w http.ResponseWriter, r *http.Request, limit time.Duration, page *denylist.Page, changed <-chan struct{}) *denylist.Page {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit + longestWait)) // else the server's own may come first
	select {
	case <-changed:
		page, _ = d.list.Page()
	case <-r.Context().Done():
	case <-timer.C:
	case <-d.ending:
	}
	return page
}

// waitOf is for how long a request for the list may wait for a change.
func waitOf(r *http.Request) (time.Duration, error) {
	text := r.URL.Query().Get("wait")
	if text == "" {
		return 0, nil
	}
	wait, err := time.ParseDuration(text)
	if err != nil || wait < 0 {
		return 0, fmt.Errorf("wait: write a duration such as 30s")
	}
	return min(wait, longestWait), nil
}

// matches says whether the gateway has the list already.
func matches(r *http.Request, tag string) bool {
	for one := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == "*" || one == `"`+tag+`"` {
			return true
		}
	}
	return false
}

// clientOf is the client of a request that came over a connection.
func (d *denyList) clientOf(peer string, forwarded ...string) netip.Addr {
	addr, _ := d.proxies.Client(geo.Sight{Peer: peer, Forwarded: forwarded})
	return addr
}
