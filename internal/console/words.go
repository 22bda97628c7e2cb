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

// facets in words, where theirs are not; none where what was observed says it.
var facetWords = map[string]string{
	"hour": "hour of the day", "burst": "busiest hour:", "mixture": "busiest hour:", "volume": "day:", "endpoints": "day:", "networks at once": "two at once:",
	"order": "order of calls:", "travel": "travel:", "spend": "spending:", "bytes": "", "answer sizes": "", "request sizes": "", "errors": "", "gap": "",
}

func facetWord(facet string) string {
	if w, known := facetWords[facet]; known {
		return w
	}
	return strings.ReplaceAll(facet, "_", " ")
}

// contributionWords say what one facet contributed.
func contributionWords(facet, observed, expected string, samples float64) string {
	var s strings.Builder
	s.WriteString(strings.TrimSpace(facetWord(facet) + " " + observed))
	if expected != "" {
		fmt.Fprintf(&s, ", usually %s", expected)
	}
	if samples > 0 {
		fmt.Fprintf(&s, " (learned from %s)", count(samples, "request"))
	}
	return s.String()
}

// othersWords say what the owner's other tokens do, empty where that is not known.
func othersWords(others, same float64, mostly string) string {
	if others < 1 {
		return ""
	}
	s, keys := "a habit of ", "the owner’s other key"
	if others > 1 {
		keys = "the owner’s " + count(others, "other key")
	}
	switch {
	case same == 0:
		s = "no habit of " + keys
	case others == 1:
		s += keys
	default:
		s += short(same) + " of " + keys
	}
	if mostly != "" && same < others {
		s += "; most: " + mostly
	}
	return s
}
