package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/holterhq/holter/internal/registry"
)

// seenFlags is what holter registry seen is asked for.
type seenFlags struct {
	endpoint string
	tokenEnv string
	yaml     bool
	limit    int
}

func registrySeenCommand() *cobra.Command {
	var f seenFlags
	cmd := &cobra.Command{
		Use:   "seen",
		Short: "List the tokens that are used and not registered, with a guess at whose they are",
		Long: `Asks a token_registry extension (its http: must be configured) which tokens are
used and not registered, the last used first.

With --yaml the answer is ready to be pasted into a registry file: each token joined
by what its hint shows, or by its claims. A guess at the owner is written as a
comment. Read it before you believe it.`,
		Example: `  holter registry seen
  holter registry seen --endpoint https://holter.example.com:13134 --bearer-env HOLTER_API_TOKEN
  holter registry seen --yaml >> owners.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runSeen(cmd.Context(), f, cmd.OutOrStdout(), time.Now())
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.endpoint, "endpoint", "http://localhost:13134", "the http endpoint of the extension")
	fl.StringVar(&f.tokenEnv, "bearer-env", "", "the environment variable that holds the bearer token for it, where it asks for one")
	fl.BoolVar(&f.yaml, "yaml", false, "print entries for a registry file")
	fl.IntVar(&f.limit, "limit", 100, "how many at most")
	return cmd
}

func runSeen(ctx context.Context, f seenFlags, out io.Writer, now time.Time) error {
	tokens, err := f.ask(ctx)
	if err != nil {
		return err
	}
	if f.yaml {
		return writeSeenYAML(out, tokens)
	}
	if len(tokens) == 0 {
		_, err := fmt.Fprintln(out, "Every token that was seen is registered.")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TOKEN\tID\tREQUESTS\tFIRST SEEN\tLAST SEEN\tSERVICES\tCOUNTRIES\tNETWORKS\tMAY BE OF")
	for _, t := range tokens {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", t.Hint, t.ID, t.Requests, ago(now, t.FirstSeen), ago(now, t.LastSeen),
			few(t.Services), few(t.Countries), few(texts(t.Networks)), guessOf(t))
	}
	return w.Flush()
}

// ask asks the extension.
func (f *seenFlags) ask(ctx context.Context) ([]registry.Suspect, error) {
	u, err := url.Parse(f.endpoint)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("--endpoint %q is no URL: write http://localhost:13134", f.endpoint)
	}
	u = u.JoinPath("v1/tokens/unregistered")
	u.RawQuery = fmt.Sprintf("limit=%d", f.limit)
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	if f.tokenEnv != "" {
		request.Header.Set("Authorization", "Bearer "+os.Getenv(f.tokenEnv))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: give token_registry an http: section, and name its endpoint with --endpoint", err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Tokens []registry.Suspect `json:"tokens"`
		Error  string             `json:"error"`
	}
	err = json.NewDecoder(io.LimitReader(response.Body, 64<<20)).Decode(&answer)
	switch {
	case response.StatusCode != http.StatusOK && answer.Error != "":
		return nil, fmt.Errorf("%s: %s", u.Host, answer.Error)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s answers %s", u, response.Status)
	case err != nil:
		return nil, fmt.Errorf("%s is no API of token_registry: %w", u, err)
	}
	return answer.Tokens, nil
}

// writeSeenYAML writes tokens as they would stand below tokens: in a registry file.
func writeSeenYAML(out io.Writer, tokens []registry.Suspect) error {
	for _, t := range tokens {
		fmt.Fprintf(out, "  # %s: %d requests from %s to %s; %s\n", t.Hint, t.Requests, date(t.FirstSeen), date(t.LastSeen), guessOf(t))
		draft := t.Joins
		draft.ID = t.ID
		if draft.Prefix == "" && draft.User == "" && draft.Claims == nil {
			fmt.Fprintf(out, "  # %s is too short to be known by its ends: holter registry add takes the token itself\n", t.ID)
			continue
		}
		var entry strings.Builder
		encoder := yaml.NewEncoder(&entry)
		encoder.SetIndent(2)
		if err := encoder.Encode([]registry.Draft{draft}); err != nil {
			return err
		}
		for line := range strings.Lines(entry.String()) {
			fmt.Fprint(out, "  ", line)
		}
	}
	return nil
}

func guessOf(t registry.Suspect) string {
	if t.Guess == nil {
		return "nobody known"
	}
	return fmt.Sprintf("perhaps %s (%.0f %%, a guess): %s", t.Guess.Owner, 100*t.Guess.Confidence, t.Guess.Reason)
}

func ago(now, when time.Time) string {
	since := now.Sub(when)
	switch {
	case since < 0:
		return date(when)
	case since < 2*time.Minute:
		return "now"
	case since < 2*time.Hour:
		return fmt.Sprintf("%.0f min ago", since.Minutes())
	case since < 48*time.Hour:
		return fmt.Sprintf("%.0f h ago", since.Hours())
	}
	return date(when)
}

func date(when time.Time) string { return when.UTC().Format("2006-01-02 15:04") }

// few is the beginning of a list.
func few(list []string) string {
	const most = 2
	if len(list) > most {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" +%d", len(list)-most)
	}
	return strings.Join(list, ", ")
}

func texts[T fmt.Stringer](list []T) []string {
	all := make([]string, len(list))
	for i := range list {
		all[i] = list[i].String()
	}
	return all
}
