package tokenregistry

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/identity"
)

// storageName is the name of the component's client of the storage extension.
const storageName = "state"

// startKeys takes the keys from the configuration, from files, or from storage.
func (r *Registry) startKeys(ctx context.Context, host component.Host) error {
	if r.cfg.Storage != nil {
		client, err := r.storageClient(ctx, host, *r.cfg.Storage)
		if err != nil {
			return err
		}
		r.client = client
	}
	keys, err := r.cfg.Keys.read()
	if err != nil {
		return err
	}
	if keys.Identity == nil {
		keys.Identity = r.generatedKey(ctx)
	}
	if keys.Fingerprint == nil {
		keys.Fingerprint = identity.FingerprintKey(keys.Identity)
	}
	r.namer = identity.NewNamer(keys)
	r.logger.Info("Tokens are named under an identity key; instances that show the same check share it",
		zap.String("identity_key_check", keys.Check()))
	return nil
}

// read reads the keys that are given; what is not given is nil.
func (k *KeysConfig) read() (identity.Keys, error) {
	var keys identity.Keys
	for _, key := range [...]struct {
		name, value, file string
		into              *[]byte
	}{
		{"identity", string(k.Identity), k.IdentityFile, &keys.Identity},
		{"fingerprint", string(k.Fingerprint), k.FingerprintFile, &keys.Fingerprint},
	} {
		var err error
		switch {
		case key.value != "":
			*key.into, err = identity.ParseKey(key.value)
		case key.file != "":
			*key.into, err = identity.ReadKey(key.file)
			key.name += "_file"
		}
		if err != nil {
			return keys, fmt.Errorf("keys::%s: %w", key.name, err)
		}
	}
	return keys, nil
}

// generatedKey is the identity key of this instance: kept in storage where there is one, else of this process. A storage that
// fails costs the ids, never the telemetry.
func (r *Registry) generatedKey(ctx context.Context) []byte {
	if r.client == nil {
		r.logger.Warn("No identity key and no storage are configured: token ids change with every restart, and nothing that is learned about a token outlives it; set keys::identity, or storage")
		return identity.NewKey()
	}
	key, made, err := identity.StoredKey(ctx, r.client)
	switch {
	case err != nil:
		r.logger.Error("The identity key cannot be kept: token ids change with every restart until storage works again", zap.Error(err))
		r.set.Health.Trouble(fmt.Errorf("token ids are of this process only: %w", err))
		return identity.NewKey()
	case made:
		r.logger.Warn("No identity key is configured: one was generated and kept in storage; token ids hold on this instance only; set keys::identity to the same key on every instance before there is a second one")
	default:
		r.logger.Warn("No identity key is configured: the generated one from storage is used; token ids hold on this instance only")
	}
	return key
}

func (r *Registry) storageClient(ctx context.Context, host component.Host, id component.ID) (storage.Client, error) {
	extension, ok := host.GetExtensions()[id]
	if !ok {
		return nil, fmt.Errorf("storage: extension %q is not there: define it under extensions and name it under service::extensions", id)
	}
	provider, ok := extension.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: extension %q keeps nothing: use a storage extension such as file_storage", id)
	}
	client, err := provider.GetClient(ctx, r.set.Kind, r.set.ID, storageName)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	if client == nil {
		return nil, errors.New("storage: the extension gave no client")
	}
	return client, nil
}
