package otelattr

import "go.opentelemetry.io/collector/pdata/pcommon"

// An agent may send a credential that it has sealed with any record. Here every one is taken off, so that none reaches a backend,
// whether this component seals or not.

// mostSealed is how many are kept of one batch; all are taken off.
const mostSealed = 4096

// PutSealed lets a sealed credential leave with a record.
func PutSealed(attrs pcommon.Map, sealed []byte) { attrs.PutEmptyBytes(TokenSealed).FromRaw(sealed) }

// Sealed are the sealed credentials that were taken off since the last Reset.
func (c *Cleaner) Sealed() []string { return c.sealed }

// unseal takes a sealed credential out of an attribute.
func (c *Cleaner) unseal(value string) (string, bool) {
	if len(c.sealed) < mostSealed {
		c.sealed = append(c.sealed, value)
	}
	return "", value != ""
}

// lookMap looks through the attributes of something, and takes off what an agent has put there.
func (c *Cleaner) lookMap(attrs pcommon.Map) {
	before := len(c.sealed)
	l := (*looker)(c)
	if pairs := pairsOf(attrs); pairs == nil {
		visitMap(attrs, where{}, l)
	} else if l.pairs(attrs, pairs) {
		rename(attrs, l)
	}
	c.takeOff(attrs, before)
}

func (c *Cleaner) takeOff(attrs pcommon.Map, before int) {
	if len(c.sealed) > before || len(c.sealed) == mostSealed {
		attrs.Remove(TokenSealed)
	}
}
