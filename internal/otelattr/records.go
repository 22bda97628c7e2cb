package otelattr

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/credential"
)

// visitor sees everything that may hold a secret in a record. What its methods return stands there afterwards.
type visitor interface {
	// field says what a name is about; clean is false if the name itself holds a secret.
	field(name string) (f *field, clean bool)
	// name is what stands in a name's place.
	name(name string) string
	text(at where, f *field, value string) (string, bool)
	// put writes what text has returned into the value that it was given the text of.
	put(value pcommon.Value, text string)
	number(f *field, value int64)
}

// where is what the maps and lists around a string say about it.
type where struct {
	response   bool // a part of the answer
	cookies    bool // a map of cookies
	parameters bool // a map of a query's parameters
	entry      bool // an element of a list
	secret     bool // the argument before it announces a secret
	body       bool // the body of a log record itself, not a field of it
	top        bool // an attribute of a record or a resource itself
	nested     nest // what the map is about
	depth      int
}

// deepest is how deep maps and lists are walked; what lies deeper is replaced whole, so that nothing hides there.
const deepest = 64

// visitMap visits every string of a map, at any depth, and its names.
func visitMap(m pcommon.Map, at where, v visitor) {
	renaming := false
	for name, value := range m.All() {
		f, clean := v.field(name)
		visitValue(value, at, f, v)
		renaming = renaming || !clean
	}
	if renaming {
		rename(m, v)
	}
}

func visitValue(value pcommon.Value, at where, f *field, v visitor) {
	if text := textIn(value); text != nil {
		if s, changed := v.text(at, f, *text); changed {
			v.put(value, s)
		}
		return
	}
	switch value.Type() {
	case pcommon.ValueTypeStr:
		if s, changed := v.text(at, f, value.Str()); changed {
			value.SetStr(s)
		}
	case pcommon.ValueTypeInt:
		v.number(f, value.Int())
	case pcommon.ValueTypeDouble:
		v.number(f, int64(value.Double()))
	case pcommon.ValueTypeSlice:
		visitSlice(value, at, f, v)
	case pcommon.ValueTypeMap:
		if at.depth++; at.depth > deepest {
			value.SetStr("")
			return
		}
		at.response = at.response || f.answer
		at.cookies = f.cookies
		at.body, at.top, at.nested = false, false, f.nested
		at.parameters = f.query
		if entry := at.entry; entry {
			at.entry = false
			if visitEntry(value.Map(), at, f, v) {
				return
			}
		}
		visitMap(value.Map(), at, v)
	case pcommon.ValueTypeBytes:
		visitBytes(value, at, f, v)
	}
}

func visitSlice(value pcommon.Value, at where, f *field, v visitor) {
	if at.depth++; at.depth > deepest {
		value.SetStr("")
		return
	}
	list := value.Slice()
	announced, named := false, f
	for i := range list.Len() {
		element := list.At(i)
		at.secret = announced
		text := textIn(element)
		if text == nil && element.Type() == pcommon.ValueTypeStr {
			own := element.Str()
			text = &own
		}
		if text == nil {
			announced, named = false, f
			at.entry = true
			visitValue(element, at, f, v)
			continue
		}
		announced = credential.FlagTakesSecret(*text)
		of := f
		if f.headers && i%2 == 1 {
			of = named
		}
		if f.headers && i%2 == 0 {
			named = header(*text, f, v)
		}
		if s, changed := v.text(at, of, *text); changed {
			v.put(element, s)
		}
	}
}

// header is what the name of a header says, in a list of them, or f where it is none.
func header(name string, f *field, v visitor) *field {
	const longest = 64
	if len(name) == 0 || len(name) > longest || strings.ContainsAny(name, " :=") {
		return f
	}
	own, _ := v.field(name)
	if own.kept || own.ours {
		return f
	}
	return own
}

// visitEntry visits a map that is an entry of a list, of a name and a value: what stands in it stands under that name.
func visitEntry(m pcommon.Map, at where, f *field, v visitor) bool {
	const members = 4 // beside name and value there may be a type
	if m.Len() < 2 || m.Len() > members {
		return false
	}
	own, found := f, false
	for member, value := range m.All() {
		if value.Type() == pcommon.ValueTypeStr && credential.IsEntryName(member) {
			own, found = header(value.Str(), f, v), true
			break
		}
	}
	if !found || own == f {
		return false
	}
	renaming := false
	for member, value := range m.All() {
		of, clean := v.field(member)
		if credential.IsEntryValue(member) {
			of = own
		}
		visitValue(value, at, of, v)
		renaming = renaming || !clean
	}
	if renaming {
		rename(m, v)
	}
	return true
}

// visitBytes treats bytes that may be text as text.
func visitBytes(value pcommon.Value, at where, f *field, v visitor) {
	b := value.Bytes()
	if b.Len() == 0 {
		return
	}
	if s, changed := v.text(at, f, string(b.AsRaw())); changed {
		b.FromRaw([]byte(s))
	}
}

// nameless is what is known of a text that stands under no name, keptNameless of one that nothing is erased from.
var nameless, keptNameless = &field{rank: noRank}, &field{rank: noRank, kept: true}

// namelessOf is nameless by what is hunted there.
var namelessOf = [...]*field{
	freeText: nameless, fact: {rank: noRank, hunted: fact}, own: {rank: noRank, hunted: own},
	traceState: {rank: noRank, hunted: traceState},
}

// visitText visits one text that stands under no name.
func visitText(text string, s standing, v visitor, set func(string)) {
	if text == "" {
		return
	}
	if s, changed := v.text(where{}, namelessOf[s], text); changed {
		set(s)
	}
}

// visitSpan visits what a span has besides its attributes.
func visitSpan(span ptrace.Span, v visitor) {
	if name := span.Name(); name != "" {
		if s, changed := v.text(where{}, namelessOf[fact], name); changed {
			span.SetName(s)
		}
	}
	if status := span.Status(); status.Message() != "" {
		visitText(status.Message(), freeText, v, status.SetMessage)
	}
	if state := span.TraceState(); state.AsRaw() != "" {
		visitText(state.AsRaw(), traceState, v, state.FromRaw)
	}
	events, links := span.Events(), span.Links()
	for i := range events.Len() {
		event := events.At(i)
		visitText(event.Name(), fact, v, event.SetName)
		visitMap(event.Attributes(), where{}, v)
	}
	for i := range links.Len() {
		link := links.At(i)
		visitText(link.TraceState().AsRaw(), traceState, v, link.TraceState().FromRaw)
		visitMap(link.Attributes(), where{}, v)
	}
}

// visitLog visits what a log record has besides its attributes and its body.
func visitLog(log plog.LogRecord, v visitor) {
	visitText(log.EventName(), fact, v, log.SetEventName)
	visitText(log.SeverityText(), fact, v, log.SetSeverityText)
}

// visitScope visits an instrumentation scope.
func visitScope(scope pcommon.InstrumentationScope, v visitor) {
	visitMap(scope.Attributes(), where{}, v)
	visitText(scope.Name(), fact, v, scope.SetName)
	visitText(scope.Version(), fact, v, scope.SetVersion)
}

// rename puts other names into a map and keeps its order. Two that become one are told apart by a number.
func rename(m pcommon.Map, v visitor) {
	names := uniqueNames{last: make(map[string]int, m.Len())}
	renamed := pcommon.NewMap()
	renamed.EnsureCapacity(m.Len())
	for name, value := range m.All() {
		put(renamed, names.of(v.name(name)), value)
	}
	renamed.MoveTo(m)
}

// put adds a value under a name that a map does not have. Map.PutEmpty looks through all names first, of which a map may have many: they are
// written where they stand, if it is known how.
func put(m pcommon.Map, name string, value pcommon.Value) {
	if stringType == nil {
		value.CopyTo(m.PutEmpty(name))
		return
	}
	list := listOf(m)
	*list = append(*list, keyValue{key: name})
	value.CopyTo((*list)[len(*list)-1].in(m))
}

// uniqueNames tells names apart by numbers.
type uniqueNames struct {
	last  map[string]int // the number that was given last to a name, 1 if it was given as it is
	tried int
}

// of is a name that was not given before.
func (u *uniqueNames) of(name string) string {
	u.tried++
	n := u.last[name] + 1
	u.last[name] = n
	if n == 1 {
		return name
	}
	for ; ; n++ {
		u.tried++
		numbered := name + "_" + strconv.Itoa(n)
		if u.last[numbered] == 0 {
			u.last[name], u.last[numbered] = n, 1
			return numbered
		}
	}
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
	visitValue(log.Body(), where{body: true}, nameless, v)
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

func (w withholder) text(_ where, _ *field, value string) (string, bool) {
	if len(value) < 4 {
		return value, false
	}
	return string(w), true
}

func (w withholder) field(name string) (*field, bool) { return nameless, len(name) <= longestName }

func (w withholder) name(name string) string {
	if len(name) <= longestName {
		return name
	}
	return string(w)
}

func (w withholder) put(value pcommon.Value, text string) { value.SetStr(text) }

func (w withholder) number(*field, int64) {}
