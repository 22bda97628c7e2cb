package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/store/embedded"
	"github.com/holterhq/holter/internal/store/errand"
)

// errandTime is how long a running collector has for what it is asked.
const errandTime = 10 * time.Minute

func storeCommand() *cobra.Command {
	var directory string
	cmd := &cobra.Command{
		Use:   "store",
		Short: "Back up, export and erase what the token_store extension keeps",
		Long: `Works on the folder of a token_store extension, whether a collector has it open
or not: what only the one who has it open can do is asked of the collector.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q: holter store --help lists what there is", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&directory, "directory", defaultStore(), "the folder, as in token_store::directory")
	cmd.AddCommand(storeStatusCommand(&directory), storeBackupCommand(&directory), storeExportCommand(&directory), storeEraseCommand(&directory))
	return cmd
}

// defaultStore is where the built-in configuration has its store.
func defaultStore() string {
	data := os.Getenv("HOLTER_DATA")
	if data == "" {
		data = "holter-data"
	}
	return filepath.Join(data, "store")
}

func storeStatusCommand(directory *string) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say how much is kept, since when, and whether something is off",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), *directory, func(s store.Store) error {
				status, err := s.Status(cmd.Context())
				if err != nil {
					return err
				}
				return printStatus(cmd.OutOrStdout(), status)
			})
		},
	}
}

func printStatus(out io.Writer, s store.Status) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "tokens\t%d\nfacts of minutes\t%d\nbytes\t%d\n", s.Tokens, s.Facts, s.Bytes)
	if !s.Newest.IsZero() {
		fmt.Fprintf(w, "oldest minute\t%s\nnewest minute\t%s\n", s.Oldest.UTC().Format(time.RFC3339), s.Newest.UTC().Format(time.RFC3339))
	}
	if s.Trouble != "" {
		fmt.Fprintf(w, "trouble\t%s\n", s.Trouble)
	}
	return w.Flush()
}

func storeBackupCommand(directory *string) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write all that is kept into a tar file; unpacked into an empty folder it is a store",
		Example: `  holter store backup holter-$(date +%F).tar
  holter store backup - | zstd > holter.tar.zst
  mkdir restored && tar -xf holter.tar -C restored`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runBackup(cmd.Context(), *directory, args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
}

func runBackup(ctx context.Context, directory, path string, out, notes io.Writer) (err error) {
	if path != "-" {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s is there already: backups are never written over; choose another name, or move it away", path)
			}
			return err
		}
		defer func() {
			if err = errors.Join(err, file.Close()); err != nil {
				_ = os.Remove(path)
			}
		}()
		out = file
	}
	counter := &counting{to: out}
	if err := backup(ctx, directory, counter); err != nil {
		return err
	}
	fmt.Fprintf(notes, "%d bytes\n", counter.n)
	return nil
}

// counting counts what is written.
type counting struct {
	to io.Writer
	n  int64
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}

// backup writes the tar file of a store, which a collector may have open.
func backup(ctx context.Context, directory string, out io.Writer) error {
	s, err := openStore(directory)
	if err == nil {
		return errors.Join(s.Backup(ctx, out), s.Close())
	}
	if !errors.Is(err, store.ErrInUse) {
		return err
	}
	answer, err := ask(ctx, directory, errand.Errand{Backup: true})
	if err != nil {
		return err
	}
	defer os.Remove(answer.Backup)
	file, err := os.Open(answer.Backup)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(out, file)
	return err
}

func ask(ctx context.Context, directory string, e errand.Errand) (errand.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, errandTime)
	defer cancel()
	return errand.Ask(ctx, directory, e)
}

// openStore opens a store that is there.
func openStore(directory string) (store.Store, error) {
	if info, err := os.Stat(directory); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is no store: name the folder of token_store::directory with --directory", directory)
	}
	return embedded.Open(embedded.Options{Folder: directory})
}

// withStore does something with a store; where a collector has it open, with a copy.
func withStore(ctx context.Context, directory string, do func(store.Store) error) error {
	s, err := openStore(directory)
	if errors.Is(err, store.ErrInUse) {
		copied, remove, copyErr := copyOf(ctx, directory)
		if copyErr != nil {
			return copyErr
		}
		defer remove()
		s, err = openStore(copied)
	}
	if err != nil {
		return err
	}
	return errors.Join(do(s), s.Close())
}

// copyOf is a copy of a store that a collector has open.
func copyOf(ctx context.Context, directory string) (copied string, remove func(), err error) {
	copied, err = os.MkdirTemp("", "holter-store-*")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.RemoveAll(copied) }
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(backup(ctx, directory, writer)) }()
	err = untar(reader, copied)
	_ = reader.CloseWithError(err)
	if err != nil {
		remove()
		return "", nil, err
	}
	return copied, remove, nil
}

// untar unpacks a backup into an empty folder.
func untar(in io.Reader, folder string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	for files := tar.NewReader(in); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if parent := filepath.Dir(header.Name); parent != "." {
			if err := root.MkdirAll(parent, 0o700); err != nil {
				return err
			}
		}
		file, err := root.Create(header.Name)
		if err != nil {
			return err
		}
		_, err = io.Copy(file, files)
		if err = errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
}

// eraseFlags is what holter store erase is asked for.
type eraseFlags struct {
	tokens      []string
	owner       string
	environment string
	by          string
	yes         bool
}

func storeEraseCommand(directory *string) *cobra.Command {
	var f eraseFlags
	cmd := &cobra.Command{
		Use:   "erase",
		Short: "Erase all that is kept about an owner or some tokens",
		Long: `Erases usage, events, journal entries and the record of the tokens, and leaves a
tombstone in the journal: when, by whom, how much, and keyed references from which
nobody can be found. Components of a running collector that remember the tokens
(token_behavior, token_identity, token_registry) forget them at once; where none
runs they do after the next start, and until then their ids stand in a note.

What backends, backups and files of other exporters hold is theirs to erase.`,
		Example: `  holter store erase --owner acme --by ada --yes
  holter store erase --token tok_7gq3… --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runErase(cmd.Context(), *directory, f, cmd.OutOrStdout(), time.Now())
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringSliceVar(&f.tokens, "token", nil, "api_token.id of a token; may be given several times")
	fl.StringVar(&f.owner, "owner", "", "api_token.owner.id: all of the owner's tokens")
	fl.StringVar(&f.environment, "environment", "", "deployment.environment.name: all tokens of it, such as holter-demo")
	fl.StringVar(&f.by, "by", "", "who wants it, for the tombstone (default: the user of this process)")
	fl.BoolVar(&f.yes, "yes", false, "do it: without this, nothing is erased, and what would be is said")
	return cmd
}

func runErase(ctx context.Context, directory string, f eraseFlags, out io.Writer, now time.Time) error {
	given := 0
	for _, one := range []bool{len(f.tokens) > 0, f.owner != "", f.environment != ""} {
		if one {
			given++
		}
	}
	if given != 1 {
		return errors.New("say whose data is to go: one of --token, --owner and --environment")
	}
	if f.by == "" {
		f.by = "unknown"
		if who, err := user.Current(); err == nil {
			f.by = who.Username
		}
	}
	if !f.yes {
		return withStore(ctx, directory, func(s store.Store) error { return foretell(ctx, s, f, out) })
	}
	erased, running, err := erase(ctx, directory, store.Erasure{Tokens: f.tokens, Owner: f.owner, Environment: f.environment, By: f.by, At: now})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "erased: %d tokens, %d facts, %d events, %d entries of the journal\n", len(erased.Tokens), erased.Facts, erased.Events, erased.Entries)
	tellMemories(erased, running, out)
	return nil
}

// tellMemories says who has forgotten the tokens beside the store.
func tellMemories(erased store.Erased, running bool, out io.Writer) {
	switch {
	case len(erased.Tokens) == 0:
	case !running:
		fmt.Fprintln(out, "no collector is running: what its components remember of the tokens they forget after the next start")
	case len(erased.Reached) > 0:
		fmt.Fprintf(out, "forgotten by: %s\n", strings.Join(erased.Reached, ", "))
	}
	for _, missed := range erased.Missed {
		fmt.Fprintf(out, "not forgotten yet, it is tried again: %s\n", missed)
	}
}

// erase erases, or has the collector that is running do so.
func erase(ctx context.Context, directory string, e store.Erasure) (erased store.Erased, running bool, err error) {
	s, err := openStore(directory)
	if err == nil {
		erased, err := s.Erase(ctx, e)
		return erased, false, errors.Join(err, s.Close())
	}
	if !errors.Is(err, store.ErrInUse) {
		return store.Erased{}, false, err
	}
	answer, err := ask(ctx, directory, errand.Errand{Erase: &e})
	if err != nil {
		return store.Erased{}, true, err
	}
	return *answer.Erased, true, nil
}

// foretell says what would be erased.
func foretell(ctx context.Context, s store.Store, f eraseFlags, out io.Writer) error {
	filter := store.TokenFilter{IDs: f.tokens}
	if f.owner != "" {
		filter.Owners = []string{f.owner}
	}
	if f.environment != "" {
		filter.Environments = []string{f.environment}
	}
	page, err := s.Tokens(ctx, store.TokenQuery{Filter: filter, Limit: 10})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d tokens would be erased, with all that is kept about them:\n", page.Total)
	for _, token := range page.Tokens {
		fmt.Fprintf(out, "  %s\n", strings.Join(strings.Fields(token.ID+" "+token.Hint+" "+token.OwnerName), " "))
	}
	if page.Next != "" {
		fmt.Fprintln(out, "  …")
	}
	fmt.Fprintln(out, "Nothing was erased. Add --yes to do it.")
	return nil
}
