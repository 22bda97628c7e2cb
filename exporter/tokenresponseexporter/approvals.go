package tokenresponseexporter

import (
	"context"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/desk"
	"github.com/holterhq/holter/internal/response/outbox"
	"github.com/holterhq/holter/internal/response/pass"
	"github.com/holterhq/holter/internal/serving"
)

//go:embed approvals.html
var approvalsPage string

// approvals serves one-time links, the stop switch and dead letters.
type approvals struct {
	desk  *desk.Desk
	key   pass.Key
	token string
	page  *template.Template
}

// serveApprovals begins to serve, if it is configured.
func (r *responder) serveApprovals(ctx context.Context, host component.Host) error {
	cfg := &r.cfg.Approvals
	if !cfg.HTTP.HasValue() {
		return nil
	}
	key, err := pass.ParseKey(string(cfg.Key))
	if err != nil {
		return fmt.Errorf("approvals::key: %w", err)
	}
	page, err := template.New("approvals").Parse(approvalsPage)
	if err != nil {
		return err
	}
	a := &approvals{desk: r.desk, key: key, token: string(cfg.Token), page: page}
	listener, err := cfg.HTTP.Get().ToListener(ctx)
	if err != nil {
		return fmt.Errorf("approvals::http: %w", err)
	}
	server, err := cfg.HTTP.Get().ToServer(ctx, host.GetExtensions(), r.set.TelemetrySettings, a.handler())
	if err != nil {
		return errors.Join(fmt.Errorf("approvals::http: %w", err), listener.Close())
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			r.set.Logger.Error("links are no longer served", zap.Error(err))
			r.tell.health.set("approvals", fmt.Errorf("approvals::http: %w", err))
		}
	}()
	r.closers = append(r.closers, func(ctx context.Context) error {
		err := serving.End(ctx, server)
		<-done
		return err
	})
	return nil
}

func (a *approvals) handler() http.Handler {
	mux := http.NewServeMux()
	for _, verb := range []string{desk.VerbApprove, desk.VerbUndo} {
		mux.HandleFunc("GET /"+verb+"/{act}", a.ask(verb))
		mux.HandleFunc("POST /"+verb+"/{act}", a.answer(verb))
	}
	mux.HandleFunc("POST /stop", a.guarded(a.want(desk.VerbStop)))
	mux.HandleFunc("POST /resume", a.guarded(a.want(desk.VerbResume)))
	mux.HandleFunc("POST /replay", a.guarded(a.want(desk.VerbReplay)))
	mux.HandleFunc("GET /status", a.guarded(a.status))
	mux.HandleFunc("GET /dead_letters", a.guarded(a.letters))
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Robots-Tag", "noindex")
		mux.ServeHTTP(w, req)
	})
}

// shown is what the page says.
type shown struct {
	Title, Text string
	Event       *response.Event
	Verb        string // what its button does; empty: there is none
	Refuse      bool   // there is a button to say no
}

// ask says what a link would do. It does nothing: those who look for malware in mail follow links.
func (a *approvals) ask(verb string) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		act := req.PathValue("act")
		if !a.signed(w, req, verb, act) {
			return
		}
		e, ok := a.desk.Look(act, time.Now())
		if !ok {
			a.show(w, req, http.StatusNotFound, shown{Title: "Nothing to decide", Text: "There is no such act, or it is forgotten."})
			return
		}
		s := shown{Title: "Undo this?", Text: "It is taken back once you press the button.", Event: &e, Verb: verb}
		if verb == desk.VerbApprove {
			s.Title, s.Text, s.Refuse = "Do this?", "Nothing is done until you press a button.", true
		}
		a.show(w, req, http.StatusOK, s)
	}
}

// answer does what a link is for.
func (a *approvals) answer(verb string) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		act := req.PathValue("act")
		if !a.signed(w, req, verb, act) {
			return
		}
		req.Body = http.MaxBytesReader(w, req.Body, 1<<14)
		err := req.ParseForm()
		if err == nil {
			err = req.ParseMultipartForm(1 << 14)
		}
		if err != nil && !errors.Is(err, http.ErrNotMultipart) { // it may have been a no
			a.show(w, req, http.StatusBadRequest, shown{Title: "Nothing was done", Text: "What you answered did not arrive whole."})
			return
		}
		done := verb
		if verb == desk.VerbApprove && req.PostFormValue("answer") == desk.VerbRefuse {
			done = desk.VerbRefuse
		}
		err = a.desk.Want(req.Context(), time.Now(), desk.Wish{Verb: done, Act: act, By: "link", Why: short(req.PostFormValue("why"))})
		if err != nil {
			a.show(w, req, http.StatusConflict, shown{Title: "Nothing was done", Text: err.Error()})
			return
		}
		a.show(w, req, http.StatusOK, shown{Title: "Noted", Text: map[string]string{
			desk.VerbApprove: "It is approved, and on its way.", desk.VerbRefuse: "It is refused: nothing is done.", desk.VerbUndo: "It is being taken back.",
		}[done]})
	}
}

func (a *approvals) signed(w http.ResponseWriter, req *http.Request, verb, act string) bool {
	if err := a.key.Check(verb, act, req.URL.Query(), time.Now()); err != nil {
		a.show(w, req, http.StatusForbidden, shown{Title: "This address does nothing", Text: err.Error()})
		return false
	}
	return true
}

// show answers browsers with the page and others with a line.
func (a *approvals) show(w http.ResponseWriter, req *http.Request, status int, s shown) {
	if !strings.Contains(req.Header.Get("Accept"), "text/html") {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprintf(w, "%s: %s\n", s.Title, s.Text)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = a.page.Execute(w, s) // whoever asked may be gone
}

// guarded asks for the token.
func (a *approvals) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		given, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
		switch {
		case a.token == "":
			http.Error(w, "not served: write approvals::token", http.StatusNotFound)
		case !ok || subtle.ConstantTimeCompare([]byte(given), []byte(a.token)) != 1:
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "send Authorization: Bearer and the token of approvals::token", http.StatusUnauthorized)
		default:
			next(w, req)
		}
	}
}

func (a *approvals) want(verb string) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		q := req.URL.Query()
		err := a.desk.Want(req.Context(), time.Now(), desk.Wish{
			Verb: verb, By: "approvals endpoint", Why: short(q.Get("why")), Delivery: q.Get("id"), Target: q.Get("target"),
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func (a *approvals) status(w http.ResponseWriter, _ *http.Request) {
	all, live := a.desk.Size()
	circuits := a.desk.Circuits(time.Now())
	if circuits == nil {
		circuits = []string{}
	}
	write(w, map[string]any{
		"stopped": a.desk.Stopped(), "circuits": circuits, "incidents": map[string]int{"open": live, "resolved": all - live},
	})
}

// letter is a dead letter as it is listed.
type letter struct {
	ID       string    `json:"id"`
	Target   string    `json:"target"`
	State    string    `json:"state"`
	Why      string    `json:"why,omitempty"`
	Attempts int       `json:"attempts"`
	Arrived  time.Time `json:"arrived"`
	Ended    time.Time `json:"ended"`
}

func (a *approvals) letters(w http.ResponseWriter, req *http.Request) {
	all := []letter{}
	err := a.desk.Letters(req.Context(), func(l outbox.Letter) {
		all = append(all, letter{
			ID: l.ID, Target: l.Target, State: l.State.String(), Why: l.Answer.Reason, Attempts: l.Attempts, Arrived: l.Arrived.UTC(), Ended: l.Ended.UTC(),
		})
	})
	if err != nil {
		http.Error(w, "the outbox cannot be read: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	write(w, map[string]any{"dead_letters": all})
}

func write(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // whoever asked may be gone
}

// short bounds what a person writes.
func short(text string) string {
	const most = 500
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return strings.TrimSpace(text)
}
