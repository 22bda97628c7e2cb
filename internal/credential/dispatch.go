package credential

import "strings"

// Formats are found by one byte of their prefix, the rarest one, and the byte before it: most bytes of a text are no such
// byte, and of those that are most have another neighbour. What else can introduce a secret is found in the same way.

// rarity orders the bytes that a prefix can be found by; earlier is rarer in ordinary text.
const rarity = "~|J-_.KIDGCEpT"

// reason says why the scanner may have to stop at a byte.
type reason uint8

const (
	none     reason = iota
	byPair          // '=' and ':' stand between a name and a value
	byWord          // ' ' stands between a scheme and a token
	byUser          // '@' ends the user information of a URL
	byBrace         // '{' opens captured headers
	byCode          // '%' and '\' say that there is another reading of the text
	byTag           // '>' ends the start tag of an element
	byHook          // 'B' in a Slack hook's path
	byPrefix        // this and all that follow: a byte of rarity
)

var (
	stops   [256]reason
	befores [32][256]uint8 // by reason, then by the byte before: 0 is no stop; from byPrefix on a group of formats
	groups  = [][]prefixAt{nil}
	byStart [1 << 10][]*Format // by the first two bytes of the prefix
	headed  []*Format          // those that do not begin with their prefix
)

// prefixAt is a format and where in its prefix the byte stands that it is found by.
type prefixAt struct {
	format *Format
	offset int
}

// ownGroup is the group of what has no prefix in the table: it is looked for by hand.
const ownGroup = 255

func init() {
	for i := range len(rarity) {
		stops[rarity[i]] = byPrefix + reason(i)
	}
	for i := range formats {
		f := &formats[i]
		f.enter()
		at := rarest(f.prefix)
		row := &befores[stops[f.prefix[at]]]
		neighbours := f.head.set.members()
		if at > 0 {
			neighbours = f.prefix[at-1 : at]
		}
		for _, before := range []byte(neighbours) {
			if row[before] == 0 {
				row[before] = uint8(len(groups))
				groups = append(groups, nil)
			}
			group := &groups[row[before]]
			*group = append(*group, prefixAt{f, at})
		}
	}
	for i := range runFormats {
		runFormats[i].enter()
	}
	for _, own := range [...]string{"yJ", "--"} { // JWT, PEM
		if row := &befores[stops[own[1]]]; row[own[0]] == 0 {
			row[own[0]] = ownGroup
		}
	}
	stops['='], stops[':'], stops[' '], stops['@'], stops['{'], stops['%'], stops['\\'], stops['>'], stops['B'] =
		byPair, byPair, byWord, byUser, byBrace, byCode, byCode, byTag, byHook
	for b := range 256 {
		c := byte(b)
		befores[byPair][b] = flag(nameEnds[c] || digit(c) || c == ' ' || c == '"' || c == '\'')
		befores[byTag][b] = flag(nameEnds[c] || c == '"' || c == '\'')
		befores[byUser][b] = 1
		befores[byBrace][b] = 1
		befores[byCode][b] = 1
	}
	befores[byHook]['/'] = 1
	for w := range strings.FieldsSeq(introductions) {
		befores[byWord][w[len(w)-1]] = 1
		befores[byWord][w[len(w)-1]&^0x20] = 1
		introductionEnds[w[0]] |= 1 << len(w)
		introduces[w[len(w)-2]] |= 1 << (w[len(w)-1] & 31)
	}
}

// introductions are the words that a secret may follow behind a space: schemes, nouns, and the ends of flags.
const introductions = `bearer basic token apikey api-key key jwt bot oauth digest negotiate ntlm hawk hmac sharedkey dpop genie geniekey ssws
	zoho-oauthtoken sharedaccesssignature googlelogin aws aws4-hmac-sha256 credential credentials secret password passwd pwd pass
	passphrase auth sig signature session sid cookie by as`

// introduces has the last two letters of those words: by the one before the last, in small letters, a bit for the last.
var introduces [256]uint32

// introductionEnds has the lengths of those words: by the first letter, a bit for each.
var introductionEnds [256]uint32

// introduced says whether the word before the space at i may be one that introduces a secret.
func introduced(v string, i, from int) bool {
	return i-2 >= from && introduces[lowered(v[i-2])]>>(v[i-1]&31)&1 != 0
}

func flag(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// enter lets whole secrets of the format be recognised.
func (f *Format) enter() {
	if f.head.set != nil {
		headed = append(headed, f)
		return
	}
	byStart[startOf(f.prefix)] = append(byStart[startOf(f.prefix)], f)
}

// startOf is where formats that begin like s stand in byStart.
func startOf(s string) int { return (int(s[0])*31 + int(s[1])) % len(byStart) }

// rarest is the place in a prefix of its rarest byte: the first one only where there is no other.
func rarest(prefix string) int {
	if len(prefix) == 1 {
		return 0
	}
	for i := range len(rarity) {
		for at := 1; at < len(prefix); at++ {
			if prefix[at] == rarity[i] {
				return at
			}
		}
	}
	panic("credential: no byte to find the prefix " + prefix + " by")
}
