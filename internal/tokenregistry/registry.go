package tokenregistry

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/identity"
	"github.com/holterhq/holter/internal/registry"
	"github.com/holterhq/holter/internal/tokenregistry/internal/metadata"
	"github.com/holterhq/holter/internal/tokenstore"
)

// Health is told how the registry is.
type Health interface {
	// Trouble says that something is off while telemetry flows on.
	Trouble(error)
	// Well says that what was off is over.
	Well()
}

// Settings are those of the component that holds a Registry.
type Settings struct {
	ID        component.ID
	Kind      component.Kind
	Telemetry component.TelemetrySettings
	Health    Health
	Seen      SeenConfig // what is remembered of unregistered tokens; zero: nothing
}

// Registry is what is known of tokens. Resolve and Fresh are safe for concurrent use between Start and Shutdown.
type Registry struct {
	set       Settings
	cfg       Config
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder

	namer     *identity.Namer
	directory *registry.Directory // nil: there are no sources
	watches   []*watch
	troubles  troubles
	circling  sync.Mutex
	circle    bool // rotations go round in one, which has been said

	introspections []*introspection
	seen           *registry.Seen // nil: what is not registered is not remembered
	seenOff        bool           // it cannot be kept, which has been said
	savingSeen     sync.Mutex     // what was is not written over what is

	client   *tokenstore.Client // nil: none is configured
	sealing  sealing
	dossiers dossiers

	lineage    *identity.Lineage
	lineageOff bool // and it has been said
	passing    bool // the identity key is of this process only, and so are all ids

	unremember func() // no erasure is told from then on; nil: none is told yet

	watching context.Context // ends with the Registry
	stop     context.CancelFunc
	done     sync.WaitGroup
}

// New makes the Registry of a component.
func New(set Settings, cfg Config) (*Registry, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.Telemetry)
	if err != nil {
		return nil, err
	}
	watching, stop := context.WithCancel(context.Background())
	r := &Registry{
		set: set, cfg: cfg, logger: set.Telemetry.Logger, telemetry: telemetry,
		troubles: troubles{health: set.Health},
		lineage:  identity.NewLineage(cfg.Lineage.MaxTokens),
		watching: watching, stop: stop,
	}
	if set.Seen.MaxTokens > 0 && (cfg.Registry.File != "" || len(cfg.Registry.Sources) > 0) {
		r.seen = registry.NewSeen(set.Seen.MaxTokens)
	}
	for _, server := range cfg.Registry.introspections() {
		r.introspections = append(r.introspections, r.newIntrospection(server))
	}
	return r, nil
}

// Start reads the keys and every source once, and watches the sources from then on.
func (r *Registry) Start(ctx context.Context, host component.Host) error {
	if err := r.startKeys(ctx, host); err != nil {
		return err
	}
	r.startLineage(ctx)
	sources, err := r.cfg.Registry.open(ctx, host, r.set.Telemetry)
	if err != nil {
		return err
	}
	if err := r.startSealing(ctx, r.watching); err != nil {
		r.stop()
		return err
	}
	r.startSeen(ctx, r.watching)
	r.unremember = tokenstore.OnErase(host, r.set.ID.String(), r.Forget)
	for _, server := range r.introspections {
		if err := server.start(ctx, r.watching, host); err != nil {
			r.stop()
			return fmt.Errorf("registry::%w", err)
		}
	}
	asked := make([]registry.Source, 0, len(sources))
	for _, source := range sources {
		asked = append(asked, source.Source)
	}
	r.directory = registry.NewDirectory(asked...)
	for _, source := range sources {
		w := r.newWatch(source.Source)
		r.watches = append(r.watches, w)
		remote, ok := source.Source.(interface{ Remote() bool })
		later := ok && remote.Remote() && source.Optional()
		if !later {
			if err := w.check(ctx); err != nil && !source.Optional() && source.Snapshot() == nil {
				r.stop()
				return fmt.Errorf("%s::%w", source.path, err)
			}
		}
		r.done.Go(func() {
			if later {
				_ = w.check(r.watching) // said in health, log and metric
			}
			w.run(r.watching)
		})
	}
	return nil
}

// Registered are all tokens that sources list.
func (r *Registry) Registered() iter.Seq[*registry.Token] { return r.directory.All() }

// Check looks at every source now. What is off is also said in health, log and metric.
func (r *Registry) Check(ctx context.Context) error {
	var errs []error
	for _, w := range r.watches {
		errs = append(errs, w.check(ctx))
	}
	return errors.Join(errs...)
}

// Tokens is how many tokens are registered in all sources together.
func (r *Registry) Tokens() int {
	n := 0
	for _, w := range r.watches {
		n += w.source.Snapshot().Len()
	}
	return n
}

// Shutdown ends what Start began. It is safe without Start.
func (r *Registry) Shutdown(ctx context.Context) error {
	if r.unremember != nil {
		r.unremember()
	}
	r.stop()
	r.done.Wait()
	_ = r.saveSealed(ctx)
	var err error
	if r.client != nil {
		if saveErr := r.saveLineage(ctx); saveErr != nil {
			r.logger.Error("What was learned of rotations lately is not kept", zap.Error(saveErr))
		}
		err = r.client.Close(ctx)
		r.client = nil
	}
	r.telemetry.Shutdown()
	return err
}

// Resolution is what is known of a credential at one time. It holds no credential.
type Resolution struct {
	ID          string             // api_token.id
	Fingerprint string             // api_token.fingerprint; empty if it was not asked for
	Token       *registry.Token    // nil: not registered
	Consulted   bool               // there is a registry to be registered in
	Claims      *credential.Claims // those that an authorization server gave; nil: none did
	Provisional bool               // a server has been asked and has not answered

	claimed    []string // the scopes that the credential claims, where the registry grants some
	generation uint64
	inquiry    *registry.Inquiry // nil: no server is asked
	version    uint32
	watched    bool                 // its uses are remembered
	unmet      *identity.LineageKey // of a fingerprint whose credential has not been seen yet; nil: it is none
}

// Query asks what is known of a credential.
type Query struct {
	Tenant      string
	Credential  credential.Credential
	Principal   string // under whom behaviour is learned; empty: identity.Principal of the credential
	ByClient    bool   // behaviour is learned under the client that the credential was issued to, where it names one
	ByOwner     bool   // behaviour is learned under the owner, where there is one
	Fingerprint bool   // the fingerprint is asked for
	Recognised  bool   // and others may name the credential by it alone
	Forged      bool   // its signature is wrong: what it claims joins it to nobody
}

// Resolve says what is known of a credential. It never blocks on a source.
func (r *Registry) Resolve(q Query) Resolution {
	tenant, c := q.Tenant, q.Credential
	switch {
	case q.Principal != "":
	case q.ByClient:
		q.Principal = identity.Client(c)
	default:
		q.Principal = identity.Principal(c)
	}
	found := Resolution{ID: r.namer.Name(tenant, q.Principal)}
	if q.Fingerprint {
		found.Fingerprint = r.namer.Fingerprint(tenant, c)
	}
	if q.Forged {
		c.Claims = nil
	}
	if r.directory != nil {
		found.generation = r.directory.Generation()
		found.Token, found.Consulted = r.directory.Find(c), r.directory.Read()
	}
	if t := found.Token; t != nil && len(t.Scopes) > 0 && c.Claims != nil {
		found.claimed = c.Claims.Scopes
	}
	if len(r.introspections) > 0 && !q.Forged {
		r.introspect(&found, c)
	}
	switch t := found.Token; {
	case q.Forged:
		// It is nobody that the registry knows.
	case t != nil && q.ByOwner && t.Owner != nil:
		found.ID = r.namer.Name(tenant, identity.Owner(t.Owner.ID))
	case q.Principal != identity.Principal(c):
		// Behaviour is learned under what many credentials share.
	case t != nil:
		found.ID = r.settle(tenant, t, r.succeeded(found.ID))
	default:
		found.ID = r.succeeded(found.ID)
	}
	if a := found.Claims; a != nil && q.ByClient && a.ClientID != "" {
		found.ID = r.namer.Name(tenant, identity.Client(credential.Credential{Claims: a}))
	} else if a != nil && c.Claims == nil && q.Principal == identity.Principal(c) && (a.ClientID != "" || a.Subject != "") {
		found.ID = r.Keep(tenant, found.ID, a.Issuer, a.ClientID, a.Subject)
	}
	switch {
	case q.Forged:
	case isFingerprint(c):
		r.recall(&found, tenant, c)
	case q.Recognised:
		r.recognise(&found, tenant, c)
	}
	if r.seen != nil {
		r.introduce(&found, c)
	}
	if !q.Forged {
		r.file(&found, tenant, c)
	}
	return found
}
