package credential

import "strings"

// ClientCertificate reads x-forwarded-client-cert: who the proxy that wrote the last element was called by. The SPIFFE id goes
// before the certificate's fingerprint, that before its subject. Source: Envoy, HTTP header manipulation.
func ClientCertificate(header string) (Scheme, string) {
	last := header
	if comma := lastOutside(header, ','); comma >= 0 {
		last = header[comma+1:]
	}
	var uri, hash, subject string
	for last != "" {
		pair := last
		if semicolon := firstOutside(last, ';'); semicolon >= 0 {
			pair, last = last[:semicolon], last[semicolon+1:]
		} else {
			last = ""
		}
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		value = unescape(strings.Trim(value, `"`))
		switch strings.ToLower(name) {
		case "uri":
			if uri == "" && strings.HasPrefix(value, "spiffe://") {
				uri = value
			}
		case "hash":
			hash = strings.ToLower(value)
		case "subject":
			subject = value
		}
	}
	switch {
	case uri != "":
		return SPIFFEScheme, uri
	case hash != "":
		return CertificateScheme, hash
	}
	return SubjectScheme, subject
}

// firstOutside is where a byte stands first outside of double quotes, or -1.
func firstOutside(s string, b byte) int {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"' && (i == 0 || s[i-1] != '\\'):
			quoted = !quoted
		case s[i] == b && !quoted:
			return i
		}
	}
	return -1
}

// lastOutside is where a byte stands last outside of double quotes, or -1.
func lastOutside(s string, b byte) int {
	last := -1
	for from := 0; from < len(s); {
		at := firstOutside(s[from:], b)
		if at < 0 {
			break
		}
		last = from + at
		from = last + 1
	}
	return last
}
