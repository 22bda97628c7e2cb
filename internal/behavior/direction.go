package behavior

import "strings"

// A key that others use at our door, and that we use elsewhere, leads two lives that have nothing in common: each direction has a baseline
// of its own. Inside the engine the id of an outbound one carries a mark.

const outboundMark = ">"

// directions remembers the marked ids, so that a request allocates none.
type directions struct {
	marked map[string]string
}

// markedKept bounds the memory; beyond it everything is forgotten.
const markedKept = 65_536

// key is the id under which a token's baseline is kept.
func (d *directions) key(token string, outbound bool) string {
	if !outbound || token == "" {
		return token
	}
	if key, ok := d.marked[token]; ok {
		return key
	}
	if d.marked == nil || len(d.marked) >= markedKept {
		d.marked = map[string]string{}
	}
	key := keyOf(token, outbound)
	d.marked[strings.Clone(token)] = key
	return key
}

func keyOf(token string, outbound bool) string {
	if outbound {
		return token + outboundMark
	}
	return token
}

// tokenOf is the id that everybody else knows.
func tokenOf(key string) string { return strings.TrimSuffix(key, outboundMark) }

// unmark gives observations their own ids back.
func unmark(obs []*Observation) {
	for _, o := range obs {
		if o.Outbound {
			o.Token = tokenOf(o.Token)
		}
	}
}
