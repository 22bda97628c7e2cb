package console

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Times of a stream.
const (
	keepAlive    = 15 * time.Second
	writeTimeout = 20 * time.Second
	comeBack     = 3 * time.Second // browsers ask again after that
)

// stream tells what happens while it happens, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
func (k *call) stream() error {
	filter, err := k.tokenFilter()
	if err != nil {
		return err
	}
	s, ok := k.hub.subscribe(watcher{k.who, filter})
	if !ok {
		return &problem{status: http.StatusServiceUnavailable, wait: 10 * time.Second, Code: "too_many", Message: "too many streams are open: close other pages"}
	}
	defer k.hub.unsubscribe(s)
	out := http.NewResponseController(k.w)
	h := k.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	write := func(format string, args ...any) error {
		if err := out.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		if _, err := fmt.Fprintf(k.w, format, args...); err != nil {
			return err
		}
		return out.Flush()
	}
	if write("retry: %d\n\n", comeBack.Milliseconds()) != nil {
		return nil
	}
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for {
		select {
		case <-k.ctx.Done():
			return nil
		case m, ok := <-s.messages:
			if !ok || write("event: %s\ndata: %s\n\n", m.event, m.data) != nil {
				return nil
			}
		case <-alive.C:
			who, in := k.Gate.Who(k.r, k.Now())
			if !in || who.Name != k.who.Name || write(": keep-alive\n\n") != nil { // who has logged out sees no more
				return nil
			}
		}
	}
}
