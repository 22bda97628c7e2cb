package tokenconsoleextension

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"

	"github.com/holterhq/holter/internal/console/access"
	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/tokenstore"
)

// Config says where the console listens, who may look, and what they may do.
type Config struct {
	// ServerConfig is where it listens: the loopback interface, unless somebody has to log in.
	confighttp.ServerConfig `mapstructure:",squash"`
	// Store is the token_store extension that is shown.
	Store component.ID `mapstructure:"store"`
	// TokenRegistry is a token_registry extension, whose tokens that were never used are shown as well.
	TokenRegistry *component.ID `mapstructure:"token_registry"`
	// Users may log in with a name and a password, or are known to the auth extension by their names.
	Users []UserConfig `mapstructure:"users"`
	// OIDC is an OpenID provider that people log in at.
	OIDC configoptional.Optional[OIDCConfig] `mapstructure:"oidc"`
	// Others is what somebody may whom the auth extension lets through and who is none of Users.
	Others AccessConfig `mapstructure:"others"`
	// Sessions bounds how long somebody is logged in.
	Sessions SessionConfig `mapstructure:"sessions"`
	// TraceLinks lead from trace ids to where traces are.
	TraceLinks []LinkConfig `mapstructure:"trace_links"`
	// DeprecatedRoutes ought to be gone, beside those that have a later version.
	DeprecatedRoutes []string `mapstructure:"deprecated_routes"`
	// Limits bound what may be asked.
	Limits LimitsConfig `mapstructure:"limits"`
	// Demo is traffic to look at before there is any.
	Demo DemoConfig `mapstructure:"demo"`

	_ struct{}
}

// AccessConfig is what somebody may see and do.
type AccessConfig struct {
	// Roles are read, respond or admin; each includes those before it.
	Roles []string `mapstructure:"roles"`
	// Tenants whose tokens are seen; none: all.
	Tenants []string `mapstructure:"tenants"`
	// Teams whose tokens are seen; none: all.
	Teams []string `mapstructure:"teams"`

	_ struct{}
}

// UserConfig is somebody who may log in.
type UserConfig struct {
	// Name is what they log in as.
	Name string `mapstructure:"name"`
	// Password is a hash of bcrypt or argon2id, or a password from the environment. With auth it is left out.
	Password configopaque.String `mapstructure:"password"`

	AccessConfig `mapstructure:",squash"`

	_ struct{}
}

// OIDCConfig is an OpenID provider, and what its claims mean.
type OIDCConfig struct {
	// Issuer is its address.
	Issuer string `mapstructure:"issuer"`
	// ClientID and ClientSecret are the console's own there.
	ClientID     string              `mapstructure:"client_id"`
	ClientSecret configopaque.String `mapstructure:"client_secret"`
	// RedirectURL is the console's /api/v1/login/callback as browsers see it; empty: at the address that they asked for.
	RedirectURL string `mapstructure:"redirect_url"`
	// Scopes that are asked for, beside openid.
	Scopes []string `mapstructure:"scopes"`
	// NameClaim is what somebody is called.
	NameClaim string `mapstructure:"name_claim"`
	// RolesClaim holds their roles, or groups that Roles tells the roles of.
	RolesClaim string `mapstructure:"roles_claim"`
	// Roles are those of the values of RolesClaim; none: the values are roles.
	Roles map[string][]string `mapstructure:"roles"`
	// TenantsClaim and TeamsClaim hold what they see; empty: all.
	TenantsClaim string `mapstructure:"tenants_claim"`
	TeamsClaim   string `mapstructure:"teams_claim"`

	_ struct{}
}

// SessionConfig bounds sessions.
type SessionConfig struct {
	// Lifetime is how long a login holds.
	Lifetime time.Duration `mapstructure:"lifetime"`
	// Max is how many there are at a time.
	Max int `mapstructure:"max"`

	_ struct{}
}

// LinkConfig is a link template.
type LinkConfig struct {
	// Name is what the link is called.
	Name string `mapstructure:"name"`
	// URL has {trace_id} in it.
	URL string `mapstructure:"url"`

	_ struct{}
}

// LimitsConfig bounds what may be asked.
type LimitsConfig struct {
	// MaxRange is the longest time that one question is about.
	MaxRange time.Duration `mapstructure:"max_range"`
	// Timeout of a question; exports take ten times as long.
	Timeout time.Duration `mapstructure:"timeout"`
	// RequestsPerSecond of one address; 0: no bound.
	RequestsPerSecond float64 `mapstructure:"requests_per_second"`
	// Burst is how many it may ask at once.
	Burst int `mapstructure:"burst"`
	// LoginsPerMinute that are tried from one address, or for one name.
	LoginsPerMinute float64 `mapstructure:"logins_per_minute"`
	// Streams that are open at the same time.
	Streams int `mapstructure:"streams"`
	// ExportRows that one export holds at most.
	ExportRows int `mapstructure:"export_rows"`
	// JournalEntries that are kept at hand.
	JournalEntries int `mapstructure:"journal_entries"`

	_ struct{}
}

// DemoConfig is how the demo is played.
type DemoConfig struct {
	// Enabled offers it.
	Enabled bool `mapstructure:"enabled"`
	// Endpoint is the OTLP receiver over gRPC that it is played to; empty: the one of this Collector.
	Endpoint string `mapstructure:"endpoint"`

	_ struct{}
}

var _ confmap.Validator = (*Config)(nil)

// defaultEndpoint is reached from this machine alone.
const defaultEndpoint = "127.0.0.1:8686"

func createDefaultConfig() component.Config {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = defaultEndpoint
	server.ReadHeaderTimeout = 10 * time.Second
	server.WriteTimeout = time.Minute
	return &Config{
		ServerConfig: server,
		Store:        tokenstore.DefaultID,
		OIDC: configoptional.Default(OIDCConfig{
			Scopes: []string{"profile", "email"}, NameClaim: "preferred_username", RolesClaim: "roles",
		}),
		Others:   AccessConfig{Roles: []string{string(access.Read)}},
		Sessions: SessionConfig{Lifetime: 12 * time.Hour, Max: 10_000},
		Limits: LimitsConfig{
			MaxRange: 800 * 24 * time.Hour, Timeout: 20 * time.Second, RequestsPerSecond: 50, Burst: 200, LoginsPerMinute: 10, Streams: 200, ExportRows: 5_000_000,
			JournalEntries: 20_000,
		},
		Demo: DemoConfig{Enabled: true},
	}
}

// login is how people log in.
func (c *Config) login() string {
	switch {
	case c.Auth.HasValue():
		return access.LoginExtension
	case c.OIDC.HasValue():
		return access.LoginOIDC
	case len(c.Users) > 0:
		return access.LoginUsers
	}
	return access.LoginNone
}

// Validate names every key that is wrong, and what would be right.
func (c *Config) Validate() error {
	var errs []error
	if c.login() == access.LoginNone && !loopback(c.NetAddr) {
		errs = append(errs, fmt.Errorf("endpoint: %q can be reached from other machines and nobody has to log in: write %s, or configure users, oidc or auth",
			c.NetAddr.Endpoint, defaultEndpoint))
	}
	if c.Store == (component.ID{}) {
		errs = append(errs, errors.New("store: name the extension that is shown, such as token_store"))
	}
	errs = append(errs, c.validateUsers())
	if err := c.Others.validate(); err != nil {
		errs = append(errs, fmt.Errorf("others::%w", err))
	}
	if err := c.validateOIDC(); err != nil {
		errs = append(errs, fmt.Errorf("oidc::%w", err))
	}
	for i, l := range c.TraceLinks {
		if err := l.validate(); err != nil {
			errs = append(errs, fmt.Errorf("trace_links[%d]::%w", i, err))
		}
	}
	for i, route := range c.DeprecatedRoutes {
		if method, path, ok := strings.Cut(route, " "); !ok || method == "" || path == "" {
			errs = append(errs, fmt.Errorf("deprecated_routes[%d]: %q: write a method and a route, such as GET /v1/orders/{id}", i, route))
		}
	}
	return errors.Join(append(errs, c.validateLimits()...)...)
}

func (c *Config) validateUsers() error {
	var errs []error
	seen := map[string]bool{}
	for i, u := range c.Users {
		if u.Name == "" {
			errs = append(errs, fmt.Errorf("users[%d]::name: is missing", i))
		}
		if seen[u.Name] {
			errs = append(errs, fmt.Errorf("users[%d]::name: %q is there twice", i, u.Name))
		}
		seen[u.Name] = true
		switch {
		case c.Auth.HasValue() && u.Password != "":
			errs = append(errs, fmt.Errorf("users[%d]::password: auth looks at passwords: leave it out", i))
		case !c.Auth.HasValue():
			if err := access.Password(u.Password).Validate(); err != nil {
				errs = append(errs, fmt.Errorf("users[%d]::password: %w", i, err))
			}
		}
		if err := u.validate(); err != nil {
			errs = append(errs, fmt.Errorf("users[%d]::%w", i, err))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) validateOIDC() error {
	o := c.OIDC.Get()
	if o == nil {
		return nil
	}
	issuer, err := url.Parse(o.Issuer)
	switch {
	case c.Auth.HasValue():
		return errors.New("issuer: auth decides who comes in: keep one of the two")
	case len(c.Users) > 0:
		return errors.New("issuer: users log in here: keep one of the two")
	case err != nil || issuer.Host == "" || issuer.Scheme != "https" && (issuer.Scheme != "http" || !local(issuer.Hostname())):
		return fmt.Errorf("issuer: %q: write the provider's address, such as https://login.example.com", o.Issuer)
	case o.ClientID == "":
		return errors.New("client_id: is missing: the provider gives one")
	case o.RolesClaim == "":
		return errors.New("roles_claim: is missing, such as roles or groups")
	}
	if back, err := url.Parse(o.RedirectURL); err != nil || o.RedirectURL != "" && (back.Host == "" || back.Path != access.Callback) {
		return fmt.Errorf("redirect_url: %q: write the console's address as browsers see it, such as https://holter.example.com%s", o.RedirectURL, access.Callback)
	}
	for value, roles := range o.Roles {
		if err := (&AccessConfig{Roles: roles}).validate(); err != nil {
			return fmt.Errorf("roles::%s: %s", value, strings.TrimPrefix(err.Error(), "roles: "))
		}
	}
	return nil
}

func (a *AccessConfig) validate() error {
	if len(a.Roles) == 0 {
		return errors.New("roles: are missing: write read, respond or admin")
	}
	for _, r := range a.Roles {
		if !slices.Contains(access.Roles, access.Role(r)) {
			return fmt.Errorf("roles: %q: write read, respond or admin", r)
		}
	}
	return nil
}

func (l *LinkConfig) validate() error {
	if l.Name == "" {
		return errors.New("name: is missing, such as Jaeger")
	}
	u, err := url.Parse(strings.ReplaceAll(l.URL, "{trace_id}", "0"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || !strings.Contains(l.URL, "{trace_id}") {
		return fmt.Errorf("url: %q: write an address with {trace_id} in it, such as http://localhost:16686/trace/{trace_id}", l.URL)
	}
	return nil
}

func (c *Config) validateLimits() (errs []error) {
	positive := func(path string, ok bool, such string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: must be above zero, such as %s", path, such))
		}
	}
	positive("limits::max_range", c.Limits.MaxRange > 0, "19200h")
	positive("limits::timeout", c.Limits.Timeout > 0, "20s")
	positive("limits::burst", c.Limits.Burst > 0 || c.Limits.RequestsPerSecond == 0, "200")
	positive("limits::logins_per_minute", c.Limits.LoginsPerMinute > 0, "10")
	positive("limits::streams", c.Limits.Streams > 0, "200")
	positive("limits::export_rows", c.Limits.ExportRows > 0, "5000000")
	positive("limits::journal_entries", c.Limits.JournalEntries > 0, "20000")
	positive("sessions::lifetime", c.Sessions.Lifetime > 0, "12h")
	positive("sessions::max", c.Sessions.Max > 0, "10000")
	if c.Limits.RequestsPerSecond < 0 {
		errs = append(errs, errors.New("limits::requests_per_second: must not be negative; 0 is no bound"))
	}
	return errs
}

// loopback says whether only this machine can reach an address.
func loopback(at confignet.AddrConfig) bool {
	if at.Transport == confignet.TransportTypeUnix {
		return true
	}
	host, _, err := net.SplitHostPort(at.Endpoint)
	if err != nil {
		return false
	}
	return local(host)
}

// local says whether a host is this machine.
func local(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.Unmap().IsLoopback()
}

// who is somebody with that access.
func (a *AccessConfig) who(name string) access.Who {
	w := access.Who{Name: name, Scope: store.Scope{Tenants: a.Tenants, Teams: a.Teams}}
	for _, r := range a.Roles {
		w.Roles = append(w.Roles, access.Role(r))
	}
	return w
}

// otlp finds the addresses of this Collector's own OTLP receivers in its configuration.
func otlp(conf *confmap.Conf) (grpc, http string) {
	receivers, err := conf.Sub("receivers")
	if err != nil {
		return "", ""
	}
	for id := range receivers.ToStringMap() {
		if name, _, _ := strings.Cut(id, "/"); name != "otlp" {
			continue
		}
		for key, into := range map[string]*string{"grpc": &grpc, "http": &http} {
			path := strings.Join([]string{id, "protocols", key}, confmap.KeyDelimiter)
			if !receivers.IsSet(path) {
				continue
			}
			at, ok := receivers.Get(path + confmap.KeyDelimiter + "endpoint").(string)
			if !ok {
				at = map[string]string{"grpc": "localhost:4317", "http": "localhost:4318"}[key]
			}
			*into = reachable(at)
		}
	}
	if http != "" {
		http = "http://" + http
	}
	return grpc, http
}

// reachable turns an address to listen on into one to call.
func reachable(at string) string {
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		return at
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return at
}
