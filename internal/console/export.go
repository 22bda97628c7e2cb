package console

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/store"
)

var (
	exports = []string{"tokens", "series", "anomalies", "usage"}
	formats = []string{"csv", "jsonl"}
)

// export writes rows as they are found: it never holds more than a page of them.
func (k *call) export() error {
	what, err := k.choice("what", exports...)
	if err != nil {
		return err
	}
	format, err := k.choice("format", formats...)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(k.ctx, 10*k.Limits.Timeout)
	defer stop()
	k.ctx = ctx
	sheet := &sheet{k: k, name: "holter-" + what + "-" + k.now.Format("20060102-1504"), format: format, most: k.Limits.Export}
	if err := k.fits(what); err != nil {
		return err
	}
	if what != "series" {
		if sheet.wanted, err = k.limit(0, k.Limits.Export); err != nil {
			return err
		}
	}
	switch what {
	case "tokens":
		err = k.exportTokens(sheet)
	case "anomalies":
		err = k.exportAnomalies(sheet)
	case "series":
		err = k.exportSeries(sheet)
	default:
		err = k.exportUsage(sheet)
	}
	if err == nil || errors.Is(err, errEnough) {
		err = sheet.end()
	}
	if err != nil && sheet.begun { // half a file must not look like a whole one
		if ctx.Err() == nil && !errors.Is(err, errRows) {
			k.Trouble("export "+what, err)
		}
		panic(http.ErrAbortHandler)
	}
	return err
}

// fits refuses filters that change nothing of what is exported.
func (k *call) fits(what string) error {
	if what != "anomalies" {
		for _, p := range []param{detectorParam, severityParam} {
			if k.args.Has(p.name) {
				return badRequest(p.name, "this is of anomalies alone: leave it out, or export them")
			}
		}
	}
	if what == "tokens" || what == "anomalies" {
		for _, p := range whereParams {
			if k.args.Has(p.name) {
				return badRequest(p.name, "%s are not filtered by %s: leave it out", what, p.name)
			}
		}
	}
	return nil
}

var (
	errRows   = errors.New("more rows than an export holds")
	errEnough = errors.New("as many rows as were asked for")
)

// sheet is a table that is being written.
type sheet struct {
	k            *call
	name, format string
	columns      []string
	most, rows   int
	wanted       int // rows; 0: all

	begun bool
	out   *bufio.Writer
	csv   *csv.Writer
}

// begin names the columns.
func (s *sheet) begin(columns ...string) error {
	s.columns, s.begun = columns, true
	h := s.k.w.Header()
	media := "text/csv; charset=utf-8; header=present"
	if s.format == "jsonl" {
		media = "application/jsonl; charset=utf-8"
	}
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", s.name+"."+s.format))
	s.out = bufio.NewWriterSize(s.k.w, 64<<10)
	if s.format == "csv" {
		s.csv = csv.NewWriter(s.out)
		return s.csv.Write(columns)
	}
	return nil
}

// row writes one; its values are in the order of the columns.
func (s *sheet) row(values ...any) error {
	if s.wanted > 0 && s.rows == s.wanted {
		return errEnough
	}
	if s.rows++; s.rows > s.most {
		return errRows
	}
	if s.rows%1000 == 1 { // whoever reads slowly may take as long as it goes on
		if err := s.k.ctx.Err(); err != nil {
			return err
		}
		if err := http.NewResponseController(s.k.w).SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
	}
	if s.csv != nil {
		cells := make([]string, len(values))
		for i, v := range values {
			cells[i] = cell(v)
		}
		return s.csv.Write(cells)
	}
	_ = s.out.WriteByte('{') // a Writer keeps its first error
	for i, v := range values {
		if i > 0 {
			_ = s.out.WriteByte(',')
		}
		if t, ok := v.(time.Time); ok && t.IsZero() {
			v = nil
		}
		if f, ok := v.(float64); ok {
			v = number(f)
		}
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		_, _ = s.out.WriteString(strconv.Quote(s.columns[i]) + ":")
		_, _ = s.out.Write(text)
	}
	_, err := s.out.WriteString("}\n")
	return err
}

func (s *sheet) end() error {
	if s.csv != nil {
		s.csv.Flush()
	}
	return s.out.Flush()
}

// cell is a value as text. Spreadsheets take text for a formula that begins like one: an apostrophe tells them that it is none.
func cell(v any) string {
	switch v := v.(type) {
	case string:
		if strings.ContainsAny(v[:min(len(v), 1)], "=+-@\t\r") {
			return "'" + v
		}
		return v
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format(time.RFC3339Nano)
	case float64:
		if text := string(appendNumber(nil, v)); text != "null" {
			return text
		}
		return ""
	default:
		return fmt.Sprint(v)
	}
}

func (k *call) exportTokens(s *sheet) error {
	filter, err := k.tokenFilter()
	if err != nil {
		return err
	}
	query := store.TokenQuery{Filter: filter, Sort: "id", Limit: 1000}
	for {
		page, err := k.Store.Tokens(k.ctx, query)
		if err != nil {
			return err
		}
		if !s.begun {
			if err := s.begin("id", "direction", "hint", "type", "format", "registry_id", "owner_id", "owner_name", "owner_team", "tenant", "environment", "status",
				"state", "scopes", "tags", "expires_at", "first_seen", "last_used", "last_country", "last_network", "last_client", "last_route", "last_service",
				"last_version", "requests", "evidence", "threshold"); err != nil {
				return err
			}
		}
		for _, t := range page.Tokens {
			tags := ""
			if len(t.Tags) > 0 {
				text, err := json.Marshal(t.Tags)
				if err != nil {
					return err
				}
				tags = string(text)
			}
			if err := s.row(t.ID, t.Direction, t.Hint, t.Type, t.Format, t.RegistryID, t.OwnerID, t.OwnerName, t.OwnerTeam, t.Tenant, t.Environment, t.Status,
				k.condition(t, k.now), strings.Join(t.Scopes, " "), tags, t.ExpiresAt, t.FirstSeen, t.LastUse.At, t.LastUse.Country, t.LastUse.Network, t.LastUse.Client,
				t.LastUse.Route, t.LastUse.Service, t.LastUse.Version, t.Requests, t.Evidence.Nats, t.Evidence.Threshold); err != nil {
				return err
			}
		}
		if query.Cursor = page.Next; page.Next == "" {
			return nil
		}
	}
}

func (k *call) exportAnomalies(s *sheet) error {
	query, err := k.anomalyQuery()
	if err != nil {
		return err
	}
	query.Limit = 1000
	for {
		page, err := k.Store.Events(k.ctx, query)
		if err != nil {
			return err
		}
		if !s.begun {
			if err := s.begin("time", "severity", "detector", "token", "direction", "owner", "team", "tenant", "sentence", "trace", "id"); err != nil {
				return err
			}
		}
		for _, f := range k.findings(page.Events) {
			if err := s.row(f.Time, f.Severity, f.Name, f.Token, f.Direction, f.Owner, f.Team, f.Tenant, f.Sentence, f.Trace, f.ID); err != nil {
				return err
			}
		}
		if query.Cursor = page.Next; page.Next == "" {
			return nil
		}
	}
}

func (k *call) exportSeries(s *sheet) error {
	q, query, err := k.query(1000, 1000)
	if err != nil {
		return err
	}
	if query.Step, err = k.step(q, usualPoints); err != nil {
		return err
	}
	answer, err := k.Store.Query(k.ctx, query)
	if err != nil {
		return err
	}
	names, err := k.labels(query.Group, answer.Series)
	if err != nil {
		return err
	}
	if err := s.begin("time", "key", "label", string(query.Measure)); err != nil {
		return err
	}
	for _, one := range answer.Series {
		for i, v := range one.Points {
			if err := s.row(answer.From.Add(time.Duration(i)*answer.Step), one.Key, names.of(one.Key), v); err != nil {
				return err
			}
		}
	}
	if answer.Rest == nil || answer.Keys <= len(answer.Series) {
		return nil
	}
	for i, v := range answer.Rest.Points {
		if err := s.row(answer.From.Add(time.Duration(i)*answer.Step), "", "all others", v); err != nil {
			return err
		}
	}
	return nil
}

// usageKind is which facts an export is of, what its two keys are called, and what its values are counted in.
func usageKind(measure store.Measure, group store.Group) (kind store.Kind, first, second string, scale float64, err error) {
	switch measure {
	case store.MeasureBytesIn, store.MeasureBytesOut:
		return store.Bytes, "direction", "", 1, nil
	case store.MeasureUnits:
		return store.Units, "unit", "model", 1, nil
	case store.MeasureCost:
		return store.Costs, "currency", "model", 1e-9, nil
	case store.MeasureRequests:
	default:
		return 0, "", "", 0, badRequest("measure", "an export of usage counts requests, bytes_in, bytes_out, units or cost")
	}
	switch group {
	case store.ByNothing, store.ByOutcome, store.ByToken:
		return store.Outcomes, "outcome", "", 1, nil
	case store.ByRoute:
		return store.Routes, "route", "", 1, nil
	case store.ByCountry, store.ByNetwork:
		return store.Origins, "country", "network", 1, nil
	case store.ByRelease, store.ByService:
		return store.Releases, "service", "version", 1, nil
	case store.ByClient:
		return store.Clients, "client", "", 1, nil
	}
	return 0, "", "", 0, badRequest("group", "usage is counted by outcome, route, country, network, release, service or client")
}

// usageOf is a fact's value in a dimension; nil: facts of that kind have none.
func usageOf(kind store.Kind, by store.Group) func(store.SubjectUse) string {
	switch {
	case kind == store.Releases && by == store.ByRelease:
		return func(u store.SubjectUse) string { return u.First + "@" + u.Second }
	case kind == store.Origins && by == store.ByNetwork, (kind == store.Units || kind == store.Costs) && by == store.ByModel:
		return func(u store.SubjectUse) string { return u.Second }
	case kind == store.Outcomes && by == store.ByOutcome, kind == store.Routes && by == store.ByRoute, kind == store.Origins && by == store.ByCountry,
		kind == store.Releases && by == store.ByService, kind == store.Clients && by == store.ByClient, kind == store.Units && by == store.ByUnit:
		return func(u store.SubjectUse) string { return u.First }
	}
	return nil
}

// exportUsage writes the facts themselves: they add up to what was counted.
func (k *call) exportUsage(s *sheet) error {
	q, query, err := k.query(1, k.Limits.Export)
	if err != nil {
		return err
	}
	if q.where.Group != "" && (query.Group == store.ByNothing || query.Group == store.ByToken) {
		query.Group = q.where.Group // what is filtered by is what is told
	}
	kind, first, second, scale, err := usageKind(query.Measure, query.Group)
	if err != nil {
		return err
	}
	where := usageOf(kind, q.where.Group)
	if where == nil && q.where.Group != "" {
		return store.ErrApart
	}
	level, err := k.choice("step", "1h", "1m", "1d")
	if err != nil {
		return err
	}
	width, err := parseDuration(level)
	if err != nil {
		return err
	}
	columns := []string{"time", "token", "owner", "team", first}
	if second != "" {
		columns = append(columns, second)
	}
	if err := s.begin(append(columns, string(query.Measure))...); err != nil {
		return err
	}
	for use, err := range k.Store.Facts(k.ctx, store.FactQuery{Filter: q.tokens, Kind: kind, From: q.from, To: q.to, Level: width}) {
		if err != nil {
			return err
		}
		if kind == store.Bytes && (use.First == "receive") != (query.Measure == store.MeasureBytesIn) {
			continue
		}
		if where != nil && !slices.Contains(q.where.Values, where(use)) {
			continue
		}
		values := []any{time.Unix(use.At*60, 0).UTC(), use.Subject.Token, use.Subject.Owner, use.Subject.Team, use.First}
		if second != "" {
			values = append(values, use.Second)
		}
		if err := s.row(append(values, float64(use.Value)*scale)...); err != nil {
			return err
		}
	}
	return nil
}
