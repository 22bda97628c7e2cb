package message

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// Webhook sends messages by the rules of Standard Webhooks 1.0.0.
type Webhook struct {
	Way
	Keys []Key
}

// Send makes one attempt. The body and the id are the same each time, timestamp and signature are the attempt's own, so
// that receivers can refuse what is old.
func (w *Webhook) Send(ctx context.Context, d *response.Delivery, now time.Time) response.Answer {
	r := request{
		contentType: "application/json",
		body:        d.Body,
		header: http.Header{
			"webhook-id":        {d.ID},
			"webhook-timestamp": {strconv.FormatInt(now.Unix(), 10)},
			"webhook-signature": {Sign(w.Keys, d.ID, now, d.Body)},
		},
	}
	if w.Owners != nil {
		envelope, err := read(d.Body)
		if err != nil {
			return finally(response.Answer{}, err.Error())
		}
		r.event = &envelope.Data
	}
	return w.send(ctx, r, now, byStatus)
}
