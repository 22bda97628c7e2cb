package credential

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
)

// recipe is how a key that its provider never issued, and that everybody would take for one, is made.
type recipe struct {
	format string
	parts  []part
	sum    func(key string) string // what stands at the end, by what stands before; nil: nothing
}

// part is a literal, or n bytes drawn from a set.
type part struct {
	literal string
	from    string
	n       int
}

const (
	letters62  = digits + upper + lower
	base32Text = upper + "234567"
	lowerHex   = digits + "abcdef"
	urlText    = letters62 + "_-"
)

func lit(s string) part             { return part{literal: s} }
func drawn(from string, n int) part { return part{from: from, n: n} }

// recipes are the formats that can be minted, as long as the provider makes them. One whose checksum is not published is not
// among them: who checks it before use would know the decoy.
var recipes = []recipe{
	{"github_pat", []part{lit("ghp_"), drawn(letters62, 30)}, base62Sum},
	{"github_oauth", []part{lit("gho_"), drawn(letters62, 30)}, base62Sum},
	{"github_app_user", []part{lit("ghu_"), drawn(letters62, 30)}, base62Sum},
	{"npm_token", []part{lit("npm_"), drawn(letters62, 30)}, base62Sum},
	{"grafana_service_account", []part{lit("glsa_"), drawn(letters62, 32)}, grafanaSum},
	{"gitlab_pat", []part{lit("glpat-"), drawn(urlText, 20)}, nil},
	{"slack_bot", []part{lit("xoxb-"), drawn(digits, 12), lit("-"), drawn(digits, 13), lit("-"), drawn(letters62, 24)}, nil},
	{"stripe_secret_key", []part{lit("sk_live_51"), drawn(letters62, 97)}, nil},
	{"stripe_restricted_key", []part{lit("rk_live_51"), drawn(letters62, 97)}, nil},
	{"openai_project_key", []part{lit("sk-proj-"), drawn(urlText, 74), lit("T3BlbkFJ"), drawn(urlText, 74)}, nil},
	{"anthropic_key", []part{lit("sk-ant-api03-"), drawn(urlText, 93), lit("AA")}, nil},
	{"aws_access_key_id", []part{lit("AKIA"), drawn(base32Text, 16)}, nil},
	{"google_api_key", []part{lit("AIzaSy"), drawn(urlText, 33)}, nil},
	{"digitalocean_pat", []part{lit("dop_v1_"), drawn(lowerHex, 64)}, nil},
	{"huggingface_token", []part{lit("hf_"), drawn(lower+upper, 34)}, nil},
	{"sendgrid_key", []part{lit("SG."), drawn(urlText, 22), lit("."), drawn(urlText, 43)}, nil},
	{"shopify_access_token", []part{lit("shpat_"), drawn(lowerHex, 32)}, nil},
	{"postman_key", []part{lit("PMAK-"), drawn(lowerHex, 24), lit("-"), drawn(lowerHex, 34)}, nil},
	{"linear_key", []part{lit("lin_api_"), drawn(letters62, 40)}, nil},
	{"databricks_token", []part{lit("dapi"), drawn(lowerHex, 32)}, nil},
	{"newrelic_key", []part{lit("NRAK-"), drawn(digits+upper, 27)}, nil},
}

// Mintable are the names of the formats that Mint knows.
func Mintable() []string {
	names := make([]string, len(recipes))
	for i := range recipes {
		names[i] = recipes[i].format
	}
	return names
}

// Mint makes a key of a format that passes for a real one, its checksum included. It opens nothing: no provider has issued it.
func Mint(format string, random io.Reader) (string, error) {
	at := slices.IndexFunc(recipes, func(r recipe) bool { return r.format == format })
	if at < 0 {
		return "", fmt.Errorf("format %q cannot be minted: choose from %s", format, strings.Join(Mintable(), ", "))
	}
	r := &recipes[at]
	for {
		key, err := r.make(random)
		if err != nil {
			return "", err
		}
		// Chance may end a key in a way that readers take for something else, such as a dash.
		if f := Recognise(key); f != nil && f.Name == format && alnum[key[len(key)-1]] {
			return key, nil
		}
	}
}

// MintOwn makes a key such as a company issues itself: a prefix and 32 letters and digits.
func MintOwn(prefix string, random io.Reader) (string, error) {
	return (&recipe{parts: []part{lit(prefix), drawn(letters62, 32)}}).make(random)
}

func (r *recipe) make(random io.Reader) (string, error) {
	var b strings.Builder
	for _, p := range r.parts {
		b.WriteString(p.literal)
		if err := drawInto(&b, p.from, p.n, random); err != nil {
			return "", err
		}
	}
	if r.sum != nil {
		b.WriteString(r.sum(b.String()))
	}
	return b.String(), nil
}

// drawInto draws evenly: bytes beyond the last whole multiple of the set are drawn again.
func drawInto(b *strings.Builder, from string, n int, random io.Reader) error {
	var one [1]byte
	for n > 0 {
		if _, err := io.ReadFull(random, one[:]); err != nil {
			return fmt.Errorf("draw a key: %w", err)
		}
		if limit := 256 - 256%len(from); int(one[0]) >= limit {
			continue
		}
		b.WriteByte(from[int(one[0])%len(from)])
		n--
	}
	return nil
}

// base62Sum is CRC-32 of what follows the prefix, in six digits to the base 62. Source: GitHub, "Behind GitHub's new
// authentication token formats", 2021; npm took the format over.
func base62Sum(key string) string {
	_, body, _ := strings.Cut(key, "_")
	sum := crc32.ChecksumIEEE([]byte(body))
	var text [6]byte
	for i := len(text) - 1; i >= 0; i-- {
		text[i] = letters62[sum%62]
		sum /= 62
	}
	return string(text[:])
}

// grafanaSum is CRC-32 of all that stands before, little-endian in hexadecimal after an underscore. Source: Grafana,
// pkg/components/satokengen.
func grafanaSum(key string) string {
	sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(key)))
	return "_" + hex.EncodeToString(sum)
}
