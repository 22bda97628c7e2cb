package console

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/store"
)

// described is an OpenAPI document, as far as the tests look at it.
type described struct {
	OpenAPI string `json:"openapi"`
	Paths   map[string]map[string]struct {
		Parameters []struct {
			Name, In string
			Required bool
			Schema   map[string]any
		}
		Responses map[string]struct {
			Content map[string]struct{ Schema map[string]any }
		}
	} `json:"paths"`
	Components struct {
		Schemas map[string]map[string]any `json:"schemas"`
	} `json:"components"`
}

func TestWhatIsServedIsDescribed(t *testing.T) {
	w := newTown(t)
	v := w.visit("")
	doc := get[described](v, "/api/v1/openapi.json")
	require.Equal(t, "3.1.0", doc.OpenAPI)
	described := 0
	for path, methods := range doc.Paths {
		for method, op := range methods {
			described++
			assert.True(t, slices.ContainsFunc(w.console.routes, func(r route) bool { return root+r.path == path && strings.EqualFold(r.method, method) }), path)
			for _, name := range braces.FindAllStringSubmatch(path, -1) {
				assert.True(t, slices.ContainsFunc(op.Parameters, func(p struct {
					Name, In string
					Required bool
					Schema   map[string]any
				},
				) bool {
					return p.Name == name[1] && p.In == "path" && p.Required
				}), path)
			}
		}
	}
	assert.Len(t, w.console.routes, described, "every route is there, once")
}

func TestAnswersAreAsDescribed(t *testing.T) {
	w := newTown(t)
	w.answers(desk(""), opened("acme"), stood("acme", "act-1", "proposed", "it waits", `, "act.expires": 1774526400, "act.blast": {"days": 30}`),
		store.Entry{Attributes: json.RawMessage(`{"delivery.id": "d1", "delivery.target": "hook", "delivery.state": "dead"}`)})
	v := w.visit("")
	doc := get[described](v, "/api/v1/openapi.json")
	asked := map[string]bool{}
	for _, path := range []string{
		"/me", "/status", "/overview", "/overview?token=tok_nobody", "/tokens?strip=1", "/tokens?q=nothing-is-called-so", "/tokens/tok_acme0", "/tokens/tok_demo",
		"/tokens/tok_acme0/heartbeat", "/tokens/tok_acme1/heartbeat?from=-7d", "/tokens/tok_acme0/habits", "/tokens/tok_demo/habits", "/series", "/series?measure=p95&step=1m&from=-2h",
		"/series?group=owner&limit=1", "/series?measure=tokens", "/top", "/top?group=route", "/top?measure=p99", "/top?measure=cost&group=currency", "/anomalies",
		"/anomalies/" + anomalyID(0), "/anomalies/many", "/openapi.json", "/hygiene", "/hygiene?days=1", "/coverage", "/coverage?from=-8d", "/limits", "/limits?group=route&window=1h",
		"/limits?window=24h&owner=nobody", "/plans", "/plans?owner=nobody", "/routes", "/routes?owner=acme-owner", "/capacity", "/spend", "/spend?group=model", "/spend?owner=nobody",
		"/response", "/incidents", "/incidents?state=resolved", "/incidents/case-acme", "/tokens/tok_acme0/blast", "/tokens/tok_acme0/blast?action=restrict", "/letters",
		"/audit", "/audit?token=tok_acme0",
	} {
		status, body := v.ask(root + path)
		require.Equal(t, 200, status, "%s: %s", path, body)
		bare, _, _ := strings.Cut(path, "?")
		name := root + strings.NewReplacer("tok_acme0", "{id}", "tok_acme1", "{id}", "tok_demo", "{id}", anomalyID(0), "{id}", "many", "{id}", "case-acme", "{id}").Replace(bare)
		asked[name] = true
		doc.check(t, doc.Paths[name]["get"].Responses["200"].Content["application/json"].Schema, body, path)
	}
	for path, methods := range doc.Paths {
		if op, ok := methods["get"]; ok && op.Responses["200"].Content["application/json"].Schema != nil {
			assert.True(t, asked[path], "%s was not asked", path)
		}
	}
	for path, status := range map[string]int{"/series?from=x": 400, "/tokens/nobody": 404, "/moon": 404} {
		got, body := v.ask(root + path)
		assert.Equal(t, status, got)
		doc.check(t, doc.Paths[root+"/series"]["get"].Responses["default"].Content["application/json"].Schema, body, path)
	}
	got, body := v.say("POST", root+"/anomalies/"+anomalyID(0)+"/feedback", opinion{Verdict: "benign"})
	require.Equal(t, 202, got, body)
	doc.check(t, doc.Paths[root+"/anomalies/{id}/feedback"]["post"].Responses["202"].Content["application/json"].Schema, body, "feedback")
	require.Eventually(t, func() bool {
		_, body = v.ask(root + "/anomalies/" + anomalyID(0))
		return strings.Contains(body, "says that")
	}, 10*time.Second, 10*time.Millisecond)
	doc.check(t, doc.Paths[root+"/anomalies/{id}"]["get"].Responses["200"].Content["application/json"].Schema, body, "with feedback")
}

func (d *described) check(t *testing.T, schema map[string]any, body, name string) {
	t.Helper()
	require.NotNil(t, schema, name)
	var value any
	require.NoError(t, json.Unmarshal([]byte(body), &value), name)
	assert.Empty(t, d.differences(schema, value, name), name)
}

// differences between a value and its schema, as far as the document makes use of JSON Schema.
func (d *described) differences(schema map[string]any, value any, at string) (out []string) {
	if ref, ok := schema["$ref"].(string); ok {
		target, ok := d.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
		if !ok {
			return []string{at + ": " + ref + " is not there"}
		}
		return d.differences(target, value, at)
	}
	if choices, ok := schema["oneOf"].([]any); ok {
		fitting := 0
		for _, c := range choices {
			if len(d.differences(c.(map[string]any), value, at)) == 0 {
				fitting++
			}
		}
		if fitting != 1 {
			return []string{fmt.Sprintf("%s: fits %d of oneOf: %v", at, fitting, value)}
		}
		return nil
	}
	var types []string
	switch kind := schema["type"].(type) {
	case string:
		types = []string{kind}
	case []any:
		for _, k := range kind {
			types = append(types, k.(string))
		}
	}
	if len(types) > 0 && !slices.ContainsFunc(types, func(kind string) bool { return isType(kind, value) }) {
		return []string{fmt.Sprintf("%s: %v is no %v", at, value, types)}
	}
	if all, ok := schema["enum"].([]any); ok && !slices.Contains(all, value) {
		out = append(out, fmt.Sprintf("%s: %v is none of %v", at, value, all))
	}
	if schema["format"] == "date-time" {
		if _, err := time.Parse(time.RFC3339, value.(string)); err != nil {
			out = append(out, at+": "+err.Error())
		}
	}
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			if items, ok := schema["items"].(map[string]any); ok {
				out = append(out, d.differences(items, item, fmt.Sprintf("%s[%d]", at, i))...)
			}
		}
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		required, _ := schema["required"].([]any)
		for _, key := range required {
			if _, ok := value[key.(string)]; !ok {
				out = append(out, fmt.Sprintf("%s: %s is missing", at, key))
			}
		}
		for key, item := range value {
			property, ok := properties[key].(map[string]any)
			if !ok {
				if property, ok = schema["additionalProperties"].(map[string]any); !ok {
					if schema["additionalProperties"] == false {
						out = append(out, fmt.Sprintf("%s: nobody knows of %s", at, key))
					}
					continue
				}
			}
			out = append(out, d.differences(property, item, at+"."+key)...)
		}
	}
	return out
}

func isType(kind string, value any) bool {
	switch value := value.(type) {
	case nil:
		return kind == "null"
	case bool:
		return kind == "boolean"
	case string:
		return kind == "string"
	case float64:
		return kind == "number" || kind == "integer" && value == math.Trunc(value)
	case []any:
		return kind == "array"
	default:
		return kind == "object"
	}
}

// Every question may be asked with every value that its description allows, and is answered or refused: never with an error of the server.
func TestDescribedParametersAreTaken(t *testing.T) {
	v := newTown(t).visit("")
	doc := get[described](v, "/api/v1/openapi.json")
	for path, methods := range doc.Paths {
		op, ok := methods["get"]
		if !ok || path == root+"/stream" {
			continue
		}
		for _, p := range op.Parameters {
			if p.In != "query" {
				continue
			}
			schema := p.Schema
			if items, ok := schema["items"].(map[string]any); ok {
				schema = items
			}
			values := []any{"1", "x", "-1d", "tag:plan"}
			if enum, ok := schema["enum"].([]any); ok {
				values = enum
			}
			for _, value := range values {
				at := strings.NewReplacer("/anomalies/{id}", "/anomalies/"+anomalyID(0), "{id}", "tok_acme0").Replace(path) + "?" + p.Name + "=" + url.QueryEscape(value.(string))
				status, body := v.ask(at)
				assert.Less(t, status, 500, "%s: %s", at, body)
				if schema["enum"] != nil && !strings.Contains(path, "export") {
					assert.True(t, status == 200 || strings.Contains(body, `"apart"`), "%s: %s", at, body)
				}
			}
		}
	}
}
