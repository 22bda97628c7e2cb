package otelattr

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/geo"
)

// Sight is what was seen of a request while its record was cleaned.
type Sight struct {
	Secret     string // the credential of the request, empty if there is none
	Scheme     credential.Scheme
	Unreadable bool // something stood where a credential stands, but was masked before

	HTTPStatus int // 0: none
	RPCStatus  int // -1: none
	Origin     geo.Sight

	rank int
}

// Cleaner finds the credentials of records and erases every secret from them. It works on one batch at a time: Span, Log,
// Resource and Scope clean what they are given and remember secrets of no known format; HuntTraces and HuntLogs then erase
// those wherever else in the batch they stand; Reset forgets them. Not safe for concurrent use.
type Cleaner struct {
	sources     *Sources
	placeholder string
	scanner     credential.Scanner
	literals    credential.Literals
	spans       []credential.Span
	fields      fieldCache
	sight       Sight
	logs        bool // the record is a log record
	outside     bool // the string is no part of a request: a resource, a scope
	erased      int
}

// looker and hunter are the two passes of a Cleaner over a batch.
type (
	looker Cleaner
	hunter Cleaner
)

// NewCleaner looks for tokens in sources and puts the placeholder where secrets were.
func NewCleaner(sources *Sources, placeholder string) *Cleaner {
	return &Cleaner{sources: sources, placeholder: placeholder}
}

// Reset forgets every secret.
func (c *Cleaner) Reset() {
	c.literals.Reset()
	c.scanner.Forget()
	c.sight = Sight{}
	c.erased = 0
}

// Erased is from how many strings something was erased since the last Reset.
func (c *Cleaner) Erased() int { return c.erased }

// Resource cleans what all records of a resource have in common.
func (c *Cleaner) Resource(resource pcommon.Resource) {
	c.outside = true
	visitMap(resource.Attributes(), where{}, (*looker)(c))
}

// Scope cleans what all records of an instrumentation scope have in common.
func (c *Cleaner) Scope(scope pcommon.InstrumentationScope) {
	c.outside = true
	visitScope(scope, (*looker)(c))
}

// Span cleans a span and says what was seen of its request. What it returns is valid until the next call.
func (c *Cleaner) Span(span ptrace.Span) *Sight {
	c.begin(false)
	visitMap(span.Attributes(), where{}, (*looker)(c))
	c.outside = true
	visitSpan(span, (*looker)(c))
	return &c.sight
}

// Log cleans a log record and says what was seen of its request. What it returns is valid until the next call.
func (c *Cleaner) Log(log plog.LogRecord) *Sight {
	c.begin(true)
	visitMap(log.Attributes(), where{}, (*looker)(c))
	visitValue(log.Body(), where{body: true}, "", (*looker)(c))
	c.outside = true
	visitLog(log, (*looker)(c))
	return &c.sight
}

func (c *Cleaner) begin(log bool) {
	c.logs, c.outside = log, false
	c.sight = Sight{RPCStatus: -1, rank: noRank}
}

// Hunting says whether the batch has secrets that have to be hunted: that no format gives away.
func (c *Cleaner) Hunting() bool { return !c.literals.Empty() }

// HuntResource erases the secrets of the batch from a resource.
func (c *Cleaner) HuntResource(resource pcommon.Resource) {
	visitMap(resource.Attributes(), where{}, (*hunter)(c))
}

// HuntScope erases the secrets of the batch from an instrumentation scope.
func (c *Cleaner) HuntScope(scope pcommon.InstrumentationScope) { visitScope(scope, (*hunter)(c)) }

// HuntSpan erases the secrets of the batch from a span.
func (c *Cleaner) HuntSpan(span ptrace.Span) {
	visitMap(span.Attributes(), where{}, (*hunter)(c))
	visitSpan(span, (*hunter)(c))
}

// HuntLog erases the secrets of the batch from a log record.
func (c *Cleaner) HuntLog(log plog.LogRecord) {
	visitMap(log.Attributes(), where{}, (*hunter)(c))
	visitValue(log.Body(), where{body: true}, "", (*hunter)(c))
	visitLog(log, (*hunter)(c))
}

// text erases the secrets of the batch from one string.
func (h *hunter) text(_ where, _, value string) (string, bool) {
	h.spans = h.literals.Find(value, h.spans[:0])
	if len(h.spans) == 0 {
		return value, false
	}
	h.erased++
	return credential.Erase(value, h.spans, h.placeholder), true
}

func (h *hunter) number(where, string, int64) {}

func (h *hunter) name(name string) (string, bool) { return h.text(where{}, "", name) }

// text finds and erases the secrets of one string, and takes note of what it says about the request.
func (l *looker) text(at where, name, value string) (string, bool) {
	c := (*Cleaner)(l)
	f := c.field(name)
	if at.response {
		f.source = noSource
	}
	if f.role != noRole && !c.outside {
		c.note(f.role, value)
	}
	place := f.place
	switch {
	case at.secret:
		place = credential.Secret
	case at.cookies && place == credential.Text:
		return c.cookieField(name, value)
	}
	found := c.scanner.Scan(place, value)
	if len(found) == 0 {
		return value, false
	}
	return c.take(&f, at, value, found)
}

func (l *looker) number(at where, name string, value int64) {
	c := (*Cleaner)(l)
	if c.outside || value < 0 || value > 599 {
		return
	}
	switch c.field(name).role {
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

// name erases secrets from the name of an attribute.
func (l *looker) name(name string) (string, bool) {
	c := (*Cleaner)(l)
	if c.fields.slot(name).is(name, c.logs) {
		return name, false
	}
	found := c.scanner.Scan(credential.Text, name)
	if len(found) == 0 {
		return name, false
	}
	outside := c.outside
	c.outside = true
	clean, changed := c.take(&field{rank: noRank}, where{}, name, found)
	c.outside = outside
	return clean, changed
}

// field is what a name says, remembered by name. A name that may hold a secret is not remembered.
func (c *Cleaner) field(name string) field {
	slot := c.fields.slot(name)
	if slot.is(name, c.logs) {
		return slot.field
	}
	var f field
	if c.logs {
		f = c.sources.logField(name)
	} else {
		f = c.sources.spanField(name)
	}
	if len(name) <= longestName && !credential.Opaque(name) && len(c.scanner.Scan(credential.Text, name)) == 0 {
		*slot = fieldSlot{name: strings.Clone(name), field: f, logs: c.logs, set: true}
	}
	return f
}

// cookieField reads one cookie of a map of cookies.
func (c *Cleaner) cookieField(name, value string) (string, bool) {
	found := c.scanner.Scan(credential.CookieHeader, name+"="+value)
	shift := len(name) + 1
	kept := found[:0]
	for _, f := range found {
		if f.Start >= shift || f.Masked {
			f.Start, f.End = max(0, f.Start-shift), max(0, f.End-shift)
			kept = append(kept, f)
		}
	}
	if len(kept) == 0 {
		return value, false
	}
	return c.take(&field{source: cookieSource, rank: noRank}, where{}, value, kept)
}

// take erases what was found in a string and remembers what has to be remembered of it.
func (c *Cleaner) take(f *field, at where, value string, found []credential.Finding) (string, bool) {
	c.spans = c.spans[:0]
	for i := range found {
		one := &found[i]
		if !c.outside {
			c.consider(f, at, value, one)
		}
		if one.Masked {
			continue
		}
		if one.End > one.Start {
			c.spans = append(c.spans, credential.Span{Start: one.Start, End: one.End})
		}
		if !one.Known() {
			c.literals.Add(one.Secret)
		}
	}
	if len(c.spans) == 0 {
		return value, false
	}
	c.erased++
	return credential.Erase(value, c.spans, c.placeholder), true
}

// consider takes a finding for the token of the request if no earlier source has one.
func (c *Cleaner) consider(f *field, at where, value string, one *credential.Finding) {
	rank := noRank
	switch {
	case at.body && c.logs:
		rank = c.sources.rankText(value, one)
	case !at.response:
		rank = c.sources.rankFinding(f, one, c.logs)
	}
	if rank == noRank {
		return
	}
	if one.Masked {
		c.sight.Unreadable = true
		return
	}
	if !one.Token() || rank >= c.sight.rank {
		return
	}
	c.sight.rank, c.sight.Secret, c.sight.Scheme = rank, one.Secret, one.Scheme
}

// note keeps what an attribute says about the request besides its token.
func (c *Cleaner) note(r role, value string) {
	o := &c.sight.Origin
	switch r {
	case roleHTTPStatus:
		if c.sight.HTTPStatus == 0 {
			c.sight.HTTPStatus = parseHTTPStatus(value)
		}
	case roleRPCStatus:
		if c.sight.RPCStatus < 0 {
			c.sight.RPCStatus = parseRPCStatus(value)
		}
	case roleClient:
		if _, ok := geo.ParseAddr(value); ok && o.Client == "" {
			o.Client = value
		}
	case rolePeer:
		if _, ok := geo.ParseAddr(value); ok && o.Peer == "" {
			o.Peer = value
		}
	case roleForwardedFor:
		o.Forwarded = append(o.Forwarded, value)
	case roleForwarded:
		o.Standard = append(o.Standard, value)
	}
}
