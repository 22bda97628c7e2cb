package credential

// Place says what kind of value stands under a name.
type Place uint8

// Places.
const (
	Text          Place = iota // anything: only what gives itself away is a secret
	Authorization              // a scheme and a credential
	Secret                     // the whole value is a secret
	CookieHeader               // name=value; name=value
	SetCookie                  // name=value; Path=/ …
	Query                      // a query string, with or without '?'
	Statement                  // a database statement
	Arguments                  // a command line, or one argument of it
)

// PlaceOf says what the name of an attribute, a field or a header promises about its value. Headers may carry the prefix of
// the semantic conventions or of a web server, and may be spelled with dashes, underscores or capitals.
func PlaceOf(name string) Place {
	var buffer [64]byte
	switch folded := fold(name, &buffer); folded {
	case "urlquery", "query", "querystring", "args", "httpquery", "requestquery", "httprequestquery":
		return Query
	case "dbquerytext", "dbstatement", "sqlquery", "statement", "sql":
		return Statement
	case "processcommandargs", "processcommandline", "processcommand", "commandline", "cmdline", "argv":
		return Arguments
	}
	switch nature(FieldName(name)) {
	case namesHeader:
		return Authorization
	case namesCookie:
		return CookieHeader
	case namesSetCookie:
		return SetCookie
	case namesToken, namesPassword:
		return Secret
	}
	return Text
}

// fieldPrefixes are what stands before a header's, a cookie's or a parameter's own name.
var fieldPrefixes = []string{
	"http.request.header.", "http.response.header.",
	"rpc.request.metadata.", "rpc.response.metadata.", "rpc.grpc.request.metadata.", "rpc.grpc.response.metadata.",
	"sent_http_", "upstream_http_", "http_", "cookie_", "arg_",
}

// FieldName is the own name of a header, cookie or parameter, without what its instrumentation puts before it: x-api-key of
// http.request.header.x-api-key, X-Api-Key of request.headers.X-Api-Key, x_api_key of http_x_api_key.
func FieldName(name string) string {
	for _, prefix := range fieldPrefixes {
		if foldedPrefix(name, prefix) {
			return name[len(prefix):]
		}
	}
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			return name[i+1:]
		}
	}
	return name
}

// IsCookieField says whether the name is a web server's variable for one cookie.
func IsCookieField(name string) bool { return foldedPrefix(name, "cookie_") }

// Fold is the spelling under which names are compared: X-Api-Key, x_api_key and xApiKey are one.
func Fold(name string) string {
	var buffer [64]byte
	return fold(name, &buffer)
}

// fold leaves out separators and capitals. Of a longer name the end counts.
func fold(name string, buffer *[64]byte) string { return string(foldInto(name, buffer)) }

// foldInto is fold without the copy to a string of its own.
func foldInto(name string, buffer *[64]byte) []byte {
	if len(name) > len(buffer) {
		name = name[len(name)-len(buffer):]
	}
	n := 0
	for i := range len(name) {
		switch b := name[i]; b {
		case '-', '_', '.', ' ', '[', ']':
		default:
			buffer[n] = lowered(b)
			n++
		}
	}
	return buffer[:n]
}

// naming is what a name promises.
type naming uint8

const (
	namesNothing   naming = iota
	namesMaybe            // a secret as often as not: key, code, session
	namesToken            // a token or key
	namesPassword         // chosen by a person, so perhaps short
	namesHeader           // a scheme and a credential
	namesCookie           // a cookie header
	namesSetCookie        // a set-cookie header
)

// nature is what a name promises. It allocates nothing for a name that promises nothing.
func nature(name string) naming {
	if name == "" || !nameEnds[name[len(name)-1]] {
		return namesNothing
	}
	var buffer [64]byte
	return natureOf(foldInto(name, &buffer))
}

func natureOf(folded []byte) naming {
	switch string(folded) {
	case "authorization", "proxyauthorization", "xauthorization", "xforwardedauthorization", "httpauthorization", "auth", "httpproxyauthorization":
		return namesHeader
	case "cookie", "cookies", "httpcookie", "xcookie", "requestcookie":
		return namesCookie
	case "setcookie", "setcookie2", "senthttpsetcookie", "responsecookie":
		return namesSetCookie
	case "key", "code", "sid", "session", "sess", "ticket", "otp":
		return namesMaybe
	case "pass", "pwd":
		return namesPassword
	case "sig", "signature", "xamzsignature", "xgoogsignature", "jwt", "bearer", "xauth", "assertion", "clientassertion", "samlresponse", "credential", "xamzcredential", "phpsessid", "jsessionid", "connectsid", "sessionid", "sharedaccesssignature":
		return namesToken
	case "nextpagetoken", "pagetoken", "nexttoken", "prevpagetoken", "continuationtoken", "synctoken", "cancellationtoken", "continuetoken", "starttoken", "paginationtoken", "cursortoken", "resumetoken", "maxtoken", "unexpectedtoken":
		return namesNothing
	}
	if len(folded) < 5 {
		return namesNothing
	}
	switch folded[len(folded)-1] {
	case 'n', 'y', 'd', 't', 'e', 's':
		for _, s := range secretEndings {
			if n := len(folded) - len(s.ending); n >= 0 && string(folded[n:]) == s.ending {
				return s.naming
			}
		}
	}
	return namesNothing
}

// ending is what a name ends with that promises a secret.
type ending struct {
	ending string
	naming naming
}

var secretEndings = []ending{
	{"token", namesToken},
	{"apikey", namesToken},
	{"password", namesPassword},
	{"secret", namesPassword},
	{"passwd", namesPassword},
	{"passphrase", namesPassword},
	{"secretkey", namesToken},
	{"accesskey", namesToken},
	{"privatekey", namesToken},
	{"authkey", namesToken},
	{"signingkey", namesToken},
	{"encryptionkey", namesToken},
	{"subscriptionkey", namesToken},
	{"functionskey", namesToken},
	{"upstreamkey", namesToken},
	{"masterkey", namesToken},
	{"accountkey", namesToken},
	{"apisecret", namesPassword},
	{"credentials", namesToken},
}

// nameEnds are the last letters of names that promise something.
var nameEnds = bytesOf("nyedtshgrkNYEDTSHGRK2]")

// Named are names of parameters and of cookies that say nothing by themselves. The zero value has none.
type Named struct {
	parameters, cookies map[string]bool // folded; nil: none
}

// NewNamed keeps of the names of parameters and cookies in which tokens are looked for those that promise no secret.
func NewNamed(parameters, cookies []string) Named {
	return Named{
		parameters: unpromising(parameters, func(string) bool { return false }),
		cookies:    unpromising(cookies, OpensSession),
	}
}

func unpromising(names []string, promising func(name string) bool) map[string]bool {
	var set map[string]bool
	for _, name := range names {
		if nature(name) != namesNothing || promising(name) {
			continue
		}
		if set == nil {
			set = make(map[string]bool)
		}
		set[Fold(name)] = true
	}
	return set
}

// Parameter says whether a parameter's name is among them.
func (n *Named) Parameter(name string) bool { return has(n.parameters, name) }

// Cookie says whether a cookie's name is among them.
func (n *Named) Cookie(name string) bool { return has(n.cookies, name) }

func has(set map[string]bool, name string) bool {
	if set == nil {
		return false
	}
	var buffer [64]byte
	return set[string(foldInto(name, &buffer))]
}
