package credential

import (
	"net/netip"
	"strings"
)

// Reach is how far through its batch a secret is hunted. Whoever sends a request chooses what stands in the places of secrets in it, and
// everything that is hunted is erased from the requests of others too: so a value that honest records are written in is not hunted.
type Reach uint8

// Reaches.
const (
	Nowhere    Reach = iota // it is a word, a number, an address, or a row of such: it is erased where it stands
	InTexts                 // somebody made it up: through texts, not through names and facts
	Everywhere              // it looks drawn by lot
)

// ReachOf says how far a secret is hunted.
func ReachOf(secret string) Reach {
	switch {
	case !huntable(secret), ours(secret):
		return Nowhere
	case unwritten(secret):
		return Everywhere // first, since that is what most are
	case ordinary(secret), address(secret):
		return Nowhere
	case alnum.all(secret) && spellingOf(secret) == numberedWord:
		return InTexts
	case random(secret), promised(secret), uuid(secret):
		return Everywhere
	}
	return InTexts
}

// separators stand between the words of names, paths, hosts, dates, media types and sentences.
var separators = bytesOf("._-/:,;+=@&*#()[]{}<>\"' \t\r\n")

// ordinary says whether a text is made of words and numbers: http.route, v1/orders, 2026-11-23, application/json. A single word with a
// number, hunter2, is not.
func ordinary(v string) bool {
	parts, words, numbered, almost := 0, 0, 0, 0
	for i := 0; i < len(v); i++ {
		if separators[v[i]] {
			continue
		}
		end := alnum.run(v, i)
		if end == i {
			return false // a sign that belongs to no name
		}
		switch spellingOf(v[i:end]) {
		case noWord:
			return false
		case aWord:
			words++
		case numberedWord:
			numbered++
		case almostNumber:
			almost++
		}
		parts++
		i = end
		if i < len(v) && !separators[v[i]] {
			return false
		}
	}
	return numbered <= words && (parts > 1 || numbered+almost == 0)
}

// unwritten says whether a run of letters and digits stands in a text that is too long to be written so, and no word.
func unwritten(v string) bool {
	const long = 10
	for i := 0; i < len(v); i++ {
		end := alnum.run(v, i)
		if end-i >= long && spellingOf(v[i:end]) == noWord && changing(v[i:end]) {
			return true
		}
		i = max(i, end)
	}
	return false
}

// changing says whether a run has letters of both cases, or letters among digits.
func changing(run string) bool {
	small, capital := false, false
	for i := range len(run) {
		switch {
		case digit(run[i]):
			return true
		case run[i] <= 'Z':
			capital = true
		default:
			small = true
		}
		if small && capital {
			return true
		}
	}
	return false
}

// spelling is what a run of letters and digits is.
type spelling uint8

const (
	noWord       spelling = iota
	aNumber               // or letters that stand for words: it counts neither way
	aWord                 // route, getOrderById
	numberedWord          // v1, k8s, 1500ms
	almostNumber          // 23T12, 00Z
)

func spellingOf(run string) spelling {
	const (
		longestNumber = 19
		mostNumbering = 4 // digits behind a word
		fewLetters    = 2 // among digits: 1500ms, 20261123T120000Z
		fewDigits     = 16
		shortPart     = 5 // k8s, i18n, h2c
	)
	digitsSeen, changes := 0, 0
	for i := range len(run) {
		if digit(run[i]) {
			digitsSeen++
		}
		if i > 0 && digit(run[i]) != digit(run[i-1]) {
			if changes++; changes > 1 && i+1-digitsSeen > fewLetters && len(run) > shortPart {
				return noWord
			}
		}
	}
	switch letters := len(run) - digitsSeen; {
	case digitsSeen == 0:
		return lettersOf(run)
	case letters == 0 && len(run) <= longestNumber:
		return aNumber
	case letters == 1 && len(run) <= fewDigits:
		return almostNumber
	case letters <= fewLetters && len(run) <= fewDigits, len(run) <= shortPart && (changes < 2 || changes == 2 && !digit(run[0])):
		return numberedWord
	case changes == 1 && digitsSeen <= mostNumbering && !digit(run[0]) && lettersOf(run[:letters]) != noWord:
		return numberedWord
	}
	return noWord
}

// lettersOf says whether letters are words that are written as one: each begins with a capital, and can be spoken or is a known short one or
// an abbreviation.
func lettersOf(run string) spelling {
	const longestWord, abbreviation = 32, 5
	if len(run) > longestWord {
		return noWord
	}
	spoken, short, abbreviated := 0, 0, 0
	for i := 0; i < len(run); {
		end := i
		for end < len(run) && run[end] <= 'Z' {
			end++
		}
		if end-i > 1 && end < len(run) {
			end-- // the last one begins a word: HTTPServer
		}
		capitals := end-i > 1 || end == len(run)
		if !capitals {
			for end < len(run) && run[end] >= 'a' {
				end++
			}
		}
		switch w := run[i:end]; {
		case len(w) > 2 && speakable(w) && (!capitals || len(w) == len(run)):
			spoken++
		case capitals && len(w) <= abbreviation, end == len(run) && i == 0 && len(w) <= abbreviation:
			abbreviated++
		case len(w) == 2 && strings.Contains(shortWords, strings.ToLower(w)+" "), len(w) == 1 && i == 0:
			short++
		default:
			return noWord
		}
		i = end
	}
	switch {
	case short+abbreviated > spoken+1:
		return noWord
	case spoken == 0:
		return aNumber
	}
	return aWord
}

// shortWords are those of two letters.
const shortWords = "by id to of in on is at as or an my up no ip db ui io us eu go it be me we so if do "

// speakable says whether a word has a vowel in four letters or so.
func speakable(word string) bool {
	vowels, consonants, most := 0, 0, 0
	for i := range len(word) {
		if consonants++; strings.IndexByte("aeiouy", lowered(word[i])) >= 0 {
			vowels++
			consonants = 0
		}
		most = max(most, consonants)
	}
	return vowels > 0 && most < 6 && vowels*6 >= len(word)
}

var addressSet = bytesOf(digits, "abcdefABCDEF.:/[]")

// address says whether a text is an address, a network, or an address and a port.
func address(v string) bool {
	const longest = 64
	if len(v) > longest || addressSet.run(v, 0) < len(v) && strings.IndexByte(v, '%') < 0 || !strings.ContainsAny(v, ".:") {
		return false // parsing costs an error
	}
	if _, err := netip.ParseAddr(v); err == nil {
		return true
	}
	if _, err := netip.ParseAddrPort(v); err == nil {
		return true
	}
	_, err := netip.ParsePrefix(v)
	return err == nil
}
