package insight

import (
	"strings"
)

// scope is what a token may do, as far as its words tell: something with a resource.
type scope struct {
	resource string // in the singular; empty: any
	write    bool
	read     bool // neither: any
}

var reading = map[string]bool{"read": true, "readonly": true, "view": true, "get": true, "list": true}

var writing = map[string]bool{"write": true, "create": true, "update": true, "edit": true, "delete": true, "manage": true, "admin": true, "post": true, "put": true}

// scopeOf reads a scope such as orders:read, read_orders, write:orders or admin. false: its words say nothing that routes can show.
func scopeOf(text string) (scope, bool) {
	var s scope
	for _, word := range words(text) {
		switch {
		case reading[word]:
			s.read = true
		case writing[word]:
			s.write = true
		case s.resource == "" && word != "all" && word != "any" && word != "api":
			s.resource = singular(word)
		case s.resource != "":
			return scope{}, false
		}
	}
	return s, s != scope{}
}

func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return c < '0' || c > '9' && c < 'a' || c > 'z' })
}

func singular(word string) string {
	if len(word) > 3 && strings.HasSuffix(word, "ies") {
		return word[:len(word)-3] + "y"
	}
	if len(word) > 2 && strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss") {
		return word[:len(word)-1]
	}
	return word
}

// names says whether a route, such as GET /v1/orders/{id}, is about a resource.
func names(route, resource string) bool {
	_, path, _ := strings.Cut(route, " ")
	for _, word := range words(path) {
		if singular(word) == resource {
			return true
		}
	}
	return false
}

// exercised says whether a call of a route makes use of the scope.
func (s scope) exercised(route string) bool {
	method, _, _ := strings.Cut(route, " ")
	safe := method == "GET" || method == "HEAD" || method == "OPTIONS"
	if s.resource != "" && !names(route, s.resource) {
		return false
	}
	return s.read == s.write || s.read == safe
}

// Exercises says whether a call of a route makes use of a scope, as far as its words tell.
func Exercises(text, route string) bool {
	s, ok := scopeOf(text)
	return ok && s.exercised(route)
}

// IdleScopes are the scopes of a token that none of the routes it called exercised; everybody's routes tell which of them can be judged.
func IdleScopes(scopes, called, everybody []string) []string {
	own, all := make(tally, len(called)), make(map[string]bool, len(everybody))
	for _, route := range called {
		own[route]++
	}
	for _, route := range everybody {
		all[route] = true
	}
	return idle(scopes, own, resources(all))
}

// idle are the scopes of a token that none of the routes it called exercised. One is judged only if its resource is in a route that anybody called:
// what no route tells of may have been used all the same.
func idle(scopes []string, called tally, known map[string]bool) []string {
	var never []string
	for _, text := range scopes {
		s, ok := scopeOf(text)
		if !ok || s.resource != "" && !known[s.resource] {
			continue
		}
		used := false
		for route := range called {
			used = used || s.exercised(route)
		}
		if !used {
			never = append(never, text)
		}
	}
	return never
}

// resources are all that routes tell of.
func resources(routes map[string]bool) map[string]bool {
	known := make(map[string]bool)
	for route := range routes {
		_, path, _ := strings.Cut(route, " ")
		for _, word := range words(path) {
			known[singular(word)] = true
		}
	}
	return known
}
