package registry

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/credential"
)

// Row is a token as it is written, in whatever form: texts and lists of texts.
type Row struct {
	ID    string
	Owner Owner

	// What it is joined by.
	SHA256    string // of the raw credential: hexadecimal or base64
	Prefix    string
	LastFour  string
	User      string // of Basic
	GatewayID string
	Claims    Claims

	Status    string
	ExpiresAt string
	CreatedAt string
	Scopes    []string
	Tags      map[string]string
	Networks  []string
	Routes    []string

	Replaces   string
	RotatedAt  string
	Grace      string // how long the replaced one may still be used
	APITokenID string

	// Sum tells a change of the row from none; zero: nobody asks.
	Sum uint64
	// Fault is what was found wrong with it before; it is told, and the row is left out.
	Fault error
}

// Claims are those that a registered token is joined by; empty ones are not asked for.
type Claims struct {
	Issuer   string `yaml:"iss"`
	ClientID string `yaml:"client_id"`
	Subject  string `yaml:"sub"`
}

// fault is what is wrong with one field; the empty field is the row itself.
type fault struct {
	field string
	text  string // with a %s for another record, where it is named
	other uint32
	named bool
}

// read makes a record of a row, and says all that is wrong with it.
func (b *Builder) read(e *Row) (r record, faults []fault) {
	wrong := func(field, format string, args ...any) {
		faults = append(faults, fault{field: field, text: fmt.Sprintf(format, args...)})
	}
	r.status, r.sum = Active, e.Sum
	if e.ID == "" {
		wrong("id", "is missing")
	}
	r.id = b.texts.keep(e.ID)
	if e.Status != "" {
		at := slices.Index(statuses[:], Status(e.Status))
		if at < 0 {
			wrong("status", "%s is none of active, expired, revoked, leaked, decoy", Quote(e.Status))
		} else {
			r.status = statuses[at]
		}
	}
	for _, moment := range [...]struct {
		field, text string
		into        *int64
	}{{"expires_at", e.ExpiresAt, &r.expires}, {"created_at", e.CreatedAt, &r.created}} {
		when, err := ParseTime(moment.text)
		if err != nil {
			wrong(moment.field, "%s %v", Quote(moment.text), err)
		} else if !when.IsZero() {
			*moment.into = when.UnixNano()
		}
	}
	if e.SHA256 != "" {
		digest, ok := parseDigest(e.SHA256)
		if !ok {
			wrong("sha256", "must be 64 hexadecimal digits: the SHA-256 of the raw credential")
		}
		r.digest, r.hashed = digest, true
	}
	r.joins = e.joins(wrong)
	if !r.hashed && r.joins == nil && len(faults) == 0 {
		wrong("", "nothing to join by: give sha256, prefix with last_four, gateway_id, claims or user")
	}
	r.terms = b.readTerms(e, wrong)
	r.succession = e.succession(wrong)
	r.owner = b.owner(e.Owner)
	return r, faults
}

// statuses are those that can be written.
var statuses = [...]Status{Active, Expired, Revoked, Leaked, Decoy}

// joins is what a token is joined by besides its digest, nil if there is nothing.
func (e *Row) joins(wrong func(field, format string, args ...any)) *joins {
	if e.Prefix == "" && e.LastFour == "" && e.User == "" && e.GatewayID == "" && e.Claims == (Claims{}) {
		return nil
	}
	if e.Prefix != "" || e.LastFour != "" {
		switch {
		case len(e.LastFour) != 4:
			wrong("last_four", "must be the last four characters of the credential, beside prefix")
		case len(e.Prefix) < 3:
			wrong("prefix", "must be at least the first three characters of the credential, beside last_four")
		case credential.Recognise(e.Prefix) != nil:
			wrong("prefix", "is a whole credential: write its first characters only, and replace the credential, which has been exposed")
		}
	}
	if f := credential.Recognise(e.GatewayID); f != nil && f.Kind != credential.AWSAccessKey {
		wrong("gateway_id", "is a credential: write the gateway's id of it, and replace the credential, which has been exposed")
	}
	if e.Claims.Issuer != "" && e.Claims.ClientID == "" && e.Claims.Subject == "" {
		wrong("claims", "iss alone names everybody: add client_id or sub")
	}
	return &joins{prefix: e.Prefix, lastFour: e.LastFour, user: e.User, gateway: e.GatewayID, claims: e.Claims}
}

func (b *Builder) readTerms(e *Row, wrong func(field, format string, args ...any)) *terms {
	if len(e.Scopes) == 0 && len(e.Tags) == 0 && len(e.Networks) == 0 && len(e.Routes) == 0 {
		return nil
	}
	key := e.termsKey()
	if known := b.terms[key]; known != nil {
		return known
	}
	t := &terms{scopes: e.Scopes, tags: e.Tags}
	for i, text := range e.Networks {
		network, err := parseNetwork(text)
		if err != nil {
			wrong(fmt.Sprintf("networks[%d]", i), "%s is neither a network nor an address: write 10.0.0.0/8 or 10.1.2.3", Quote(text))
		}
		t.networks = append(t.networks, network)
	}
	for i, text := range e.Routes {
		route, err := ParseRoute(text)
		if err != nil {
			wrong(fmt.Sprintf("routes[%d]", i), "%s is no route: %v: write GET /v1/orders/{id} or /v1/reports/*", Quote(text), err)
		}
		t.routes = append(t.routes, route)
	}
	b.terms[key] = t
	return t
}

// termsKey is the same for rows with the same terms.
func (e *Row) termsKey() string {
	var key strings.Builder
	for _, list := range [...][]string{e.Scopes, e.Networks, e.Routes} {
		for _, text := range list {
			key.WriteString(text)
			key.WriteByte(0)
		}
		key.WriteByte(1)
	}
	for _, name := range sorted(e.Tags) {
		key.WriteString(name)
		key.WriteByte(0)
		key.WriteString(e.Tags[name])
		key.WriteByte(0)
	}
	return key.String()
}

func (e *Row) succession(wrong func(field, format string, args ...any)) *succession {
	if e.Replaces == "" && e.RotatedAt == "" && e.Grace == "" && e.APITokenID == "" {
		return nil
	}
	s := &succession{replaces: e.Replaces, apiTokenID: e.APITokenID}
	var err error
	if s.rotated, err = ParseTime(e.RotatedAt); err != nil {
		wrong("rotated_at", "%s %v", Quote(e.RotatedAt), err)
	}
	if e.Grace != "" {
		if s.grace, err = parseSpan(e.Grace); err != nil || s.grace < 0 {
			wrong("grace", "%s is no span of time: write 24h or 0s", Quote(e.Grace))
		}
		s.graced = true
		if e.Replaces == "" {
			wrong("grace", "is how long the replaced token may still be used: give replaces too")
		}
	}
	if e.Replaces != "" && e.Replaces == e.ID {
		wrong("replaces", "is the token itself")
	}
	if e.APITokenID != "" && !isTokenID(e.APITokenID) {
		wrong("api_token_id", "must be an api_token.id, as a span shows it: tok_ and 26 letters")
	}
	return s
}

// isTokenID says whether a text can be an api_token.id.
func isTokenID(text string) bool {
	letters, ok := strings.CutPrefix(text, "tok_")
	return ok && len(letters) == 26 && strings.Trim(letters, "abcdefghijklmnopqrstuvwxyz234567") == "" &&
		strings.IndexByte("aeimquy4", letters[25]) >= 0 // 128 bits end here
}

// parseDigest reads the SHA-256 of a credential as key stores write it: in hexadecimal, as PostgreSQL shows bytes, or in base64.
func parseDigest(text string) (d [sha256.Size]byte, ok bool) {
	text = strings.TrimPrefix(text, `\x`)
	if len(text) == 2*len(d) {
		n, err := hex.Decode(d[:], []byte(text))
		return d, err == nil && n == len(d)
	}
	plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil || len(plain) != len(d) {
		return d, false
	}
	return [sha256.Size]byte(plain), true
}

var errNoTime = errors.New("is no time: write 2026-12-31T23:59:59Z or 2026-12-31")

// ParseTime reads a time as people, programs and PostgreSQL write it. No text and infinity are no time.
func ParseTime(text string) (time.Time, error) {
	switch text {
	case "", "infinity", "-infinity":
		return time.Time{}, nil
	}
	for _, layout := range [...]string{time.RFC3339, time.DateOnly, "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05Z07:00", time.DateTime} {
		if t, err := time.Parse(layout, text); err == nil {
			if year := t.Year(); year < 1678 || year > 2261 {
				return time.Time{}, nil // beyond what a token lives to see
			}
			return t, nil
		}
	}
	return time.Time{}, errNoTime
}

// parseSpan reads a span of time as people and PostgreSQL write it: 36h, 1 day 12:00:00, 36:00:00.
func parseSpan(text string) (time.Duration, error) {
	if span, err := time.ParseDuration(text); err == nil {
		return span, nil
	}
	var days, hours, minutes, seconds int
	clock := text
	if number, rest, ok := strings.Cut(text, " day"); ok {
		if _, err := fmt.Sscanf(number, "%d", &days); err != nil {
			return 0, err
		}
		if clock = strings.TrimPrefix(strings.TrimPrefix(rest, "s"), " "); clock == "" {
			return time.Duration(days) * 24 * time.Hour, nil
		}
	}
	if _, err := fmt.Sscanf(clock+"\n", "%d:%d:%d\n", &hours, &minutes, &seconds); err != nil {
		return 0, err
	}
	return time.Duration(days*24+hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second, nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if err != nil {
		addr, addrErr := netip.ParseAddr(text)
		if addrErr != nil {
			return network, err
		}
		network = netip.PrefixFrom(addr, addr.BitLen())
	}
	return network.Masked(), nil
}

// Quote shows a value that somebody wrote, unless it could be a secret.
func Quote(text string) string {
	if len(text) > 48 || credential.Recognise(text) != nil {
		return `"…"`
	}
	return fmt.Sprintf("%q", text)
}

func sorted(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
