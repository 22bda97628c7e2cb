package outbox

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/holterhq/holter/internal/response"
)

// version is the first byte of every stored value.
const version = 1

var errVersion = errors.New("written by another version of the outbox")

// record is a delivery's header. Its encoding is the version, the header as a line of JSON, and the body untouched: the
// signature of a message rests on its bytes.
type record struct {
	ID      string `json:"id"`
	Target  string `json:"target"`
	Rule    string `json:"rule,omitempty"`
	Arrived int64  `json:"arrived"` // unix nanoseconds, like all times here
	DryRun  bool   `json:"dry_run,omitempty"`

	Action response.Action `json:"action,omitempty"`
	Step   response.Step   `json:"step,omitempty"`
}

// progress is the part of a delivery that changes.
type progress struct {
	State    response.State `json:"state"`
	Attempts int            `json:"attempts"`
	Due      int64          `json:"due"`
	Verdict  uint8          `json:"verdict,omitempty"`
	Status   int            `json:"status,omitempty"`
	Text     string         `json:"text,omitempty"`
	Reason   string         `json:"reason,omitempty"`
	Request  string         `json:"request,omitempty"`
	Doubt    bool           `json:"doubt,omitempty"`
	Before   bool           `json:"before,omitempty"`
}

// letter is the header of a delivery that has come to an end; its body follows like a record's.
type letter struct {
	record
	progress
	Ended int64 `json:"ended"`
}

// meta says which keys are in use.
type meta struct {
	Low  uint64 `json:"low"` // deliveries [Low, High)
	High uint64 `json:"high"`
	Seen span   `json:"seen"`
	Dead span   `json:"dead"`
	Acts span   `json:"acts"`
}

// span is a half-open range of numbers.
type span struct {
	Low  uint64 `json:"low"`
	High uint64 `json:"high"`
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil { // only plain structs come here
		panic(fmt.Sprintf("outbox: encoding %T: %v", v, err))
	}
	return append([]byte{version}, text...)
}

func decode(value []byte, v any) error {
	if len(value) == 0 || value[0] != version {
		return errVersion
	}
	return json.Unmarshal(value[1:], v)
}

// pack joins a header and a body, unpack parts them.
func pack(header any, body []byte) []byte {
	return append(append(encode(header), '\n'), body...)
}

func unpack(value []byte, header any) (body []byte, err error) {
	line, body, ok := bytes.Cut(value, []byte{'\n'})
	if err := decode(line, header); err != nil {
		return nil, err
	}
	if !ok {
		return nil, errors.New("record without a body")
	}
	return body, nil
}

func encodeDelivery(d *response.Delivery) []byte { return pack(recordOf(d), d.Body) }

func decodeDelivery(value []byte) (*response.Delivery, error) {
	var r record
	body, err := unpack(value, &r)
	if err != nil {
		return nil, err
	}
	if r.ID == "" || r.Target == "" {
		return nil, errors.New("record without an id or a target")
	}
	if r.Step > response.Verify {
		return nil, errVersion
	}
	return r.delivery(body), nil
}

func encodeLetter(d *response.Delivery, body []byte, ended time.Time) []byte {
	return pack(letter{recordOf(d), progressOf(d.Progress), ended.UnixNano()}, body)
}

func decodeLetter(value []byte) (Letter, error) {
	var l letter
	body, err := unpack(value, &l)
	if err != nil {
		return Letter{}, err
	}
	out := Letter{Delivery: *l.delivery(body), Ended: time.Unix(0, l.Ended)}
	out.Progress, err = l.checked()
	return out, err
}

func (r record) delivery(body []byte) *response.Delivery {
	arrived := time.Unix(0, r.Arrived)
	return &response.Delivery{
		ID: r.ID, Target: r.Target, Rule: r.Rule, Arrived: arrived, DryRun: r.DryRun, Body: body,
		Action: r.Action, Step: r.Step,
		Progress: response.Progress{Due: arrived},
	}
}

func recordOf(d *response.Delivery) record {
	return record{ID: d.ID, Target: d.Target, Rule: d.Rule, Arrived: d.Arrived.UnixNano(), DryRun: d.DryRun, Action: d.Action, Step: d.Step}
}

func progressOf(p response.Progress) progress {
	return progress{
		State: p.State, Attempts: p.Attempts, Due: p.Due.UnixNano(),
		Verdict: uint8(p.Answer.Verdict), Status: p.Answer.Status, Text: p.Answer.Text, Reason: p.Answer.Reason, Request: p.Answer.Request,
		Doubt: p.Doubt, Before: p.Answer.Before,
	}
}

func decodeProgress(value []byte) (response.Progress, error) {
	var p progress
	if err := decode(value, &p); err != nil {
		return response.Progress{}, err
	}
	return p.checked()
}

func (p progress) checked() (response.Progress, error) {
	if p.State > response.Recalled || p.Attempts < 0 || p.Verdict > uint8(response.Described) {
		return response.Progress{}, errors.New("progress out of range")
	}
	return response.Progress{
		State: p.State, Attempts: p.Attempts, Due: time.Unix(0, p.Due), Doubt: p.Doubt,
		Answer: response.Answer{
			Verdict: response.Verdict(p.Verdict), Status: p.Status, Text: p.Text, Reason: p.Reason, Request: p.Request, Before: p.Before,
		},
	}, nil
}

// key numbers are fixed-width, so that stores that sort keep them in order.
func key(prefix string, n uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return fmt.Sprintf("%s/%x", prefix, b)
}
