package tokenidentityprocessor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/jwks"
	"github.com/holterhq/holter/internal/registry"
)

// VerifyConfig is one issuer whose tokens are checked against the keys that it publishes.
type VerifyConfig struct {
	// Issuer is the issuer as its tokens say it.
	Issuer string `mapstructure:"issuer"`
	// JWKSURL is where its JSON web key set is.
	JWKSURL string `mapstructure:"jwks_url"`
	// JWKSFile is a file that holds it.
	JWKSFile string `mapstructure:"jwks_file"`
	// Discovery finds it by the issuer's /.well-known/openid-configuration.
	Discovery bool `mapstructure:"discovery"`
	// Audience are those of which a token has to mean one. Empty: whoever is meant.
	Audience []string `mapstructure:"audience"`
	// Algorithms are the signatures that are accepted. Empty: all that need a private key.
	Algorithms []string `mapstructure:"algorithms"`
	// RefreshInterval is how often the keys are read. A token that names an unknown key has them read within seconds.
	RefreshInterval time.Duration `mapstructure:"refresh_interval"`

	_ struct{}
}

const (
	usualRefresh = 10 * time.Minute
	// violationSignature is said of a token whose signature is wrong.
	violationSignature = "signature"
	// leeway is how long after its expiry a token may still be in use: a request that began before, a clock that differs.
	leeway = time.Minute
)

// Validate refuses an issuer that could not be checked.
func (v *VerifyConfig) Validate() error {
	var errs []error
	if v.Issuer == "" {
		errs = append(errs, errors.New("issuer: is missing: write it as the iss of its tokens does"))
	}
	places := 0
	for _, there := range [...]bool{v.JWKSURL != "", v.JWKSFile != "", v.Discovery} {
		if there {
			places++
		}
	}
	if places != 1 {
		errs = append(errs, errors.New("write one of jwks_url, jwks_file and discovery: true"))
	}
	if v.JWKSURL != "" && !webAddress(v.JWKSURL) {
		errs = append(errs, fmt.Errorf("jwks_url: %q is no address: write one such as https://id.example/keys", v.JWKSURL))
	}
	if v.Discovery && !webAddress(v.Issuer) {
		errs = append(errs, fmt.Errorf("discovery: issuer %q is no address to ask: write jwks_url or jwks_file", v.Issuer))
	}
	for i, name := range v.Audience {
		if strings.TrimSpace(name) == "" {
			errs = append(errs, fmt.Errorf("audience[%d]: %q is nobody: write an aud of the issuer's tokens, or leave audience out", i, name))
		}
	}
	for i, name := range v.Algorithms {
		if !slices.Contains(jwks.Algorithms, name) {
			errs = append(errs, fmt.Errorf("algorithms[%d]: %q cannot be checked with a public key: choose from %s", i, name, strings.Join(jwks.Algorithms, ", ")))
		}
	}
	if v.RefreshInterval < 0 || v.RefreshInterval > 0 && v.RefreshInterval < time.Second {
		errs = append(errs, fmt.Errorf("refresh_interval: %v: write a duration of at least 1s, such as %v", v.RefreshInterval, usualRefresh))
	}
	return errors.Join(errs...)
}

// verifiedOnce refuses an issuer that is there twice: the keys of only one would be asked.
func (c *Config) verifiedOnce() (errs []error) {
	first := make(map[string]int)
	for i := range c.JWT.Verify {
		issuer := c.JWT.Verify[i].Issuer
		if before, twice := first[issuer]; twice && issuer != "" {
			errs = append(errs, fmt.Errorf("jwt::verify::%d: issuer: %q is that of %d too: write each issuer once, with all its audiences", i, issuer, before))
			continue
		}
		first[issuer] = i
	}
	return errs
}

func webAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// verifier checks tokens of the configured issuers.
func (e *engine) verifier() *jwks.Verifier {
	var issuers []jwks.Issuer
	for _, v := range e.cfg.JWT.Verify {
		refresh := v.RefreshInterval
		if refresh == 0 {
			refresh = usualRefresh
		}
		issuers = append(issuers, jwks.Issuer{
			Name: v.Issuer, URL: v.JWKSURL, File: v.JWKSFile, Audience: v.Audience, Algorithms: v.Algorithms, Refresh: refresh,
		})
	}
	said := &issuersSaid{engine: e, errs: make(map[string]string)}
	return jwks.New(issuers, &http.Client{Timeout: 10 * time.Second}, said.told)
}

// warnOfPlainHTTP names the key sets that somebody on the way could replace.
func (e *engine) warnOfPlainHTTP() {
	for _, v := range e.cfg.JWT.Verify {
		address := v.JWKSURL
		if v.Discovery {
			address = v.Issuer
		}
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" {
			continue
		}
		if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			e.logger.Warn("An issuer's keys are fetched without TLS: whoever stands on the way can pass forged tokens off as genuine; use https", zap.String("issuer", v.Issuer))
		}
	}
}

// issuersSaid is what has been said about the issuers' keys.
type issuersSaid struct {
	*engine
	mu   sync.Mutex
	errs map[string]string
}

// told says in health, log and metric how it goes with an issuer's keys.
func (s *issuersSaid) told(issuer string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		if s.errs[issuer] != "" {
			delete(s.errs, issuer)
			s.logger.Info("The issuer's keys are read again", zap.String("issuer", issuer))
			s.health.about("issuer " + issuer).Well()
		}
		return
	}
	s.telemetry.TokenIdentityIssuerErrors.Add(context.Background(), 1, metric.WithAttributeSet(attribute.NewSet(attribute.String("issuer", issuer))))
	if err.Error() != s.errs[issuer] {
		s.errs[issuer] = err.Error()
		s.logger.Error("An issuer's keys cannot be read: what was read before stays in force, and without any its tokens are not learned from", zap.String("issuer", issuer), zap.Error(err))
		s.health.about("issuer " + issuer).Trouble(fmt.Errorf("jwt::verify: keys of %s: %w", issuer, err))
	}
}

// verify says whether a credential is genuine, if it is one of an issuer that is checked.
func (e *engine) verify(ctx context.Context, c credential.Credential) jwks.Verdict {
	if e.verifies == nil || c.Claims == nil {
		return jwks.Verdict{}
	}
	verdict := e.verifies.Check(c.Claims.Issuer, c.Raw)
	if verdict.State != jwks.Unasked {
		e.telemetry.TokenIdentityVerdicts.Add(ctx, 1, metric.WithAttributeSet(attribute.NewSet(
			attribute.String("issuer", c.Claims.Issuer), attribute.String("verdict", verdict.State.String()))))
	}
	return verdict
}

// judge adds to the status what a checked token says about itself.
func (c *check) judge(when time.Time, status registry.Status, violations []string) (registry.Status, []string) {
	switch {
	case c.verdict.State == jwks.Forged:
		return status, append(slices.Clip(violations), violationSignature)
	case c.verdict.State == jwks.Genuine && c.expires != 0 && when.Unix() > c.expires+int64(leeway/time.Second) &&
		(status == "" || status == registry.Active || status == registry.Unknown):
		return registry.Expired, append(slices.Clip(violations), string(registry.Expired))
	}
	return status, violations
}
