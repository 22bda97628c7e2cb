package evaluate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// Report is what a stream shows of the engine.
type Report struct {
	Stream      string    `json:"stream"`
	Tokens      int       `json:"tokens"`
	Thefts      int       `json:"thefts"`
	Requests    int       `json:"requests"`
	First       time.Time `json:"first"`
	Last        time.Time `json:"last"`
	From        time.Time `json:"judged_from"`
	TokenDays   int       `json:"token_days"`                   // judged
	Hidden      uint64    `json:"origin_hidden_days,omitempty"` // token-days, judged or not, on which the client's origin was hidden by a CDN
	Results     []Result  `json:"results"`                      // by budget
	Calibration []Bets    `json:"calibration,omitempty"`
}

// Result is how the engine does at one budget.
type Result struct {
	Budget      float64    `json:"budget"` // false alerts per 1,000 active token-days that are tolerable, or in Within
	Within      string     `json:"budget_within,omitempty"`
	InThat      float64    `json:"false_alerts_within,omitempty"` // so many in this time, on average
	FalseAlerts int        `json:"false_alerts"`
	PerThousand float64    `json:"per_1000_token_days"`
	Low         float64    `json:"low"` // of the 95 % interval, as PerThousand
	High        float64    `json:"high"`
	Alerts      int        `json:"alerts"`
	Early       int        `json:"unjudged"` // on token-days that are not judged
	Families    []Family   `json:"families"`
	Detectors   []Detector `json:"detectors"`
}

// Family is how many thefts of one kind were found.
type Family struct {
	Name      string   `json:"family"`
	Magnitude string   `json:"magnitude,omitempty"` // empty: all
	Cases     int      `json:"cases"`
	Hits      int      `json:"hits"`
	Recall    float64  `json:"recall"`
	Low       float64  `json:"low"` // of the 95 % interval
	High      float64  `json:"high"`
	Requests  *float64 `json:"requests_to_detect,omitempty"` // medians over the hits
	Minutes   *float64 `json:"minutes_to_detect,omitempty"`
}

// Detector is what one detector contributed, and what it cost.
type Detector struct {
	Name        string `json:"detector"`
	FalseAlerts int    `json:"false_alerts"`
	Hits        int    `json:"hits"` // thefts that it noticed
}

// per says of budgets that are for a time what they came to in it.
func (r *Report) per(within time.Duration) {
	if within <= 0 {
		return
	}
	from := r.From
	if from.Before(r.First) {
		from = r.First
	}
	for i := range r.Results {
		x := &r.Results[i]
		x.Within = spell(within)
		if watched := r.Last.Sub(from); watched > 0 {
			x.InThat = float64(x.FalseAlerts) * float64(within) / float64(watched)
		}
	}
}

// spell writes whole days as such.
func spell(d time.Duration) string {
	if days := d / (24 * time.Hour); days > 0 && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", days)
	}
	return d.String()
}

// JSON writes the whole report.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Text writes the report as tables: the curve where there are several budgets, then the budget of the given number in full.
func (r *Report) Text(w io.Writer, full int) error {
	fmt.Fprintf(w, "%s\n%d requests of %d tokens, %s to %s; %d thefts\n", r.Stream, r.Requests, r.Tokens,
		r.First.Format("2006-01-02"), r.Last.Format("2006-01-02"), r.Thefts)
	fmt.Fprintf(w, "judged: %d active token-days from %s on, of tokens with %d requests or more on earlier days\n", r.TokenDays, r.from(), minPrior)
	if r.Hidden > 0 {
		fmt.Fprintf(w, "origin facets were off on %d token-days: the tokens are usually seen through a CDN\n", r.Hidden)
	}
	if len(r.Results) > 1 {
		if err := r.curve(w); err != nil {
			return err
		}
	}
	if err := r.Results[full].text(w); err != nil {
		return err
	}
	if len(r.Calibration) > 0 {
		return r.calibration(w)
	}
	return nil
}

func (r *Report) from() string { return later(r.From, r.First).Format("2006-01-02") }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func newTable(w io.Writer, heading string) *tabwriter.Writer {
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, heading)
	return t
}

// curve is a line for each budget.
func (r *Report) curve(w io.Writer) error {
	t := newTable(w, "budget\tfalse alerts\tper 1,000 token-days\t95 %\tthefts found\trecall\t\n")
	for i := range r.Results {
		x := &r.Results[i]
		hits, cases := x.total()
		fmt.Fprintf(t, "%s\t%d\t%.2f\t%.2f–%.2f\t%d of %d\t%s\t\n", plain(x.Budget), x.FalseAlerts, x.PerThousand, x.Low, x.High, hits, cases, share(hits, cases))
	}
	return t.Flush()
}

// total is over all families but the sham.
func (x *Result) total() (hits, cases int) {
	for _, f := range x.Families {
		if f.Magnitude == "" && f.Name != sham {
			hits, cases = hits+f.Hits, cases+f.Cases
		}
	}
	return hits, cases
}

func (x *Result) text(w io.Writer) error {
	budget := plain(x.Budget)
	if x.Within != "" {
		budget += fmt.Sprintf(" in %s (%.2f on average)", x.Within, x.InThat)
	}
	fmt.Fprintf(w, "\nbudget %s: %d false alerts, %.2f per 1,000 token-days (95 %%: %.2f–%.2f, Poisson after Garwood); %d alerts in all, %d on days that are not judged\n",
		budget, x.FalseAlerts, x.PerThousand, x.Low, x.High, x.Alerts, x.Early)
	t := newTable(w, "family\tmagnitude\tthefts\tfound\trecall\t95 % (Wilson)\trequests\tminutes\t\n")
	for _, f := range x.Families {
		magnitude := f.Magnitude
		if magnitude == "" {
			magnitude = "all"
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%.3f\t%.2f–%.2f\t%s\t%s\t\n", f.Name, magnitude, f.Cases, f.Hits, f.Recall, f.Low, f.High, rounded(f.Requests), rounded(f.Minutes))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	t = newTable(w, "detector\tfalse alerts\tthefts found\t\n")
	for _, d := range x.Detectors {
		fmt.Fprintf(t, "%s\t%d\t%d\t\n", d.Name, d.FalseAlerts, d.Hits)
	}
	return t.Flush()
}

func plain(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func share(k, n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3f", float64(k)/float64(n))
}

func rounded(x *float64) string {
	if x == nil {
		return "–"
	}
	return fmt.Sprintf("%.0f", *x)
}

func median(x []float64) *float64 {
	if len(x) == 0 {
		return nil
	}
	slices.Sort(x)
	return &x[len(x)/2]
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// byNumber orders numbers by their value and before all else.
func byNumber(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	switch {
	case a == "" || b == "":
		return cmp.Compare(a, b)
	case errX == nil && errY == nil:
		return cmp.Compare(x, y)
	}
	return cmp.Or(boolean(errX != nil)-boolean(errY != nil), cmp.Compare(a, b))
}
