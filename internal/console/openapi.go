package console

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// document is the OpenAPI 3.1 description of the routes (https://spec.openapis.org/oas/v3.1.0): made of the same table that is served.
func (c *Console) document() map[string]any {
	schemas := schemas{}
	failed := map[string]any{"description": "why there is no answer, and what to do", "content": content("application/json", schemas.of(reflect.TypeFor[failure]()))}
	paths := map[string]any{}
	for _, r := range c.routes {
		op := map[string]any{
			"summary": r.summary, "operationId": operation(r), "parameters": parameters(r),
			"responses": map[string]any{strconv.Itoa(max(r.status, 0)): answerOf(r, schemas), "default": failed},
		}
		if r.status == 0 {
			op["responses"] = map[string]any{"200": answerOf(r, schemas), "default": failed}
		}
		if r.takes != nil {
			op["requestBody"] = map[string]any{"required": true, "content": content("application/json", schemas.of(reflect.TypeOf(r.takes)))}
		}
		if r.role != "" {
			op["description"] = "Needs the role " + string(r.role) + "."
		}
		path, ok := paths[root+r.path].(map[string]any)
		if !ok {
			path = map[string]any{}
			paths[root+r.path] = path
		}
		path[strings.ToLower(r.method)] = op
	}
	return map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title": "Holter", "version": "v1", "summary": "What API tokens do, and whether it is what they usually do.",
			"description": "Times are UTC. Every answer holds only what is in the scope of whoever asks. What changes something needs the header X-CSRF-Token with csrf of " +
				root + "/me, and comes from the console's own origin.",
			"license": map[string]any{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"servers":    []any{map[string]any{"url": "/"}},
		"paths":      paths,
		"components": map[string]any{"schemas": schemas},
	}
}

func (k *call) openapi() error {
	text, err := json.MarshalIndent(k.document(), "", " ")
	if err != nil {
		return err
	}
	k.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	k.w.Header().Set("Cache-Control", "no-cache")
	_, _ = k.w.Write(text)
	return nil
}

var braces = regexp.MustCompile(`\{(\w+)\}`)

// operation is the name of a route: get_tokens_id_heartbeat.
func operation(r route) string {
	return strings.ToLower(r.method) + strings.NewReplacer("/", "_", "{", "", "}", "", ".", "_").Replace(r.path)
}

func content(media string, schema any) map[string]any {
	return map[string]any{media: map[string]any{"schema": schema}}
}

func answerOf(r route, s schemas) map[string]any {
	out := map[string]any{"description": r.summary}
	switch {
	case r.gives != nil:
		out["content"] = content("application/json", s.of(reflect.TypeOf(r.gives)))
	case r.media == "application/json":
		out["content"] = content(r.media, map[string]any{"type": "object"})
	case r.media != "":
		out["content"] = content(r.media, map[string]any{"type": "string"})
		if r.media == "text/csv" {
			out["content"].(map[string]any)["application/jsonl"] = map[string]any{"schema": map[string]any{"type": "string"}}
		}
	}
	return out
}

func parameters(r route) []any {
	out := []any{}
	for _, name := range braces.FindAllStringSubmatch(r.path, -1) {
		out = append(out, map[string]any{"name": name[1], "in": "path", "required": true, "schema": map[string]any{"type": "string"}})
	}
	if r.method != http.MethodGet {
		out = append(out, map[string]any{
			"name": "X-CSRF-Token", "in": "header", "required": true, "description": "csrf of /api/v1/me", "schema": map[string]any{"type": "string"},
		})
	}
	for _, p := range r.params {
		schema := map[string]any{"type": "string"}
		if p.number {
			schema["type"] = "integer"
		}
		if p.of != nil {
			schema["enum"] = p.of
		}
		if p.many {
			schema = map[string]any{"type": "array", "items": schema}
		}
		one := map[string]any{"name": p.name, "in": "query", "description": p.about, "schema": schema}
		if p.many {
			one["style"], one["explode"] = "form", true
		}
		out = append(out, one)
	}
	return out
}

// schemas are those of the types of answers, by name.
type schemas map[string]any

// of is the schema of a type, as it is written in JSON.
func (s schemas) of(t reflect.Type) map[string]any {
	switch t {
	case reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case reflect.TypeFor[json.RawMessage]():
		return map[string]any{"type": "object", "additionalProperties": true}
	case reflect.TypeFor[number]():
		return map[string]any{"type": []string{"number", "null"}}
	case reflect.TypeFor[points]():
		return map[string]any{"type": "array", "items": map[string]any{"type": []string{"number", "null"}}}
	}
	switch t.Kind() {
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice, reflect.Array:
		return map[string]any{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Pointer:
		return map[string]any{"oneOf": []any{s.of(t.Elem()), map[string]any{"type": "null"}}}
	case reflect.Struct:
		return s.object(t)
	}
	return map[string]any{}
}

// object is the schema of a struct: a reference where it has a name.
func (s schemas) object(t reflect.Type) map[string]any {
	name := t.Name()
	if name != "" {
		if _, ok := s[name]; ok {
			return map[string]any{"$ref": "#/components/schemas/" + name}
		}
		s[name] = map[string]any{} // it may hold itself
	}
	properties, required := map[string]any{}, []string{}
	for _, f := range fields(t) {
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		schema := s.of(f.Type)
		target := schema
		if items, ok := schema["items"].(map[string]any); ok && f.Type != reflect.TypeFor[points]() {
			target = items
		}
		if values := f.Tag.Get("enum"); values != "" {
			target["enum"] = strings.Split(values, ",")
		}
		if f.Tag.Get("nullable") != "" {
			schema["type"] = []string{"array", "null"}
		}
		if about := f.Tag.Get("doc"); about != "" {
			schema["description"] = about
		}
		properties[key] = schema
		if options == "" {
			required = append(required, key)
		}
	}
	out := map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
	if name == "" {
		return out
	}
	s[name] = out
	return map[string]any{"$ref": "#/components/schemas/" + name}
}

// fields are those that a struct is written with, an outer one in place of an inner one of the same key.
func fields(t reflect.Type) (out []reflect.StructField) {
	at := map[string]int{}
	var walk func(reflect.Type, int)
	depth := map[string]int{}
	walk = func(t reflect.Type, level int) {
		for i := range t.NumField() {
			f := t.Field(i)
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case f.Anonymous && key == "":
				walk(f.Type, level+1)
			case !f.IsExported() || key == "-" || key == "":
			default:
				if n, ok := at[key]; ok {
					if level < depth[key] {
						out[n], depth[key] = f, level
					}
					continue
				}
				at[key], depth[key] = len(out), level
				out = append(out, f)
			}
		}
	}
	walk(t, 0)
	return out
}
