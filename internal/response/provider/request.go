package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/holterhq/holter/internal/response/wire"
)

// RequestSpec is a request as the configuration writes it.
type RequestSpec struct {
	Method   string
	Endpoint string            // template
	Headers  map[string]string // templates
	Body     string            // template
	Secrets  map[string]string // what {{ secret "name" }} stands for
}

// Request writes an HTTP request from an event.
type Request struct {
	method   string
	host     string
	endpoint *Template
	masked   *Template // the endpoint with what may be secret masked
	headers  []header
	body     *Template
	isJSON   bool
}

type header struct {
	name  string
	value *Template
}

// NewRequest compiles a request; the error names the part that is wrong.
func NewRequest(s RequestSpec) (*Request, error) {
	r := &Request{method: s.Method}
	if !validToken(s.Method) {
		return nil, fmt.Errorf("method %q is not an HTTP method: write for example DELETE", s.Method)
	}
	if err := CheckEndpoint(s.Endpoint); err != nil {
		return nil, err
	}
	fixed, _, _ := strings.Cut(s.Endpoint, "{{")
	if u, err := url.Parse(fixed); err == nil {
		r.host = u.Host
	}
	var err error
	if r.endpoint, err = NewTemplate(s.Endpoint, s.Secrets, urlEscapers...); err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	if r.masked, err = NewTemplate(redact(s.Endpoint), s.Secrets); err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	kind := ""
	for name, value := range s.Headers {
		if !validToken(name) {
			return nil, fmt.Errorf("headers: %q is not the name of a header", name)
		}
		t, err := NewTemplate(value, s.Secrets)
		if err != nil {
			return nil, fmt.Errorf("headers::%s: %w", name, err)
		}
		name = http.CanonicalHeaderKey(name)
		if name == "Content-Type" {
			kind = value
		}
		r.headers = append(r.headers, header{name, t})
	}
	slices.SortFunc(r.headers, func(a, b header) int { return strings.Compare(a.name, b.name) })
	if s.Body != "" {
		r.isJSON = kind == "" || strings.Contains(kind, "json")
		if r.body, err = NewTemplate(s.Body, s.Secrets, bodyEscapers...); err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
	}
	return r, nil
}

func validToken(word string) bool {
	return word != "" && !strings.ContainsFunc(word, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, c)
	})
}

// Write makes the request for an event, and its body. key is its idempotency key; questions have none.
func (r *Request) Write(ctx context.Context, data any, key, userAgent string) (req *http.Request, body []byte, err error) {
	endpoint, err := r.endpoint.Send(data)
	if err != nil {
		return nil, nil, fmt.Errorf("endpoint: %w", err)
	}
	if body, err = r.text(data, (*Template).Send); err != nil {
		return nil, nil, err
	}
	if req, err = http.NewRequestWithContext(ctx, r.method, endpoint, bytes.NewReader(body)); err != nil {
		return nil, nil, errors.New("endpoint: not a URL once the event is written into it")
	}
	if req.URL.Host != r.host {
		return nil, nil, errors.New("endpoint: the event would change the host")
	}
	req.Header.Set("User-Agent", userAgent)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	if r.isJSON {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range r.headers {
		value, err := h.value.Send(data)
		if err != nil {
			return nil, nil, fmt.Errorf("headers::%s: %w", h.name, err)
		}
		req.Header.Set(h.name, value)
		if h.name == "Host" {
			req.Host = value
		}
	}
	// The transport takes a request with an Idempotency-Key for one that it may repeat by itself when a connection that
	// it reuses breaks. Whether to repeat an act is not its decision: every act has a connection of its own.
	req.Close = true
	req.GetBody = nil
	return req, body, nil
}

// Show is the request as it would go out, with secrets and the values of headers masked.
func (r *Request) Show(data any, key string) (string, error) {
	endpoint, err := r.masked.Show(data)
	if err != nil {
		return "", fmt.Errorf("endpoint: %w", err)
	}
	body, err := r.text(data, (*Template).Show)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", r.method, endpoint)
	if key != "" {
		fmt.Fprintf(&b, "Idempotency-Key: %s\n", key)
	}
	for _, h := range r.headers {
		if _, err := h.value.Show(data); err != nil {
			return "", fmt.Errorf("headers::%s: %w", h.name, err)
		}
		fmt.Fprintf(&b, "%s: %s\n", h.name, wire.Mask)
	}
	if len(body) > 0 {
		fmt.Fprintf(&b, "\n%s", body)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func (r *Request) text(data any, write func(*Template, any) (string, error)) ([]byte, error) {
	if r.body == nil {
		return nil, nil
	}
	text, err := write(r.body, data)
	if err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	if r.isJSON && !json.Valid([]byte(text)) {
		return nil, errors.New("body: not JSON once the event is written into it; values need {{ … | json }} without quotes around them, or another Content-Type")
	}
	return []byte(text), nil
}
