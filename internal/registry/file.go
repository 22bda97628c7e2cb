package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// File is a registry in a file that may be changed, replaced or lost while it is in use: the last good reading stays in force.
// Snapshot may be called at any time; Check by one goroutine at a time.
type File struct {
	path     string
	format   Format
	interval time.Duration
	optional bool
	current  atomic.Pointer[Snapshot]

	mu   sync.Mutex
	seen stamp
	err  error
}

// stamp is what a change of the file shows in. A file that was replaced by renaming is another one.
type stamp struct {
	info os.FileInfo
	size int64
	time time.Time
}

// NewFile is a registry in the file at path, to be looked at every interval. An optional one need not exist or be good: until it
// is there is no registry. Its format is what its name says.
func NewFile(path string, interval time.Duration, optional bool) *File {
	return &File{path: path, format: FormatOf(path), interval: interval, optional: optional}
}

// As reads the file in a format, whatever its name says.
func (f *File) As(format Format) *File {
	f.format = format
	return f
}

// Name is "file" and the path.
func (f *File) Name() string { return "file " + f.path }

// Interval is how often to look at the file.
func (f *File) Interval() time.Duration { return f.interval }

// Optional says whether the file need not be there.
func (f *File) Optional() bool { return f.optional }

// Snapshot is the reading in force, nil if there is none.
func (f *File) Snapshot() *Snapshot { return f.current.Load() }

// Check reads the file if it has changed since the last call. It says whether another reading came into force, and what is
// wrong with the file as it is now; the same error is returned as long as the file stays as it is.
func (f *File) Check(context.Context) (changed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if err != nil {
		f.seen = stamp{}
		if errors.Is(err, fs.ErrNotExist) && f.optional && f.current.Load() == nil {
			f.err = nil
			return false, nil
		}
		f.err = fmt.Errorf("file: %w", err)
		return false, f.err
	}
	now := stamp{info: info, size: info.Size(), time: info.ModTime()}
	if f.seen.info != nil && os.SameFile(f.seen.info, now.info) && f.seen.size == now.size && f.seen.time.Equal(now.time) {
		return false, f.err
	}
	snapshot, err := f.read()
	if err != nil {
		f.seen, f.err = now, fmt.Errorf("file: %s: %w", f.path, err)
		return false, f.err
	}
	f.seen, f.err = now, nil
	f.current.Store(snapshot)
	return true, nil
}

func (f *File) read() (*Snapshot, error) {
	r, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return f.format.Parse(r)
}
