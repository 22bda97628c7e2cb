package message

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/wire"
)

// Webhook sends messages by the rules of Standard Webhooks 1.0.0.
type Webhook struct {
	Client    *http.Client
	Endpoint  string
	Keys      []Key
	UserAgent string
	Secrets   wire.Secrets // not to be shown in answers and errors
}

// Send makes one attempt. The body and the id are the same each time, timestamp and signature are the attempt's own, so
// that receivers can refuse what is old.
func (w *Webhook) Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.Endpoint, bytes.NewReader(d.Body))
	if err != nil {
		return response.Answer{Verdict: response.Final, Reason: "the request cannot be made: the endpoint is not a URL"}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", w.UserAgent)
	req.Header.Set("webhook-id", d.ID)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	req.Header.Set("webhook-signature", Sign(w.Keys, d.ID, now, d.Body))
	// Sent empty it stays off the wire, and tells the transport that it may repeat the request on a new connection when
	// an idle one turns out to be dead: receivers know the message by its id.
	req.Header["Idempotency-Key"] = nil

	reply := wire.Exchange(w.Client, req, now)
	a := reply.Answer(w.Secrets)
	switch {
	case reply.Status == 0 && !reply.Sent:
		a.Verdict = response.Unreached
	case reply.Status == 0:
		a.Verdict = response.Lost
	case reply.Status/100 == 2:
		a.Verdict = response.Done
	case reply.Status == http.StatusGone:
		a.Verdict, a.Reason = response.Gone, "410 Gone: the receiver wants no more messages"
	case reply.Status/100 == 3:
		a.Verdict, a.Reason = response.Refused, fmt.Sprintf("%d: redirects are not followed, write the final address", reply.Status)
	default:
		a.Verdict, a.Reason = response.Refused, fmt.Sprintf("%d %s", reply.Status, http.StatusText(reply.Status))
	}
	return a
}
