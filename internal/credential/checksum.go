package credential

import (
	"hash/crc32"
	"strconv"
	"strings"
)

// checksums are those that formats end with, by the name of the format. A text without its checksum was never issued by the
// provider: it is erased all the same, and taken for an opaque key. Providers that publish none (GitHub for its fine-grained
// tokens, Slack, Stripe, OpenAI) are not among them.
var checksums = map[string]func(key string) bool{
	"github_pat":              endsInBase62Sum,
	"github_oauth":            endsInBase62Sum,
	"github_app_user":         endsInBase62Sum,
	"github_app":              endsInBase62Sum,
	"github_refresh":          endsInBase62Sum,
	"npm_token":               endsInBase62Sum,
	"grafana_service_account": endsInGrafanaSum,
	"gitlab_pat":              endsInGitLabSum,
	"gitlab_runner":           endsInGitLabSum,
}

// sound says whether a key of the format has the checksum that it ends with, if it ends with one.
func (f *Format) sound(key string) bool {
	sum := checksums[f.Name]
	return sum == nil || sum(key)
}

const (
	base62Length  = 6
	base62Key     = 36 // what follows the prefix of a key that has one; GitHub's longer ones carry a JWT
	grafanaLength = 9
	gitLabLength  = 7
)

func endsInBase62Sum(key string) bool {
	_, body, _ := strings.Cut(key, "_")
	at := len(key) - base62Length
	return len(body) != base62Key || key[at:] == base62Sum(key[:at])
}

// endsInGrafanaSum asks only keys that are long enough for a checksum.
func endsInGrafanaSum(key string) bool {
	at := len(key) - grafanaLength
	return at < 0 || key[at] != '_' || key[at:] == grafanaSum(key[:at])
}

// endsInGitLabSum asks routable keys, which end in a dot, two digits of the payload's length, and CRC-32 of all that stands before
// in seven digits to the base 36. Source: GitLab, "Routable tokens"; keys of the older form have no checksum.
func endsInGitLabSum(key string) bool {
	const length = 2
	at := len(key) - gitLabLength
	if dot := strings.LastIndexByte(key, '.'); dot < 0 || dot != at-length-1 {
		return true
	}
	sum := strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(key[:at]))), 36)
	return key[at:] == strings.Repeat("0", gitLabLength-len(sum))+sum
}
