package geo

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// File is a database in a file that may be replaced while it is in use: the last good reading stays in force. One goroutine at a
// time may use it.
type File struct {
	path    string
	content Content
	atlas   *Atlas

	database *Database   // in force
	info     os.FileInfo // of the reading that was tried last; nil: none
	err      error
}

// NewFile is the database at path, to be put into atlas.
func NewFile(path string, content Content, atlas *Atlas) *File {
	return &File{path: path, content: content, atlas: atlas}
}

// Path is where the file is.
func (f *File) Path() string { return f.path }

// Database is the reading in force, nil if there is none.
func (f *File) Database() *Database { return f.database }

// Check reads the file if it has changed since the last call. It says whether another reading came into force, and what is wrong
// with the file as it is now; the same error is returned as long as the file stays as it is.
func (f *File) Check() (changed bool, err error) {
	info, err := os.Stat(f.path)
	if err != nil {
		f.info, f.err = nil, err
		return false, err
	}
	if f.info != nil && os.SameFile(f.info, info) && f.info.Size() == info.Size() && f.info.ModTime().Equal(info.ModTime()) {
		return false, f.err
	}
	f.info = info
	d, err := f.read()
	if err != nil {
		f.err = fmt.Errorf("%s: %w", f.path, err)
		return false, f.err
	}
	f.database, f.err = d, nil
	f.atlas.Put(f.content, d)
	return true, nil
}

// Built is when the data of the reading in force were put together.
func (d *Database) Built() time.Time { return time.Unix(int64(d.reader.Metadata.BuildEpoch), 0).UTC() }

// Type is how the maker calls the database: GeoLite2-City, DBIP-ASN-Lite.
func (d *Database) Type() string { return d.reader.Metadata.DatabaseType }

// read reads the file into memory: a mapped file that somebody cuts short would take the process with it.
func (f *File) read() (*Database, error) {
	raw, err := os.ReadFile(f.path)
	if err != nil {
		return nil, err
	}
	d, err := Open(raw)
	if err != nil {
		return nil, fmt.Errorf("no MaxMind DB file: %w", err)
	}
	return d, d.holds(f.content)
}

const (
	// sample is how many records are looked at to tell what a database holds.
	sample = 1000
	// leaves is how many networks are looked at to find them. In a damaged file there may be no end of networks.
	leaves = 1 << 16
)

// holds says whether the database has what it is there for, by its first records.
func (d *Database) holds(content Content) error {
	seen, n := 0, 0
	for result := range d.reader.Networks(maxminddb.IncludeNetworksWithoutData()) {
		if seen++; seen > leaves || n >= sample {
			break
		}
		if result.Err() == nil && !result.Found() {
			continue
		}
		n++
		var r Record
		if err := result.Decode(&r); err != nil {
			return fmt.Errorf("a damaged database: %w", err)
		}
		switch {
		case content == Countries && r.Country != "",
			content == Cities && (r.City != "" || r.Located || r.Region != ""),
			content == Networks && r.Network != 0:
			return nil
		}
	}
	if n == 0 {
		return errors.New("an empty database")
	}
	return fmt.Errorf("none of its first %d records names %s: it is a %q", n, content.names(), d.Type())
}

// names is what records of a content name.
func (c Content) names() string {
	switch c {
	case Cities:
		return "a city, a region or a position"
	case Networks:
		return "an autonomous system"
	}
	return "a country"
}
