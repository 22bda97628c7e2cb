package credential

// Formats are found by one byte of their prefix, the rarest one, and the byte before it: most bytes of a text are no such
// byte, and of those that are most have another neighbour.

// rarity orders the bytes that a prefix can be found by; earlier is rarer in ordinary text.
const rarity = "J-_.KIDGCEpT"

// reason says why the scanner stops at a byte.
type reason uint8

const (
	none     reason = iota
	byPrefix        // formats have this byte in their prefix
	byPair          // '=' and ':' stand between a name and a value
	byWord          // ' ' stands between a scheme and a token
	byUser          // '@' ends the user information of a URL
	byBrace         // '{' opens captured headers
	byCode          // '%' and '\' say that there is another reading of the text
	byHook          // 'B' in a Slack hook's path
)

var (
	stops  [256]reason
	pairs  [256]*[256]uint8 // by the byte, then by the byte before it: a group, 0 is none
	groups = [][]prefixAt{nil}
)

// prefixAt is a format and where in its prefix the byte stands that it is found by.
type prefixAt struct {
	format *Format
	offset int
}

func init() {
	for i := range formats {
		f := &formats[i]
		at := rarest(f.prefix)
		before, b := f.prefix[at-1], f.prefix[at]
		if pairs[b] == nil {
			pairs[b] = new([256]uint8)
		}
		if pairs[b][before] == 0 {
			pairs[b][before] = uint8(len(groups))
			groups = append(groups, nil)
		}
		group := &groups[pairs[b][before]]
		*group = append(*group, prefixAt{f, at})
		stops[b] = byPrefix
	}
	stops['J'] = byPrefix // JWT
	stops['='], stops[':'] = byPair, byPair
	stops[' '] = byWord
	stops['@'] = byUser
	stops['{'] = byBrace
	stops['%'], stops['\\'] = byCode, byCode
	stops['B'] = byHook
}

// rarest is the place in a prefix of its rarest byte, never the first.
func rarest(prefix string) int {
	for i := range len(rarity) {
		for at := 1; at < len(prefix); at++ {
			if prefix[at] == rarity[i] {
				return at
			}
		}
	}
	panic("credential: no byte to find the prefix " + prefix + " by")
}
