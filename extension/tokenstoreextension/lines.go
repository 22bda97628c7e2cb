package tokenstoreextension

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/holterhq/holter/internal/otelattr"
	"github.com/holterhq/holter/internal/store"
	"github.com/holterhq/holter/internal/tokenstore"
)

// lines are files of JSON lines that somebody else appends to, as the file exporter does. What is taken out leaves blanks: no line moves, and
// the writer goes on where it was.
type lines struct {
	pattern string
	settle  time.Duration // after that nothing older is in the writer's buffer
}

// buffered is for how long the file exporter holds lines back at most, with its own defaults.
const buffered = 1100 * time.Millisecond

// forget takes out what tells of tokens, twice: what the writer held back meanwhile as well.
func (l lines) forget(ctx context.Context, of store.Forgetting) error {
	if err := l.sweep(of); err != nil {
		return err
	}
	select {
	case <-time.After(l.settle):
		return l.sweep(of)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l lines) sweep(of store.Forgetting) error {
	paths, err := filepath.Glob(l.pattern)
	if err != nil {
		return err
	}
	s := newSweeper(of)
	var errs []error
	for _, path := range paths {
		if err := s.file(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
		}
	}
	return errors.Join(errs...)
}

// sweeper takes tokens out of lines.
type sweeper struct {
	gone  otelattr.Gone
	words *tokenstore.Finder
}

func newSweeper(of store.Forgetting) *sweeper {
	return &sweeper{gone: otelattr.NewGone(of.Tokens, of.Words), words: tokenstore.NewFinder(of.Tokens, of.Words)}
}

func (s *sweeper) file(path string) (err error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	r := bufio.NewReaderSize(file, 1<<20)
	for at := int64(0); ; {
		line, failed := r.ReadBytes('\n')
		if text := bytes.TrimRight(line, "\n"); s.words.In(text) {
			if _, err := file.WriteAt(s.without(text), at); err != nil {
				return err
			}
		}
		at += int64(len(line))
		if errors.Is(failed, io.EOF) {
			return nil
		}
		if failed != nil {
			return failed
		}
	}
}

// without is a line of the same length that tells nothing of the tokens: the other records of it, or none.
func (s *sweeper) without(line []byte) []byte {
	rest := s.others(line)
	if len(rest) == 0 || len(rest) > len(line) {
		rest = []byte("{}")
	}
	blank := bytes.Repeat([]byte{' '}, len(line))
	if len(rest) <= len(blank) {
		copy(blank, rest)
	}
	return blank
}

// others are the log records of a line that tell of somebody else, empty if there are none.
func (s *sweeper) others(line []byte) []byte {
	ld, err := new(plog.JSONUnmarshaler).UnmarshalLogs(line)
	if err != nil {
		return nil
	}
	for _, resource := range ld.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			scope.LogRecords().RemoveIf(func(record plog.LogRecord) bool {
				changed, kept := otelattr.ForgetEvent(record, s.gone)
				if kept && changed != record {
					changed.CopyTo(record)
				}
				return !kept || s.told(record.Body()) || s.toldIn(record.Attributes())
			})
		}
	}
	if ld.LogRecordCount() == 0 {
		return nil
	}
	rest, err := new(plog.JSONMarshaler).MarshalLogs(ld)
	if err != nil {
		return nil
	}
	return rest
}

// told says whether a text in a value has one of the words.
func (s *sweeper) told(v pcommon.Value) bool {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return s.words.In([]byte(v.Str()))
	case pcommon.ValueTypeMap:
		return s.toldIn(v.Map())
	case pcommon.ValueTypeSlice:
		for _, one := range v.Slice().All() {
			if s.told(one) {
				return true
			}
		}
	}
	return false
}

func (s *sweeper) toldIn(m pcommon.Map) bool {
	for _, v := range m.All() {
		if s.told(v) {
			return true
		}
	}
	return false
}
