package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/registry"
)

// decoyFlags is what holter decoy is asked for.
type decoyFlags struct {
	format, prefix  string
	count           int
	registry, owner string
	planted         string
	tags            map[string]string
}

func decoyCommand() *cobra.Command {
	var f decoyFlags
	cmd := &cobra.Command{
		Use:   "decoy",
		Short: "Mint keys that open nothing and raise the alarm when anybody uses them",
		Long: `Mints keys that pass for real ones, checksums included, and adds them to a
registry file with status: decoy. Plant them where a thief looks and nobody else
does: a wiki, a CI variable, a backup, an image. Any use is a decoy_use event,
FATAL.

The keys are printed once and kept nowhere: the file holds their SHA-256.

Formats: ` + strings.Join(credential.Mintable(), ", "),
		Example: `  holter decoy --planted "CI variables of the billing project"
  holter decoy --format stripe_secret_key --count 3 --registry owners.yaml --tag environment=production
  holter decoy --prefix corp_live_ --owner security`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("format") && f.prefix != "" {
				return errors.New("--format names a published format and --prefix begins one of your own: give one of them")
			}
			return runDecoy(f, cmd.OutOrStdout(), cmd.ErrOrStderr(), rand.Reader, time.Now())
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.format, "format", "github_pat", "what the keys look like")
	fl.StringVar(&f.prefix, "prefix", "", "the beginning of keys of your own, such as corp_live_, instead of a format")
	fl.IntVar(&f.count, "count", 1, "how many")
	fl.StringVar(&f.registry, "registry", "owners.yaml", "the registry file that they are added to")
	fl.StringVar(&f.owner, "owner", "", "who answers for them, one of the file's owners")
	fl.StringVar(&f.planted, "planted", "", "where they will lie: the alarm says so (the tag planted)")
	fl.StringToStringVar(&f.tags, "tag", nil, "tags to write beside them, key=value")
	return cmd
}

// runDecoy mints keys, registers them, and prints them only when they are registered.
func runDecoy(f decoyFlags, out, notes io.Writer, random io.Reader, now time.Time) error {
	if f.count < 1 || f.count > 1000 {
		return fmt.Errorf("--count %d: mint 1 to 1000 at a time", f.count)
	}
	tags := map[string]string{"minted": now.UTC().Format(time.DateOnly)}
	if f.planted != "" {
		tags["planted"] = f.planted
	}
	maps.Copy(tags, f.tags)
	secrets, entries := make([]string, f.count), make([]registry.Draft, f.count)
	for i := range f.count {
		secret, err := f.mint(random)
		if err != nil {
			return err
		}
		id := make([]byte, 5)
		if _, err := io.ReadFull(random, id); err != nil {
			return err
		}
		entries[i] = registry.Draft{ID: "decoy_" + hex.EncodeToString(id), Owner: f.owner, Status: registry.Decoy, Tags: tags}
		entries[i].Joins(credential.Parse(credential.Plain, secret))
		secrets[i] = secret
	}
	if err := registry.Append(f.registry, entries...); err != nil {
		return err
	}
	for i, secret := range secrets {
		fmt.Fprintf(out, "%s %s\n", entries[i].ID, secret)
	}
	_, err := fmt.Fprintf(notes, "%d added to %s. The keys above are kept nowhere: plant them now.\n", f.count, f.registry)
	return err
}

func (f *decoyFlags) mint(random io.Reader) (string, error) {
	if f.prefix == "" {
		return credential.Mint(f.format, random)
	}
	return credential.MintOwn(f.prefix, random)
}
