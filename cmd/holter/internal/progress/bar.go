// Package progress shows how far a long task is: a bar that is redrawn on a terminal, a line now and then in a pipe.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// Bar shows one task. Not safe for concurrent use.
type Bar struct {
	w        io.Writer
	terminal bool
	now      func() time.Time
	drawn    time.Time
	lines    int // tenths that were written as lines
}

const (
	redraw = 100 * time.Millisecond
	width  = 30
)

// New shows progress on a file: usually os.Stderr.
func New(f *os.File) *Bar { return &Bar{w: f, terminal: IsTerminal(f), now: time.Now, lines: -1} }

// IsTerminal tells whether somebody watches the file.
func IsTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" }

// Show says that a part of the task is done; text says more.
func (b *Bar) Show(done float64, text string) {
	done = min(1, max(0, done))
	if !b.terminal {
		if tenth := int(done * 10); tenth > b.lines {
			b.lines = tenth
			fmt.Fprintf(b.w, "%3.0f %%  %s\n", done*100, text)
		}
		return
	}
	if now := b.now(); now.Sub(b.drawn) >= redraw || done == 1 {
		b.drawn = now
		full := int(done * width)
		fmt.Fprintf(b.w, "\r\x1b[K%s%s %3.0f %%  %s", strings.Repeat("█", full), strings.Repeat("░", width-full), done*100, text)
	}
}

// Say writes a line above the bar.
func (b *Bar) Say(line string) {
	if b.terminal {
		fmt.Fprint(b.w, "\r\x1b[K")
		b.drawn = time.Time{}
	}
	fmt.Fprintln(b.w, line)
}

// End leaves the bar as it is, and begins a new line.
func (b *Bar) End() {
	if b.terminal {
		fmt.Fprintln(b.w)
	}
}
