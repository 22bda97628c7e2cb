package otelattr

import (
	"reflect"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// text is an attribute to be written.
type text struct{ name, value string }

// addTexts adds attributes of names that a map does not have.
//
// Map.PutStr looks through all names and allocates a value, for each anew: for the seven attributes of a token that is a quarter of what
// a span costs here. Writing behind the end of the list directly, with all values in one piece of memory, is half of that. This is the
// only place that knows how pdata keeps a map, and where that turns out to be another way, PutStr is used.
func addTexts(attrs pcommon.Map, texts []text) {
	attrs.EnsureCapacity(attrs.Len() + len(texts)) // it also refuses what must not be written
	if stringValue == nil {
		for _, t := range texts {
			attrs.PutStr(t.name, t.value)
		}
		return
	}
	values := make([]string, len(texts))
	list := *listOf(attrs)
	for i, t := range texts {
		values[i] = t.value
		list = append(list, keyValue{value: reflect.NewAt(stringValue, unsafe.Pointer(&values[i])).Interface(), key: t.name})
	}
	*listOf(attrs) = list
}

// keyValue is an attribute as pdata keeps it.
type keyValue struct {
	value any // a pointer to stringValue, if it is a text
	key   string
	_     int32
}

// listOf is where a map has its attributes.
func listOf(attrs pcommon.Map) *[]keyValue { return *(**[]keyValue)(unsafe.Pointer(&attrs)) }

// stringValue is pdata's type of a text, a struct of one string; nil if pdata keeps maps otherwise than keyValue and listOf say.
var stringValue = findStringValue()

func findStringValue() reflect.Type {
	pointer := reflect.TypeFor[pcommon.Map]().Field(0)
	if pointer.Offset != 0 || pointer.Type.Kind() != reflect.Pointer || pointer.Type.Elem().Kind() != reflect.Slice {
		return nil
	}
	theirs, ours := pointer.Type.Elem().Elem(), reflect.TypeFor[keyValue]()
	if theirs.Kind() != reflect.Struct || theirs.Size() != ours.Size() || theirs.NumField() != ours.NumField() {
		return nil
	}
	for i := range ours.NumField() {
		a, b := theirs.Field(i), ours.Field(i)
		for a.Type.Kind() == reflect.Struct && a.Type.NumField() == 1 {
			a.Type = a.Type.Field(0).Type
		}
		if a.Offset != b.Offset || a.Type.Kind() != b.Type.Kind() || a.Type.Kind() == reflect.Interface && a.Type.NumMethod() > 0 {
			return nil
		}
	}
	attrs := pcommon.NewMap()
	attrs.PutStr("a", "b")
	value := reflect.TypeOf((*listOf(attrs))[0].value)
	if value.Kind() != reflect.Pointer || value.Elem().Kind() != reflect.Struct || value.Elem().NumField() != 1 || value.Elem().Field(0).Type.Kind() != reflect.String {
		return nil
	}
	return value.Elem()
}
