package integration

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
)

// Log keeps what a process writes to stdout and stderr.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String is everything written so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Len is how much was written so far: a mark for Since.
func (l *Log) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Len()
}

// Since is what was written after the mark.
func (l *Log) Since(mark int) string { return l.String()[mark:] }

// sameOnEveryLine is what a collector says of itself with each entry.
var sameOnEveryLine = regexp.MustCompile(`"resource": \{[^}]*\}(, )?`)

// Tail is the last n lines, for a failure message.
func (l *Log) Tail(n int) string {
	lines := strings.Split(strings.TrimRight(l.String(), "\n"), "\n")
	return sameOnEveryLine.ReplaceAllString(strings.Join(lines[max(0, len(lines)-n):], "\n"), "")
}
