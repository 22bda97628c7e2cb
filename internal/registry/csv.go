package registry

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
)

// parseCSV reads a registry in CSV: a first row of names, then a token a row. Lists are separated by semicolons.
func parseCSV(b []byte) (*Snapshot, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff"))))
	r.ReuseRecord, r.Comment = true, '#'
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("line 1: the names of the columns are missing: write id,owner,sha256")
	}
	if err != nil {
		return nil, csvError(err)
	}
	columns, err := NewColumns(append([]string(nil), header...))
	if err != nil {
		return nil, fmt.Errorf("line 1, %w", err)
	}
	builder := NewBuilder(func(line int, field string) string {
		if field == "" {
			return fmt.Sprintf("line %d", line)
		}
		return fmt.Sprintf("line %d, %s", line, field)
	})
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return whole(builder, nil)
		}
		if err != nil {
			return nil, csvError(err)
		}
		line, _ := r.FieldPos(0)
		var e Row
		good := true
		for i, value := range row {
			if err := columns.Set(&e, i, value); err != nil {
				builder.Fail(line, columns.Name(i), err)
				good = false
			}
		}
		if good {
			builder.Add(line, &e)
		}
	}
}

// csvError keeps the line of an error and leaves out the text, which may quote the file.
func csvError(err error) error {
	var at *csv.ParseError
	if !errors.As(err, &at) {
		return errors.New("not CSV")
	}
	if errors.Is(err, csv.ErrFieldCount) {
		return fmt.Errorf("line %d: has more or fewer fields than there are columns", at.Line)
	}
	return fmt.Errorf("not CSV, line %d: quotes must be closed and doubled", at.Line)
}
