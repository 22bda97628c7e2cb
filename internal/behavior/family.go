package behavior

import (
	"strings"
	"unicode/utf8"
)

// families folds user agents to the product that sends them, remembering what was folded.
type families struct {
	known  map[string]*folded
	latest [16]*folded // each in the one place that its length and its end lead to: looking there costs less than hashing
}

// folded is a user agent and its family.
type folded struct{ agent, family string }

// familiesKept bounds the memory; beyond it everything is forgotten and folded anew.
const familiesKept = 4096

func (f *families) family(agent string) string {
	if agent == "" {
		return ""
	}
	last := &f.latest[(len(agent)+5*int(agent[len(agent)-1])+3*int(agent[len(agent)*7/8]))%len(f.latest)]
	if *last != nil && (*last).agent == agent {
		return (*last).family
	}
	if known, ok := f.known[agent]; ok {
		*last = known
		return known.family
	}
	if f.known == nil || len(f.known) >= familiesKept {
		f.known = map[string]*folded{}
	}
	known := &folded{strings.Clone(agent), intern(Family(agent))}
	f.known[known.agent] = known
	return known.family
}

// browsers in the order in which their marks must be looked for: each one also claims to be the ones after it.
var browsers = [...]struct{ mark, name string }{
	{"Edg/", "Edge"},
	{"OPR/", "Opera"},
	{"SamsungBrowser/", "Samsung Internet"},
	{"Firefox/", "Firefox"},
	{"CriOS/", "Chrome"},
	{"HeadlessChrome/", "Headless Chrome"},
	{"Chrome/", "Chrome"},
	{"Version/", "Safari"},
}

// familyMost bounds a name, in bytes: it is kept for each token, and anybody can make one up.
const familyMost = 64

// Family is the product behind a user agent, without its version: "okhttp", "python-requests", "Chrome". Versions move with time
// and say nothing about who calls.
func Family(agent string) string {
	if strings.HasPrefix(agent, "Mozilla/") {
		for _, b := range browsers {
			if strings.Contains(agent, b.mark) {
				return b.name
			}
		}
		if _, product, ok := strings.Cut(agent, "(compatible; "); ok {
			return short(product[:productEnd(product)])
		}
		return "Mozilla"
	}
	return short(agent[:productEnd(agent)])
}

// short cuts a name between characters.
func short(name string) string {
	if len(name) <= familyMost {
		return name
	}
	end := familyMost
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end]
}

func productEnd(s string) int {
	if end := strings.IndexAny(s, "/;)"); end > 0 {
		return end
	}
	if end := strings.IndexByte(s, ' '); end > 0 {
		return end
	}
	return len(s)
}
