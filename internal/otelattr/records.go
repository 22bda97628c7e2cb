package otelattr

import (
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/credential"
)

// visitor sees everything that may hold a secret in a record. What its methods return stands there afterwards.
type visitor interface {
	text(at where, name, value string) (string, bool)
	number(at where, name string, value int64)
	name(name string) (string, bool)
}

// where is what the maps and lists around a string say about it.
type where struct {
	response bool // a part of the answer
	cookies  bool // a map of cookies
	secret   bool // the argument before it announces a secret
	body     bool // the body of a log record itself, not a field of it
	depth    int
}

// deepest is how deep maps and lists are walked; what lies deeper is replaced whole, so that nothing hides there.
const deepest = 64

// visitMap visits every string of a map, at any depth, and its names.
func visitMap(m pcommon.Map, at where, v visitor) {
	dirty := false
	for name, value := range m.All() {
		visitValue(value, at, name, v)
		if _, changed := v.name(name); changed {
			dirty = true
		}
	}
	if dirty {
		rename(m, v)
	}
}

func visitValue(value pcommon.Value, at where, name string, v visitor) {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		if s, changed := v.text(at, name, value.Str()); changed {
			value.SetStr(s)
		}
	case pcommon.ValueTypeInt:
		v.number(at, name, value.Int())
	case pcommon.ValueTypeDouble:
		v.number(at, name, int64(value.Double()))
	case pcommon.ValueTypeSlice:
		visitSlice(value, at, name, v)
	case pcommon.ValueTypeMap:
		if at.depth++; at.depth > deepest {
			value.SetStr("")
			return
		}
		at.response = at.response || response(name)
		at.cookies = name == "cookies" || name == "cookie"
		at.body = false
		visitMap(value.Map(), at, v)
	case pcommon.ValueTypeBytes:
		visitBytes(value, at, name, v)
	}
}

func visitSlice(value pcommon.Value, at where, name string, v visitor) {
	if at.depth++; at.depth > deepest {
		value.SetStr("")
		return
	}
	list := value.Slice()
	announced := false
	for i := range list.Len() {
		element := list.At(i)
		at.secret = announced
		announced = element.Type() == pcommon.ValueTypeStr && credential.FlagTakesSecret(element.Str())
		visitValue(element, at, name, v)
	}
}

// visitBytes treats bytes that may be text as text.
func visitBytes(value pcommon.Value, at where, name string, v visitor) {
	const longest = 1 << 20
	b := value.Bytes()
	if b.Len() == 0 || b.Len() > longest {
		return
	}
	if s, changed := v.text(at, name, string(b.AsRaw())); changed {
		b.FromRaw([]byte(s))
	}
}

// visitSpan visits what a span has besides its attributes.
func visitSpan(span ptrace.Span, v visitor) {
	if s, changed := v.text(where{}, "", span.Name()); changed {
		span.SetName(s)
	}
	if message := span.Status().Message(); message != "" {
		if s, changed := v.text(where{}, "", message); changed {
			span.Status().SetMessage(s)
		}
	}
	visitState(span.TraceState(), v)
	for _, event := range span.Events().All() {
		if s, changed := v.text(where{}, "", event.Name()); changed {
			event.SetName(s)
		}
		visitMap(event.Attributes(), where{}, v)
	}
	for _, link := range span.Links().All() {
		visitState(link.TraceState(), v)
		visitMap(link.Attributes(), where{}, v)
	}
}

func visitState(state pcommon.TraceState, v visitor) {
	if raw := state.AsRaw(); raw != "" {
		if s, changed := v.text(where{}, "", raw); changed {
			state.FromRaw(s)
		}
	}
}

// visitLog visits what a log record has besides its attributes and its body.
func visitLog(log plog.LogRecord, v visitor) {
	if s, changed := v.text(where{}, "", log.EventName()); changed {
		log.SetEventName(s)
	}
	if s, changed := v.text(where{}, "", log.SeverityText()); changed {
		log.SetSeverityText(s)
	}
}

// visitScope visits an instrumentation scope.
func visitScope(scope pcommon.InstrumentationScope, v visitor) {
	visitMap(scope.Attributes(), where{}, v)
	if s, changed := v.text(where{}, "", scope.Name()); changed {
		scope.SetName(s)
	}
	if s, changed := v.text(where{}, "", scope.Version()); changed {
		scope.SetVersion(s)
	}
}

// rename puts other names into a map and keeps its order. Two that become one are told apart by a number.
func rename(m pcommon.Map, v visitor) {
	renamed := pcommon.NewMap()
	renamed.EnsureCapacity(m.Len())
	for name, value := range m.All() {
		clean, _ := v.name(name)
		unique := clean
		for n := 2; ; n++ {
			if _, taken := renamed.Get(unique); !taken {
				break
			}
			unique = clean + "_" + strconv.Itoa(n)
		}
		value.CopyTo(renamed.PutEmpty(unique))
	}
	renamed.MoveTo(m)
}

// WithholdSpan replaces every text of a span by the placeholder: nothing is known of what stands in it.
func WithholdSpan(span ptrace.Span, placeholder string) {
	v := withholder(placeholder)
	visitMap(span.Attributes(), where{}, v)
	visitSpan(span, v)
}

// WithholdLog is WithholdSpan for a log record.
func WithholdLog(log plog.LogRecord, placeholder string) {
	v := withholder(placeholder)
	visitMap(log.Attributes(), where{}, v)
	visitValue(log.Body(), where{body: true}, "", v)
	visitLog(log, v)
}

// WithholdResource is WithholdSpan for a resource.
func WithholdResource(resource pcommon.Resource, placeholder string) {
	visitMap(resource.Attributes(), where{}, withholder(placeholder))
}

// WithholdScope is WithholdSpan for an instrumentation scope.
func WithholdScope(scope pcommon.InstrumentationScope, placeholder string) {
	visitScope(scope, withholder(placeholder))
}

// withholder replaces what could hold a secret: every text that is longer than a word.
type withholder string

func (w withholder) text(_ where, _, value string) (string, bool) {
	if len(value) < 4 {
		return value, false
	}
	return string(w), true
}

func (w withholder) number(where, string, int64) {}

func (w withholder) name(name string) (string, bool) {
	if len(name) <= longestName {
		return name, false
	}
	return string(w), true
}
