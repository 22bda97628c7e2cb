package progress

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAPipeGetsALineForEachTenth(t *testing.T) {
	var out strings.Builder
	b := &Bar{w: &out, lines: -1}
	for i := range 1001 {
		b.Show(float64(i)/1000, "day 3")
	}
	b.End()
	assert.Equal(t, 11, strings.Count(out.String(), "\n"))
	assert.NotContains(t, out.String(), "\r")
	assert.Contains(t, out.String(), " 50 %  day 3\n")
}

func TestATerminalGetsABarThatIsRedrawnNowAndThen(t *testing.T) {
	var out strings.Builder
	now := time.Unix(0, 0)
	b := &Bar{w: &out, terminal: true, now: func() time.Time { return now }}
	b.Show(.5, "day 3")
	b.Show(.51, "day 3")
	now = now.Add(time.Second)
	b.Show(1, "day 9")
	b.Say("hello")
	b.End()
	assert.Equal(t, 3, strings.Count(out.String(), "\r"), "two drawings and one line above")
	assert.Contains(t, out.String(), strings.Repeat("█", 15)+strings.Repeat("░", 15)+"  50 %")
	assert.Contains(t, out.String(), "hello\n")
}
