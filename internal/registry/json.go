package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// parseJSON reads a registry in JSON: the same tree as that of YAML.
func parseJSON(b []byte) (*Snapshot, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	t := jsonTree{decoder: json.NewDecoder(bytes.NewReader(b)), text: b, line: 1}
	t.decoder.UseNumber()
	root, err := t.next(0)
	if err == nil {
		if _, more := t.decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one value")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("not JSON, line %d", t.here())
	}
	return parseTree(root)
}

// jsonTree makes nodes of JSON that know their lines.
type jsonTree struct {
	decoder *json.Decoder
	text    []byte
	counted int // bytes whose lines are in line
	line    int
}

// here is the line that has been read to.
func (t *jsonTree) here() int {
	if at := min(int(t.decoder.InputOffset()), len(t.text)); at > t.counted {
		t.line += bytes.Count(t.text[t.counted:at], []byte{'\n'})
		t.counted = at
	}
	return t.line
}

var errDeep = errors.New("nested too deep")

func (t *jsonTree) next(depth int) (*yaml.Node, error) {
	if depth > 20 {
		return nil, errDeep
	}
	token, err := t.decoder.Token()
	if err != nil {
		return nil, err
	}
	node := &yaml.Node{Kind: yaml.ScalarNode, Line: t.here()}
	switch value := token.(type) {
	case json.Delim:
		node.Kind, node.Tag = yaml.SequenceNode, "!!seq"
		if value == '{' {
			node.Kind, node.Tag = yaml.MappingNode, "!!map"
		}
		for t.decoder.More() {
			child, err := t.next(depth + 1)
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		_, err = t.decoder.Token()
	case string:
		node.Tag, node.Value = "!!str", value
	case json.Number:
		node.Tag, node.Value = "!!float", value.String()
		if _, whole := value.Int64(); whole == nil {
			node.Tag = "!!int"
		}
	case bool:
		node.Tag, node.Value = "!!bool", strconv.FormatBool(value)
	default:
		node.Tag, node.Value = "!!null", "null"
	}
	return node, err
}
