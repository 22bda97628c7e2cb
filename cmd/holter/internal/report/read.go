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

	"github.com/holterhq/holter/internal/otelattr"
)

const (
	longestLine = 64 << 20
	recordsAt   = 2000 // a time through token_identity
	hopeless    = 1000 // lines of a file without a request among them, after which it is given up
	complaints  = 20   // skipped lines that are told one by one
)

// batch is what goes through token_identity at a time: log records or spans.
type batch struct {
	logs   plog.Logs
	traces ptrace.Traces
	spans  bool
	done   float64
}

// Skipped are the lines that could not be read.
type Skipped struct {
	Lines int
	First []string // file, line and reason of the first of them
}

func (s *Skipped) add(path string, line int, err error) {
	s.Lines++
	if len(s.First) < complaints {
		s.First = append(s.First, fmt.Sprintf("%s: line %d: %v", path, line, err))
	}
}

// reader turns files into batches.
type reader struct {
	service string
	out     chan<- batch
	size    int64 // of all files
	read    int64
	lines   int
	skipped Skipped

	logs    plog.Logs
	records plog.LogRecordSlice
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
	r.fresh()
	for _, path := range ordered {
		if err := r.file(ctx, path); err != nil {
			return err
		}
	}
	return r.send(ctx)
}

// fresh begins a batch of log records.
func (r *reader) fresh() {
	r.logs = plog.NewLogs()
	resource := r.logs.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr(otelattr.ServiceName, r.service)
	r.records = resource.ScopeLogs().AppendEmpty().LogRecords()
	r.records.EnsureCapacity(recordsAt)
}

func (r *reader) send(ctx context.Context) error {
	if r.records.Len() == 0 {
		return ctx.Err()
	}
	full := batch{logs: r.logs}
	r.fresh()
	return r.emit(ctx, full)
}

func (r *reader) emit(ctx context.Context, b batch) error {
	b.done = float64(r.read) / float64(max(1, r.size))
	select {
	case r.out <- b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
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

// file reads one file line by line.
func (r *reader) file(ctx context.Context, path string) (err error) {
	text, file, err := open(path, &r.read)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var l lines
	l.reset(text)
	good := 0
	var reason error
	for number := 1; ; number++ {
		line, err := l.next()
		if errors.Is(err, io.EOF) {
			if good == 0 && reason != nil {
				return fmt.Errorf("read requests: %s: none of its %d lines could be read: line 1: %w", path, number-1, reason)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("read requests: %s: line %d: %w", path, number, err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		r.lines++
		if err := r.line(ctx, line); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.skipped.add(path, number, err)
			if reason == nil {
				reason = err
			}
			if good == 0 && number >= hopeless {
				return fmt.Errorf("read requests: %s: none of its first %d lines could be read: line 1: %w", path, number, reason)
			}
			continue
		}
		good++
	}
}

func (r *reader) line(ctx context.Context, line []byte) error {
	parsed, err := parse(line)
	switch {
	case err != nil:
		return err
	case parsed.spans || parsed.otlp:
		if err := r.send(ctx); err != nil {
			return err
		}
		return r.emit(ctx, batch{logs: parsed.logs, traces: parsed.traces, spans: parsed.spans})
	}
	parsed.record.MoveTo(r.records.AppendEmpty())
	if r.records.Len() >= recordsAt {
		return r.send(ctx)
	}
	return nil
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
