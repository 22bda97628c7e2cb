package journal

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/otelattr"
)

// Encoder encodes entries. The zero value is ready. Not safe for concurrent use.
type Encoder struct {
	dictionary [512]known
	epoch      uint32
	next       uint64
}

// known is a text of this entry that was spelled out already.
type known struct {
	text  string
	ref   uint64
	epoch uint32
}

// Append appends the encoding of an entry to b.
func (c *Encoder) Append(b []byte, e *Entry) []byte {
	c.epoch++
	c.next = 0
	switch {
	case slices.ContainsFunc(e.Uses, func(u otelattr.Consumption) bool { return u.Weight != 0 }):
		b = append(b, versionWeights)
		b = appendResponses(b, e.Responses)
		b = appendUses(appendFeedback(b, e.Feedback), e.Uses, true)
	case len(e.Responses) > 0:
		b = append(b, versionResponses)
		b = appendResponses(b, e.Responses)
		b = appendUses(appendFeedback(b, e.Feedback), e.Uses, false)
	case len(e.Feedback)+len(e.Uses) > 0:
		b = append(b, versionMore)
		b = appendUses(appendFeedback(b, e.Feedback), e.Uses, false)
	default:
		b = append(b, version)
	}
	b = binary.AppendVarint(b, e.Arrival)
	b = append(b, boolByte(e.Drain))
	b = binary.AppendUvarint(b, uint64(len(e.Records)))
	last := texts(new(otelattr.Record))
	var lastTime int64
	for i := range e.Records {
		r := &e.Records[i]
		current := texts(r)
		b = c.appendTexts(b, &current, &last)
		b = appendRest(b, r, lastTime)
		last, lastTime = current, r.Time
	}
	return b
}

// appendTexts writes which texts differ from those of the record before, and those.
func (c *Encoder) appendTexts(b []byte, current, last *[textCount]*string) []byte {
	var changed uint64
	for i := range current {
		if *current[i] != *last[i] {
			changed |= 1 << i
		}
	}
	b = binary.AppendUvarint(b, changed)
	for i := range current {
		if changed&(1<<i) != 0 {
			b = c.appendText(b, *current[i])
		}
	}
	return b
}

// appendText writes a text, or a reference to the place where it was written before.
func (c *Encoder) appendText(b []byte, text string) []byte {
	slot := &c.dictionary[slotOf(text)]
	if slot.epoch == c.epoch && slot.text == text {
		return binary.AppendUvarint(b, (c.next-slot.ref)<<1)
	}
	*slot = known{text, c.next, c.epoch}
	c.next++
	b = binary.AppendUvarint(b, uint64(len(text))<<1|1)
	return append(b, text...)
}

// slotOf spreads texts over the dictionary by their length and some of their bytes: a text that loses its place is
// spelled out again.
func slotOf(text string) uint32 {
	h := uint32(len(text)) * 0x9e3779b1
	for n := 0; n < 8 && n < len(text); n++ {
		h = (h ^ uint32(text[len(text)-1-n])) * 16777619
	}
	return (h ^ h>>15) % 512
}

func appendRest(b []byte, r *otelattr.Record, lastTime int64) []byte {
	o := &r.Observation
	var flags byte
	for bit, set := range [...]bool{ // in the order of the flags
		o.Outbound, r.Remote, r.Served, r.Unreadable, r.Provisional, o.Weight != 0, len(o.Violations) > 0,
		o.Trace != [16]byte{} || o.Span != [8]byte{} || r.Parent != [8]byte{},
	} {
		if set {
			flags |= 1 << bit
		}
	}
	b = append(b, flags, byte(o.Outcome)|boolByte(o.HourUnknown)<<bitHourUnknown|boolByte(o.Astray)<<bitAstray)
	b = binary.AppendVarint(b, o.Time-lastTime)
	if flags&flagIDs != 0 {
		b = append(b, o.Trace[:]...)
		b = append(b, o.Span[:]...)
		b = append(b, r.Parent[:]...)
	}
	b = binary.AppendUvarint(b, uint64(o.HTTPStatus))
	b = binary.AppendVarint(b, o.Duration)
	b = binary.AppendVarint(b, o.RequestBytes)
	b = binary.AppendVarint(b, o.ResponseBytes)
	if flags&flagWeight != 0 {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(o.Weight))
	}
	if flags&flagViolations != 0 {
		b = binary.AppendUvarint(b, uint64(len(o.Violations)))
		for _, v := range o.Violations {
			b = binary.AppendUvarint(b, uint64(len(v)))
			b = append(b, v...)
		}
	}
	return b
}

func appendFeedback(b []byte, all []behavior.Feedback) []byte {
	b = binary.AppendUvarint(b, uint64(len(all)))
	for i := range all {
		f := &all[i]
		b = append(b, byte(f.Verdict)|boolByte(f.Outbound)<<1)
		b = binary.AppendVarint(b, f.Time)
		b = binary.AppendVarint(b, int64(f.TTL))
		for _, s := range [...]string{f.Token, f.Facet, f.Value, f.By} {
			b = appendString(b, s)
		}
	}
	return b
}

func appendResponses(b []byte, all []behavior.Response) []byte {
	b = binary.AppendUvarint(b, uint64(len(all)))
	for i := range all {
		r := &all[i]
		b = append(b, byte(r.Incident)|byte(r.Act.State)<<2|boolByte(r.Outbound)<<4)
		for _, n := range [...]int64{r.Time, int64(r.Act.Delay), int64(r.Act.For)} {
			b = binary.AppendVarint(b, n)
		}
		for _, s := range [...]string{r.Token, r.Hint, r.Act.ID, r.Act.Action, r.Act.Target} {
			b = appendString(b, s)
		}
	}
	return b
}

func appendUses(b []byte, all []otelattr.Consumption, weighted bool) []byte {
	b = binary.AppendUvarint(b, uint64(len(all)))
	for i := range all {
		u := &all[i]
		b = append(append(b, u.Trace[:]...), u.Span[:]...)
		b = binary.AppendVarint(b, u.Time)
		b = appendString(b, u.Model)
		b = binary.AppendUvarint(b, uint64(len(u.Amounts)))
		for _, a := range u.Amounts {
			b = appendString(b, a.Unit)
			b = binary.AppendUvarint(b, a.N)
		}
		if weighted {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(u.Weight))
		}
	}
	return b
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func boolByte(v bool) byte {
	if v {
		return 1
	}
	return 0
}
