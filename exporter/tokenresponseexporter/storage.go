package tokenresponseexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/holterhq/holter/internal/response/outbox"
	"github.com/holterhq/holter/internal/tokenstore"
)

// clientName keeps this storage client apart from those of other parts of the Collector.
const clientName = "state"

// openStorage returns the client of the configured extension.
func openStorage(ctx context.Context, host component.Host, own component.ID, id component.ID) (client storage.Client, configured bool, err error) {
	extension, ok := host.GetExtensions()[id]
	if !ok {
		return nil, false, fmt.Errorf("storage: there is no extension %q: configure it under extensions and name it in service::extensions", id)
	}
	keeper, ok := extension.(storage.Extension)
	if !ok {
		return nil, false, fmt.Errorf("storage: %q is not a storage extension: use one like file_storage", id)
	}
	opened, err := tokenstore.OpenClient(ctx, func(ctx context.Context) (storage.Client, error) {
		return keeper.GetClient(ctx, component.KindExporter, own, clientName)
	})
	if err != nil {
		return nil, true, err
	}
	return opened, true, nil
}

// shelf is the outbox's view of a storage client.
type shelf struct{ client storage.Client }

var _ outbox.Store = shelf{}

func (s shelf) Get(ctx context.Context, keys ...string) ([][]byte, error) {
	ops := make([]*storage.Operation, len(keys))
	for i, key := range keys {
		ops[i] = storage.GetOperation(key)
	}
	if err := s.client.Batch(ctx, ops...); err != nil {
		return nil, err
	}
	values := make([][]byte, len(keys))
	for i, op := range ops {
		values[i] = op.Value
	}
	return values, nil
}

func (s shelf) Apply(ctx context.Context, changes ...outbox.Change) error {
	ops := make([]*storage.Operation, len(changes))
	for i, c := range changes {
		if c.Value == nil {
			ops[i] = storage.DeleteOperation(c.Key)
		} else {
			ops[i] = storage.SetOperation(c.Key, c.Value)
		}
	}
	return s.client.Batch(ctx, ops...)
}
