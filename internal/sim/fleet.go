package sim

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"
)

// Config says which fleet to draw, and what happens to it.
type Config struct {
	Seed   uint64
	Tokens int
	Start  time.Time // the first hour; it is cut to the hour
	Days   int
	Volume float64 // scales everybody's requests; 0 means 1
	// Populations limits the fleet to these, in equal parts; empty: the usual mix.
	Populations []Population
	Attacks     []Attack
}

// Fleet is a provider's services, the clients that call them, and the thieves among them.
type Fleet struct {
	seed       uint64
	start, end time.Time
	days       int
	volume     float64

	services []*Service
	owners   []*Owner
	tokens   []*Token
	upstream []*Token
	offices  map[*Owner]netip.Prefix
	crimes   []crime
	planned  []Request // an estate's, in order; nil: they are drawn
}

// New draws a fleet. It fails on a configuration that makes no sense, and when an attack finds no victim.
func New(cfg Config) (*Fleet, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	start := cfg.Start.UTC().Truncate(time.Hour)
	f := &Fleet{
		seed: cfg.Seed, start: start, end: start.AddDate(0, 0, cfg.Days), days: cfg.Days, volume: cfg.Volume, offices: map[*Owner]netip.Prefix{},
	}
	if f.volume == 0 {
		f.volume = 1
	}
	f.open()
	f.hire(divide(cfg.Tokens, cfg.Populations))
	for i, a := range cfg.Attacks {
		if err := f.commit(i, a); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (cfg *Config) validate() error {
	var errs []error
	if cfg.Tokens < 1 {
		errs = append(errs, fmt.Errorf("%d tokens: a fleet has at least one", cfg.Tokens))
	}
	if cfg.Days < 1 {
		errs = append(errs, fmt.Errorf("%d days: at least one has to pass", cfg.Days))
	}
	if cfg.Start.IsZero() {
		errs = append(errs, errors.New("no start: the fleet needs a first hour"))
	}
	if cfg.Volume < 0 {
		errs = append(errs, fmt.Errorf("volume %g: it scales the number of requests, so it cannot be negative", cfg.Volume))
	}
	return errors.Join(errs...)
}

// Start is the fleet's first hour.
func (f *Fleet) Start() time.Time { return f.start }

// End is the first moment after the fleet's time.
func (f *Fleet) End() time.Time { return f.end }

// Tokens are the clients' tokens. They belong to the fleet: read only.
func (f *Fleet) Tokens() []*Token { return f.tokens }

// Owners are those that tokens were given to. They belong to the fleet: read only.
func (f *Fleet) Owners() []*Owner { return f.owners }

// open gives every service its history, and some a provider of their own.
func (f *Fleet) open() {
	f.services = catalogue()
	for _, s := range f.services {
		s.live(newDice(f.seed, "service", s.Name), f.start, f.days)
	}
	house := &Owner{ID: "sample", Name: "Sample", Type: "internal", Team: "platform", Country: countries["US"]}
	for _, u := range []struct{ service, host, path string }{
		{"billing-api", "api.payments.example", "/v1/charges"},
		{"orders-api", "api.parcels.example", "/v2/labels"},
	} {
		d := newDice(f.seed, "upstream", u.service)
		t := &Token{ID: "own_" + u.service, Owner: house, Credential: newCredential(d, Secret)}
		f.service(u.service).Upstream = &Upstream{Host: u.host, Path: u.path, Token: t}
		f.upstream = append(f.upstream, t)
	}
	f.owners = append(f.owners, house)
}

// hire gives every token an owner and a client. Colleagues of an office have one owner, others have few tokens or one.
func (f *Fleet) hire(populations []Population) {
	d := newDice(f.seed, "owners")
	var owner *Owner
	left := 0
	for i, p := range populations {
		if left == 0 || p != populations[i-1] {
			owner = found(d, len(f.owners))
			f.owners = append(f.owners, owner)
			left = 1 + d.IntN(2)
			if p == Office || p == VPN {
				left = 3 + d.IntN(6)
			}
		}
		left--
		f.tokens = append(f.tokens, f.recruit(i, p, owner))
	}
}

// officeOf is the network of an owner's office.
func (f *Fleet) officeOf(o *Owner) netip.Prefix {
	p, ok := f.offices[o]
	if !ok {
		d := newDice(f.seed, "office", o.ID)
		p = subnet(pick(d, o.Country.Fixed), 24, d.Uint64())
		f.offices[o] = p
	}
	return p
}

func (f *Fleet) service(name string) *Service {
	for _, s := range f.services {
		if s.Name == name {
			return s
		}
	}
	panic("the catalogue has no service " + name)
}

// hours is the moment that many hours after the start.
func (f *Fleet) hours(n float64) time.Time { return f.start.Add(time.Duration(n * float64(time.Hour))) }

func itoa(n int) string { return strconv.Itoa(n) }

func pad(n int) string { return fmt.Sprintf("%04d", n) }
