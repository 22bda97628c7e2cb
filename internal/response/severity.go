package response

import (
	"fmt"
	"strings"
)

// Severity is what an event means for its reader, in the words of the log record that carries it.
type Severity uint8

// Severities in rising order.
const (
	Warn  Severity = iota // have a look
	Error                 // do something
	Fatal                 // confirmed compromise
)

var severityNames = [...]string{"warn", "error", "fatal"}

// String is the name that configuration and messages use.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return fmt.Sprintf("severity(%d)", uint8(s))
}

// UnmarshalText reads a name.
func (s *Severity) UnmarshalText(text []byte) error {
	for i, name := range severityNames {
		if strings.EqualFold(name, string(text)) {
			*s = Severity(i)
			return nil
		}
	}
	return fmt.Errorf("unknown severity %q: write warn, error or fatal", text)
}

// MarshalText writes the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
