package otelattr

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/holterhq/holter/internal/credential"
)

// looker and hunter are the two passes of a Cleaner over a batch.
type (
	looker Cleaner
	hunter Cleaner
)

// text erases the secrets of the batch from one string.
func (h *hunter) text(at where, f *field, value string) (string, bool) {
	c := (*Cleaner)(h)
	if f.kept || at.top && f.hunted == own {
		return value, false
	}
	m := c.memoOf(f)
	if m == &c.plain && f.hunted != freeText {
		m = nil // what was hunted for more is remembered there
	}
	if m != nil && m.hunted.has(value) {
		return value, false
	}
	if len(c.find(value, f.hunted)) == 0 {
		if m != nil && m.hunted.put(value) {
			c.used(m)
		}
		return value, false
	}
	h.erased++
	return c.replaced(value), true
}

func (h *hunter) field(name string) (f *field, clean bool) {
	f = nameless
	if slot := h.fields.slot(name, h.kind); slot.is(name, h.kind) {
		f = slot.field
	} else {
		read := h.sources.fieldOf(h.kind, name)
		switch {
		case read.kept:
			f = keptNameless
		case read.hunted != freeText:
			f = namelessOf[read.hunted]
		}
	}
	if f.hunted != freeText {
		return f, true // a name that instrumentation gives
	}
	h.spans = h.drawn.FindName(name, h.spans[:0])
	return f, len(h.spans) == 0
}

func (h *hunter) name(name string) string {
	clean, _ := h.text(where{}, namelessOf[fact], name)
	return clean
}

func (h *hunter) put(value pcommon.Value, text string) { h.values.put(value, text) }

func (h *hunter) number(*field, int64) {}

// text finds and erases the secrets of one string, and takes note of what it says about the request.
func (l *looker) text(at where, f *field, value string) (string, bool) {
	c := (*Cleaner)(l)
	if f.role == roleSealed {
		return c.unseal(value)
	}
	if f.role != noRole && !c.outside {
		c.note(f, at, value)
	}
	place := f.place
	switch {
	case at.secret:
		place = credential.Secret
	case at.cookies && (place == credential.Text || place == credential.Secret):
		return c.cookieField(f, at, value)
	case at.parameters && place == credential.Text && f.parameter != noRank:
		return c.parameterField(f, at, value)
	}
	m := c.memoOf(f)
	if place != f.place {
		m = nil
	}
	if m != nil && m.looked.has(value) {
		return value, false
	}
	found := c.scanner.Scan(place, value)
	if len(found) == 0 {
		if m != nil && m.looked.put(value) {
			c.used(m)
			c.suspectAll(f, value)
		} else {
			c.suspect(f, value)
		}
		return value, false
	}
	return c.take(f, at, value, found)
}

func (l *looker) put(value pcommon.Value, text string) { l.values.put(value, text) }

func (l *looker) number(f *field, value int64) {
	c := (*Cleaner)(l)
	if f.role == noRole || c.outside || value < 0 || value > 599 {
		return
	}
	switch f.role {
	case roleHTTPStatus:
		if c.sight.HTTPStatus == 0 && value >= 100 {
			c.sight.HTTPStatus = int(value)
		}
	case roleRPCStatus:
		if c.sight.RPCStatus < 0 && value <= 16 {
			c.sight.RPCStatus = int(value)
		}
	}
}

// pairs is visitMap for the attributes of a record, most of which are texts under known names. It says whether a name
// holds a secret.
func (l *looker) pairs(attrs pcommon.Map, pairs []keyValue) (renaming bool) {
	ours := false
	for i := range pairs {
		pair := &pairs[i]
		slot := &l.none
		if i < len(l.sequence) && l.sequence[i] != nil {
			slot = l.sequence[i] // mostly the name is the one that stood here in the record before
		}
		f := slot.field
		if !slot.is(pair.key, l.kind) {
			var clean bool
			f, clean = l.unexpected(i, pair.key)
			renaming = renaming || !clean
		}
		ours = ours || f.ours
		if text := pair.text(); text != nil {
			if f.role == noRole && f.memo != nil && f.memo.looked.has(*text) {
				continue
			}
			if s, changed := l.text(where{}, f, *text); changed {
				pair.put(&l.values, s)
			}
		} else if number := pair.number(); number != nil {
			l.number(f, *number)
		} else {
			visitValue(pair.in(attrs), where{}, f, l)
		}
	}
	l.sight.Identified = l.sight.Identified || ours
	return renaming
}

// unexpected is field for the n-th name of a record, which is expected there from now on.
func (l *looker) unexpected(n int, name string) (*field, bool) {
	if slot := l.fields.slot(name, l.kind); n < len(l.sequence) && slot.is(name, l.kind) {
		l.sequence[n] = slot
		return slot.field, true
	}
	return l.field(name)
}

// field is what a name says, remembered by name. A name that may hold a secret is not remembered.
func (l *looker) field(name string) (*field, bool) {
	c := (*Cleaner)(l)
	slot := c.fields.slot(name, c.kind)
	if slot.is(name, c.kind) {
		c.sight.Identified = c.sight.Identified || slot.field.ours
		return slot.field, true
	}
	f := c.sources.fieldOf(c.kind, name)
	c.suspect(nameless, name)
	c.sight.Identified = c.sight.Identified || f.ours
	clean := len(c.scanner.Scan(credential.Text, name)) == 0
	if clean && len(name) <= longestName && !credential.Opaque(name) {
		f.memo = new(memo)
		*slot = fieldSlot{name: strings.Clone(name), field: &f, kind: c.kind}
	}
	return &f, clean
}

// name erases secrets from the name of an attribute.
func (l *looker) name(name string) string {
	c := (*Cleaner)(l)
	outside := c.outside
	c.outside = true
	clean, _ := c.take(nameless, where{}, name, c.scanner.Scan(credential.Text, name))
	c.outside = outside
	return clean
}
