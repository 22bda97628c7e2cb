package registry

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keyServer gives a list that changes.
type keyServer struct {
	*httptest.Server
	contentType, text string
	version           int
	status            int
	asked, given      int
}

func newKeyServer(t *testing.T) *keyServer {
	t.Helper()
	s := &keyServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked++
		tag := fmt.Sprintf(`"v%d"`, s.version)
		switch {
		case s.status != 0:
			w.WriteHeader(s.status)
		case r.Header.Get("If-None-Match") == tag:
			w.WriteHeader(http.StatusNotModified)
		default:
			s.given++
			w.Header().Set("ETag", tag)
			w.Header().Set("Content-Type", s.contentType)
			fmt.Fprint(w, s.text)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *keyServer) give(contentType, text string) {
	s.contentType, s.text = contentType, text
	s.version++
}

func (s *keyServer) list(t *testing.T, limit int64) *List {
	t.Helper()
	l, err := NewList(ListConfig{Endpoint: s.URL + "/keys?token=parameter-of-nobody", Client: s.Client(), Interval: time.Second, MaxBytes: limit})
	require.NoError(t, err)
	return l
}

func TestAListFollowsItsServer(t *testing.T) {
	s := newKeyServer(t)
	l := s.list(t, 1<<20)
	assert.Equal(t, "http "+s.URL+"/keys", l.Name())
	s.give("application/json; charset=utf-8", formats[JSON])
	changed, err := l.Check(t.Context())
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Equal(t, 3, l.Snapshot().Len())

	changed, err = l.Check(t.Context())
	require.NoError(t, err)
	assert.False(t, changed)
	assert.Equal(t, 1, s.given, "what has not changed is not sent again")

	s.give("text/csv", "id,user\na,u\n")
	changed, err = l.Check(t.Context())
	require.NoError(t, err)
	assert.True(t, changed)
	good := l.Snapshot()
	assert.Equal(t, 1, good.Len())

	s.give("text/csv", "id,user\na\n")
	_, err = l.Check(t.Context())
	require.ErrorContains(t, err, "line 2: has more or fewer fields")
	_, again := l.Check(t.Context())
	assert.Equal(t, err, again, "the error stays as long as the list does")
	assert.Equal(t, 3, s.given)
	assert.Same(t, good, l.Snapshot())

	s.status = http.StatusServiceUnavailable
	_, err = l.Check(t.Context())
	require.ErrorContains(t, err, "answered 503: 200 with a list is needed")
	s.status = 0
	s.give("", formats[YAML])
	_, err = l.Check(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 3, l.Snapshot().Len(), "YAML is what nobody names")

	s.Close()
	_, err = l.Check(t.Context())
	require.ErrorContains(t, err, "connection refused")
	assert.NotContains(t, err.Error(), "parameter-of-nobody")
	assert.Equal(t, 3, l.Snapshot().Len())
}

func TestAListThatIsTooLong(t *testing.T) {
	s := newKeyServer(t)
	s.give("text/csv", "id,user\na,u\n")
	_, err := s.list(t, 11).Check(t.Context())
	require.ErrorContains(t, err, "longer than 11 bytes: raise max_bytes")
	_, err = s.list(t, 12).Check(t.Context())
	require.NoError(t, err)
}

func TestEndpointsThatAreNone(t *testing.T) {
	for _, bad := range []string{"", "keys.example.com/x", "ftp://keys.example.com", "http://", ":"} {
		_, err := NewList(ListConfig{Endpoint: bad})
		assert.ErrorContains(t, err, "endpoint: is no URL", bad)
	}
}
