package message

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/response"
)

// hostileTexts are what somebody would write who chooses the name of a client, a route or an owner.
var hostileTexts = []string{
	"<!channel> <!here> <!everyone> <@U024BE7LH> <#C024BE7LR> <!subteam^S012>",
	"@channel @here @everyone",
	"<https://evil.example/|Approve> https://evil.example [Approve](https://evil.example) ![x](http://evil.example/x.png)",
	"</at><at>everyone</at> *bold* _italic_ ~gone~ `code` ```\nblock```",
	"line\nfeed\r\nand\tmore \u2028 \u2029 \x00 \x1b[31m",
	"\u202eevil\u202c \u2066x\u2069 \u200b\u200d\ufeff \U000e0041",
	`"},"blocks":[{"type":"x"}],"x":{"`,
	"{{ .secret }} ${env:SECRET} %s %!d(MISSING)",
	"\xff\xfe\xc0\x80", " ", "\u200b\u2060",
	"javascript:alert(1)", "data:text/html,x", "https://a|b<c>d\"e'f`g/", "https://user:pw@evil.example/",
	"ghp_16C7e42F292c6912E7710c838347Ae178B4a", "Authorization: Bearer 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
	strings.Repeat("&", 5000), strings.Repeat("ü<>&\"\\", 1000), strings.Repeat("💥", 1000), strings.Repeat("\"\\\x01", 1500),
}

func TestHostileTextsStayTexts(t *testing.T) {
	for n, text := range hostileTexts {
		for k := range 4 { // every occasion has its turn
			what := occasions[(n+4*k)%len(occasions)]
			for _, f := range formats() {
				requireHarmless(t, f, text, f.write(t, hostile(text, what)))
			}
		}
	}
}

func FuzzFormats(f *testing.F) {
	for n, text := range hostileTexts {
		f.Add(cut(text, 200), n)
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		what := occasions[uint(n)%uint(len(occasions))]
		for _, f := range formats() {
			requireHarmless(t, f, text, f.write(t, hostile(text, what)))
		}
	})
}

var (
	slackControl  = regexp.MustCompile(`<[^>]*>`)
	slackLink     = regexp.MustCompile(`^<https?://[^|<>\s]+\|(Approve|Undo|Console|Incident file|Trace)>$`)
	everybodyCall = regexp.MustCompile(`(?i)@(channel|here|everyone)\b`)
)

// requireHarmless says whether a body is JSON within the limits of its format, in which nothing that the enemy wrote means
// anything.
func requireHarmless(t *testing.T, f format, text string, body []byte) {
	t.Helper()
	require.True(t, json.Valid(body), "%s: %q", f.name, text)
	require.True(t, utf8.Valid(body), "%s: %q", f.name, text)
	if f.name == "cloudevents" {
		return // for machines: the data is passed on as it is
	}
	var value any
	require.NoError(t, json.Unmarshal(body, &value))
	var texts []string
	collect(value, "", func(name, text string) {
		if name != "href" && name != "url" && name != "client_url" && name != "generatorURL" && !strings.HasPrefix(name, "link_") &&
			name != "command" && !strings.Contains(name, "without the console") {
			texts = append(texts, text)
		}
	})
	for _, one := range texts {
		if f.name != "alertmanager" && f.name != "text" && (f.name != "slack" || !strings.Contains(one, "\n")) && strings.Contains(one, "\n") {
			t.Fatalf("%s: a line breaks: %q", f.name, one)
		}
		require.False(t, strings.ContainsFunc(one, func(r rune) bool {
			return r < ' ' && r != '\n' || r == 0x7f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200b || r == 0xfeff
		}), "%s: %q", f.name, one)
	}
	switch f.name {
	case "slack":
		var m slackMessage
		require.NoError(t, json.Unmarshal(body, &m))
		requireSlack(t, m)
	case "teams":
		require.LessOrEqual(t, len(body), teamsLimit)
		var m teamsMessage
		require.NoError(t, json.Unmarshal(body, &m))
		for _, a := range m.Attachments[0].Content.Actions {
			require.Regexp(t, "^https?://", a.URL)
		}
		for _, e := range m.Attachments[0].Content.Body {
			require.Equal(t, "RichTextBlock", e.Type, "everything else reads Markdown")
		}
	case "pagerduty":
		var all []pagerEvent
		require.NoError(t, json.Unmarshal(body, &all))
		for _, e := range all {
			require.LessOrEqual(t, len(e.Key), pagerKey)
			if e.Payload != nil {
				require.LessOrEqual(t, len(e.Payload.Summary), pagerSummary)
				require.NotEmpty(t, e.Payload.Source)
			}
		}
		require.LessOrEqual(t, len(body), pagerLimit)
	case "alertmanager":
		var all []alert
		require.NoError(t, json.Unmarshal(body, &all))
		for _, a := range all {
			for name, value := range a.Labels {
				require.Regexp(t, "^[a-zA-Z_][a-zA-Z0-9_]*$", name)
				require.NotEmpty(t, value)
			}
		}
	}
}

// requireSlack holds a message against Slack's own limits, counted in characters.
func requireSlack(t *testing.T, m slackMessage) {
	t.Helper()
	require.LessOrEqual(t, len(m.Blocks), 50)
	require.LessOrEqual(t, utf8.RuneCountInString(m.Text), 4000)
	require.False(t, everybodyCall.MatchString(m.Text))
	require.NotContains(t, m.Text, "<")
	require.Regexp(t, `^[^,\n<>]{1,81}$`, m.Channel)
	for _, b := range m.Blocks {
		all := append(append([]slackText(nil), b.Fields...), b.Elements...)
		limit := map[string]int{"header": slackHeader, "section": slackSection, "context": slackSection}[b.Type]
		require.NotZero(t, limit, b.Type)
		if b.Text != nil {
			all = append(all, *b.Text)
		}
		require.NotEmpty(t, all)
		require.LessOrEqual(t, len(b.Fields), slackFields)
		for _, text := range all {
			require.NotEmpty(t, text.Text)
			require.LessOrEqual(t, utf8.RuneCountInString(text.Text), limit)
			if text.Type == "plain_text" {
				require.NotContains(t, text.Text, "<")
				require.NotContains(t, text.Text, ">")
				continue
			}
			for _, control := range slackControl.FindAllString(text.Text, -1) {
				require.Regexp(t, slackLink, control)
			}
		}
	}
}

// collect calls each with every text of a JSON value and the name that it stands under.
func collect(value any, name string, each func(name, text string)) {
	switch v := value.(type) {
	case string:
		each(name, v)
	case []any:
		for _, inner := range v {
			collect(inner, name, each)
		}
	case map[string]any:
		for inner := range v {
			collect(v[inner], inner, each)
		}
	}
}

// Every text of a message passes the eraser: a credential that got as far as here gets no further.
func TestNoSecretPasses(t *testing.T) {
	random := strings.NewReader(strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", 2000))
	for _, kind := range credential.Mintable() {
		secret, err := credential.Mint(kind, random)
		require.NoError(t, err)
		for _, f := range formats() {
			if f.name == "cloudevents" {
				continue
			}
			for _, what := range []response.Occasion{"", response.ActProposed, response.Resolved} {
				e := hostile("it is "+secret+" here", what)
				if e.Data.Incident != nil {
					e.Data.Incident.Links = response.Links{} // Holter's own: a link that approves is a secret that is meant to be told
				}
				body := string(f.write(t, e))
				assert.False(t, strings.Contains(body, secret) || strings.Contains(body, secret[4:]), "%s in %s", kind, f.name)
			}
		}
	}
}

func TestSlackEscape(t *testing.T) {
	for limit := 3; limit < 60; limit++ {
		text := slackEscape("a<b>&c ü&&&&<<<<>>>> and an end", limit)
		assert.LessOrEqual(t, len(text), max(limit, len("…")))
		assert.True(t, utf8.ValidString(text))
		assert.NotRegexp(t, `&[a-z]*($|[^a-z;])`, text, "an escape is whole or not there")
	}
}

func TestChannelNames(t *testing.T) {
	s := &Slack{Channel: "#security", ChannelField: "token.tags.slack"}
	for tag, want := range map[string]string{
		"": "#security", "#payments": "#payments", "C024BE7LR": "C024BE7LR", "größe": "größe", "@ada.l": "@ada.l",
		"#a b": "#security", "<!channel>": "#security", "https://evil.example": "#security", "a,b": "#security", strings.Repeat("x", 82): "#security",
		"\u202e#payments": "#payments",
	} {
		e := told(response.Opened)
		e.Data.Token.Tags = map[string]string{"slack": tag}
		body, err := s.body(e)
		require.NoError(t, err)
		var m slackMessage
		require.NoError(t, json.Unmarshal(body, &m))
		assert.Equal(t, want, m.Channel, "%q", tag)
	}
}

func TestHeaderText(t *testing.T) {
	assert.Equal(t, "Euro%20%E2%82%AC%20%F0%9F%98%80", headerText("Euro € 😀")) // the example of the specification
	assert.Equal(t, "a%22b%25c%0D%0Ad", headerText("a\"b%c\r\nd"))
}

func TestClickable(t *testing.T) {
	for address, want := range map[string]string{
		"https://a.example/x?y=1&z=2#f":  "https://a.example/x?y=1&z=2#f",
		"https://a.example/a|b":          "https://a.example/a%7Cb",
		"https://a.example/?q=a|b<c>'d'": "https://a.example/?q=a%7Cb%3Cc%3E%27d%27",
		"javascript:alert(1)":            "", "/relative": "", "https://": "", "ftp://a.example/": "", "https://a b/": "",
		"https://a.example/" + strings.Repeat("x", maxURL): "",
	} {
		got, ok := clickable(address)
		assert.Equal(t, want, got, address)
		assert.Equal(t, want != "", ok, address)
	}
}
