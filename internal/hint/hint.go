// Package hint says what would be right where the Collector says only that a configuration is wrong.
//
// The Collector stops at a key that it does not know and names the key, but neither its full path nor the keys that it
// would have known. This package walks the same configuration beside the Go types that it is decoded into and finds both.
package hint

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Section is one part of a Collector configuration, such as processors.
type Section struct {
	Name  string
	Types map[string]any // component type to default configuration; nil marks a section that is itself a configuration
	Self  any            // the default configuration of such a section
}

var invalidKeys = regexp.MustCompile(`has invalid keys: ([^\n]+)`)

// For returns one line for everything in conf that err can mean, with its path and what would be right; none if nothing
// of the kind is to be found. It never guesses beyond what err complains of: a key that is unknown to the walk but was
// not refused is left alone, since components may decode themselves.
func For(err error, conf map[string]any, sections []Section) []string {
	refused := make(map[string]bool)
	for _, match := range invalidKeys.FindAllStringSubmatch(err.Error(), -1) {
		for key := range strings.SplitSeq(match[1], ",") {
			refused[strings.TrimSpace(key)] = true
		}
	}
	var lines []string
	walk(conf, sections, finder{
		unknownKey: func(path, key string, known []string) {
			if refused[key] {
				lines = append(lines, fmt.Sprintf("%s: there is no such key%s", join(path, key), choose(key, known)))
			}
		},
		unknownType: func(path, name string, known []string) {
			if strings.Contains(err.Error(), fmt.Sprintf("unknown type: %q", name)) {
				lines = append(lines, fmt.Sprintf("%s: there is no such component%s", path, choose(name, known)))
			}
		},
		duration: func(path string, raw any) {
			text, isText := raw.(string)
			if !isText {
				return
			}
			if _, bad := time.ParseDuration(text); bad != nil {
				lines = append(lines, fmt.Sprintf("%s: %q is not a duration: write a number and its unit, such as 500ms, 15s or 1h30m", path, text))
			}
		},
	})
	slices.Sort(lines)
	return lines
}

// BareDurations returns one line for every duration of the named component types that is a number without a unit. The
// Collector takes those as nanoseconds, which nobody means.
func BareDurations(conf map[string]any, sections []Section, types ...string) []string {
	var lines []string
	walk(conf, sections, finder{
		only: types,
		duration: func(path string, raw any) {
			value := reflect.ValueOf(raw)
			if value.IsValid() && (value.CanInt() || value.CanUint() || value.CanFloat()) && !value.IsZero() {
				lines = append(lines, fmt.Sprintf("%s: %v has no unit: write %vs or %vms", path, raw, raw, raw))
			}
		},
	})
	slices.Sort(lines)
	return lines
}

func choose(wrong string, known []string) string {
	slices.Sort(known)
	if near := Nearest(wrong, known); near != "" {
		return fmt.Sprintf(", did you mean %q?", near)
	}
	if len(known) == 0 {
		return ""
	}
	return ", known are " + strings.Join(known, ", ")
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "::" + key
}
