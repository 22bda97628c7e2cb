package evaluate

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/geo"
)

// columns of a CSV. Of two names for one, the latter is that of holter sim --csv.
var columns = map[string]int{
	"t": colTime, "time": colTime, "token": colToken, "registry_id": colToken, "service": colService, "version": colVersion, "method": colMethod,
	"route": colRoute, "path": colPath, "status": colStatus, "req_bytes": colSent, "request_bytes": colSent, "resp_bytes": colReceived,
	"response_bytes": colReceived, "ip": colAddress, "address": colAddress, "network": colNetwork, "country": colCountry,
	"user_agent": colClient, "owner": colOwner, "duration_ms": colDuration,
}

const (
	colTime = iota
	colToken
	colService
	colVersion
	colMethod
	colRoute
	colPath
	colStatus
	colSent
	colReceived
	colAddress
	colNetwork
	colCountry
	colClient
	colOwner
	colDuration
	columnCount
)

// CSV is the stream of files, merged by time. Each file is in the order of its times; one that ends in .gz is unpacked.
func CSV(paths []string, labels map[string]Label, from time.Time) *Stream {
	return &Stream{
		Name: strings.Join(paths, " and "), Labels: labels, From: from,
		Each: func(ctx context.Context, yield func(*behavior.Observation, float64) error) (err error) {
			countries, err := geo.Embedded()
			if err != nil {
				return err
			}
			var files []*table
			defer func() {
				for _, f := range files {
					err = errors.Join(err, f.file.Close())
				}
			}()
			for _, path := range paths {
				f, err := openTable(path, countries)
				if err != nil {
					return err
				}
				files = append(files, f)
			}
			return merge(ctx, files, yield)
		},
	}
}

// merge hands on the rows of all files by time; of the same time, those of the file that is named first.
func merge(ctx context.Context, files []*table, yield func(*behavior.Observation, float64) error) error {
	var size int64
	for _, f := range files {
		size += max(1, f.size)
		if err := f.advance(); err != nil {
			return err
		}
	}
	for ctx.Err() == nil {
		var first *table
		var read int64
		for _, f := range files {
			read += f.read.n
			if !f.ended && (first == nil || f.next.Time < first.next.Time) {
				first = f
			}
		}
		if first == nil {
			return nil
		}
		o := first.next
		if err := first.advance(); err != nil {
			return err
		}
		if err := yield(&o, float64(read)/float64(size)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// table reads a CSV file row by row.
type table struct {
	path      string
	file      *os.File
	size      int64
	read      *counted
	rows      *csv.Reader
	at        [columnCount]int // the place of each column in a row, -1 where the file has none
	countries *geo.Database
	next      behavior.Observation
	ended     bool
}

// counted counts what was read.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

func openTable(path string, countries *geo.Database) (*table, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read requests: %w", err)
	}
	t := &table{path: path, file: file, read: &counted{Reader: file}, countries: countries}
	if err := t.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("read requests: %s: %w", path, err), file.Close())
	}
	return t, nil
}

func (t *table) open() error {
	info, err := t.file.Stat()
	if err != nil {
		return err
	}
	t.size = info.Size()
	var r io.Reader = bufio.NewReaderSize(t.read, 1<<16)
	if strings.HasSuffix(t.path, ".gz") {
		if r, err = gzip.NewReader(r); err != nil {
			return err
		}
	}
	t.rows = csv.NewReader(r)
	head, err := t.rows.Read()
	if err != nil {
		return fmt.Errorf("a first line with the names of the columns is missing: %w", err)
	}
	return t.heading(head)
}

func (t *table) heading(head []string) error {
	for c := range t.at {
		t.at[c] = -1
	}
	for i, name := range head {
		// A registry's id tells more tokens apart than the hint that stands in the column before it.
		if c, ok := columns[strings.TrimPrefix(name, "\ufeff")]; ok && (t.at[c] < 0 || name == "registry_id") {
			t.at[c] = i
		}
	}
	for c, name := range map[int]string{colTime: "t", colToken: "token"} {
		if t.at[c] < 0 {
			return fmt.Errorf("no column %q: there are %s", name, strings.Join(head, ", "))
		}
	}
	return nil
}

// advance reads the next row.
func (t *table) advance() error {
	row, err := t.rows.Read()
	if errors.Is(err, io.EOF) {
		t.ended = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("read requests: %s: %w", t.path, err)
	}
	line, _ := t.rows.FieldPos(0)
	o, err := t.parse(row)
	switch {
	case err != nil:
		return fmt.Errorf("read requests: %s: line %d: %w", t.path, line, err)
	case o.Time < t.next.Time:
		return fmt.Errorf("read requests: %s: line %d: it is earlier than the line before: sort the file by time", t.path, line)
	}
	t.next = o
	return nil
}

func (t *table) parse(row []string) (o behavior.Observation, err error) {
	cell := func(c int) string {
		if i := t.at[c]; i >= 0 {
			return row[i]
		}
		return ""
	}
	whole := func(c int, otherwise int64) int64 {
		s := cell(c)
		if s == "" || err != nil {
			return otherwise
		}
		n, parseErr := strconv.ParseInt(s, 10, 64)
		if parseErr != nil {
			err = fmt.Errorf("%q is no whole number", s)
		}
		return n
	}
	if o.Time, err = parseTime(cell(colTime)); err != nil {
		return o, err
	}
	o.Token, o.Service, o.Version, o.Method, o.Route, o.Path = cell(colToken), cell(colService), cell(colVersion), cell(colMethod), cell(colRoute), cell(colPath)
	o.Hint, o.OwnerID, o.OwnerName = o.Token, cell(colOwner), cell(colOwner)
	o.Country, o.Network, o.Client = cell(colCountry), cell(colNetwork), cell(colClient)
	o.RequestBytes, o.ResponseBytes, o.Duration = whole(colSent, -1), whole(colReceived, -1), -1
	answer(&o, int(whole(colStatus, 0)))
	if s := cell(colDuration); s != "" && err == nil {
		ms, parseErr := strconv.ParseFloat(s, 64)
		if err = parseErr; err == nil {
			o.Duration = int64(ms * 1e6)
		}
	}
	if s := cell(colAddress); s != "" && err == nil {
		addr, parseErr := netip.ParseAddr(s)
		if err = parseErr; err == nil {
			place(&o, t.countries, addr)
		}
	}
	return o, err
}

// parseTime reads unix seconds, or a time as in 2026-04-27T00:00:00Z.
func parseTime(s string) (int64, error) {
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil {
		return seconds * 1e9, nil
	}
	if seconds, err := strconv.ParseFloat(s, 64); err == nil {
		return int64(seconds * 1e9), nil
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, fmt.Errorf("time %q: write unix seconds, or a time such as 2026-04-27T00:00:00Z", s)
	}
	return at.UnixNano(), nil
}
