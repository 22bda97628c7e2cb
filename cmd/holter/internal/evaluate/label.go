package evaluate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// text reads a JSON string, or a number as it is written.
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*t = text(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil {
		return fmt.Errorf("write a text or a number, not %s", raw)
	}
	*t = text(n)
	return nil
}

// ReadLabels reads {"TOKEN": {"family": …, "magnitude": …, "start": …, "horizon_days": …}}, or the same below "instances", beside a
// "meta" whose "t0" says from when on it is judged.
func ReadLabels(path string) (labels map[string]Label, from time.Time, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, from, fmt.Errorf("read labels: %w", err)
	}
	var file struct {
		Meta struct {
			T0 float64 `json:"t0"`
		} `json:"meta"`
		Instances map[string]Label `json:"instances"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, from, fmt.Errorf("read labels: %s: %w", path, err)
	}
	if labels = file.Instances; labels == nil {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&labels); err != nil {
			return nil, from, fmt.Errorf("read labels: %s: %w: write {\"TOKEN\": {\"family\": \"swap\", \"start\": 1700000000}}", path, err)
		}
	} else if file.Meta.T0 > 0 {
		from = unix(file.Meta.T0)
	}
	for token, l := range labels {
		if l.Family == "" || l.Start <= 0 {
			return nil, from, fmt.Errorf("read labels: %s: token %q: family and start (unix seconds) have to be there", path, token)
		}
		if l.Horizon == 0 {
			l.Horizon = defaultHorizon
		}
		labels[token] = l
	}
	return labels, from, nil
}

func unix(seconds float64) time.Time { return time.Unix(0, int64(seconds*1e9)).UTC() }
