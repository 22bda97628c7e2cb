package otlpsend

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

type httpExporter struct {
	client *http.Client
	url    string
}

func newHTTP(cfg Config) exporter {
	u, ok := asURL(cfg.Endpoint)
	if !ok {
		u = &url.URL{Scheme: "https", Host: cfg.Endpoint}
		if cfg.Insecure {
			u.Scheme = "http"
		}
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	transport := &http.Transport{DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, ForceAttemptHTTP2: true, MaxIdleConns: 1}
	return &httpExporter{&http.Client{Timeout: exportTimeout, Transport: transport}, u.String()}
}

func asURL(endpoint string) (*url.URL, bool) {
	if !strings.Contains(endpoint, "://") {
		return nil, false
	}
	u, err := url.Parse(endpoint)
	return u, err == nil
}

func (e *httpExporter) export(ctx context.Context, b *Batch) (int64, string, error) {
	body, err := ptraceotlp.NewExportRequestFromTraces(b.Traces).MarshalProto()
	if err != nil {
		return 0, "", fmt.Errorf("encode: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	res, err := e.client.Do(req)
	if err != nil {
		if isDial(err) {
			return 0, "", refusal{error: err}
		}
		return 0, "", err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return 0, "", fmt.Errorf("read the answer: %w", err)
	}
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return 0, "", refusal{fmt.Errorf("%s", res.Status), retryAfter(res.Header)}
	default:
		return 0, "", fmt.Errorf("%s: %s", res.Status, strings.TrimSpace(string(answer[:min(len(answer), 300)])))
	}
	out := ptraceotlp.NewExportResponse()
	if err := out.UnmarshalProto(answer); err != nil {
		return 0, "", fmt.Errorf("read the answer: %w", err)
	}
	return out.PartialSuccess().RejectedSpans(), out.PartialSuccess().ErrorMessage(), nil
}

// isDial tells whether an error came before anything was sent.
func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func retryAfter(h http.Header) time.Duration {
	s, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || s < 0 {
		return 0
	}
	return time.Duration(s) * time.Second
}

func (e *httpExporter) close() error {
	e.client.CloseIdleConnections()
	return nil
}
