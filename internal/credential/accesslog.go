package credential

import "strings"

// logShape says whether a string is a line of an access log, once somebody has asked.
type logShape uint8

const (
	unknownShape logShape = iota
	accessLog
	otherText
)

// logLine says whether v holds a request line, as access logs do: there, key="…" is a header and {…|…} are captured ones.
func (s *Scanner) logLine(v string) bool {
	if s.log == unknownShape {
		s.log = otherText
		for _, method := range [...]string{`"GET /`, `"POST /`, `"PUT /`, `"PATCH /`, `"DELETE /`, `"HEAD /`, `"OPTIONS /`} {
			if strings.Contains(v, method) {
				s.log = accessLog
				break
			}
		}
	}
	return s.log == accessLog
}

// captured reads the headers that HAProxy captures: {first|second|…}, in the order of its configuration and without names. It returns
// where they end, and 0 where none stand: no field is read twice, however many braces there are.
func (s *Scanner) captured(v string, i, to int) int {
	const longest = 8 << 10
	end := strings.IndexByte(v[i:min(to, i+longest)], '}')
	if end < 0 || strings.IndexByte(v[i:i+end], '|') < 0 || !s.logLine(v) {
		return 0
	}
	from, end := i+1, i+end
	from += strings.LastIndexByte(v[from:end], '{') + 1 // the innermost
	for from <= end {
		stop := end
		if bar := strings.IndexByte(v[from:end], '|'); bar >= 0 {
			stop = from + bar
		}
		if field := v[from:stop]; (random(field) || uuid(field)) && Recognise(field) == nil && !strings.Contains(field, "://") {
			s.opaque(v, from, stop, "x-api-key", InHeader, Plain)
		}
		from = stop + 1
	}
	return end + 1
}
