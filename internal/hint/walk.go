package hint

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// finder is told what the walk meets. Functions that are nil are not called.
type finder struct {
	only        []string // component types to look into; empty means all
	unknownKey  func(path, key string, known []string)
	unknownType func(path, name string, known []string)
	duration    func(path string, raw any)
}

func walk(conf map[string]any, sections []Section, f finder) {
	known := make([]string, 0, len(sections))
	for _, section := range sections {
		known = append(known, section.Name)
		raw, ok := conf[section.Name].(map[string]any)
		if !ok {
			continue
		}
		if section.Types == nil {
			if len(f.only) == 0 && section.Self != nil {
				f.value(section.Name, raw, reflect.TypeOf(section.Self))
			}
			continue
		}
		f.components(section, raw)
	}
	for key := range conf {
		if !slices.Contains(known, key) && f.unknownKey != nil {
			f.unknownKey("", key, slices.Clone(known))
		}
	}
}

func (f finder) components(section Section, raw map[string]any) {
	for id, settings := range raw {
		name, _, _ := strings.Cut(id, "/")
		if len(f.only) > 0 && !slices.Contains(f.only, name) {
			continue
		}
		path := join(section.Name, id)
		defaults, ok := section.Types[name]
		if !ok {
			if f.unknownType != nil {
				f.unknownType(path, name, keys(section.Types))
			}
			continue
		}
		if defaults != nil {
			f.value(path, settings, reflect.TypeOf(defaults))
		}
	}
}

var durationType = reflect.TypeFor[time.Duration]()

func (f finder) value(path string, raw any, typ reflect.Type) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ == durationType {
		if f.duration != nil && raw != nil {
			f.duration(path, raw)
		}
		return
	}
	switch typ.Kind() {
	case reflect.Struct:
		if inner, ok := optional(typ); ok {
			f.value(path, raw, inner)
			return
		}
		if raw, ok := raw.(map[string]any); ok {
			f.fields(path, raw, typ)
		}
	case reflect.Map:
		if raw, ok := raw.(map[string]any); ok {
			for key, value := range raw {
				f.value(join(path, key), value, typ.Elem())
			}
		}
	case reflect.Slice:
		if raw, ok := raw.([]any); ok {
			for i, value := range raw {
				f.value(fmt.Sprintf("%s[%d]", path, i), value, typ.Elem())
			}
		}
	}
}

func (f finder) fields(path string, raw map[string]any, typ reflect.Type) {
	known := make(map[string]reflect.Type)
	if !collect(typ, known) {
		return
	}
	for key, value := range raw {
		if field, ok := known[key]; ok {
			f.value(join(path, key), value, field)
			continue
		}
		if f.unknownKey != nil {
			f.unknownKey(path, key, keys(known))
		}
	}
}

// collect gathers the keys that a struct is decoded from. It answers false for one that takes any key (",remain").
func collect(typ reflect.Type, known map[string]reflect.Type) bool {
	for field := range typ.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
		name = strings.TrimSpace(name)
		inner := field.Type
		for inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case strings.Contains(options, "remain"):
			return false
		case strings.Contains(options, "squash"):
			if inner.Kind() == reflect.Struct && !collect(inner, known) {
				return false
			}
		case !field.IsExported() || name == "-":
		case name == "":
			known[strings.ToLower(field.Name)] = field.Type
		default:
			known[name] = field.Type
		}
	}
	return true
}

// optional unwraps configoptional.Optional, whose value is unexported.
func optional(typ reflect.Type) (reflect.Type, bool) {
	if !strings.HasPrefix(typ.Name(), "Optional[") {
		return nil, false
	}
	value, ok := typ.FieldByName("value")
	return value.Type, ok
}

func keys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	return names
}
