package usage

import "github.com/holterhq/holter/internal/behavior"

// Forget lets go of what was counted of tokens and not told yet. What is counted without a token stays.
func (m *Minutes) Forget(tokens []string) {
	for _, of := range m.open {
		for _, token := range tokens {
			first := of.rows.of(token, behavior.Hash(token))
			if first == nil {
				continue
			}
			of.rows.remove(first)
			for r := first; r != nil; {
				next := r.next
				m.spare(r)
				r.next = nil
				of.size--
				m.cells--
				r = next
			}
		}
	}
}

// Forget lets go of what was counted of tokens, so that their series end. What is counted without a token stays.
func (m *Meter) Forget(tokens []string) {
	gone := make(map[string]bool, len(tokens))
	for _, token := range tokens {
		gone[token] = true
		for r := m.rows.of(token, behavior.Hash(token)); r != nil; r = m.rows.of(token, behavior.Hash(token)) {
			m.unseat(r)
		}
	}
	var waiting []Token
	for _, c := range m.waiting.heap {
		if gone[c.token.ID] {
			waiting = append(waiting, c.token)
		}
	}
	for _, token := range waiting {
		m.waiting.remove(token)
	}
}
