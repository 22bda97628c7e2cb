package provider

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// ReadBack asks the provider whether an act is in force.
type ReadBack struct {
	Request *Request
	Done    Success
	NotDone Success
	// Judge reads answers that no predicate can, instead of Done and NotDone: Done, Undone, or Refused and why.
	Judge func(event map[string]any, status int, body []byte) (response.Verdict, string)
}

// sees says whether the question tells what is so already from what is not there at all, such as a consumer by a wrong name.
func (r *ReadBack) sees() bool {
	return r != nil && (r.Judge != nil || !slices.Contains(r.Done.Status, http.StatusNotFound) && !slices.Contains(r.Done.Status, http.StatusGone))
}

// inverse asks whether an act was taken back.
func (r *ReadBack) inverse() *ReadBack {
	if r == nil {
		return nil
	}
	back := &ReadBack{Request: r.Request, Done: r.NotDone, NotDone: r.Done}
	if r.Judge != nil {
		back.Judge = func(event map[string]any, status int, body []byte) (response.Verdict, string) {
			verdict, why := r.Judge(event, status, body)
			switch verdict {
			case response.Done:
				verdict = response.Undone
			case response.Undone:
				verdict = response.Done
			}
			return verdict, why
		}
	}
	return back
}

// ask finds out whether an act was done. Whatever goes wrong here did nothing, and is worth another try.
func (r *ReadBack) ask(ctx context.Context, c *Channel, w whole, now time.Time) response.Answer {
	reply, err := c.exchange(ctx, r.Request, w, "", now)
	if err != nil {
		return response.Answer{Verdict: response.Refused, Reason: w.hide.Mask("read_back: " + err.Error())}
	}
	a := reply.Answer(w.hide)
	a.Verdict = response.Refused
	if reply.Status == 0 || reply.Cut {
		return a
	}
	if r.Judge != nil {
		verdict, why := r.Judge(w.sent, reply.Status, reply.Body)
		a.Verdict, a.Reason = verdict, w.hide.Mask("read back: "+why)
		return a
	}
	if done, _ := r.Done.Holds(reply.Status, reply.Body); done {
		a.Verdict = response.Done
	} else if undone, _ := r.NotDone.Holds(reply.Status, reply.Body); undone {
		a.Verdict, a.Reason = response.Undone, "read back: not done"
	} else {
		a.Reason = fmt.Sprintf("read back: status %d says neither that it was done nor that it was not", reply.Status)
	}
	return a
}
