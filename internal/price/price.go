// Package price says what units cost, by a list that people write.
package price

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// List is what units cost. The zero List knows no price.
type List struct {
	Currency string             `yaml:"currency"`
	Models   map[string]Model   `yaml:"models"` // by the beginning of a model's name
	Units    map[string]float64 `yaml:"units"`  // of one
}

// Model is what a million tokens of a language model cost.
type Model struct {
	Input  float64 `yaml:"input"`
	Output float64 `yaml:"output"`
}

// Units of language models.
const (
	InputTokens  = "input_tokens"
	OutputTokens = "output_tokens"
)

// Read reads a list from a YAML file.
func Read(path string) (*List, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read prices: %w", err)
	}
	l, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("read prices: %s: %w", path, err)
	}
	return l, nil
}

// Parse reads a list in YAML.
func Parse(text []byte) (*List, error) {
	var l List
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&l); err != nil {
		return nil, fmt.Errorf("write currency, models and units: %w", err)
	}
	if l.Currency == "" {
		return nil, errors.New("currency: write what prices are in, such as USD")
	}
	for name, m := range l.Models {
		if !sane(m.Input) || !sane(m.Output) {
			return nil, fmt.Errorf("models::%s: write what a million tokens cost, such as {input: 2.5, output: 10}", name)
		}
	}
	for name, price := range l.Units {
		if !sane(price) {
			return nil, fmt.Errorf("units::%s: %v: write what one costs, a number of at least 0", name, price)
		}
	}
	return &l, nil
}

func sane(price float64) bool { return price >= 0 && !math.IsInf(price, 0) }

// Of is what an amount of a unit costs; ok is false where the list does not say.
func (l *List) Of(unit, model string, amount uint64) (cost float64, ok bool) {
	if price, ok := l.Units[unit]; ok {
		return price * float64(amount), true
	}
	if unit != InputTokens && unit != OutputTokens {
		return 0, false
	}
	best, found := -1, Model{}
	for name, m := range l.Models {
		if len(name) > best && strings.HasPrefix(model, name) {
			best, found = len(name), m
		}
	}
	price := found.Input
	if unit == OutputTokens {
		price = found.Output
	}
	return price * float64(amount) / 1e6, best >= 0
}
