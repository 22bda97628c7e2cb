package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/holterhq/holter/internal/console/access"
	"github.com/holterhq/holter/internal/store"
)

// problem is why somebody gets no answer, and what to do about it.
type problem struct {
	status  int
	wait    time.Duration // until it may be tried again
	Code    string        `json:"code" enum:"bad_request,apart,not_logged_in,forbidden,not_found,conflict,too_large,too_many,no_answer,full,timeout"`
	Message string        `json:"message" doc:"what is wrong and what to do"`
	Field   string        `json:"field,omitempty" doc:"the parameter that it is about"`
}

type failure struct {
	Error problem `json:"error"`
}

func (p *problem) Error() string { return p.Message }

func badRequest(field, format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, Code: "bad_request", Field: field, Message: fmt.Sprintf(format, args...)}
}

func notFound(what string) *problem {
	return &problem{status: http.StatusNotFound, Code: "not_found", Message: what}
}

func forbidden(format string, args ...any) *problem {
	return &problem{status: http.StatusForbidden, Code: "forbidden", Message: fmt.Sprintf(format, args...)}
}

func conflict(message string) *problem {
	return &problem{status: http.StatusConflict, Code: "conflict", Message: message}
}

func tooMany(wait time.Duration, message string) *problem {
	return &problem{status: http.StatusTooManyRequests, wait: max(wait, time.Second), Code: "too_many", Message: message}
}

var notLoggedIn = &problem{status: http.StatusUnauthorized, Code: "not_logged_in", Message: "log in first: /api/v1/me says how"}

// ofCursor takes an error that nobody could have known for one of the cursor, where there was one.
func ofCursor(cursor string, err error) error {
	if _, unexpected := problemOf(err); unexpected && cursor != "" && !errors.Is(err, store.ErrAway) {
		return badRequest("cursor", "%s", err)
	}
	return err
}

// problemOf puts an error into words for whoever asked. unexpected says that nobody could have known.
func problemOf(err error) (p *problem, unexpected bool) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p, false
	case errors.As(err, &tooLarge):
		return &problem{status: http.StatusRequestEntityTooLarge, Code: "too_large", Message: fmt.Sprintf("the body is longer than %d bytes", tooLarge.Limit)}, false
	case errors.Is(err, store.ErrApart):
		return &problem{status: http.StatusBadRequest, Code: "apart", Message: err.Error()}, false
	case errors.Is(err, store.ErrTooWide):
		return &problem{status: http.StatusBadRequest, Code: "too_wide", Message: err.Error()}, false
	case errors.Is(err, store.ErrNotFound):
		return notFound("there is no such thing, or it is not yours to see"), false
	case errors.Is(err, store.ErrAway):
		return &problem{status: http.StatusServiceUnavailable, wait: 5 * time.Second, Code: "no_answer", Message: err.Error() + ": the Collector's log says why"}, false
	case errors.Is(err, store.ErrFull):
		return &problem{status: http.StatusServiceUnavailable, wait: time.Minute, Code: "full", Message: err.Error()}, false
	case errors.Is(err, access.ErrOrigin), errors.Is(err, access.ErrCSRF), errors.Is(err, access.ErrHost):
		return forbidden("%s", err), false
	case errors.Is(err, access.ErrPassword):
		return &problem{status: http.StatusUnauthorized, Code: "not_logged_in", Message: err.Error()}, false
	case errors.Is(err, context.DeadlineExceeded):
		return &problem{status: http.StatusGatewayTimeout, Code: "timeout", Message: "that took too long: ask for less time, fewer tokens or a wider step"}, false
	case errors.Is(err, context.Canceled):
		return &problem{status: 499, Code: "no_answer", Message: "whoever asked has gone"}, false
	}
	return &problem{status: http.StatusServiceUnavailable, wait: 5 * time.Second, Code: "no_answer", Message: "the store does not answer: the Collector's log says why"}, true
}
