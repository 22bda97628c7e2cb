package wire

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/holterhq/holter/internal/freeport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)

// exchange makes one request with a connection of its own.
func exchange(t *testing.T, ctx context.Context, address string) Reply {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader("body"))
	require.NoError(t, err)
	transport := &http.Transport{DisableKeepAlives: true}
	return Exchange(Client(&http.Client{Transport: transport}), req, noon)
}

func TestExchange(t *testing.T) {
	serve := func(t *testing.T, handler http.HandlerFunc) string {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return server.URL
	}
	t.Run("an answer", func(t *testing.T) {
		r := exchange(t, t.Context(), serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, "short and stout")
		}))
		assert.Equal(t, 418, r.Status)
		assert.Equal(t, "short and stout", string(r.Body))
		assert.Equal(t, 7*time.Second, r.RetryAfter)
		assert.True(t, r.Sent)
		assert.NoError(t, r.Err)
	})
	t.Run("redirects are not followed", func(t *testing.T) {
		asked := 0
		r := exchange(t, t.Context(), serve(t, func(w http.ResponseWriter, req *http.Request) {
			asked++
			http.Redirect(w, req, "/elsewhere", http.StatusTemporaryRedirect)
		}))
		assert.Equal(t, 307, r.Status)
		assert.Equal(t, 1, asked)
	})
	t.Run("nobody listens", func(t *testing.T) {
		ports, err := freeport.Take(1)
		require.NoError(t, err)
		r := exchange(t, t.Context(), "http://127.0.0.1:"+ports[0]+"/secret?key=hidden")
		assert.Zero(t, r.Status)
		assert.False(t, r.Sent)
		require.Error(t, r.Err)
		assert.ErrorContains(t, r.Err, "connection refused")
		assert.NotContains(t, r.Err.Error(), "hidden")
	})
	t.Run("the answer does not come", func(t *testing.T) {
		over := make(chan struct{})
		address := serve(t, func(http.ResponseWriter, *http.Request) { <-over })
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		r := exchange(t, ctx, address)
		close(over)
		assert.True(t, r.Sent)
		assert.EqualError(t, r.Err, "no answer in time")
	})
	t.Run("the connection is reset", func(t *testing.T) {
		r := exchange(t, t.Context(), serve(t, func(w http.ResponseWriter, _ *http.Request) { hangUp(w, "") }))
		assert.True(t, r.Sent)
		assert.Zero(t, r.Status)
		assert.Error(t, r.Err)
	})
	t.Run("the answer breaks off", func(t *testing.T) {
		r := exchange(t, t.Context(), serve(t, func(w http.ResponseWriter, _ *http.Request) {
			hangUp(w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"revo")
		}))
		assert.Equal(t, 200, r.Status)
		assert.True(t, r.Cut)
		assert.Error(t, r.Err)
	})
	t.Run("the answer is endless", func(t *testing.T) {
		r := exchange(t, t.Context(), serve(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", 2*maxRead))
		}))
		assert.Len(t, r.Body, maxRead)
		assert.True(t, r.Cut)
		assert.NoError(t, r.Err)
	})
}

// hangUp resets the connection after some bytes.
func hangUp(w http.ResponseWriter, first string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(conn, first)
	if first == "" {
		_ = conn.(*net.TCPConn).SetLinger(0)
	}
	_ = conn.Close()
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, "-5": 0, "soon": 0, "99999999999": 0,
		noon.Add(time.Hour).Format(http.TimeFormat):  time.Hour,
		noon.Add(-time.Hour).Format(http.TimeFormat): 0,
	} {
		assert.Equal(t, want, retryAfter(value, noon), value)
	}
}

func TestExcerpt(t *testing.T) {
	assert.Equal(t, "all of it", Excerpt("all of it", nil))
	long := Excerpt(strings.Repeat("ä", maxKept), nil)
	assert.True(t, utf8.ValidString(long))
	assert.LessOrEqual(t, len(long), maxKept+len("…"))
	assert.Equal(t, "\uFFFD", Excerpt("\xff", nil))
}

func TestSecrets(t *testing.T) {
	s := NewSecrets("Bearer tok/en+123", "Basic dXNlcjpwYXNzd29yZDE=", "short", "X-secret-value", "")
	for text, want := range map[string]string{
		"header Bearer tok/en+123 end":         "header *** end",
		`{"echo":"tok/en+123"}`:                `{"echo":"***"}`,
		"query ?t=tok%2Fen%2B123&x=1":          "query ?t=***&x=1",
		"the password is password1":            "the password is ***",
		"short words stay, X-secret-value not": "short words stay, *** not",
	} {
		assert.Equal(t, want, s.Mask(text))
	}
	assert.Equal(t, "as it is", Secrets(nil).Mask("as it is"))
}

func TestURLSecrets(t *testing.T) {
	hide := NewSecrets("Bearer 0123456789").And(URLSecrets("https://hooks.example.com/services/T0/B0/aBcDeFgHiJkLmNoP?sig=s%2Fgn4ture&v=1")...)
	assert.Equal(t, "no_service for /services/T0/B0/*** with *** or ***, v 1",
		hide.Mask("no_service for /services/T0/B0/aBcDeFgHiJkLmNoP with s/gn4ture or s%2Fgn4ture, v 1"))
	assert.Equal(t, "***", hide.Mask("0123456789"))
	assert.Empty(t, URLSecrets("http://[broken"))
}
