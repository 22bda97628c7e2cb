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
	var s string
	switch {
	case others == 1 && same == 0:
		s = "the owner’s other key does not"
	case others == 1:
		s = "the owner’s other key does so as well"
	case same == 0:
		s = "none of the owner’s " + count(others, "other key") + " does so"
	default:
		s = short(same) + " of the owner’s " + count(others, "other key") + " do so as well"
	}
	if mostly != "" && same < others {
		s += "; most: " + mostly
	}
	return s
}
