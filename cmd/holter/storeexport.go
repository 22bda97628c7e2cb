package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/holterhq/holter/internal/store"
)

// exportFlags is what holter store export is asked for.
type exportFlags struct {
	what, format, level, output string
	from, to                    string
	tokens, owners              []string
}

func storeExportCommand(directory *string) *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write what is kept about an owner, some tokens or all as JSONL or CSV",
		Example: `  holter store export --what tokens --owner acme
  holter store export --what usage --level hour --from 2026-03-01 --format csv --output march.csv
  holter store export --what events --token tok_7gq3…`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runStoreExport(cmd.Context(), *directory, f, cmd.OutOrStdout(), time.Now())
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.what, "what", "tokens", "tokens, usage, events or journal")
	fl.StringVar(&f.format, "format", "jsonl", "jsonl or csv")
	fl.StringVar(&f.level, "level", "day", "of usage: minute, hour or day")
	fl.StringSliceVar(&f.tokens, "token", nil, "api_token.id of a token; may be given several times")
	fl.StringSliceVar(&f.owners, "owner", nil, "api_token.owner.id; may be given several times")
	fl.StringVar(&f.from, "from", "", "2026-03-01 or 2026-03-01T12:00:00Z (default: the oldest)")
	fl.StringVar(&f.to, "to", "", "the end, which is not part of it (default: now)")
	fl.StringVar(&f.output, "output", "-", "the file to write")
	return cmd
}

var exportLevels = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}

func runStoreExport(ctx context.Context, directory string, f exportFlags, out io.Writer, now time.Time) (err error) {
	from, err := exportTime("--from", f.from, time.Unix(0, 0))
	if err != nil {
		return err
	}
	to, err := exportTime("--to", f.to, now.Add(time.Minute))
	if err != nil {
		return err
	}
	level, ok := exportLevels[f.level]
	if !ok {
		return fmt.Errorf("--level %q: choose minute, hour or day", f.level)
	}
	if f.format != "jsonl" && f.format != "csv" {
		return fmt.Errorf("--format %q: choose jsonl or csv", f.format)
	}
	e := exporter{ctx: ctx, filter: store.TokenFilter{IDs: f.tokens, Owners: f.owners}, from: from, to: to, level: level}
	do, ok := map[string]func(store.Store) error{"tokens": e.tokens, "usage": e.usage, "events": e.events, "journal": e.journal}[f.what]
	if !ok {
		return fmt.Errorf("--what %q: choose tokens, usage, events or journal", f.what)
	}
	if f.output != "-" {
		file, err := os.OpenFile(f.output, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		out = file
	}
	e.sink = newSink(out, f.format)
	if err := withStore(ctx, directory, do); err != nil {
		return err
	}
	return e.sink.flush()
}

func exportTime(flag, text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s %q: write a date such as 2026-03-01, or a time such as 2026-03-01T12:00:00Z", flag, text)
}

// sink writes rows, of which the first says what all have.
type sink struct {
	csv  *csv.Writer
	json *json.Encoder
	rows int
}

func newSink(out io.Writer, format string) *sink {
	if format == "csv" {
		return &sink{csv: csv.NewWriter(out)}
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return &sink{json: encoder}
}

// put writes a value as JSON, or its columns as CSV.
func (s *sink) put(value any, names, columns []string) error {
	if s.json != nil {
		return s.json.Encode(value)
	}
	if s.rows++; s.rows == 1 {
		if err := s.csv.Write(names); err != nil {
			return err
		}
	}
	return s.csv.Write(columns)
}

func (s *sink) flush() error {
	if s.csv == nil {
		return nil
	}
	s.csv.Flush()
	return s.csv.Error()
}

// exporter reads what is asked for.
type exporter struct {
	ctx      context.Context
	filter   store.TokenFilter
	from, to time.Time
	level    time.Duration
	sink     *sink
}

func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

var tokenNames = []string{
	"id", "direction", "hint", "type", "format", "registry_id", "owner_id", "owner_name", "owner_type", "owner_team", "tenant", "environment", "status",
	"scopes", "tags", "expires_at", "first_seen", "last_used", "country", "network", "client", "route", "service", "version", "requests",
}

func (e *exporter) tokens(s store.Store) error {
	for cursor := ""; ; {
		page, err := s.Tokens(e.ctx, store.TokenQuery{Filter: e.filter, Sort: "id", Limit: 1_000, Cursor: cursor})
		if err != nil {
			return err
		}
		for i := range page.Tokens {
			t := &page.Tokens[i]
			scopes, _ := json.Marshal(t.Scopes) // of texts: cannot fail
			tags, _ := json.Marshal(t.Tags)
			u := &t.LastUse
			err := e.sink.put(t, tokenNames, []string{
				t.ID, t.Direction, t.Hint, t.Type, t.Format, t.RegistryID, t.OwnerID, t.OwnerName, t.OwnerType, t.OwnerTeam, t.Tenant, t.Environment, t.Status,
				string(scopes), string(tags), at(t.ExpiresAt), at(t.FirstSeen), at(u.At), u.Country, u.Network, u.Client, u.Route, u.Service, u.Version,
				strconv.FormatInt(t.Requests, 10),
			})
			if err != nil {
				return err
			}
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

// exportedKinds are the facts of tokens, by the name that they are exported under.
var exportedKinds = []struct {
	kind store.Kind
	name string
}{
	{store.Outcomes, "outcome"},
	{store.Routes, "route"},
	{store.Origins, "origin"},
	{store.Releases, "release"},
	{store.Clients, "client"},
	{store.Bytes, "bytes"},
	{store.Units, "unit"},
	{store.Costs, "cost"},
}

// exportedFact is a row of usage.
type exportedFact struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`
	Token  string    `json:"token,omitempty"` // none: of all that had no fact of their own
	Owner  string    `json:"owner,omitempty"`
	Team   string    `json:"team,omitempty"`
	First  string    `json:"first,omitempty"`
	Second string    `json:"second,omitempty"`
	Value  int64     `json:"value"`
}

var factNames = []string{"at", "kind", "token", "owner", "team", "first", "second", "value"}

func (e *exporter) usage(s store.Store) error {
	for _, k := range exportedKinds {
		for fact, err := range s.Facts(e.ctx, store.FactQuery{Filter: e.filter, Kind: k.kind, From: e.from, To: e.to, Level: e.level}) {
			if err != nil {
				return err
			}
			row := exportedFact{
				At: time.Unix(fact.At*60, 0).UTC(), Kind: k.name, Token: fact.Subject.Token, Owner: fact.Subject.Owner, Team: fact.Subject.Team,
				First: fact.First, Second: fact.Second, Value: fact.Value,
			}
			columns := []string{at(row.At), row.Kind, row.Token, row.Owner, row.Team, row.First, row.Second, strconv.FormatInt(row.Value, 10)}
			if err := e.sink.put(row, factNames, columns); err != nil {
				return err
			}
		}
	}
	return nil
}

var eventNames = []string{"id", "time", "kind", "token", "direction", "owner", "team", "tenant", "severity", "name", "body", "trace", "attributes"}

func (e *exporter) events(s store.Store) error {
	for cursor := ""; ; {
		page, err := s.Events(e.ctx, store.EventQuery{Filter: e.filter, From: e.from, To: e.to, Limit: 1_000, Cursor: cursor})
		if err != nil {
			return err
		}
		for i := range page.Events {
			v := &page.Events[i]
			err := e.sink.put(v, eventNames, []string{
				v.ID, at(v.Time), v.Kind, v.Token, v.Direction, v.Owner, v.Team, v.Tenant, v.Severity, v.Name, v.Body, v.Trace, string(v.Attributes),
			})
			if err != nil {
				return err
			}
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

var entryNames = []string{"sequence", "time", "kind", "token", "by", "body", "attributes"}

// journal has no owners: an entry is chosen by its token.
func (e *exporter) journal(s store.Store) error {
	if len(e.filter.Owners) > 0 {
		page, err := s.Tokens(e.ctx, store.TokenQuery{Filter: e.filter, Limit: 1_000})
		if err != nil {
			return err
		}
		for _, token := range page.Tokens {
			e.filter.IDs = append(e.filter.IDs, token.ID)
		}
		if len(e.filter.IDs) == 0 {
			return nil
		}
	}
	wanted := map[string]bool{}
	for _, id := range e.filter.IDs {
		wanted[id] = true
	}
	for after := uint64(0); ; {
		entries, err := s.Journal(e.ctx, after, 1_000)
		if err != nil || len(entries) == 0 {
			return err
		}
		for i := range entries {
			v := &entries[i]
			after = v.Sequence
			if len(wanted) > 0 && !wanted[v.Token] || v.Time.Before(e.from) || !v.Time.Before(e.to) {
				continue
			}
			columns := []string{strconv.FormatUint(v.Sequence, 10), at(v.Time), v.Kind, v.Token, v.By, v.Body, string(v.Attributes)}
			if err := e.sink.put(v, entryNames, columns); err != nil {
				return err
			}
		}
	}
}
