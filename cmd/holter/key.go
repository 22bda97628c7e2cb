package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/holterhq/holter/internal/identity"
	"github.com/holterhq/holter/internal/seal"
)

// Kinds of keys.
const (
	identityKind    = "identity"
	fingerprintKind = "fingerprint"
	sealKind        = "seal"
)

// marks are the first words of key files, by which a key is not taken for one of another kind.
var marks = map[string]string{identityKind: "# holter identity key", fingerprintKind: "# holter fingerprint keys"}

func keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make and rotate the keys that tokens are named under",
		Long: `Makes and rotates keys. Files are written with mode 0600, at once or not at all.
A private key is printed only with --print.

identity     behind api_token.id. Every collector that sees the same tokens has
             the same one, and it never changes: every baseline hangs on it.
fingerprint  behind api_token.fingerprint. It may be rotated; the file keeps the
             former ones below it.
seal         a pair: the public half seals credentials and goes to every agent,
             the private half opens them and goes to nobody but the responder.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q: holter key --help lists what there is", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var printed bool
	fresh := &cobra.Command{
		Use:   "new identity|fingerprint|seal FILE",
		Short: "Make a key",
		Example: `  holter key new identity holter-identity.key
  holter key new fingerprint holter-fingerprint.key
  holter key new seal holter-seal.key        # and holter-seal.key.pub
  holter key new identity --print | vault kv put secret/holter identity=-`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return newKey(cmd.OutOrStdout(), cmd.ErrOrStderr(), args, printed, time.Now())
		},
	}
	fresh.Flags().BoolVar(&printed, "print", false, "print the key instead of writing it to a file")
	cmd.AddCommand(fresh, &cobra.Command{
		Use:   "rotate FILE",
		Short: "Add a fingerprint key in front of those of a file",
		Args:  oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			return rotateKey(cmd.OutOrStdout(), args[0], time.Now())
		},
	}, &cobra.Command{
		Use:   "id FILE",
		Short: "Print the public ids of the keys of a file",
		Args:  oneFile,
		RunE:  func(cmd *cobra.Command, args []string) error { return printKeyIDs(cmd.OutOrStdout(), args[0]) },
	})
	return cmd
}

func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("name one file: %s", cmd.UseLine())
	}
	return nil
}

// newKey makes a key of a kind and writes or prints it.
func newKey(out, notes io.Writer, args []string, printed bool, now time.Time) error {
	if len(args) == 0 || marks[args[0]] == "" && args[0] != sealKind {
		return errors.New("say which key: holter key new identity|fingerprint|seal FILE")
	}
	kind := args[0]
	if printed != (len(args) == 1) || len(args) > 2 {
		return fmt.Errorf("name one file, or --print: holter key new %s holter-%s.key", kind, kind)
	}
	if kind == sealKind {
		return newSealKey(out, notes, args, printed)
	}
	key := identity.NewKey()
	id := identity.KeyID(key)
	if printed {
		fmt.Fprintln(out, identity.EncodeKey(key))
		fmt.Fprintf(notes, "%s key %s\n", kind, id)
		return nil
	}
	path := args[1]
	text := fmt.Sprintf("%s, made %s. Keep it secret.\n%s # %s\n", marks[kind], now.UTC().Format(time.DateOnly), identity.EncodeKey(key), id)
	if err := writeNew(path, []byte(text), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s key %s: %s\n", kind, id, path)
	if kind == identityKind {
		fmt.Fprintf(out, "Give it to every collector that sees the same tokens, and keep a copy: without it every token is a new one.\n  keys: {identity_file: %s}\n", path)
	} else {
		fmt.Fprintf(out, "Give it to every collector that sees the same tokens.\n  keys: {fingerprint_file: %s}\n", path)
	}
	return nil
}

func newSealKey(out, notes io.Writer, args []string, printed bool) error {
	key, err := seal.NewKey()
	if err != nil {
		return err
	}
	private, err := key.Text()
	if err != nil {
		return err
	}
	if printed {
		fmt.Fprintln(out, private)
		fmt.Fprintln(notes, key.Public().Text())
		return nil
	}
	path := args[1]
	if err := writeNew(path, []byte(private+"\n"), 0o600); err != nil {
		return err
	}
	if err := writeNew(path+".pub", []byte(key.Public().Text()+"\n"), 0o644); err != nil {
		_ = os.Remove(path) // half a pair is worse than none
		return err
	}
	fmt.Fprintf(out, "seal key %s: %s opens, %s.pub seals\n", key.ID(), path, path)
	fmt.Fprintf(out, "Give the public half to every agent, and the private one to nobody but the responder.\n  seal: {public_key_file: %s.pub}\n", path)
	return nil
}

// rotateKey adds a fingerprint key in front of those of a file.
func rotateKey(out io.Writer, path string, now time.Time) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not there: holter key new fingerprint %s makes it", path, path)
	}
	if err != nil {
		return err
	}
	if bytes.HasPrefix(text, []byte(marks[identityKind])) {
		return fmt.Errorf("%s is an identity key: it never changes, because every id and every baseline hangs on it; rotate the fingerprint key", path)
	}
	former, err := identity.ParseKeyring(text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	key := identity.NewKey()
	line := fmt.Sprintf("%s # %s, made %s\n", identity.EncodeKey(key), identity.KeyID(key), now.UTC().Format(time.DateOnly))
	head, rest := marks[fingerprintKind]+". The first signs, the others are former ones. Keep them secret.\n", string(text)
	if strings.HasPrefix(rest, marks[fingerprintKind]) {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	if err := replace(path, []byte(head+line+rest)); err != nil {
		return err
	}
	fmt.Fprintf(out, "fingerprint key %s signs from now on, %s is still looked up, with %d before it\n", identity.KeyID(key), identity.KeyID(former[0]), len(former)-1)
	fmt.Fprintln(out, "Give the file to every collector that shares it, and restart them. Token ids do not change.")
	return nil
}

func printKeyIDs(out io.Writer, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if key, err := seal.ParsePrivateKey(string(text)); err == nil {
		fmt.Fprintln(out, key.ID())
		return nil
	}
	if key, err := seal.ParsePublicKey(string(text)); err == nil {
		fmt.Fprintln(out, key.ID())
		return nil
	}
	keys, err := identity.ParseKeyring(text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, key := range keys {
		fmt.Fprintln(out, identity.KeyID(key))
	}
	return nil
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, text []byte, mode fs.FileMode) error {
	next, err := temporary(path, text, mode)
	if err != nil {
		return err
	}
	defer os.Remove(next)
	if err := os.Link(next, path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s is there already: keys are never written over; choose another name, or move it away", path)
		}
		return fmt.Errorf("write key: %w", err)
	}
	return nil
}

// replace puts a file in the place of another, whole or not at all.
func replace(path string, text []byte) error {
	next, err := temporary(path, text, 0o600)
	if err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		_ = os.Remove(next)
		return fmt.Errorf("write key: %w", err)
	}
	return nil
}

// temporary writes a file beside the path.
func temporary(path string, text []byte, mode fs.FileMode) (string, error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".holter-key-*")
	if err != nil {
		return "", fmt.Errorf("write key: %w", err)
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Chmod(mode)
	}
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return "", fmt.Errorf("write key: %w", err)
	}
	return file.Name(), nil
}
