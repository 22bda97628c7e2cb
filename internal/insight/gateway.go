package insight

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"
)

// GatewayFormats are the gateways that limits can be written for.
var GatewayFormats = []string{"kong", "envoy", "nginx"}

// ForGateway writes limits as the configuration of a gateway.
func ForGateway(format string, limits []Limit, window time.Duration) (string, error) {
	switch format {
	case "kong":
		return kong(limits, window), nil
	case "envoy":
		return envoy(limits, window), nil
	case "nginx":
		return nginx(limits, window), nil
	}
	return "", fmt.Errorf("%q: use one of %s", format, strings.Join(GatewayFormats, ", "))
}

// slug is a name of letters, digits and underscores.
func slug(text string) string {
	return strings.Trim(strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			return c
		case c >= 'A' && c <= 'Z':
			return c - 'A' + 'a'
		}
		return '_'
	}, text), "_")
}

// slugs are those of texts, each another one: routes may differ in nothing but marks.
type slugs map[string]bool

func (n slugs) of(text string) string {
	name := slug(text)
	if n[name] {
		sum := fnv.New32a()
		_, _ = sum.Write([]byte(text))
		name = fmt.Sprintf("%s_%08x", name, sum.Sum32())
	}
	n[name] = true
	return name
}

// comment is text that stays within one line.
func comment(text string) string { return strings.Join(strings.Fields(text), " ") }

func per(window time.Duration) string {
	switch window {
	case time.Minute:
		return "minute"
	case time.Hour:
		return "hour"
	}
	return "day"
}

// kong is a declarative configuration of the plugin rate-limiting.
func kong(limits []Limit, window time.Duration) string {
	var b strings.Builder
	known := slugs{}
	b.WriteString("# Kong, declarative configuration. Consumers are called like the tokens' ids here, and routes after their method and path: give them your own names.\n")
	b.WriteString("_format_version: \"3.0\"\nplugins:\n")
	for i := range limits {
		l := &limits[i]
		fmt.Fprintf(&b, "  # %s: p99 %d, most %d a %s; would have refused %d of %d\n", comment(l.Label), l.P99, l.Max, per(window), l.WouldRefuse, l.Requests)
		b.WriteString("  - name: rate-limiting\n")
		if l.Route != "" {
			fmt.Fprintf(&b, "    route: %s\n", strconv.Quote(known.of(l.Route)))
		} else {
			fmt.Fprintf(&b, "    consumer: %s\n", strconv.Quote(l.Token))
		}
		fmt.Fprintf(&b, "    config:\n      %s: %d\n      policy: local\n      limit_by: consumer\n", per(window), l.Recommended)
	}
	if len(limits) == 0 {
		return strings.Replace(b.String(), "plugins:\n", "plugins: []\n", 1)
	}
	return b.String()
}

// envoy is the configuration of the filter local_ratelimit.
func envoy(limits []Limit, window time.Duration) string {
	var b strings.Builder
	b.WriteString("# Envoy, http_filters: have rate_limits of the routes fill the descriptors api_token (who calls) and route (method and path).\n")
	b.WriteString(`name: envoy.filters.http.local_ratelimit
typed_config:
  "@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
  stat_prefix: holter
  filter_enabled: {default_value: {numerator: 100, denominator: HUNDRED}}
  filter_enforced: {default_value: {numerator: 100, denominator: HUNDRED}}
  token_bucket: {max_tokens: 4294967295, tokens_per_fill: 4294967295, fill_interval: 60s}
  descriptors:
`)
	if len(limits) == 0 {
		return strings.Replace(b.String(), "descriptors:\n", "descriptors: []\n", 1)
	}
	for i := range limits {
		l := &limits[i]
		fmt.Fprintf(&b, "    # %s: p99 %d, most %d a %s; would have refused %d of %d\n", comment(l.Label), l.P99, l.Max, per(window), l.WouldRefuse, l.Requests)
		key, value := "api_token", l.Token
		if l.Route != "" {
			key, value = "route", l.Route
		}
		fmt.Fprintf(&b, "    - entries: [{key: %s, value: %s}]\n      token_bucket: {max_tokens: %d, tokens_per_fill: %d, fill_interval: %ds}\n",
			key, strconv.Quote(value), l.Recommended, l.Recommended, int(window.Seconds()))
	}
	return b.String()
}

// nginx is for the http block. Its rates are of a second or a minute: longer windows are spread over their minutes, with the rest as burst.
func nginx(limits []Limit, window time.Duration) string {
	var zones, uses strings.Builder
	known := slugs{}
	zones.WriteString("# nginx, in http {}: $api_token is who calls, by the id here: set it where keys are checked. An empty key is not limited.\n")
	uses.WriteString("# In server {} or location {}:\n")
	minutes := int64(window / time.Minute)
	for i := range limits {
		l := &limits[i]
		name := "holter_" + known.of(l.Key)
		rate := max(1, (l.Recommended+minutes-1)/minutes)
		fmt.Fprintf(&zones, "# %s: p99 %d, most %d a %s; would have refused %d of %d\n", comment(l.Label), l.P99, l.Max, per(window), l.WouldRefuse, l.Requests)
		if l.Route != "" {
			method, path, _ := strings.Cut(l.Route, " ")
			fmt.Fprintf(&zones, "map \"$request_method $uri\" $%s { default \"\"; %s $api_token; }\n", name, strconv.Quote("~^"+method+" "+pattern(path)+"$"))
		} else {
			fmt.Fprintf(&zones, "map $api_token $%s { default \"\"; %s $api_token; }\n", name, strconv.Quote(l.Token))
		}
		fmt.Fprintf(&zones, "limit_req_zone $%s zone=%s:1m rate=%dr/m;\n", name, name, rate)
		fmt.Fprintf(&uses, "# limit_req zone=%s burst=%d nodelay;\n", name, max(1, l.Recommended-rate))
	}
	return zones.String() + uses.String()
}

// marks are what has a meaning in expressions, and how it is spelled without one; 1 stands for any character.
var marks = strings.NewReplacer(".", "[.]", "+", "[+]", "(", "[(]", ")", "[)]", "?", "[?]", "*", ".*", "{", ".", "}", ".", "\x01", ".")

// pattern is a regular expression for the paths of a route such as /v1/orders/{id}.
func pattern(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") || strings.HasPrefix(part, ":") || part == "*" {
			parts[i] = "[^/]+"
			continue
		}
		parts[i] = marks.Replace(strings.Map(func(c rune) rune {
			if strings.ContainsRune("\"\\$[]|^;'#", c) || c < ' ' {
				return 1 // a mark of nginx's, or one that has no other spelling
			}
			return c
		}, part))
	}
	return strings.Join(parts, "/")
}
