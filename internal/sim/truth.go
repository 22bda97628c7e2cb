package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Truth is what an estate's requests ought to be answered with: found by whoever planned them, not by whoever was shown them. Tokens are
// named by the registry's id, unregistered ones by their hint.
type Truth struct {
	From         time.Time         `json:"from"`
	To           time.Time         `json:"to"`
	Requests     map[string]int64  `json:"requests"` // by token
	HygieneDays  int               `json:"hygiene_days"`
	Findings     []TrueFinding     `json:"findings"`
	LimitsFrom   time.Time         `json:"limits_from"`
	Limits       []TrueLimit       `json:"limits"`
	Plans        []TruePlan        `json:"plans"`
	Stress       []TrueStress      `json:"stress"`
	Capacity     []TrueCapacity    `json:"capacity"`
	Adoption     []TrueAdoption    `json:"adoption"`
	Deprecated   []TrueDeprecation `json:"deprecated"`
	Investments  []TrueInvestment  `json:"investments"`
	Spend        []TrueSpend       `json:"spend"`
	Coverage     []TrueCoverage    `json:"coverage"`
	OldRoutes    []string          `json:"old_routes"` // said to be deprecated
	Currency     string            `json:"currency"`
	ModelPrices  map[string]Price  `json:"model_prices"`
	HourlyTotals map[string]int64  `json:"hourly_totals"` // requests by hour, RFC 3339
}

// TrueFinding is a token that wants tidying up.
type TrueFinding struct {
	Kind  string `json:"kind"`
	Token string `json:"token"`
	Guess string `json:"guess,omitempty"` // the owner of an unregistered token, by id
}

// TrueLimit is how many requests a token, or each token on a route, makes in a window.
type TrueLimit struct {
	Token       string        `json:"token,omitempty"`
	Route       string        `json:"route,omitempty"`
	Window      time.Duration `json:"window"`
	P50         int64         `json:"p50"`
	P90         int64         `json:"p90"`
	P99         int64         `json:"p99"`
	Max         int64         `json:"max"`
	Recommended int64         `json:"recommended"`
	WouldRefuse int64         `json:"would_refuse"`
	Requests    int64         `json:"requests"`
}

// TruePlan is what an owner used under a plan.
type TruePlan struct {
	Owner    string  `json:"owner"`
	Plan     string  `json:"plan"`
	Requests int64   `json:"requests"`
	Quota    int64   `json:"quota"`
	Used     float64 `json:"used"` // of the quota, in the month that the estate ends in
	Alert    string  `json:"alert"`
	Cost     float64 `json:"cost"`
}

// TrueStress is a route that slows down.
type TrueStress struct {
	Route     string             `json:"route"`
	Threshold float64            `json:"threshold"` // requests a minute
	Shares    map[string]float64 `json:"shares"`    // by token
}

// TrueCapacity is when a token reaches its quota.
type TrueCapacity struct {
	Token   string    `json:"token"`
	Limit   float64   `json:"limit"`
	Slope   float64   `json:"slope"`
	Reaches time.Time `json:"reaches,omitzero"` // zero: never
}

// TrueAdoption is a route that is new.
type TrueAdoption struct {
	Route  string    `json:"route"`
	First  time.Time `json:"first"`
	Owners int       `json:"owners"`
	Daily  []float64 `json:"daily"`
}

// TrueDeprecation is a route that ought to be gone, and who calls it how often.
type TrueDeprecation struct {
	Route   string           `json:"route"`
	Since   time.Time        `json:"since,omitzero"`
	Callers map[string]int64 `json:"callers"`
}

// TrueInvestment is a route with what makes it worth an effort.
type TrueInvestment struct {
	Route     string  `json:"route"`
	Owners    int     `json:"owners"`
	Requests  int64   `json:"requests"`
	ErrorRate float64 `json:"error_rate"`
	P95       float64 `json:"p95"`
}

// TrueSpend is what somebody's use of models cost.
type TrueSpend struct {
	Group  string  `json:"group"` // token, owner or model
	Key    string  `json:"key"`
	Cost   float64 `json:"cost"`
	Input  int64   `json:"input_tokens"`
	Output int64   `json:"output_tokens"`
}

// TrueCoverage is how many of a service's spans showed a credential.
type TrueCoverage struct {
	Service    string `json:"service"`
	With       int64  `json:"with"`
	Without    int64  `json:"without"`
	Unreadable int64  `json:"unreadable"`
}

// Price is what a million tokens of a model cost.
type Price struct {
	Input  float64 `json:"input"`
	Output float64 `json:"output"`
}

// Write writes the truth as JSON.
func (t *Truth) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	if err := enc.Encode(t); err != nil {
		return fmt.Errorf("write the truth: %w", err)
	}
	return nil
}
