package credential

import (
	"strings"
	"testing"
)

// Every fuzz test asks the same of a parser of what strangers send: it ends, it stays inside its input, and what it finds is
// gone afterwards and stays gone.

func FuzzScan(f *testing.F) {
	r := newRandom(40)
	for _, seed := range []string{
		"", "Bearer x", "Basic dTpw", "?token=%2B%2F&a=b", "theme=dark; sid=s%3Aab", `{\"token\":\"x\"}`, "postgres://u:p@h/d", "a\\u0041\\x41%4", "--token ",
		"{a|b} \"GET /\"", "SELECT 'a' FROM tokens", "get session:x", "-----BEGIN PRIVATE KEY-----", "rejected token a-b-c-d1", "eyJ..", "%25%32%35",
		"/T123456789/B123456789/abcdefghijabcdefghij", "1234567890:A", "AWS4-HMAC-SHA256 Credential=", "key = [\"", formats[0].sample(r), sampleJWT(r, "{}"),
	} {
		for place := range byte(Arguments) + 1 {
			f.Add(place, seed)
		}
	}
	f.Fuzz(func(t *testing.T, place byte, v string) {
		where := Place(place % (byte(Arguments) + 1))
		var s Scanner
		var spans []Span
		known := make(map[string]bool)
		for _, found := range s.Scan(where, v) {
			if found.Start < 0 || found.End < found.Start || found.End > len(v) {
				t.Fatalf("%d..%d of %d bytes", found.Start, found.End, len(v))
			}
			if found.End > found.Start {
				spans = append(spans, Span{found.Start, found.End})
				if found.Known() && len(found.Secret) == found.End-found.Start {
					known[found.Secret] = true
				}
			}
		}
		out := Erase(v, spans, Placeholder)
		if len(spans) == 0 && out != v {
			t.Fatal("changed without a finding")
		}
		for secret := range known {
			if strings.Contains(out, secret) {
				t.Fatalf("a recognised secret is left in %q", out)
			}
		}
	})
}

// FuzzFormats puts a secret of any format between two texts.
func FuzzFormats(f *testing.F) {
	n := 0
	for range everyFormat {
		f.Add(uint16(n), uint64(n), "GET /", "?a=b")
		n++
	}
	f.Add(uint16(0), uint64(1), `{"token":"`, `"}`)
	f.Add(uint16(1), uint64(1), "Authorization: Bearer", "%41%42")
	f.Fuzz(func(t *testing.T, which uint16, seed uint64, before, after string) {
		at, r := int(which)%n, newRandom(seed)
		for format := range everyFormat {
			if at--; at >= 0 {
				continue
			}
			secret := format.sample(r)
			if out := erased(Text, before+" "+secret+" "+after); strings.Contains(out, secret) && !strings.Contains(before+" "+after, secret) {
				t.Fatalf("%s is left in %q", format.Name, out)
			}
			break
		}
	})
}

// FuzzHeader, FuzzURL and FuzzCookie ask the same as FuzzScan of three places, with a secret in each.
func FuzzHeader(f *testing.F) {
	fuzzPlace(f, Authorization, func(secret, _ string) string { return "Bearer " + secret }, "Bearer", "Digest a=b, ")
}

func FuzzURL(f *testing.F) {
	fuzzPlace(f, Text, func(secret, rest string) string { return "https://a.test/?access_token=" + secret + "&" + rest }, "a=b", "x=%zz#?")
}

func FuzzCookie(f *testing.F) {
	fuzzPlace(f, CookieHeader, func(secret, rest string) string { return "session_token=" + secret + "; " + rest }, "theme=dark", `a="b;c"`)
}

// FuzzLogLine puts a secret into a line of an access log.
func FuzzLogLine(f *testing.F) {
	fuzzPlace(f, Text, func(secret, rest string) string {
		return `8.8.8.8 - - "GET /a HTTP/1.1" 200 1 auth="Bearer ` + secret + `" ` + rest
	}, `xff="-"`, `{a|b} \"`)
}

func fuzzPlace(f *testing.F, place Place, text func(secret, rest string) string, seeds ...string) {
	f.Helper()
	for i, seed := range seeds {
		f.Add(uint64(i), seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64, rest string) {
		secret := sampleOpaque(newRandom(seed))
		if out := erased(place, text(secret, rest)); strings.Contains(out, secret) && !strings.Contains(rest, secret) {
			t.Fatalf("the secret is left in %q", out)
		}
		erased(place, rest)
	})
}

// FuzzClientCertificate reads what strangers may write into x-forwarded-client-cert.
func FuzzClientCertificate(f *testing.F) {
	f.Add(`By=spiffe://a/b;Hash=00;Subject="CN=a,O=\"b;c\"";URI=spiffe://a/b,URI=`)
	f.Fuzz(func(t *testing.T, header string) {
		scheme, id := ClientCertificate(header)
		if scheme == SPIFFEScheme && !strings.HasPrefix(id, "spiffe://") {
			t.Fatalf("%q is no SPIFFE id", id)
		}
		if Callable(id) && Parse(scheme, id).Hint() == "" {
			t.Fatal("a caller without a hint")
		}
	})
}

func FuzzJWT(f *testing.F) {
	r := newRandom(41)
	f.Add(sampleJWT(r, `{"iss":"a","sub":1,"exp":1e9,"scope":["a"]}`))
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("eyJ.eyJ.eyJ")
	f.Fuzz(func(t *testing.T, s string) {
		claims, ok := ParseJWT(s)
		if ok != (claims != nil) {
			t.Fatal("claims without a token, or a token without claims")
		}
		if ok && strings.ContainsAny(s, " \n\"") {
			t.Fatalf("%q is no JWT", s)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(byte(BasicScheme), "dTpw")
	f.Add(byte(SigV4), "AKIA")
	f.Add(byte(Plain), "corp_x")
	f.Add(byte(Plain), "aaaaaaaaaaaa_")
	f.Fuzz(func(t *testing.T, scheme byte, secret string) {
		c := Parse(Scheme(scheme%4), secret)
		if c.Kind == "" {
			t.Fatal("a credential of no kind")
		}
		if hint := c.Hint(); len(c.Raw) > 12 && c.Kind == APIKey && strings.Contains(hint, c.Raw) {
			t.Fatalf("the hint %q shows the secret", hint)
		}
	})
}

func FuzzLiterals(f *testing.F) {
	f.Add("corp_0123456789abcdef", "xx corp_0123456789abcdef yy", "corp%5F0123456789abcdef")
	f.Add("hunter2", "hunter2", `\u0068unter2`)
	f.Fuzz(func(t *testing.T, secret, v, w string) {
		var l Literals
		l.Add(secret)
		for _, text := range []string{v, w, v + secret + w} {
			spans := l.Find(text, nil)
			for _, s := range spans {
				if s.Start < 0 || s.End <= s.Start || s.End > len(text) {
					t.Fatalf("%v of %d bytes", s, len(text))
				}
			}
			if out := Erase(text, spans, "*"); len(secret) >= 16 && strings.Contains(out, secret) {
				t.Fatalf("%q is left in %q", secret, out)
			}
		}
	})
}
