package otelattr

import (
	"strings"

	"github.com/holterhq/holter/internal/credential"
)

// Erasing says what stands where a secret was.
type Erasing struct {
	// Placeholder stands there where nothing else does.
	Placeholder string
	// Of tells secrets apart by what stands there: a hint or a fingerprint. nil: nothing does.
	Of func(scheme credential.Scheme, secret string) string
	// Certain leaves alone what only looks like a secret beside a word that promises one.
	Certain bool
}

// told is a text with each finding replaced by what tells it from others.
func (c *Cleaner) told(value string, found []credential.Finding) string {
	var b strings.Builder
	at := 0
	for i := range found {
		one := &found[i]
		if one.Masked || one.End <= at {
			continue
		}
		if one.Start >= at {
			b.WriteString(value[at:one.Start])
			b.WriteString(c.erasing.Of(one.Scheme, one.Secret))
		}
		at = one.End
	}
	b.WriteString(value[at:])
	return b.String()
}

// replaced is a text without what was hunted down in it. What stands there in another form than the secret's own is not told apart.
func (c *Cleaner) replaced(value string) string {
	if c.erasing.Of == nil || len(c.spans) != 1 {
		return credential.Erase(value, c.spans, c.erasing.Placeholder)
	}
	span := c.spans[0]
	secret := value[span.Start:span.End]
	if !c.drawn.Has(secret) && !c.chosen.Has(secret) {
		return credential.Erase(value, c.spans, c.erasing.Placeholder)
	}
	return value[:span.Start] + c.erasing.Of(credential.Plain, secret) + value[span.End:]
}
