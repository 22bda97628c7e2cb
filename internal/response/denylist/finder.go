package denylist

import (
	"iter"
	"net/netip"
	"strings"
	"sync"

	"github.com/holterhq/holter/internal/credential"
)

// Request is what a gateway tells of a request that it asks about.
type Request struct {
	Method  string
	URI     string                    // path and query as the client sent them; empty: the gateway does not say
	Headers iter.Seq2[string, string] // all that the gateway hands on
	Tenant  string
	Client  netip.Addr // invalid: the gateway does not say
}

// path is that of the URI.
func (r *Request) path() string {
	path, _, _ := strings.Cut(r.URI, "?")
	return path
}

// Finder finds the credentials of a request in the places in which token_identity looks for the token of a span. It finds all of
// them: a request must not get past the list because something harmless stands before the credential that the service takes. Safe for concurrent use.
type Finder struct {
	headers, parameters, cookies map[string]bool
	scanners                     sync.Pool
}

// NewFinder looks in the places.
func NewFinder(names credential.SourceNames) *Finder {
	f := &Finder{headers: folded(names.Headers), parameters: folded(names.Parameters), cookies: folded(names.Cookies)}
	unpromising := credential.NewNamed(names.Parameters, names.Cookies)
	f.scanners.New = func() any { return &credential.Scanner{Certain: true, Named: unpromising} }
	return f
}

func folded(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[credential.Fold(name)] = true
	}
	return set
}

// Find calls yield with every credential of a request until that returns false.
func (f *Finder) Find(r *Request, yield func(credential.Scheme, string) bool) {
	s := f.scanners.Get().(*credential.Scanner)
	defer func() {
		s.Forget()
		f.scanners.Put(s)
	}()
	if r.Headers != nil {
		for name, value := range r.Headers {
			if !f.header(s, name, value, yield) {
				return
			}
		}
	}
	path, query, _ := strings.Cut(r.URI, "?")
	if !f.scan(s, credential.Text, path, f.gaveItself, yield) {
		return
	}
	if query != "" {
		f.scan(s, credential.Query, query, f.parameter, yield)
	}
}

func (f *Finder) header(s *credential.Scanner, name, value string, yield func(credential.Scheme, string) bool) bool {
	place := credential.PlaceOf(name)
	if place == credential.CookieHeader {
		return f.scan(s, place, value, f.cookie, yield)
	}
	if !f.headers[credential.Fold(name)] {
		return true
	}
	if place != credential.Authorization {
		place = credential.Secret
	}
	if !f.scan(s, place, value, anything, yield) {
		return false
	}
	// A header that came more than once arrives as one, with commas between.
	for strings.IndexByte(value, ',') >= 0 {
		var one string
		one, value, _ = strings.Cut(value, ",")
		if !f.scan(s, place, one, anything, yield) {
			return false
		}
		if strings.IndexByte(value, ',') < 0 {
			return f.scan(s, place, value, anything, yield)
		}
	}
	return true
}

// scan hands on what is found in a value and wanted.
func (f *Finder) scan(s *credential.Scanner, place credential.Place, value string, wanted func(*credential.Finding) bool, yield func(credential.Scheme, string) bool) bool {
	for _, one := range s.Scan(place, value) {
		if one.Token() && one.Secret != "" && wanted(&one) && !yield(one.Scheme, one.Secret) {
			return false
		}
	}
	return true
}

func anything(*credential.Finding) bool { return true }

func (f *Finder) cookie(one *credential.Finding) bool {
	return one.In == credential.InCookie && f.cookies[credential.Fold(one.Name)]
}

func (f *Finder) parameter(one *credential.Finding) bool {
	return one.In == credential.InParameter && f.parameters[credential.Fold(one.Name)] || f.gaveItself(one)
}

// gaveItself says whether a secret was recognised by its format, whatever it stood under.
func (f *Finder) gaveItself(one *credential.Finding) bool {
	return one.In == credential.InText && one.Format != nil
}
