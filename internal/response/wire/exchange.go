// Package wire makes one HTTP request and says what is certain about it: whether anything can have been sent, what came
// back, and how long the target wants to be left alone. Redirects are not followed. Nothing that it reports holds a URL's
// query or user, or one of the secrets that it is told.
package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/holterhq/holter/internal/response"
)

const (
	maxRead = 64 << 10 // of an answer, for predicates
	maxKept = 1 << 10  // of an answer, in records and logs
)

// Reply is what is certain after a request.
type Reply struct {
	Status     int // 0: no answer
	Header     http.Header
	Body       []byte // the first 64 KiB
	Cut        bool   // the answer broke off, or is longer than Body
	Sent       bool   // something can have reached the target
	RetryAfter time.Duration
	Err        error // why there is no answer, or why it broke off
}

// Client returns a copy of the client that does not follow redirects.
func Client(client *http.Client) *http.Client {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// Exchange makes the request. now is what a Retry-After date is compared with.
func Exchange(client *http.Client, req *http.Request, now time.Time) Reply {
	var connected atomic.Bool
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	res, err := client.Do(req.WithContext(ctx))
	if err != nil {
		return Reply{Sent: connected.Load(), Err: plain(err)}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxRead+1))
	reply := Reply{
		Status: res.StatusCode, Header: res.Header, Body: body, Sent: true,
		RetryAfter: max(retryAfter(res.Header.Get("Retry-After"), now), untilReset(res.Header, now)),
	}
	if len(body) > maxRead {
		reply.Body, reply.Cut = body[:maxRead], true
	}
	if err != nil {
		reply.Cut, reply.Err = true, plain(err)
	}
	return reply
}

// Answer starts an answer with what holds for every kind of target. The verdict is left to the caller.
func (r Reply) Answer(hide Secrets) response.Answer {
	a := response.Answer{Status: r.Status, RetryAfter: r.RetryAfter, Text: Excerpt(string(r.Body), hide)}
	switch r.Status {
	case 0:
		a.Busy, a.Reason = true, hide.Mask(r.Err.Error())
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		a.Busy = true
	}
	return a
}

// Excerpt is the first part of a text, fit for a record or a log.
func Excerpt(text string, hide Secrets) string {
	text = strings.ToValidUTF8(hide.Mask(text), "\uFFFD")
	if len(text) <= maxKept {
		return text
	}
	end := maxKept
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// plain takes the URL out of an error: it may hold what nobody should read.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	return err
}

// retryAfter reads seconds or a date; what it cannot read, or is past, is zero.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}

// untilReset is how long a budget of requests stays used up, as GitHub and others say it: in seconds since 1970.
func untilReset(header http.Header, now time.Time) time.Duration {
	if header.Get("X-Ratelimit-Remaining") != "0" {
		return 0
	}
	seconds, err := strconv.ParseInt(header.Get("X-Ratelimit-Reset"), 10, 64)
	if err != nil || seconds < 1e9 { // some say how long instead of when
		return 0
	}
	return max(0, time.Unix(seconds, 0).Sub(now))
}
