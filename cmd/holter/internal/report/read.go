package report

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

const (
	longestLine = 64 << 20
	hopeless    = 1000 // lines of a file without a request among them, after which it is given up
	complaints  = 20   // skipped lines that are told one by one

	blockLines = hopeless
	blockBytes = 256 << 10
)

// block is a part of a file: whole lines. What it holds is found by a sifter, and told in the order of the blocks.
type block struct {
	path  string
	first int // the number of its first line
	end   int // and of its last
	text  []byte
	part  float64 // of all that is read, up to its end
	last  bool    // of its file
	err   error   // that ended the file

	sifted chan struct{} // closed when the rest is known
	finds
}

// Skipped are the lines that could not be read.
type Skipped struct {
	Lines int
	First []string // file, line and reason of the first of them
}

// add takes in those of one more block.
func (s *Skipped) add(from Skipped) {
	s.Lines += from.Lines
	s.First = append(s.First, from.First[:min(len(from.First), complaints-len(s.First))]...)
}

// reader cuts files into blocks.
type reader struct {
	ordered chan<- *block
	any     chan<- *block // the same ones, for whichever sifter is free
	size    int64         // of all files
	read    int64
}

func stamp(at time.Time) pcommon.Timestamp { return pcommon.NewTimestampFromTime(at) }

// all reads the files, oldest first.
func (r *reader) all(ctx context.Context, paths []string) error {
	first := make(map[string]int64)
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("read requests: %w", err)
		}
		r.size += info.Size()
		if first[path], err = firstTime(path); err != nil {
			return err
		}
	}
	ordered := slices.Clone(paths)
	slices.SortStableFunc(ordered, func(a, b string) int {
		switch x, y := first[a], first[b]; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	for _, path := range ordered {
		if err := r.file(ctx, path); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) send(ctx context.Context, b *block) error {
	b.part = float64(r.read) / float64(max(1, r.size))
	b.sifted = make(chan struct{})
	for _, to := range [...]chan<- *block{r.any, r.ordered} {
		select {
		case to <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// counting counts the bytes of a file that were read.
type counting struct {
	io.Reader
	n *int64
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	*c.n += int64(n)
	return n, err
}

// open opens a file, unpacking one that ends in .gz.
func open(path string, read *int64) (io.Reader, io.Closer, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read requests: %w", err)
	}
	var r io.Reader = counting{file, read}
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(bufio.NewReader(r)); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("read requests: %s: %w", path, err), file.Close())
		}
	}
	return r, file, nil
}

// firstTime is the time of the first request of a file, 0 if none of its first lines is one.
func firstTime(path string) (at int64, err error) {
	var read int64
	text, file, err := open(path, &read)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var l lines
	l.reset(text)
	for range 100 {
		line, err := l.next()
		if err != nil {
			return 0, nil // whoever reads the whole file says what is wrong
		}
		var earliest int64
		see := func(at pcommon.Timestamp) {
			if t := int64(at); t > 0 && (earliest == 0 || t < earliest) {
				earliest = t
			}
		}
		parsed, err := parse(line)
		switch {
		case err != nil:
			continue
		case parsed.spans:
			eachSpan(parsed.traces, func(_ pcommon.Resource, s ptrace.Span) { see(s.EndTimestamp()) })
		case parsed.otlp:
			eachLog(parsed.logs, func(_ pcommon.Resource, r plog.LogRecord) { see(r.Timestamp()) })
		default:
			see(parsed.record.Timestamp())
		}
		if earliest > 0 {
			return earliest, nil
		}
	}
	return 0, nil
}

// file reads one file block by block.
func (r *reader) file(ctx context.Context, path string) (err error) {
	text, file, err := open(path, &r.read)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var l lines
	l.reset(text)
	number := 1
	for {
		b := &block{path: path, first: number}
		for !b.last && len(b.text) < blockBytes && number-b.first < blockLines {
			line, err := l.next()
			if err != nil {
				if b.last = true; !errors.Is(err, io.EOF) {
					b.err = fmt.Errorf("read requests: %s: line %d: %w", path, number, err)
				}
				break
			}
			b.text = append(b.text, line...)
			number++
		}
		b.end = number - 1
		if err := r.send(ctx, b); err != nil || b.last {
			return err
		}
	}
}

// parsed is what a line is: a log record, or OTLP with many spans or records.
type parsed struct {
	record plog.LogRecord
	logs   plog.Logs
	traces ptrace.Traces
	otlp   bool // logs
	spans  bool // traces
}

func parse(line []byte) (p parsed, err error) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 || line[0] != '{' {
		p.record = plog.NewLogRecord()
		return p, parseText(string(line), p.record)
	}
	head := line[:min(len(line), 256)]
	switch {
	case bytes.Contains(head, []byte(`"resourceSpans"`)):
		p.spans = true
		p.traces, err = (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(line)
	case bytes.Contains(head, []byte(`"resourceLogs"`)):
		p.otlp = true
		p.logs, err = (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
	case bytes.Contains(head, []byte(`"resourceMetrics"`)):
		return p, errors.New("it holds metrics, which tell of no single request")
	default:
		p.record = plog.NewLogRecord()
		return p, parseJSON(line, p.record)
	}
	if err != nil {
		err = errors.New("it is no OTLP as the file exporter writes it")
	}
	return p, err
}

// lines reads lines of any length up to longestLine.
type lines struct {
	r    *bufio.Reader
	long []byte
}

func (l *lines) reset(r io.Reader) { l.r = bufio.NewReaderSize(r, 1<<18) }

// next is the next line, valid until the one after.
func (l *lines) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	if err == nil || errors.Is(err, io.EOF) && len(line) > 0 {
		return line, nil
	}
	if !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	l.long = append(l.long[:0], line...)
	for {
		line, err = l.r.ReadSlice('\n')
		if l.long = append(l.long, line...); len(l.long) > longestLine {
			return nil, fmt.Errorf("it is longer than %d MiB", longestLine>>20)
		}
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return l.long, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

func eachSpan(td ptrace.Traces, see func(pcommon.Resource, ptrace.Span)) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				see(rs.Resource(), s)
			}
		}
	}
}

func eachLog(ld plog.Logs, see func(pcommon.Resource, plog.LogRecord)) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				see(rl.Resource(), r)
			}
		}
	}
}
