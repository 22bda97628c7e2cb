package credential

import "slices"

// Secrets wrapped in base64 or written in hex stand in long runs of one alphabet. A run of n bytes is found by looking at every
// n-th byte, so that ordinary text costs next to nothing.

const (
	shortestBase64 = 24
	shortestHex    = 36
)

// scanRuns scans what long runs of base64 or hex decode to. What is found in one replaces all of it. Runs that something was found
// in already, from the own-th finding on, are left out.
func (s *Scanner) scanRuns(v string, own int) {
	covered := s.found[own:]
	if len(covered) > 1 {
		slices.SortStableFunc(covered, func(a, b Finding) int { return a.Start - b.Start })
	}
	eachRun(v, base64Set, shortestBase64, func(start, end int) {
		from, to := start, end
		if s.view.active {
			from, to = s.view.origin(start), s.view.origin(end)
		}
		for len(covered) > 0 && covered[0].End <= from {
			covered = covered[1:]
		}
		if len(covered) > 0 && covered[0].Start < to {
			return
		}
		if run := v[start:end]; mixedCase(run) {
			for shift := range 4 {
				if text := decodedText(run, shift); text != "" && s.revealed(text, start, end) {
					return
				}
			}
		} else if len(run) >= shortestHex && hexAny.all(run) {
			if text := hexText(run); text != "" {
				s.revealed(text, start, end)
			}
		}
	})
}

// revealed scans what a run decodes to; it says whether there was a secret in it.
func (s *Scanner) revealed(text string, start, end int) (found bool) {
	inner := Scanner{}
	inner.text(text, 0, len(text), false)
	for _, f := range inner.found {
		if f.Format != nil && !f.Masked {
			f.Start, f.End = start, end
			s.add(f)
			found = true
		}
	}
	return found
}

// eachRun yields the runs of at least n bytes of the set.
func eachRun(v string, set *charset, n int, yield func(start, end int)) {
	floor := 0
	for i := n - 1; i < len(v); {
		if !set[v[i]] {
			floor = i + 1
			i += n
			continue
		}
		start := i
		for start > floor && set[v[start-1]] {
			start--
		}
		end := set.run(v, i+1)
		if end-start >= n {
			yield(start, end)
		}
		floor = end
		i = max(end, i) + n
	}
}

// mixedCase says whether a run has capitals and small letters, as base64 has and paths, hosts and hashes mostly have not.
func mixedCase(run string) bool {
	var small, capital bool
	for i := range len(run) {
		small = small || run[i] >= 'a' && run[i] <= 'z'
		capital = capital || run[i] >= 'A' && run[i] <= 'Z'
		if small && capital {
			return true
		}
	}
	return false
}

// decodedText is what a run decodes to from its shift-th byte on, if there is a stretch of text in it that could hold a secret.
func decodedText(run string, shift int) string {
	run = run[shift:]
	n := len(run)
	for n > 0 && run[n-1] == '=' {
		n--
	}
	run = run[:n]
	run = run[:len(run)-bool2int(len(run)%4 == 1)]
	raw := make([]byte, 0, len(run)*3/4+3)
	var acc uint32
	bits := 0
	for i := range len(run) {
		d := base64Digit(run[i])
		if d < 0 {
			return ""
		}
		acc = acc<<6 | uint32(d)
		if bits += 6; bits >= 8 {
			bits -= 8
			raw = append(raw, byte(acc>>bits))
		}
	}
	return longText(raw)
}

func bool2int(b bool) int {
	if b {
		return 1
	}
	return 0
}

func base64Digit(b byte) int {
	switch {
	case b >= 'A' && b <= 'Z':
		return int(b - 'A')
	case b >= 'a' && b <= 'z':
		return int(b-'a') + 26
	case digit(b):
		return int(b-'0') + 52
	case b == '+', b == '-':
		return 62
	case b == '/', b == '_':
		return 63
	}
	return -1
}

func hexText(run string) string {
	raw := make([]byte, 0, len(run)/2)
	for i := 0; i+1 < len(run); i += 2 {
		raw = append(raw, unhex(run[i])<<4|unhex(run[i+1]))
	}
	return longText(raw)
}

// longText is the longest stretch of printable bytes, empty if it is too short to hold a secret.
func longText(raw []byte) string {
	best, from := raw[:0], 0
	for i := range len(raw) + 1 {
		if i == len(raw) || raw[i] < ' ' || raw[i] >= 0x7f {
			if i-from > len(best) {
				best = raw[from:i]
			}
			from = i + 1
		}
	}
	if len(best) < shortestHex/2 {
		return ""
	}
	return string(best)
}
