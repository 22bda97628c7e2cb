package credential

import "strings"

// hidden is how much of a secret stays unseen at least when its hint shows the last four.
const hidden = 16

// secretPart is how much must follow a prefix that is shown.
const secretPart = 8

// Hint is what a person may see of a credential: its prefix and its last four, never enough to use. Of a JWT the client or the
// issuer is shown, because its last four change every hour; of Basic the user.
func (c Credential) Hint() string {
	if c.Named() {
		return c.callerHint()
	}
	switch c.Kind {
	case JWT:
		if c.Claims == nil {
			return "jwt"
		}
		if of := firstOf(c.Claims.ClientID, c.Claims.Issuer); of != "" {
			return "jwt/" + visible(of)
		}
		return "jwt"
	case Basic:
		if Telling(c.User) { // an id of a client, or a key
			return "basic/" + Credential{Raw: c.User, Kind: APIKey}.Hint()
		}
		return "basic/" + visible(c.User)
	}
	prefix := c.prefix()
	if len(c.Raw)-len(prefix) < secretPart {
		prefix = "" // nearly all of it would be shown
	}
	if len(c.Raw)-len(prefix)-4 < c.hidden() {
		return prefix + "…"
	}
	return prefix + "…" + visible(c.Raw[len(c.Raw)-4:])
}

// Ends are the first and last characters that a registry may hold of a credential, empty where they would tell too much.
func (c Credential) Ends() (prefix, lastFour string) {
	prefix = c.prefix()
	if len(c.Raw)-len(prefix)-4 < c.hidden() {
		return "", ""
	}
	return prefix, c.Raw[len(c.Raw)-4:]
}

// Mark is the hint as it stands where the secret was: one word that the next reader takes for masked.
func (c Credential) Mark() string {
	hint := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\"'`&;,=?#%\\<>{}()[]|", r) {
			return '.'
		}
		return r
	}, c.Hint())
	if !Masked(hint) {
		hint += "…"
	}
	return hint
}

// hidden is how much of this secret stays unseen. An access key id is no secret, but its last four are enough to know it by.
func (c Credential) hidden() int {
	if c.Kind == AWSAccessKey {
		return 12
	}
	return hidden
}

// prefix is what may be shown of the beginning: the recognised prefix, or the words that a home-grown key begins with.
func (c Credential) prefix() string {
	if f := Recognise(c.Raw); f != nil {
		return f.prefix
	}
	end := 0
	for i := 0; i < len(c.Raw) && i < 16; i++ {
		switch b := c.Raw[i]; {
		case b == '_' && i > 0:
			end = i + 1
		case b < 'a' || b > 'z':
			return c.Raw[:end]
		}
	}
	return c.Raw[:end]
}

// visible keeps a hint short and printable: what stands in a token was written by whoever made it.
func visible(s string) string {
	const longest = 40
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= longest {
			b.WriteString("…")
			break
		}
		if r < ' ' || r == 0x7f || r == 0xfffd {
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}
