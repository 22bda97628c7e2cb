package main

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/registry"
)

func registryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "registry",
		Short: "Look after the registry: whose tokens are whose",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q: holter registry --help lists what there is", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(registryCheckCommand(), registryAddCommand(), registrySeenCommand())
	return cmd
}

func registryCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "check FILE...",
		Short:   "Say whether Holter would take a registry file, and what is wrong with it",
		Example: "  holter registry check owners.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var errs []error
			for _, path := range args {
				source := registry.NewFile(path, 0, false)
				if _, err := source.Check(cmd.Context()); err != nil {
					errs = append(errs, err)
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: good, %d tokens\n", path, source.Snapshot().Len())
			}
			return errors.Join(errs...)
		},
	}
}

// addFlags is what holter registry add is asked for.
type addFlags struct {
	registry string
	entry    registry.Draft
	status   string
}

func registryAddCommand() *cobra.Command {
	var f addFlags
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Register a token: its digest is written down, never the token",
		Long: `Reads a token from the terminal, where it is not shown, or from standard input,
and adds it to a registry file: the SHA-256 and the ends of a key, the claims of a
JWT, the user of Basic (as user:password in base64, after the word Basic).`,
		Example: `  holter registry add --owner acme
  pass show acme/api | holter registry add --registry owners.yaml --id acme_production --owner acme --tag plan=gold`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			secret, err := readSecret(cmd.InOrStdin(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return runAdd(f, secret, cmd.OutOrStdout())
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.registry, "registry", "owners.yaml", "the registry file")
	fl.StringVar(&f.entry.ID, "id", "", "the registry's own id of the token (default: drawn by lot)")
	fl.StringVar(&f.entry.Owner, "owner", "", "who answers for it, one of the file's owners")
	fl.StringVar(&f.entry.ExpiresAt, "expires-at", "", "2026-12-31T23:59:59Z or 2026-12-31")
	fl.StringVar(&f.status, "status", "", "active (default), expired, revoked, leaked or decoy")
	fl.StringSliceVar(&f.entry.Scopes, "scope", nil, "what it may be used for")
	fl.StringToStringVar(&f.entry.Tags, "tag", nil, "tags, key=value")
	return cmd
}

func runAdd(f addFlags, secret string, out io.Writer) error {
	c := parsePresented(secret)
	f.entry.Status = registry.Status(f.status)
	if f.entry.ID == "" {
		id := make([]byte, 5)
		_, _ = rand.Read(id) // never fails
		f.entry.ID = "key_" + hex.EncodeToString(id)
	}
	f.entry.Joins(c)
	if err := registry.Append(f.registry, f.entry); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%s (%s) added to %s\n", f.entry.ID, c.Hint(), f.registry)
	return err
}

// parsePresented reads a credential as it stands in an Authorization header, or alone.
func parsePresented(text string) credential.Credential {
	scheme, rest, ok := strings.Cut(text, " ")
	switch {
	case ok && strings.EqualFold(scheme, "basic"):
		return credential.Parse(credential.BasicScheme, strings.TrimSpace(rest))
	case ok:
		text = strings.TrimSpace(rest)
	}
	return credential.Parse(credential.Plain, text)
}

// readSecret reads one line, unseen if somebody types it.
func readSecret(in io.Reader, prompt io.Writer) (string, error) {
	var line string
	if file, ok := in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprint(prompt, "Token (not shown): ")
		typed, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(prompt)
		if err != nil {
			return "", fmt.Errorf("read the token: %w", err)
		}
		line = string(typed)
	} else {
		var err error
		if line, err = bufio.NewReader(io.LimitReader(in, longestSecret)).ReadString('\n'); err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the token: %w", err)
		}
	}
	if line = strings.TrimSpace(line); len(line) < 8 {
		return "", errors.New("no token was given: type it, or pipe it in on one line; it has at least 8 characters")
	}
	return line, nil
}

const longestSecret = 1 << 16
