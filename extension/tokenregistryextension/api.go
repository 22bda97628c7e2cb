package tokenregistryextension

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/registry"
	"github.com/holterhq/holter/internal/tokenregistry"
)

// The API says what the registry has seen. It is read-only, and says nothing that a credential could be found from.

// defaultEndpoint is reached from this machine alone.
const defaultEndpoint = "localhost:13134"

// mostListed is how many tokens are listed unless fewer are asked for.
const mostListed = 10_000

func (e *registryExtension) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/tokens/unregistered", e.unregistered)
	mux.HandleFunc("GET /v1/tokens/{id}", e.token)
	mux.HandleFunc("GET /v1/health", e.state)
	return mux
}

// unregistered lists the tokens that are used and not registered, the last used first.
func (e *registryExtension) unregistered(w http.ResponseWriter, r *http.Request) {
	seen := e.registry.Seen()
	if seen == nil {
		refuse(w, http.StatusNotFound, "no registry is configured that a token could be missing from, or seen::max_tokens is 0")
		return
	}
	most := mostListed
	if text := r.URL.Query().Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 {
			refuse(w, http.StatusBadRequest, "limit must be a number above zero")
			return
		}
		most = min(limit, mostListed)
	}
	tokens := seen.Unregistered(most)
	if tokens == nil {
		tokens = []registry.Suspect{}
	}
	answer(w, http.StatusOK, map[string]any{"tokens": tokens, "remembered": seen.Len()})
}

// token says what was seen of one token.
func (e *registryExtension) token(w http.ResponseWriter, r *http.Request) {
	if seen := e.registry.Seen(); seen != nil {
		if found, ok := seen.Find(r.PathValue("id")); ok {
			answer(w, http.StatusOK, found)
			return
		}
	}
	refuse(w, http.StatusNotFound, "no unregistered token of this id has been seen: it is registered, was never used here, or is forgotten")
}

// state says how the sources are.
func (e *registryExtension) state(w http.ResponseWriter, _ *http.Request) {
	status, code, sources := "ok", http.StatusOK, e.registry.Sources()
	for _, source := range sources {
		if source.Error != "" {
			status, code = "trouble", http.StatusServiceUnavailable
		}
	}
	answer(w, code, struct {
		Status  string                       `json:"status"`
		Sources []tokenregistry.SourceHealth `json:"sources"`
	}{status, sources})
}

func answer(w http.ResponseWriter, code int, what any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(what) // whoever asked has gone
}

func refuse(w http.ResponseWriter, code int, why string) {
	answer(w, code, map[string]string{"error": why})
}

// serve begins to answer.
func (e *registryExtension) serve(ctx context.Context, host component.Host) error {
	cfg := e.cfg.HTTP.Get()
	if cfg == nil {
		return nil
	}
	server, err := cfg.ToServer(ctx, host.GetExtensions(), e.telemetry, e.handler())
	if err != nil {
		return fmt.Errorf("http: %w", err)
	}
	listener, err := cfg.ToListener(ctx)
	if err != nil {
		return fmt.Errorf("http: %w", err)
	}
	e.server = server
	e.serving.Go(func() {
		if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			e.telemetry.Logger.Error("The registry's API has stopped: tokens are resolved as before", zap.Error(err))
			e.health.Trouble(fmt.Errorf("http: %w", err))
		}
	})
	e.telemetry.Logger.Info("The registry's API listens", zap.Stringer("endpoint", listener.Addr()))
	return nil
}
