package message

import (
	"net/url"
	"strings"

	"github.com/holterhq/holter/internal/response"
)

// links are those that can be clicked, the one that something is to be done with first.
func links(i *response.Incident) []link {
	var all []link
	for _, l := range []link{
		{"Approve", i.Links.Approve},
		{"Undo", i.Links.Undo},
		{"Console", i.Links.Console},
		{"Incident file", i.Links.File},
		{"Trace", i.Links.Trace},
	} {
		if address, ok := clickable(l.URL); ok {
			all = append(all, link{l.Name, address})
		}
	}
	return all
}

// clickable is an address in the form in which no format reads anything else into it.
func clickable(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(address) > maxURL {
		return "", false
	}
	text := strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", `"`, "%22", "'", "%27", "`", "%60", " ", "%20").Replace(u.String())
	return text, len(text) <= maxURL
}

func commandOf(i *response.Incident) *command {
	text := i.Links.Curl
	if text == "" || len(text) > maxCommand || text != oneLine(text) || strings.Contains(text, "`") {
		return nil
	}
	if i.Links.Approve != "" {
		return &command{"Approve without the console", text}
	}
	return &command{"Undo without the console", text}
}
