package console

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// moment is a time in words.
func moment(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") }

// days is a long time in words.
func days(d time.Duration) string { return count(math.Floor(d.Hours()/24), "day") }

// count is a number of things.
func count(n float64, of string) string {
	if n != 1 {
		of += "s"
	}
	return short(n) + " " + of
}

// short is a number with its thousands apart.
func short(n float64) string {
	text := strconv.FormatFloat(math.Round(n), 'f', 0, 64)
	digits, sign := strings.TrimPrefix(text, "-"), ""
	if digits != text {
		sign = "-"
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// facets in words, where theirs are not.
var facetWords = map[string]string{
	"endpoint": "endpoint", "hour": "hour of the day", "bytes": "size of answers", "count": "requests", "errors": "failed requests", "auth": "refused requests",
	"missing": "requests for what is not there", "travel": "travel", "turns": "two at once", "gap": "time asleep", "spend": "spending", "sequence": "order of calls",
}

func facetWord(facet string) string {
	if w := facetWords[facet]; w != "" {
		return w
	}
	return strings.ReplaceAll(facet, "_", " ")
}

// contributionWords say what one facet contributed.
func contributionWords(facet, observed, expected string, samples float64) string {
	var s strings.Builder
	s.WriteString(facetWord(facet))
	if observed != "" {
		fmt.Fprintf(&s, " %s", observed)
	}
	if expected != "" {
		fmt.Fprintf(&s, ", usually %s", expected)
	}
	if samples > 0 {
		fmt.Fprintf(&s, " (learned from %s)", count(samples, "request"))
	}
	return s.String()
}
