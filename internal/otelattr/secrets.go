package otelattr

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/geo"
)

// Sight is what was seen of a request while its record was cleaned.
type Sight struct {
	Secret     string // the credential of the request, or the id that stands for it; empty if there is none
	Scheme     credential.Scheme
	Unreadable bool // something stood where a credential stands, but was masked before
	Identified bool // it may have attributes of a token already, or of a place

	HTTPStatus int // 0: none
	RPCStatus  int // -1: none
	Origin     geo.Sight

	rank           int32
	named, vouched named // who the record says that the caller is, without a secret
}

// Cleaner finds the credentials of records and erases every secret from them. It works on one batch at a time: Span, Log,
// Resource and Scope clean what they are given and remember secrets of no known format; Judge then says in which records those
// stand too, HuntSpan, HuntLog, HuntResource and HuntScope erase them there; Reset forgets them. Not safe for concurrent use.
type Cleaner struct {
	sources  *Sources
	erasing  Erasing
	scanner  credential.Scanner
	drawn    credential.Literals // secrets that are hunted everywhere
	chosen   credential.Literals // secrets that are hunted in free texts
	spans    []credential.Span
	fields   fieldCache
	sequence [32]*fieldSlot // of the names of the last record
	none     fieldSlot
	sight    *Sight // of the record that is cleaned now
	kind     recordKind
	outside  bool  // the string is no part of a request: a scope, an event
	shared   Sight // what was seen of the credential of the resource
	offered  Sight // the credential of the next record, as somebody says
	erased   int
	values   values // what stands where something was erased
	last     string // what headed has made last
	plain    memo   // of texts that stand under no name
	memos    []*memo
	sealed   []string // sealed credentials that were taken off
	chase    chase
	record   int32 // that is looked at
}

// NewCleaner looks for tokens in sources and erases secrets.
func NewCleaner(sources *Sources, erasing Erasing) *Cleaner {
	c := &Cleaner{sources: sources, erasing: erasing, sight: new(Sight)}
	c.scanner.Certain, c.scanner.Named = erasing.Certain, sources.unpromising
	return c
}

// Reset forgets every secret.
func (c *Cleaner) Reset() {
	c.drawn.Reset()
	c.chosen.Reset()
	c.scanner.Forget()
	c.forgetTexts()
	c.chase.reset()
	c.record = 0
	c.sight, c.shared = new(Sight), Sight{}
	c.erased, c.last = 0, ""
	clear(c.sealed)
	c.sealed = c.sealed[:0]
}

// Erased is from how many strings something was erased since the last Reset.
func (c *Cleaner) Erased() int { return c.erased }

// Resource cleans what all records of a resource have in common. A credential that it carries is that of its records.
func (c *Cleaner) Resource(resource pcommon.Resource) {
	c.shared = Sight{}
	var sight Sight
	c.begin(ofResource, &sight)
	defer func() { c.kind = ofSpan }()
	c.lookMap(resource.Attributes())
	c.shared = sight
}

// Scope cleans what all records of an instrumentation scope have in common.
func (c *Cleaner) Scope(scope pcommon.InstrumentationScope) {
	c.outside = true
	before := len(c.sealed)
	visitScope(scope, (*looker)(c))
	c.takeOff(scope.Attributes(), before)
}

// Span cleans a span and notes what is seen of its request.
func (c *Cleaner) Span(span ptrace.Span, sight *Sight) {
	c.begin(ofSpan, sight)
	c.lookMap(span.Attributes())
	c.outside = true
	visitSpan(span, (*looker)(c))
	c.inherit()
}

// Log cleans a log record and notes what is seen of its request.
func (c *Cleaner) Log(log plog.LogRecord, sight *Sight) {
	c.begin(ofLog, sight)
	c.lookMap(log.Attributes())
	visitValue(log.Body(), where{body: true}, nameless, (*looker)(c))
	c.outside = true
	visitLog(log, (*looker)(c))
	c.inherit()
}

func (c *Cleaner) begin(kind recordKind, sight *Sight) {
	c.kind, c.outside, c.sight = kind, false, sight
	*sight = Sight{RPCStatus: -1, rank: noRank}
	if c.offered.Secret != "" {
		c.sight.Secret, c.sight.Scheme, c.sight.rank = c.offered.Secret, c.offered.Scheme, rankExpression
		c.offered = Sight{}
	}
}

// inherit takes the credential of the resource for that of a record which has none.
func (c *Cleaner) inherit() {
	if c.sight.Secret == "" && c.shared.Secret != "" {
		c.sight.Secret, c.sight.Scheme, c.sight.rank = c.shared.Secret, c.shared.Scheme, rankResource
	}
}

// Offer hands in what an expression of the operator's says is the credential of the next record. It is a secret wherever it stands.
func (c *Cleaner) Offer(value string) {
	for _, one := range c.scanner.Scan(credential.Authorization, value) {
		if one.Masked {
			continue
		}
		if !one.Public {
			c.remember(one.Secret)
		}
		if one.Token() && c.offered.Secret == "" {
			c.offered.Secret, c.offered.Scheme = one.Secret, one.Scheme
		}
	}
	c.watch()
}

// Hunting says whether the batch has secrets that have to be hunted: that no format gives away.
func (c *Cleaner) Hunting() bool { return !c.drawn.Empty() || !c.chosen.Empty() }

// HuntResource erases the secrets of the batch from a resource.
func (c *Cleaner) HuntResource(resource pcommon.Resource) {
	c.kind = ofResource
	visitMap(resource.Attributes(), where{top: true}, (*hunter)(c))
}

// HuntScope erases the secrets of the batch from an instrumentation scope.
func (c *Cleaner) HuntScope(scope pcommon.InstrumentationScope) { visitScope(scope, (*hunter)(c)) }

// HuntSpan erases the secrets of the batch from a span.
func (c *Cleaner) HuntSpan(span ptrace.Span) {
	c.kind = ofSpan
	visitMap(span.Attributes(), where{top: true}, (*hunter)(c))
	visitSpan(span, (*hunter)(c))
}

// HuntLog erases the secrets of the batch from a log record.
func (c *Cleaner) HuntLog(log plog.LogRecord) {
	c.kind = ofLog
	visitMap(log.Attributes(), where{top: true}, (*hunter)(c))
	visitValue(log.Body(), where{body: true}, nameless, (*hunter)(c))
	visitLog(log, (*hunter)(c))
}

// cookieField reads one cookie of a map of cookies.
func (c *Cleaner) cookieField(f *field, at where, value string) (string, bool) {
	name := "c="
	if f.session || f.place == credential.Secret {
		name = "sid="
	}
	found, shift := c.scanner.Scan(credential.CookieHeader, name+value), len(name)
	kept := found[:0]
	for _, one := range found {
		if one.Start >= shift || one.Masked {
			one.Start, one.End = max(0, one.Start-shift), max(0, one.End-shift)
			kept = append(kept, one)
		}
	}
	if len(kept) == 0 {
		c.suspect(f, value)
		return value, false
	}
	return c.take(f.ranked(f.cookie), at, value, kept)
}

// parameterField reads one parameter, whose name promises nothing, of a map of them.
func (c *Cleaner) parameterField(f *field, at where, value string) (string, bool) {
	found := c.scanner.Scan(credential.Secret, value)
	if len(found) == 0 {
		c.suspect(f, value)
		return value, false
	}
	return c.take(f.ranked(f.parameter), at, value, found)
}

// ranked is the field as the source of a credential.
func (f *field) ranked(rank int32) *field {
	source := *f
	source.source, source.rank = headerSource, rank
	return &source
}

// address says whether a value is an address. In spans the conventions say so; a log's field of that name may be anything.
func (c *Cleaner) address(value string) bool {
	if c.kind != ofLog {
		return true
	}
	_, ok := geo.ParseAddr(value)
	return ok
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
		if !one.Known() && !one.Public {
			c.remember(one.Secret)
		}
	}
	c.watch()
	if len(c.spans) == 0 || f.kept {
		c.suspect(f, value)
		return value, false
	}
	c.erased++
	if c.erasing.Of == nil && len(c.spans) == 1 && c.spans[0].End == len(value) {
		head := value[:c.spans[0].Start]
		c.suspect(f, head)
		return c.headed(head), true
	}
	if c.erasing.Of != nil {
		value = c.told(value, found)
	} else {
		value = credential.Erase(value, c.spans, c.erasing.Placeholder)
	}
	c.suspect(f, value)
	return value, true
}

// headed is the placeholder behind what stands before a secret. Mostly that is an authentication scheme, the same in record
// after record, so the last one is kept.
func (c *Cleaner) headed(head string) string {
	if head == "" {
		return c.erasing.Placeholder
	}
	if len(c.last) != len(head)+len(c.erasing.Placeholder) || c.last[:len(head)] != head {
		c.last = head + c.erasing.Placeholder
	}
	return c.last
}

// consider takes a finding for the token of the request if no earlier source has one.
func (c *Cleaner) consider(f *field, at where, value string, one *credential.Finding) {
	rank := noRank
	switch {
	case at.body && c.kind == ofLog:
		rank = c.sources.rankText(value, one)
	case !at.response:
		rank = c.sources.rankFinding(f, one, c.kind == ofLog)
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
func (c *Cleaner) note(f *field, at where, value string) {
	o := &c.sight.Origin
	switch f.role {
	case roleCaller:
		if !at.response {
			c.sight.name(f.caller, value)
		}
	case roleNested:
		if known := at.nested.callerOf(f); known != nil && !at.response {
			c.sight.name(known, value)
		}
	case roleHTTPStatus:
		if c.sight.HTTPStatus == 0 {
			c.sight.HTTPStatus = parseHTTPStatus(value)
		}
	case roleRPCStatus:
		if c.sight.RPCStatus < 0 {
			c.sight.RPCStatus = parseRPCStatus(value)
		}
	case roleClient:
		if o.Client == "" && c.address(value) {
			o.Client = value
		}
	case rolePeer:
		if o.Peer == "" && c.address(value) {
			o.Peer = value
		}
	case roleForwardedFor:
		o.Forwarded = append(o.Forwarded, value)
	case roleForwarded:
		o.Standard = append(o.Standard, value)
	}
}
