package store

import "time"

// Measure is what is counted.
type Measure string

// Measures. Errors are what is not a success: client_error, auth_error, rate_limited and server_error.
const (
	MeasureRequests  Measure = "requests"
	MeasureErrors    Measure = "errors"
	MeasureBytesIn   Measure = "bytes_in"
	MeasureBytesOut  Measure = "bytes_out"
	MeasureTimeSpent Measure = "time_spent" // seconds
	MeasureP50       Measure = "p50"        // seconds
	MeasureP95       Measure = "p95"
	MeasureP99       Measure = "p99"
	MeasureUnits     Measure = "units"
	MeasureCost      Measure = "cost"   // in the currency, not in billionths
	MeasureTokens    Measure = "tokens" // distinct tokens
	MeasureOwners    Measure = "owners" // distinct owners
)

// Group is what a question is broken down by.
type Group string

// Groups. A tag is tag:<key>.
const (
	ByNothing  Group = ""
	ByToken    Group = "token"
	ByOwner    Group = "owner"
	ByTeam     Group = "team"
	ByRoute    Group = "route"
	ByCountry  Group = "country"
	ByNetwork  Group = "network"
	ByRelease  Group = "release"
	ByService  Group = "service"
	ByClient   Group = "client"
	ByOutcome  Group = "outcome"
	ByUnit     Group = "unit"
	ByModel    Group = "model"
	ByCurrency Group = "currency"
)

// Query asks for what some tokens did in some time. Where facts of that time are past their retention, From, To and Step are widened to what is
// left. Facts have one dimension: filter and group must be of the same one, else the answer is
// ErrApart. RouteDurations answer where no token is asked for, by route or outcome.
type Query struct {
	Filter   TokenFilter
	From, To time.Time // To is not part of it
	Measure  Measure
	Group    Group
	Where    Dimension
	// Step is the width of a point: a multiple of a minute; 0: one point for all. The widest level that it is a multiple of answers.
	Step  time.Duration
	Limit int // the greatest so many; the others are in Rest. 0: 50
}

// Dimension keeps what was done under one key, such as {Group: ByRoute, Values: {"GET /v1/orders"}}.
type Dimension struct {
	Group  Group
	Values []string
}

// Answer is what a Query found.
type Answer struct {
	From, To time.Time     // with the whole steps that were asked for
	Step     time.Duration // 0: one point
	Level    time.Duration // of the facts that answered: a minute, an hour or a day
	Series   []Series      // the greatest first
	Rest     *Series       // all others together; nil for quantiles and distinct counts
	Keys     int           // how many series there were
	Facts    int64         // that were read
}

// Series is one group's values, in steps from Answer.From on. Where a measure is a quantile and nothing happened a value is NaN.
type Series struct {
	Key    string
	Total  float64
	Points []float64
}

// SubjectUse is what one subject did under one key at one level: what limits, plans and hygiene are made of.
type SubjectUse struct {
	Subject       Subject
	First, Second string
	At            int64 // minute, of the beginning of the minute, hour or day
	Value         int64
}

// FactQuery asks for facts as they are, in the order of subject, key, and time.
type FactQuery struct {
	Filter   TokenFilter
	Kind     Kind
	From, To time.Time
	Level    time.Duration // a minute, an hour or a day
}
