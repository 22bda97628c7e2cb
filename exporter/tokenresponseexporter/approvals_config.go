package tokenresponseexporter

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/holterhq/holter/internal/response/pass"
)

// ApprovalsConfig says how somebody's consent is asked for. Links are off unless http is written.
type ApprovalsConfig struct {
	// Within is how long a proposed act waits.
	Within time.Duration `mapstructure:"within"`
	// HTTP serves the pages that one-time links lead to, and the switch that stops all acts.
	HTTP configoptional.Optional[confighttp.ServerConfig] `mapstructure:"http"`
	// URL is what links begin with: the address of http as people reach it.
	URL string `mapstructure:"url"`
	// Key signs links: the base64 of 32 bytes or more.
	Key configopaque.String `mapstructure:"key"`
	// Token is asked of whoever stops or resumes acts, and looks at dead letters. Without it nobody can, here.
	Token configopaque.String `mapstructure:"token"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func defaultApprovals() ApprovalsConfig {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = "localhost:8689"
	return ApprovalsConfig{Within: 4 * time.Hour, HTTP: configoptional.Default(server)}
}

// minToken is how long a token is at least that cannot be guessed.
const minToken = 16

// faults are by their paths below approvals.
func (a *ApprovalsConfig) faults() (faults []error) {
	if a.Within <= 0 {
		faults = append(faults, fmt.Errorf("within: %s is not positive", a.Within))
	}
	if !a.HTTP.HasValue() {
		if a.URL != "" || a.Key != "" || a.Token != "" {
			faults = append(faults, errors.New("http is missing: nothing is served without it, write http: {endpoint: localhost:8689}"))
		}
		return faults
	}
	if u, err := url.Parse(a.URL); a.URL == "" || err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		faults = append(faults, errors.New("url: write what links begin with, such as https://holter.example.com/acts"))
	}
	if a.Key == "" {
		faults = append(faults, errors.New("key is missing, which signs links: make one with: openssl rand -base64 32"))
	} else if _, err := pass.ParseKey(string(a.Key)); err != nil {
		faults = append(faults, fmt.Errorf("key: %w", err))
	}
	if a.Token != "" && len(a.Token) < minToken {
		faults = append(faults, fmt.Errorf("token: less than %d characters can be guessed: make one with: openssl rand -base64 32", minToken))
	}
	return faults
}

// signer makes links, nil if there are none.
func (a *ApprovalsConfig) signer() func(verb, act string, until time.Time) string {
	if !a.HTTP.HasValue() {
		return nil
	}
	key, err := pass.ParseKey(string(a.Key))
	if err != nil {
		return nil
	}
	return func(verb, act string, until time.Time) string { return key.Address(a.URL, verb, act, until) }
}
