package otelattr

import (
	"reflect"
	"unsafe"

	"go.opentelemetry.io/collector/featuregate"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// text is an attribute to be written. The record points to the value, which must not change from then on.
type text struct {
	name  string
	value *string
}

// Appender adds texts to the attributes of records. It takes memory for many records at once: a list for each is a good part of what a
// span costs here. The zero Appender is ready. Not safe for concurrent use.
type Appender struct {
	pairs  []keyValue
	values values
}

// pairsAtOnce is a piece of some 32 KiB, which is also what one record that outlives the others keeps from being freed.
const pairsAtOnce = 800

// values are texts for attributes to point to, taken many at once.
type values []string

// valuesAtOnce is a piece of 4 KiB.
const valuesAtOnce = 256

// of is where a text now stands for good.
func (v *values) of(text string) *string {
	if len(*v) == 0 {
		*v = make([]string, valuesAtOnce)
	}
	value := &(*v)[0]
	*v = (*v)[1:]
	*value = text
	return value
}

// add adds attributes of names that a map does not have.
//
// Map.PutStr looks through all names and allocates a value, for each anew. This is the only place that knows how pdata keeps a map, and
// where that turns out to be another way, PutStr is used.
func (a *Appender) add(attrs pcommon.Map, texts []text) {
	if stringType == nil {
		for _, t := range texts {
			attrs.PutStr(t.name, *t.value)
		}
		return
	}
	attrs.EnsureCapacity(0) // it refuses what must not be written
	list := *listOf(attrs)
	have, all := len(list), len(list)+len(texts)
	if all > cap(list) {
		list = a.moved(list, all)
	}
	shared := pooling != nil && !pooling.IsEnabled()
	list = list[:all]
	for i := range texts {
		value := texts[i].value
		if !shared {
			value = a.values.of(*value)
		}
		added := &list[have+i]
		added.key = texts[i].name
		words := (*anyWords)(unsafe.Pointer(&added.value))
		words.kind, words.value = stringType, unsafe.Pointer(value)
	}
	*listOf(attrs) = list
}

// moved is a list where it has room for n.
func (a *Appender) moved(list []keyValue, n int) []keyValue {
	if n > len(a.pairs) {
		a.pairs = make([]keyValue, max(pairsAtOnce, n))
	}
	room := a.pairs[:n:n]
	a.pairs = a.pairs[n:]
	return room[:copy(room, list)]
}

// pooling says whether pdata empties the values of a record that it is done with, and uses them again: no two may have one in common
// then. nil: that is not known.
var pooling = func() (found *featuregate.Gate) {
	featuregate.GlobalRegistry().VisitAll(func(gate *featuregate.Gate) {
		if gate.ID() == "pdata.useProtoPooling" {
			found = gate
		}
	})
	return found
}()

// textIn is where a value has its text, nil if it has none or that is not known. Others may point there too: put is the way to write.
func textIn(value pcommon.Value) *string {
	if stringType == nil {
		return nil
	}
	if words := wordsOf(value); words.kind == stringType {
		return (*string)(words.value)
	}
	return nil
}

// put writes a text that value, which textIn knows the text of, has from now on.
func (v *values) put(value pcommon.Value, text string) {
	wordsOf(value).value = unsafe.Pointer(v.of(text))
}

// wordsOf is where a value has what it holds.
func wordsOf(value pcommon.Value) *anyWords { return *(**anyWords)(unsafe.Pointer(&value)) }

// pairsOf are the attributes of a map, nil if it is not known how they are kept.
func pairsOf(attrs pcommon.Map) []keyValue {
	if stringType == nil {
		return nil
	}
	return *listOf(attrs)
}

// text is textIn of the value.
func (p *keyValue) text() *string {
	if words := (*anyWords)(unsafe.Pointer(&p.value)); words.kind == stringType {
		return (*string)(words.value)
	}
	return nil
}

// put is values.put for the value.
func (p *keyValue) put(v *values, text string) {
	(*anyWords)(unsafe.Pointer(&p.value)).value = unsafe.Pointer(v.of(text))
}

// number is where an integer is, nil if the value is none.
func (p *keyValue) number() *int64 {
	if words := (*anyWords)(unsafe.Pointer(&p.value)); words.kind == numberType && numberType != nil {
		return (*int64)(words.value)
	}
	return nil
}

// in is the value of an attribute of a map.
func (p *keyValue) in(attrs pcommon.Map) pcommon.Value {
	cell := cellOf(attrs)
	cell.held = unsafe.Pointer(p)
	return *(*pcommon.Value)(unsafe.Pointer(&cell))
}

// cell is how pdata keeps a map, and a value: where it is, and the state of what it is a part of.
type cell struct{ held, state unsafe.Pointer }

func cellOf(attrs pcommon.Map) cell { return *(*cell)(unsafe.Pointer(&attrs)) }

// keyValue is an attribute as pdata keeps it.
type keyValue struct {
	value any // a pointer to a struct of one string, if it is a text
	key   string
	_     int32
}

// listOf is where a map has its attributes.
func listOf(attrs pcommon.Map) *[]keyValue { return *(**[]keyValue)(unsafe.Pointer(&attrs)) }

// anyWords is how Go keeps a value of type any.
type anyWords struct{ kind, value unsafe.Pointer }

// stringType is the first of anyWords of pdata's texts, pointers to a struct of one string; nil if pdata keeps maps or
// values otherwise than is said here.
var stringType = findStringType()

// numberType is the same of integers, pointers to a struct of one int64.
var numberType = findNumberType()

func findNumberType() unsafe.Pointer {
	if stringType == nil {
		return nil
	}
	attrs := pcommon.NewMap()
	attrs.PutInt("a", 1<<40)
	kept := &(*listOf(attrs))[0].value
	value := reflect.TypeOf(*kept)
	if value.Kind() != reflect.Pointer || value.Elem().Kind() != reflect.Struct || value.Elem().NumField() != 1 || value.Elem().Field(0).Type.Kind() != reflect.Int64 {
		return nil
	}
	words := (*anyWords)(unsafe.Pointer(kept))
	if *(*int64)(words.value) != 1<<40 {
		return nil
	}
	return words.kind
}

func findStringType() unsafe.Pointer {
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
	kept := &(*listOf(attrs))[0].value
	value := reflect.TypeOf(*kept)
	if value.Kind() != reflect.Pointer || value.Elem().Kind() != reflect.Struct || value.Elem().NumField() != 1 || value.Elem().Field(0).Type.Kind() != reflect.String {
		return nil
	}
	words := (*anyWords)(unsafe.Pointer(kept))
	if *(*string)(words.value) != "b" {
		return nil
	}
	for _, kept := range [...]reflect.Type{reflect.TypeFor[pcommon.Map](), reflect.TypeFor[pcommon.Value]()} {
		if kept.Size() != unsafe.Sizeof(cell{}) || kept.NumField() != 2 || kept.Field(0).Type.Kind() != reflect.Pointer ||
			kept.Field(1).Type.Kind() != reflect.Pointer || kept.Field(1).Name != "state" {
			return nil
		}
	}
	if held, _ := attrs.Get("a"); held != (*listOf(attrs))[0].in(attrs) || wordsOf(held) != words {
		return nil
	}
	return words.kind
}
