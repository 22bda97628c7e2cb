package provider

import (
	"errors"
	"fmt"
	"maps"
	"strings"
)

// builder writes the requests of one provider. The first error stays.
type builder struct {
	channel Channel
	base    string
	headers map[string]string // templates
	secrets map[string]string
	err     error
}

// base checks the address that all requests begin with.
func base(endpoint string) (string, error) {
	if strings.Contains(endpoint, "{{") {
		return "", fmt.Errorf("endpoint %q is a template: this kind of target writes its paths itself", redact(endpoint))
	}
	if strings.ContainsAny(endpoint, "?#") {
		return "", fmt.Errorf("endpoint %q has a query: write the address alone", redact(endpoint))
	}
	return strings.TrimRight(endpoint, "/"), CheckEndpoint(endpoint)
}

func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// named notes a field and which option names it.
func (b *builder) named(option string, f Field) {
	if err := f.Valid(); err != nil {
		b.fail(fmt.Errorf("%s: %w", option, err))
	}
}

func (b *builder) request(method, path, body string, headers ...string) *Request {
	all := maps.Clone(b.headers)
	if all == nil {
		all = map[string]string{}
	}
	for i := 0; i+1 < len(headers); i += 2 {
		all[headers[i]] = headers[i+1]
	}
	r, err := NewRequest(RequestSpec{Method: method, Endpoint: b.base + path, Body: body, Headers: all, Secrets: b.secrets})
	if err != nil {
		b.fail(err)
	}
	return r
}

// once is a call whose repetition would be refused although it was done: after a lost answer the provider is asked.
func (b *builder) once(request *Request, done Success, ask *ReadBack, refusals ...Refusal) *Call {
	return &Call{Channel: b.channel, Request: request, Success: done, ReadBack: ask, Refusals: refusals}
}

// call is one that may be repeated.
func (b *builder) call(request *Request, done Success, refusals ...Refusal) *Call {
	return &Call{Channel: b.channel, Request: request, Success: done, Refusals: refusals, Idempotent: true}
}

func (b *builder) preset(steps Steps) (*Preset, error) {
	if b.err != nil {
		return nil, b.err
	}
	return &Preset{Steps: steps}, nil
}

// status is satisfied by statuses alone.
func status(codes ...int) Success { return Success{Status: codes} }

// and adds a check of the body.
func (s Success) and(c ...Check) Success {
	s.Body = append(s.Body, c...)
	return s
}

var (
	yes = true
	no  = false
)

// is satisfied where a path leads to a value.
func is(path string, value any) Check { return Check{Path: path, Exists: &yes, Equals: value} }

// final are documented refusals after which another try makes no sense.
func final(why map[int]string) (all []Refusal) {
	for status, text := range why {
		all = append(all, Refusal{Status: status, Why: text, Final: true})
	}
	return all
}

// needs refuses an empty secret.
func needs(option, value, example string) error {
	if value == "" {
		return errors.New(option + " is missing: " + example)
	}
	return nil
}
