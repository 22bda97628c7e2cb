package tokenregistry

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/registry"
)

// introspection asks one authorization server about tokens, beside the pipelines: they never wait for it.
type introspection struct {
	*Registry
	cfg       *IntrospectionConfig
	inquiries *registry.Inquiries
	limiter   *rate.Limiter
	client    *http.Client
	logger    *zap.Logger

	mu       sync.Mutex
	failures int       // in a row
	resume   time.Time // nobody asks before
	said     string
	saidAt   time.Time
}

func (r *Registry) newIntrospection(cfg *IntrospectionConfig) *introspection {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return &introspection{
		Registry: r, cfg: cfg,
		inquiries: registry.NewInquiries(registry.InquiriesConfig{
			MaxTokens: cfg.Cache.MaxTokens, QueueSize: cfg.QueueSize, TTL: cfg.Cache.TTL, NegativeTTL: cfg.Cache.NegativeTTL,
			ProvisionalFor: cfg.ProvisionalFor, Revoked: cfg.Inactive == string(registry.Revoked),
		}, key),
		limiter: rate.NewLimiter(rate.Limit(cfg.MaxRequestsPerSecond), max(1, int(cfg.MaxRequestsPerSecond))),
		logger:  r.logger.With(zap.String("source", nameOf(cfg))),
	}
}

// nameOf is how a server is called where people read of it.
func nameOf(cfg *IntrospectionConfig) string { return "introspection " + cfg.Endpoint }

func (i *introspection) name() string { return nameOf(i.cfg) }

// start begins to ask; it goes on until ctx ends.
func (i *introspection) start(ctx, asking context.Context, host component.Host) error {
	client, err := i.cfg.ToClient(ctx, host.GetExtensions(), i.set.Telemetry)
	if err != nil {
		return fmt.Errorf("introspection: %w", err)
	}
	// A token is shown to the server that is configured and to nobody that it points to.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	i.client = client
	for range i.cfg.MaxConcurrent {
		i.done.Go(func() { i.ask(asking) })
	}
	i.done.Go(func() { i.tick(asking) })
	return nil
}

// tick ends answers whose time has come, and reports what was dropped.
func (i *introspection) tick(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			i.wipe()
			return
		case now := <-ticker.C:
			i.inquiries.Tick(now)
			if n := i.inquiries.Dropped(); n > 0 {
				i.telemetry.TokenRegistryIntrospectionDrops.Add(ctx, n)
			}
			if n := i.inquiries.Evicted(); n > 0 {
				i.telemetry.TokenRegistryIntrospectionEvictions.Add(ctx, n)
			}
		}
	}
}

// wipe forgets the tokens that still wait.
func (i *introspection) wipe() {
	for {
		select {
		case q := <-i.inquiries.Questions():
			clear(q.Secret)
		default:
			return
		}
	}
}

// ask asks one question after the other.
func (i *introspection) ask(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case q := <-i.inquiries.Questions():
			i.put(ctx, q)
			clear(q.Secret)
		}
	}
}

var (
	answerActive   = metric.WithAttributeSet(attribute.NewSet(attribute.String("answer", "active")))
	answerInactive = metric.WithAttributeSet(attribute.NewSet(attribute.String("answer", "inactive")))
	answerNone     = metric.WithAttributeSet(attribute.NewSet(attribute.String("answer", "none")))
)

// put puts one question to the server.
func (i *introspection) put(ctx context.Context, q registry.Question) {
	if !i.wait(ctx) || i.limiter.Wait(ctx) != nil {
		return
	}
	answer, err := i.call(ctx, q.Secret)
	switch {
	case err != nil && ctx.Err() != nil:
		return
	case err != nil:
		i.telemetry.TokenRegistryIntrospections.Add(ctx, 1, answerNone)
		i.inquiries.Failed(q.Inquiry, time.Now())
		i.failed(err)
		return
	case answer.Active:
		i.telemetry.TokenRegistryIntrospections.Add(ctx, 1, answerActive)
	default:
		i.telemetry.TokenRegistryIntrospections.Add(ctx, 1, answerInactive)
	}
	i.inquiries.Answered(q.Inquiry, answer, time.Now())
	i.succeeded()
}

// wait waits until the server may be asked again. It is false if ctx ends before.
func (i *introspection) wait(ctx context.Context) bool {
	for {
		i.mu.Lock()
		pause := time.Until(i.resume)
		i.mu.Unlock()
		if pause <= 0 {
			return true
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
}

// refusal is an answer that is none.
type refusal struct {
	text  string
	after time.Duration // the server asks to be left alone for so long
	alone bool          // it is about this token and no other
}

// Error says what the server did.
func (r *refusal) Error() string { return r.text }

// call asks the server about a token. Its errors hold neither the token nor what the server wrote.
func (i *introspection) call(ctx context.Context, secret []byte) (registry.Introspected, error) {
	form := url.Values{"token": {string(secret)}, "token_type_hint": {"access_token"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, i.cfg.Endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return registry.Introspected{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	if i.cfg.ClientID != "" {
		// Both are form-encoded first. Source: RFC 6749, section 2.3.1.
		request.SetBasicAuth(url.QueryEscape(i.cfg.ClientID), url.QueryEscape(string(i.cfg.ClientSecret)))
	}
	response, err := i.client.Do(request)
	if err != nil {
		return registry.Introspected{}, err
	}
	defer func() { _ = response.Body.Close() }()
	const longest = 256 << 10
	body, err := io.ReadAll(io.LimitReader(response.Body, longest))
	if response.StatusCode != http.StatusOK {
		return registry.Introspected{}, refused(response)
	}
	if err != nil {
		return registry.Introspected{}, err
	}
	answer, err := registry.ParseIntrospection(body)
	if err != nil {
		return registry.Introspected{}, err
	}
	answer = answer.Without(string(secret))
	if answer.Issuer == "" {
		answer.Issuer = i.cfg.Issuer
	}
	return answer, nil
}

func refused(response *http.Response) error {
	r := &refusal{text: "the server answers " + response.Status}
	switch response.StatusCode {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		r.alone = true
	case http.StatusUnauthorized, http.StatusForbidden:
		r.text += ": check client_id and client_secret, or auth, and that this client may introspect"
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		r.text += ": check endpoint"
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		r.text += ": tokens are not sent where it points to: write the final address to endpoint"
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		r.after = time.Duration(seconds) * time.Second
	}
	return r
}

// Pauses after failures in a row.
const (
	firstPause   = 500 * time.Millisecond
	longestPause = 30 * time.Second
	longestAfter = 5 * time.Minute
)

// failed leaves the server alone for a while, and says so.
func (i *introspection) failed(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Now()
	pause := min(longestPause, firstPause<<min(i.failures, 10))
	if r := (*refusal)(nil); errors.As(err, &r) {
		if r.alone {
			return
		}
		pause = max(pause, min(r.after, longestAfter))
	}
	i.failures++
	if until := now.Add(pause); until.After(i.resume) {
		i.resume = until
	}
	if err.Error() == i.said && now.Sub(i.saidAt) < repeatAfter {
		return
	}
	i.said, i.saidAt = err.Error(), now
	i.logger.Error("Tokens cannot be introspected: what was answered before stays in force, others stay unknown", zap.Error(err))
	i.troubles.trouble(i.name(), fmt.Errorf("introspection: %w", err))
}

func (i *introspection) succeeded() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.failures, i.resume = 0, time.Time{}
	if i.said != "" {
		i.said, i.saidAt = "", time.Time{}
		i.troubles.well(i.name())
		i.logger.Info("Tokens can be introspected again")
	}
}

// introspect adds what authorization servers say of a credential. A JWT is asked about even where its claims are registered:
// they do not tell that it was revoked.
func (r *Registry) introspect(found *Resolution, c credential.Credential) {
	if found.Token != nil && c.Kind != credential.JWT {
		return
	}
	for _, i := range r.introspections {
		if !i.cfg.takes(c) {
			continue
		}
		known := i.inquiries.Look(c.Raw, time.Now())
		found.inquiry, found.version = known.Inquiry, known.Version
		found.Provisional = known.Provisional
		switch {
		case !known.Answered:
			// Until an answer is there the token is unknown. When none comes nobody could say so.
			found.Consulted = known.Provisional
			return
		case known.Token != nil:
			found.Consulted = true
			r.merge(found, known)
			return
		}
		found.Consulted = true
	}
}

// merge puts together what a server says of a token and what is registered for its claims. What is written down about its owner
// is believed, and whichever says that the token must not be used.
func (r *Registry) merge(found *Resolution, known registry.Known) {
	claims := known.Claims
	found.Claims = &claims
	merged := *known.Token
	registered := found.Token
	if registered == nil && r.directory != nil && (claims.ClientID != "" || claims.Subject != "") {
		registered = r.directory.Find(credential.Credential{Claims: &claims})
	}
	if registered != nil {
		status, expires := merged.Status, merged.ExpiresAt
		merged = *registered
		if merged.Status == registry.Active {
			merged.Status = status
		}
		if !expires.IsZero() && (merged.ExpiresAt.IsZero() || expires.Before(merged.ExpiresAt)) {
			merged.ExpiresAt = expires
		}
		if len(merged.Scopes) == 0 {
			merged.Scopes = known.Token.Scopes
		} else {
			found.claimed = claims.Scopes
		}
		if merged.Owner == nil {
			merged.Owner = known.Token.Owner
		}
	}
	found.Token = &merged
}
