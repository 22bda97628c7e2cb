package credential

import (
	"slices"
	"strings"
)

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
		if s.run(v, start, end) {
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

// runFormats are those with a prefix of common bytes, which would be looked for in vain too often: they are known by the long
// run that they are.
var runFormats = []Format{
	{Name: "clickhouse_key", Kind: APIKey, prefix: "4b1d", body: alnum, min: 38, edge: alone, exact: true},
	{Name: "artifactory_reference_token", Kind: APIKey, prefix: "cmVmd", body: alnum, min: 59, edge: alone, exact: true},
	{Name: "facebook_page_token", Kind: OAuth2, prefix: "EAAM", body: alnum, min: 100, edge: left},
	{Name: "facebook_page_token", Kind: OAuth2, prefix: "EAAC", body: alnum, min: 100, edge: left},
	{Name: "square_token", Kind: APIKey, prefix: "EAAA", body: urlSafe, min: 22, max: 60, edge: alone},
	{Name: "yandex_api_key", Kind: APIKey, prefix: "AQVN", body: urlSafe, min: 35, max: 38, edge: alone},
	{Name: "gitlab_runner_registration", Kind: APIKey, prefix: "GR1348941", body: urlSafe, min: 20},
	{Name: "maxmind_key", Kind: APIKey, prefix: "_mmk", body: decimal, edge: alone, exact: true, head: head{set: word, min: 36, max: 36}},
	{Name: "mailchimp_key", Kind: APIKey, prefix: "-us", body: decimal, min: 1, max: 2, edge: alone, head: head{set: hexAny, min: 32, max: 32}},
	{Name: "airtable_pat", Kind: APIKey, prefix: ".", body: hexLower, min: 64, edge: alone, exact: true, head: head{set: alnum, min: 17, max: 17, begins: "pat"}},
}

// runFormat is a credential of one of the formats that are known by the run v[from:to] that they stand in.
func runFormat(v string, from, to int) (f *Format, start, end int) {
	run := v[from:to]
	mailchimp, airtable := &runFormats[len(runFormats)-2], &runFormats[len(runFormats)-1]
	if at := strings.Index(run, mailchimp.prefix); at > 0 {
		if start, end = mailchimp.start(v, from+at, 0), mailchimp.end(v, from+at); start >= 0 && end >= 0 {
			return mailchimp, start, end
		}
	}
	if from > 17 && v[from-1] == '.' {
		if start, end = airtable.start(v, from-1, 0), airtable.end(v, from-1); start >= 0 && end >= 0 {
			return airtable, start, end
		}
	}
	if !mixedCase(run) {
		return nil, 0, 0
	}
	for i := range runFormats[:len(runFormats)-2] {
		f = &runFormats[i]
		for at := strings.Index(run, f.prefix); at >= 0; {
			if start, end = f.start(v, from+at, 0), f.end(v, from+at); start >= 0 && end >= 0 {
				return f, start, end
			}
			next := strings.Index(run[at+1:], f.prefix)
			if next < 0 {
				break
			}
			at += 1 + next
		}
	}
	return nil, 0, 0
}

// run finds a credential that is known by its run; it says whether there is one.
func (s *Scanner) run(v string, from, to int) bool {
	f, start, end := runFormat(v, from, to)
	if f != nil {
		s.add(Finding{Start: start, End: end, Secret: v[start:end], Format: f})
	}
	return f != nil
}

// revealed scans what a run decodes to; it says whether there was a secret in it.
func (s *Scanner) revealed(text string, start, end int) (found bool) {
	inner := Scanner{}
	inner.text(text, 0, len(text), false)
	eachRun(text, base64Set, shortestBase64, func(start, end int) { inner.run(text, start, end) })
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
		if i == len(raw) || raw[i] < ' ' && !white[raw[i]] || raw[i] >= 0x7f {
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
