package credential

import "strings"

// Secrets whose shape is more than a prefix.

// telegram says whether s is a Telegram bot token: the bot's number, a colon, and 35 bytes that begin with an A.
func telegram(s string) bool {
	colon := strings.IndexByte(s, ':')
	return colon > 0 && telegramEnd(s, colon, 0) == len(s) && telegramStart(s, colon, 0) == 0
}

func telegramStart(s string, colon, from int) int {
	start := colon
	for start > from && colon-start < 17 && digit(s[start-1]) {
		start--
	}
	if n := colon - start; n < 5 || n > 16 {
		return -1
	}
	return start
}

func telegramEnd(s string, colon, _ int) int {
	if colon+1 >= len(s) || s[colon+1] != 'A' {
		return -1
	}
	end := urlSafe.run(s, colon+1)
	if end-colon-1 != 35 {
		return -1
	}
	return end
}

// telegram finds a bot token around the colon at i; it says where it ends, or 0.
func (s *Scanner) telegram(v string, i, from int) int {
	end := telegramEnd(v, i, from)
	if end < 0 {
		return 0
	}
	start := telegramStart(v, i, from)
	if start < 0 {
		return 0
	}
	s.add(Finding{Start: start, End: end, Secret: v[start:end], Format: telegramFormat})
	return end
}

// slackPath says whether s is the path of an incoming webhook.
func slackPath(s string) bool {
	b := strings.Index(s, "/B")
	return b > 0 && slackStart(s, b+1, 0) == 0 && slackEnd(s, b+1) == len(s)
}

// slackHook finds the path of an incoming webhook, T…/B…/…, around the B at i; it says where it ends, or 0.
func (s *Scanner) slackHook(v string, i, from int) int {
	start := slackStart(v, i, from)
	if start < 0 {
		return 0
	}
	end := slackEnd(v, i)
	if end < 0 {
		return 0
	}
	s.add(Finding{Start: start, End: end, Secret: v[start:end], Format: slackHook})
	return end
}

// slackStart is where the team before the channel at i begins, or -1.
func slackStart(v string, i, from int) int {
	team := base32Set.back(v, i-1, 13)
	if n := i - 1 - team; team < from || n < 9 || n > 12 || v[team] != 'T' || team > from && alnum[v[team-1]] {
		return -1
	}
	return team
}

// slackEnd is where the path whose channel stands at i ends, or -1.
func slackEnd(v string, i int) int {
	channel := base32Set.run(v, i)
	if n := channel - i; n < 9 || n > 12 || channel >= len(v) || v[channel] != '/' {
		return -1
	}
	if end := alnum.run(v, channel+1); end-channel-1 >= 20 {
		return end
	}
	return -1
}

// pem finds a private key in PEM around the second dash at i; it says where it ends, or 0.
func (s *Scanner) pem(v string, i int) int {
	const begin = "-----BEGIN "
	if !strings.HasPrefix(v[i-1:], begin) {
		return 0
	}
	head := v[i-1+len(begin):]
	const leastBody = 32 // the header alone is no key
	if line := strings.Index(head, "-----"); line < 0 || line > 40 || !strings.Contains(head[:line], "PRIVATE KEY") || len(head) < line+5+leastBody {
		return 0
	}
	end := len(v)
	if at := strings.Index(head, "-----END "); at >= 0 {
		at += i - 1 + len(begin) + len("-----END ")
		if tail := strings.Index(v[at:], "-----"); tail >= 0 {
			end = at + tail + len("-----")
		}
	}
	s.add(Finding{Start: i - 1, End: end, Secret: v[i-1 : end], Format: pemFormat})
	return end
}

// userInfo finds the password of a URL before the '@' at i.
func (s *Scanner) userInfo(v string, i, from int) {
	low := max(from, i-512)
	colon := -1
	for j := i - 1; j >= low; j-- {
		switch b := v[j]; {
		case b == ':' && !(j+2 < i && v[j+1] == '/' && v[j+2] == '/'):
			colon = j
		case b == '/' && j > low && v[j-1] == '/':
			if colon < 0 || j < 2 || v[j-2] != ':' || colon <= j {
				return
			}
			if user := v[j+1 : colon]; keyed(user, v[colon+1:i]) && !absent(user) && !Masked(user) && (Telling(user) || v[colon+1:i] != "") {
				s.add(Finding{Start: j + 1, End: colon, Secret: unescape(user), Name: "user", Format: Recognise(user), Part: true})
			}
			if password := v[colon+1 : i]; !absent(password) && !code(password) {
				if Masked(password) {
					return
				}
				s.add(Finding{Start: colon + 1, End: i, Secret: unescape(password), Name: "password", Format: Recognise(password), Part: true})
			}
			return
		case b == '/', b <= ' ', b == '"', b == '\'', b == '<', b == '>', b == '?':
			return
		}
	}
}
