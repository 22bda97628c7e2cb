package sim

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// CSV writes requests as rows, for those who look at traffic in a spreadsheet. It holds hints, not credentials.
type CSV struct{ w *csv.Writer }

// NewCSV writes the heading.
func NewCSV(w io.Writer) (*CSV, error) {
	c := &CSV{csv.NewWriter(w)}
	return c, c.w.Write([]string{
		"time", "token", "registry_id", "owner", "service", "version", "method", "route", "path", "status", "request_bytes", "response_bytes",
		"duration_ms", "address", "user_agent", "trace_id", "attack",
	})
}

// Write adds a row.
func (c *CSV) Write(q *Request) error {
	attack := ""
	if q.Attack != nil {
		attack = q.Attack.Attack
	}
	return c.w.Write([]string{
		q.Time.Format("2006-01-02T15:04:05.000Z"), q.Token.Credential.Hint(), q.Token.ID, q.Token.Owner.ID, q.Service.Name, q.Version,
		q.Route.Method, q.Route.Template, q.Path, strconv.Itoa(q.Status), strconv.Itoa(q.Sent), strconv.Itoa(q.Received),
		strconv.FormatFloat(q.Duration.Seconds()*1000, 'f', 1, 64), q.Address.String(), q.Agent, fmt.Sprintf("%x", q.Trace), attack,
	})
}

// Flush writes what is buffered, and says whether anything went wrong so far.
func (c *CSV) Flush() error {
	c.w.Flush()
	return c.w.Error()
}
