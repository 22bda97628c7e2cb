package anomaly

import "strings"

// habits say of a facet what a token normally does: %s is what is expected.
var habits = map[string]string{
	"country": "came from %s", "network": "came over %s", "client": "used %s", "service": "called %s", "endpoint": "called %s",
	"hour": "was used %s", "burst": "made %s", "volume": "made %s", "new endpoints": "called endpoints new to it, %s", "errors": "saw %s of its requests fail",
	"bytes": "got answers of %s", "answer sizes": "got answers of %s", "request sizes": "sent requests of %s", "gap": "paused %s",
	"travel": "was in %s", "mixture": "made %s", "endpoints": "called %s", "networks at once": "was used by %s", "order": "made calls in %s",
	"spend": "cost %s",
}

// nothing is expected where there is nothing to expect anything from.
const nothing = "nothing yet"

// habit is a facet's evidence as a part of a sentence that says what the token did until now.
func habit(v *Evidence) string {
	is := habits[v.Facet]
	if is == "" || v.Expected == nothing {
		is = "had " + v.Facet + " %s"
	}
	expected := strings.TrimSuffix(v.Expected, " 100 %")
	return strings.Replace(is, "%s", expected, 1) + " (now " + briefly(v) + ")"
}

// briefly is what was observed without what was just said of what was expected: "9" beside "at most 6 requests within an hour".
func briefly(v *Evidence) string {
	now := strings.TrimPrefix(v.Observed, v.Facet+" ")
	for _, what := range [...]string{"answers ", "requests "} {
		now = strings.TrimPrefix(now, what)
	}
	observed, expected := strings.Fields(now), strings.Fields(v.Expected)
	n := 0
	for n < len(observed)-1 && n < len(expected)-1 && observed[len(observed)-1-n] == expected[len(expected)-1-n] {
		n++
	}
	return strings.Join(observed[:len(observed)-n], " ")
}

// enumerate joins parts as people do.
func enumerate(parts []string) string {
	last := len(parts) - 1
	if last < 1 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}
