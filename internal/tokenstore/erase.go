package tokenstore

import (
	"context"

	"go.opentelemetry.io/collector/component"

	"github.com/holterhq/holter/internal/store"
)

// Forgetting says what is to be forgotten.
type Forgetting = store.Forgetting

// Forget lets go of what a component remembers of tokens that somebody has erased, in memory and in its storage. That they are used again
// later is nothing that it remembers. It may be called again for the same ones.
type Forget func(context.Context, Forgetting) error

// Eraser is a Holder that tells components of erasures.
type Eraser interface {
	Holder
	// OnErase has a component told of each erasure, and of those before that not everybody has been told of, until stop.
	OnErase(name string, forget Forget) (stop func())
	// AfterErase has a component told once all those of OnErase have been: one that remembers what they send.
	AfterErase(name string, forget Forget) (stop func())
}

// OnErase has every token store of the host tell a component of erasures.
func OnErase(host component.Host, name string, forget Forget) (stop func()) {
	return each(host, func(e Eraser) func() { return e.OnErase(name, forget) })
}

// AfterErase has every token store of the host tell a component of erasures, after all others.
func AfterErase(host component.Host, name string, forget Forget) (stop func()) {
	return each(host, func(e Eraser) func() { return e.AfterErase(name, forget) })
}

func each(host component.Host, join func(Eraser) func()) (stop func()) {
	var stops []func()
	for _, extension := range host.GetExtensions() {
		if eraser, ok := extension.(Eraser); ok {
			stops = append(stops, join(eraser))
		}
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}
