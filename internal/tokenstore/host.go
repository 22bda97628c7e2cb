package tokenstore

import (
	"fmt"

	"go.opentelemetry.io/collector/component"

	"github.com/holterhq/holter/internal/store"
)

// Holder is a component that shares its store: the token_store extension.
type Holder interface {
	component.Component
	// TokenStore is the shared store. It is there from the start on, and answers ErrAway while its files cannot be opened.
	TokenStore() store.Store
}

// DefaultID is the id of the extension that components use unless they are told another.
var DefaultID = component.MustNewID("token_store")

// FromHost is the store that the extension of this id shares.
func FromHost(host component.Host, id component.ID) (store.Store, error) {
	extension, ok := host.GetExtensions()[id]
	if !ok {
		return nil, fmt.Errorf("token_store: extension %q is not there: define it under extensions and name it under service::extensions", id)
	}
	holder, ok := extension.(Holder)
	if !ok {
		return nil, fmt.Errorf("token_store: extension %q is no token store: use one of type token_store", id)
	}
	return holder.TokenStore(), nil
}
