// Package plant makes the secrets that tests plant. It takes their formats from the rules that gitleaks publishes, apart from
// the table that Holter recognises them by: a format that is wrong there is not wrong here in the same way.
package plant

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"regexp/syntax"
	"strings"
	"unicode"
)

//go:embed rules.txt
var rules string

// Rule is one published rule.
type Rule struct {
	ID string
	// Named says that the secret is only known by the name that it stands beside.
	Named bool
	// Pattern is the regular expression of the secret.
	Pattern string

	secret *syntax.Regexp
}

// Rules are all rules, in the order of their ids.
func Rules() []Rule {
	var all []Rule
	for line := range strings.Lines(rules) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		parsed, err := syntax.Parse(parts[2], syntax.Perl)
		if err != nil {
			panic(fmt.Sprintf("plant: rule %s: %v", parts[0], err))
		}
		all = append(all, Rule{ID: parts[0], Named: parts[1] == "named", Pattern: parts[2], secret: parsed})
	}
	return all
}

// Secret is a secret that the rule finds.
func (r Rule) Secret(random *rand.Rand) string {
	var b strings.Builder
	r.write(&b, random, r.secret)
	return b.String()
}

// longest bounds what a rule leaves open.
const longest = 40

func (r Rule) write(b *strings.Builder, random *rand.Rand, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(r.spelled(re))
	case syntax.OpCharClass:
		b.WriteByte(member(random, re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte(byte('a' + random.IntN(26)))
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			r.write(b, random, sub)
		}
	case syntax.OpAlternate:
		r.write(b, random, re.Sub[random.IntN(len(re.Sub))])
	case syntax.OpStar:
		r.repeat(b, random, re.Sub[0], 0, longest)
	case syntax.OpPlus:
		r.repeat(b, random, re.Sub[0], 1, longest)
	case syntax.OpQuest:
		r.repeat(b, random, re.Sub[0], 0, 1)
	case syntax.OpRepeat:
		most := re.Max
		if most < 0 {
			most = re.Min + longest
		}
		r.repeat(b, random, re.Sub[0], re.Min, min(most, re.Min+longest))
	}
}

func (r Rule) repeat(b *strings.Builder, random *rand.Rand, re *syntax.Regexp, least, most int) {
	for range least + random.IntN(most-least+1) {
		r.write(b, random, re)
	}
}

// spelled is a literal in the capitals that the rule spells it with: a rule that does not tell them apart has lost them.
func (r Rule) spelled(re *syntax.Regexp) string {
	text := string(re.Rune)
	if re.Flags&syntax.FoldCase == 0 {
		return text
	}
	for i := 0; i+len(text) <= len(r.Pattern); i++ {
		if strings.EqualFold(r.Pattern[i:i+len(text)], text) {
			return r.Pattern[i : i+len(text)]
		}
	}
	return strings.ToLower(text)
}

// member draws a printable ASCII character of a class.
func member(random *rand.Rand, class []rune) byte {
	var all []byte
	for i := 0; i < len(class); i += 2 {
		for c := class[i]; c <= min(class[i+1], unicode.MaxASCII); c++ {
			if c > ' ' && c < 0x7f {
				all = append(all, byte(c))
			}
		}
	}
	if len(all) == 0 {
		return ' '
	}
	return all[random.IntN(len(all))]
}
