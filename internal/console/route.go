package console

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/console/access"
)

// route is one thing that can be asked, or said.
type route struct {
	method, path string
	summary      string
	role         access.Role // empty: anybody
	params       []param
	anyParams    bool // others give them
	takes        any  // what the body is; nil: there is none
	gives        any  // what the answer is, with the status where it is not 200
	status       int
	media        string // of the answer, where it is not JSON
	// Either of them: answer is a question that is answered as a whole, write is one that is answered bit by bit.
	answer func(*call) (any, error)
	write  func(*call) error
}

// call is one request.
type call struct {
	*Console
	w    http.ResponseWriter
	r    *http.Request
	ctx  context.Context
	who  access.Who
	in   bool // who is known
	now  time.Time
	args url.Values
}

const (
	root     = "/api/v1"
	mostBody = 64 << 10
)

// router serves all routes, and the page.
func (c *Console) router() *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range c.routes {
		mux.Handle(r.method+" "+root+r.path, c.serve(r))
	}
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		if allowed := c.methods(r.URL.Path); len(allowed) > 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			c.refuse(w, &problem{status: http.StatusMethodNotAllowed, Code: "bad_request", Message: "use " + strings.Join(allowed, " or ")})
			return
		}
		c.refuse(w, notFound("there is no such endpoint: /api/v1/openapi.json lists them"))
	})
	c.page.mount(mux, c)
	return mux
}

// methods are those that a path has.
func (c *Console) methods(path string) (out []string) {
	for _, r := range c.routes {
		pattern, parts := strings.Split(root+r.path, "/"), strings.Split(path, "/")
		if slices.EqualFunc(pattern, parts, func(p, s string) bool { return p == s || strings.HasPrefix(p, "{") }) && !slices.Contains(out, r.method) {
			out = append(out, r.method)
		}
	}
	return out
}

// ServeHTTP answers within the limits, with what keeps a browser safe.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if err := c.Gate.CheckHost(r); err != nil {
		c.refuse(w, err)
		return
	}
	if c.Limits.Requests != nil && !strings.HasPrefix(r.URL.Path, "/assets/") {
		if wait, ok := c.Limits.Requests.Take(access.Address(r), c.Now()); !ok {
			c.Count(DroppedRate)
			c.refuse(w, tooMany(wait, "too many requests from your address: wait a little"))
			return
		}
	}
	c.mux.ServeHTTP(w, r)
}

// serve looks at who asks and what for, and answers.
func (c *Console) serve(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		asked, stop := c.call(w, r)
		defer stop()
		if err := asked.admit(route); err != nil {
			c.refuse(w, err)
			return
		}
		if route.write != nil {
			asked.ctx = r.Context() // it bounds its own time
			if err := route.write(asked); err != nil {
				c.refuse(w, err)
			}
			return
		}
		answer, err := route.answer(asked)
		if err != nil {
			c.refuse(w, err)
			return
		}
		c.give(w, route.status, answer)
	})
}

// call is a request as routes see it. It takes no longer than a question may.
func (c *Console) call(w http.ResponseWriter, r *http.Request) (*call, context.CancelFunc) {
	k := &call{Console: c, w: w, r: r, now: c.Now().UTC()}
	k.who, k.in = c.Gate.Who(r, k.now)
	ctx, stop := context.WithTimeout(r.Context(), c.Limits.Timeout)
	k.ctx = ctx
	return k, stop
}

// known are the parameters that there are.
func known(args url.Values, params []param) url.Values {
	out := url.Values{}
	for _, p := range params {
		if values, ok := args[p.name]; ok {
			out[p.name] = values
		}
	}
	return out
}

// admit refuses whoever may not ask that, and what the route does not know.
func (k *call) admit(route route) error {
	if route.role != "" {
		if !k.in {
			return notLoggedIn
		}
		if !k.who.May(route.role) {
			return forbidden("this needs the role %s: ask who configured the console", route.role)
		}
	}
	if k.r.Method != http.MethodGet {
		if err := k.Gate.CheckChange(k.r, k.now); err != nil {
			return err
		}
	}
	k.args = k.r.URL.Query()
	for name, values := range k.args {
		i := slices.IndexFunc(route.params, func(p param) bool { return p.name == name })
		switch {
		case route.anyParams:
		case i < 0:
			if _, filter := filterParam(name); filter {
				return badRequest(name, "this is not counted by %s: leave it out", name)
			}
			return badRequest(name, "there is no parameter %q here: /api/v1/openapi.json lists those there are", name)
		case len(values) > 1 && !route.params[i].many:
			return badRequest(name, "give it once")
		}
	}
	return nil
}

// body reads what came along.
func (k *call) body(into any) error {
	dec := json.NewDecoder(http.MaxBytesReader(k.w, k.r.Body, mostBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		if p, unexpected := problemOf(err); !unexpected {
			return p
		}
		return badRequest("", "the body is not what was expected: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// give writes an answer.
func (c *Console) give(w http.ResponseWriter, status int, answer any) {
	if file, ok := answer.(download); ok {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", file.name))
		_, _ = io.WriteString(w, file.text) // whoever asked has gone
		return
	}
	if status == 0 {
		status = http.StatusOK
	}
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	text, err := json.Marshal(answer)
	if err != nil {
		c.Trouble("write an answer", err)
		c.refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text) // whoever asked has gone
}

// refuse says why there is no answer.
func (c *Console) refuse(w http.ResponseWriter, err error) {
	p, unexpected := problemOf(err)
	if unexpected {
		c.Trouble("answer a question", err)
	}
	if p.wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(p.wait.Seconds()))))
	}
	w.Header().Del("Content-Disposition")
	c.give(w, p.status, failure{*p})
}
