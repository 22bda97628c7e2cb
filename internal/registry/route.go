package registry

import (
	"errors"
	"net/url"
	"path"
	"strings"
)

// Route is what a token may be used on: a method, or any, and a path whose segments may be anything where it says {name}, and
// whose end may be anything where it says *.
type Route struct {
	method   string // empty: any
	segments []segment
	open     bool // it ends in *
}

type segment struct {
	word string
	any  bool
}

// ParseRoute reads "GET /v1/orders/{id}", "* /v1/reports/*" or "/v1/orders".
func ParseRoute(text string) (Route, error) {
	method, pattern, ok := strings.Cut(strings.TrimSpace(text), " ")
	if !ok {
		method, pattern = "", method
	}
	pattern = strings.TrimSpace(pattern)
	if method == "*" {
		method = ""
	}
	for _, c := range []byte(method) {
		if c < 'A' || c > 'Z' {
			return Route{}, errors.New("its method must be in capitals, or *")
		}
	}
	if !strings.HasPrefix(pattern, "/") || strings.ContainsAny(pattern, " ?#") {
		return Route{}, errors.New("its path must begin with a slash, without a query")
	}
	r := Route{method: method}
	words := strings.Split(pattern[1:], "/")
	for i, word := range words {
		switch {
		case word == "*" && i == len(words)-1:
			r.open = true
		case word == "*":
			return Route{}, errors.New("* stands for the end of a path: write {name} for one segment")
		case strings.HasPrefix(word, "{") && strings.HasSuffix(word, "}"):
			r.segments = append(r.segments, segment{any: true})
		case strings.ContainsAny(word, "*{}"):
			return Route{}, errors.New("a segment is a word or {name}")
		default:
			r.segments = append(r.segments, segment{word: word})
		}
	}
	return r, nil
}

// String is the route as it is written.
func (r Route) String() string {
	var b strings.Builder
	if r.method != "" {
		b.WriteString(r.method + " ")
	}
	for _, segment := range r.segments {
		if segment.any {
			segment.word = "{}"
		}
		b.WriteString("/" + segment.word)
	}
	if r.open {
		b.WriteString("/*")
	}
	return b.String()
}

// Matches says whether a request with this path, as the client sent it, is one of the route's. An unknown method is: the path decides.
func (r Route) Matches(method, path string) bool { return r.allows(method, cleanPath(path)) }

// allows says whether a request is one of the route's. An unknown method is allowed: the path decides.
func (r *Route) allows(method, path string) bool {
	if r.method != "" && method != "" && !strings.EqualFold(r.method, method) {
		return false
	}
	rest, more := strings.CutPrefix(path, "/")
	for _, want := range r.segments {
		if !more {
			return false
		}
		var word string
		word, rest, more = strings.Cut(rest, "/")
		if want.any && word == "" || !want.any && word != want.word {
			return false
		}
	}
	return more == r.open
}

// cleanPath is the path that a server would serve: without a query, percent-encoding, dots and doubled slashes, so that nobody
// walks out of what is allowed.
func cleanPath(p string) string {
	if cut := strings.IndexAny(p, "?#"); cut >= 0 {
		p = p[:cut]
	}
	if strings.Contains(p, "://") {
		if u, err := url.Parse(p); err == nil {
			p = u.EscapedPath()
		}
	}
	if strings.IndexByte(p, '%') >= 0 {
		if plain, err := url.PathUnescape(p); err == nil {
			p = plain
		}
	}
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	if strings.Contains(p, "/.") || strings.Contains(p, "//") {
		p = path.Clean(p)
	}
	return p
}
