// Package errand is how a command asks the process that has a store open to do something with it: it leaves a file in the store's
// folder, and finds the answer there. Who may write to the folder may ask.
package errand

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/holterhq/holter/internal/store"
)

// Errand is what is to be done. One of its fields.
type Errand struct {
	Erase  *store.Erasure `json:"erase,omitempty"`
	Backup bool           `json:"backup,omitempty"`
}

// Answer is what came of it.
type Answer struct {
	Erased *store.Erased `json:"erased,omitempty"`
	Backup string        `json:"backup,omitempty"` // a file in the folder; whoever asked takes it away
	Error  string        `json:"error,omitempty"`
}

const (
	folder   = "errands"
	asked    = ".ask"
	answered = ".answer"
	saved    = ".tar"
	// staleAfter is how long an answer waits for whoever asked.
	staleAfter = time.Hour
	lookAgain  = 100 * time.Millisecond
)

// ErrNobody says that no process has answered.
var ErrNobody = errors.New("the process that has the store open does not answer: is it an otelcol-holter with the extension token_store on this folder?")

// Ask leaves an errand in the folder of a store and waits for its answer, until ctx ends.
func Ask(ctx context.Context, directory string, e Errand) (Answer, error) {
	place := filepath.Join(directory, folder)
	if err := os.MkdirAll(place, 0o700); err != nil {
		return Answer{}, err
	}
	id := filepath.Join(place, uuid.NewString())
	if err := put(id+asked, e); err != nil {
		return Answer{}, err
	}
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	for {
		var a Answer
		text, err := os.ReadFile(id + answered)
		switch {
		case err == nil:
			if err := json.Unmarshal(text, &a); err != nil {
				return Answer{}, fmt.Errorf("%s: %w", id+answered, err)
			}
			if a.Backup != "" {
				a.Backup = filepath.Join(place, filepath.Base(a.Backup))
			}
			_ = os.Remove(id + answered)
			if a.Error != "" {
				return a, errors.New(a.Error)
			}
			return a, nil
		case !errors.Is(err, fs.ErrNotExist):
			return Answer{}, err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			if os.Remove(id+asked) == nil {
				return Answer{}, ErrNobody
			}
			return Answer{}, fmt.Errorf("it is being done, and takes longer than was waited: %w", ctx.Err())
		}
	}
}

// Do does what was left in the folder, one errand after the other. Errors are for whoever asked; what cannot be told them is returned.
func Do(ctx context.Context, directory string, s store.Store, now time.Time) error {
	place := filepath.Join(directory, folder)
	entries, err := os.ReadDir(place)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	var errs []error
	for _, entry := range entries {
		path := filepath.Join(place, entry.Name())
		id, isAsked := strings.CutSuffix(path, asked)
		if !isAsked {
			if info, err := entry.Info(); err == nil && now.Sub(info.ModTime()) > staleAfter {
				errs = append(errs, os.Remove(path))
			}
			continue
		}
		answer := do(ctx, s, path, id, now)
		if ctx.Err() != nil {
			return ctx.Err() // it is done after the next start
		}
		if err := os.Remove(path); err != nil { // else it would be done again
			errs = append(errs, err)
			continue
		}
		errs = append(errs, put(id+answered, answer))
	}
	return errors.Join(errs...)
}

func do(ctx context.Context, s store.Store, path, id string, now time.Time) Answer {
	text, err := os.ReadFile(path)
	if err != nil {
		return Answer{Error: err.Error()}
	}
	var e Errand
	if err := json.Unmarshal(text, &e); err != nil {
		return Answer{Error: fmt.Sprintf("an errand that cannot be read: %v", err)}
	}
	var a Answer
	switch {
	case e.Erase != nil:
		e.Erase.At = now
		var erased store.Erased
		erased, err = s.Erase(ctx, *e.Erase)
		a.Erased = &erased
	case e.Backup:
		a.Backup = id + saved
		err = backup(ctx, s, a.Backup)
	default:
		err = errors.New("an errand that asks for nothing that is known here: use the holter of the same version")
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

func backup(ctx context.Context, s store.Store, path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(s.Backup(ctx, file), file.Close())
	if err != nil {
		_ = os.Remove(path)
	}
	return err
}

// put writes a file whole or not at all.
func put(path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".tmp", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}
