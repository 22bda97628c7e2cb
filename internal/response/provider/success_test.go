package provider

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSuccessHolds(t *testing.T) {
	yes, no := true, false
	check := func(c Check) Success { return Success{Status: []int{200, 204}, Body: []Check{c}} }
	for _, c := range []struct {
		name    string
		success Success
		status  int
		body    string
		why     string // empty: it holds
	}{
		{"status alone", Success{Status: []int{200, 204}}, 204, "", ""},
		{"another status", Success{Status: []int{204}}, 200, "", "status 200 is none of [204]"},
		{"200 is not revoked", check(Check{Path: "$.error", Exists: &no}), 200, `{"error":"invalid_token"}`, "status 200, but body[0]: $.error: exists is true"},
		{"no error", check(Check{Path: "$.error", Exists: &no}), 200, `{}`, ""},
		{"there", check(Check{Path: "revoked_at", Exists: &yes}), 200, `{"revoked_at":null}`, ""},
		{"not there", check(Check{Path: "revoked_at", Exists: &yes}), 200, `{}`, "status 200, but body[0]: revoked_at: exists is false"},
		{"equals a boolean", check(Check{Path: "$.key.enabled", Equals: false}), 200, `{"key":{"enabled":false}}`, ""},
		{"equals another boolean", check(Check{Path: "$.key.enabled", Equals: false}), 200, `{"key":{"enabled":true}}`, "status 200, but body[0]: $.key.enabled is not false"},
		{"equals a string", check(Check{Path: "state", Equals: "revoked"}), 200, `{"state":"revoked"}`, ""},
		{"a string is not a boolean", check(Check{Path: "state", Equals: true}), 200, `{"state":"true"}`, "status 200, but body[0]: state is not true"},
		{"equals a number", check(Check{Path: "n", Equals: 1}), 200, `{"n":1.0}`, ""},
		{"equals no number", check(Check{Path: "n", Equals: 1}), 200, `{"n":"1"}`, "status 200, but body[0]: n is not 1"},
		{"an entry of a list", check(Check{Path: "$.items[1].state", Equals: "off"}), 200, `{"items":[{"state":"on"},{"state":"off"}]}`, ""},
		{"nested lists", check(Check{Path: "m[0][1]", Equals: 2}), 200, `{"m":[[1,2]]}`, ""},
		{"no such entry", check(Check{Path: "$.items[1].state", Equals: "off"}), 200, `{"items":[]}`, "status 200, but body[0]: $.items[1].state is not there"},
		{"a list is not an object", check(Check{Path: "a.b", Equals: "x"}), 200, `{"a":["b"]}`, "status 200, but body[0]: a.b is not there"},
		{"the document itself", check(Check{Path: "$", Equals: true}), 200, `true`, ""},
		{"contains", check(Check{Contains: "ok"}), 200, "all ok", ""},
		{"contains not", check(Check{Contains: "ok"}), 200, "no", `status 200, but body[0]: "ok" is not in it`},
		{"contains at a path", check(Check{Path: "m", Contains: "ok"}), 200, `{"m":{"x":"ok"}}`, ""},
		{"matches", check(Check{Matches: regexp.MustCompile(`^\s*$`)}), 204, "", ""},
		{"matches not", check(Check{Matches: regexp.MustCompile(`^$`)}), 204, "x", "status 204, but body[0]: it does not match ^$"},
		{"not JSON", check(Check{Path: "a", Exists: &no}), 200, "<html>", "status 200, but body[0]: the answer is not JSON"},
		{"two documents", check(Check{Path: "a", Exists: &no}), 200, "{} {}", "status 200, but body[0]: the answer is not JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ok, why := c.success.Holds(c.status, []byte(c.body))
			assert.Equal(t, c.why == "", ok)
			assert.Equal(t, c.why, why)
			assert.NoError(t, c.success.Valid())
		})
	}
}

func TestSuccessValid(t *testing.T) {
	yes := true
	body := func(c Check) Success { return Success{Status: []int{200}, Body: []Check{c}} }
	for want, s := range map[string]Success{
		"status is missing: write which answers mean that it was done, for example status: [200, 204]": {},
		"status 2000 is not an HTTP status":               {Status: []int{2000}},
		"body[0]: nothing is checked":                     body(Check{Path: "a"}),
		"body[0]: exists and equals need a path":          body(Check{Exists: &yes}),
		`body[0]: path "a..b" has an empty name`:          body(Check{Path: "a..b", Exists: &yes}),
		`body[0]: path "a[x]": [x] is not an entry`:       body(Check{Path: "a[x]", Exists: &yes}),
		`body[0]: path "a[1": [1 is not an entry`:         body(Check{Path: "a[1", Exists: &yes}),
		`body[0]: equals: a []interface {} cannot be com`: body(Check{Path: "a", Equals: []any{1}}),
	} {
		assert.ErrorContains(t, s.Valid(), want)
	}
}

func FuzzLookup(f *testing.F) {
	f.Add([]byte(`{"items":[{"state":"on"}]}`), "$.items[0].state")
	f.Add([]byte(`[[1]]`), "[0][0]")
	f.Fuzz(func(_ *testing.T, body []byte, path string) { _, _, _ = lookup(body, path) })
}
