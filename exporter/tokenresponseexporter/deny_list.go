package tokenresponseexporter

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/holterhq/holter/internal/credential"
	"github.com/holterhq/holter/internal/geo"
	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/denylist"
	"github.com/holterhq/holter/internal/response/outbox"
	"github.com/holterhq/holter/internal/serving"
	"github.com/holterhq/holter/internal/tokenregistry"
)

// denyList is the list of tokens that gateways refuse, and the servers that they ask.
type denyList struct {
	cfg  *DenyListConfig
	set  exporter.Settings
	tell *teller
	list *denylist.List
	gate denylist.Gate

	registry *tokenregistry.Registry
	own      bool // the registry is not an extension's
	claims   *credential.ClaimPaths
	proxies  geo.Proxies
	atlas    geo.Atlas
	counted  [len(gateways)][]metric.MeasurementOption // by gateway and verdict

	store outbox.Store // nil: the list ends with the process
	http  *http.Server
	grpc  *grpc.Server
	stop  context.CancelFunc
	group sync.WaitGroup
	// ending is closed at shutdown: nobody waits for a change any more.
	ending chan struct{}
	once   sync.Once

	addresses map[string]net.Addr // that are listened on, by protocol
	waiting   atomic.Int64        // requests that wait for a change of the list
}

// tendEvery is how often what is over leaves the list, and what could not be read or written is tried again.
const tendEvery = time.Second

func newDenyList(set exporter.Settings, cfg *DenyListConfig, tell *teller) *denyList {
	d := &denyList{cfg: cfg, set: set, tell: tell, list: denylist.New(cfg.MaxEntries), claims: cfg.Claims.paths(), addresses: make(map[string]net.Addr), ending: make(chan struct{})}
	for i, gateway := range gateways {
		for _, v := range denylist.Verdicts() {
			d.counted[i] = append(d.counted[i], metric.WithAttributeSet(attribute.NewSet(
				attribute.String("gateway", gateway), attribute.String("answer", v.String()))))
		}
	}
	return d
}

// startDenyList gives the deny list the storage, and has it answer before the first act.
func (r *responder) startDenyList(ctx context.Context, host component.Host) error {
	if r.cfg.Storage != nil && r.client == nil {
		r.deny.list.Doubt(errors.New("the storage cannot be used"))
	}
	if r.client == nil {
		return r.deny.start(ctx, host, nil)
	}
	return r.deny.start(ctx, host, shelf{r.client})
}

// start reads what was kept and begins to serve.
func (d *denyList) start(ctx context.Context, host component.Host, store outbox.Store) error {
	d.store = store
	if !d.cfg.served() {
		return nil
	}
	if store == nil {
		d.set.Logger.Warn("no storage is configured: the deny list is empty after every restart. Write storage: file_storage")
	}
	if err := d.open(ctx, host); err != nil {
		return err
	}
	d.load(ctx)
	if err := d.gauge(); err != nil {
		return err
	}
	if err := d.serve(ctx, host); err != nil {
		return err
	}
	tending, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.stop = stop
	d.group.Go(func() { d.tend(tending) })
	return nil
}

// open gets what tells a token by its credential.
func (d *denyList) open(ctx context.Context, host component.Host) (err error) {
	if d.cfg.TokenRegistry != nil {
		if d.registry, err = tokenregistry.FromHost(host, *d.cfg.TokenRegistry); err != nil {
			return err
		}
	} else {
		cfg := tokenregistry.DefaultConfig()
		cfg.Keys = d.cfg.Keys
		d.registry, err = tokenregistry.New(tokenregistry.Settings{
			ID: d.set.ID, Kind: component.KindExporter, Telemetry: d.set.TelemetrySettings, Health: d.tell.health.about("keys"),
		}, cfg)
		if err != nil {
			return err
		}
		d.own = true
		if err := d.registry.Start(ctx, host); err != nil {
			return err
		}
	}
	if d.proxies, err = geo.ParseProxies(d.cfg.TrustedProxies); err != nil {
		return err
	}
	if err := d.openAtlas(); err != nil {
		return err
	}
	failing, err := d.cfg.failing()
	if err != nil {
		return err
	}
	d.gate = denylist.Gate{List: d.list, Finder: d.cfg.Sources.finder(), IDs: d.ids, Locate: d.locate, Routes: failing}
	return nil
}

func (d *denyList) openAtlas() error {
	if d.cfg.Geo.CountryDB == "" {
		embedded, err := geo.Embedded()
		if err != nil {
			return err
		}
		d.atlas.Put(geo.Countries, embedded)
	}
	for _, given := range []struct {
		key, path string
		content   geo.Content
	}{{"country_db", d.cfg.Geo.CountryDB, geo.Countries}, {"asn_db", d.cfg.Geo.ASNDB, geo.Networks}} {
		if given.path == "" {
			continue
		}
		if _, err := geo.NewFile(given.path, given.content, &d.atlas).Check(); err != nil {
			return fmt.Errorf("geo::%s: %w", given.key, err)
		}
	}
	return nil
}

func (d *denyList) locate(addr netip.Addr) (country string, system uint32) {
	place := d.atlas.Find(addr)
	return place.Where().Country, place.Network().Network
}

// ids are the api_token.id of a credential, as token_identity names it, and the one that it had before the registry knew of it.
func (d *denyList) ids(tenant string, scheme credential.Scheme, secret string) [2]string {
	c := d.claims.Parse(scheme, secret)
	if tenant == "" && c.Claims != nil {
		tenant = c.Claims.Tenant
	}
	found := d.registry.Resolve(tokenregistry.Query{
		Tenant: tenant, Credential: c, ByClient: d.cfg.LearnBy == learnByClient, ByOwner: d.cfg.LearnBy == learnByOwner,
	})
	return [2]string{found.ID, d.registry.Own(tenant, c)}
}

// load reads what was kept. As long as that fails, it is not known whom to refuse.
func (d *denyList) load(ctx context.Context) {
	if d.store == nil {
		return
	}
	err := d.list.Load(ctx, d.store)
	switch {
	case err == nil:
		d.tell.health.clear("deny list")
	case errors.Is(err, denylist.ErrDamaged):
		d.tell.denyDamaged(ctx, err)
	default:
		d.tell.denyLost(ctx, err)
	}
}

// keep writes what has changed.
func (d *denyList) keep(ctx context.Context) error {
	if d.store == nil {
		return nil
	}
	err := d.list.Save(ctx, d.store)
	if err != nil {
		d.tell.denyUnkept(ctx, err)
	} else {
		d.tell.health.clear("deny list")
	}
	return err
}

// tend lets go of what is over, and tries again what failed.
func (d *denyList) tend(ctx context.Context) {
	ticker := time.NewTicker(tendEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if gone := d.list.Sweep(now); gone > 0 {
				d.tell.telemetry.TokenResponseDenyListExpired.Add(ctx, int64(gone))
			}
			if refused := d.list.Full(); refused > 0 {
				d.tell.telemetry.TokenResponseDenyListFull.Add(ctx, refused)
			}
			if d.list.Trouble() != nil {
				d.load(ctx)
			} else {
				_ = d.keep(ctx) // told, and tried again
			}
		}
	}
}

// gauge observes how many entries there are.
func (d *denyList) gauge() error {
	return d.tell.telemetry.RegisterTokenResponseDenyListEntriesCallback(func(_ context.Context, o metric.Int64Observer) error {
		counts := d.list.Count()
		for _, action := range []response.Action{response.Restrict, response.Reauthenticate, response.Lock} {
			o.Observe(int64(counts[action]), metric.WithAttributes(attribute.String("action", action.String())))
		}
		return nil
	})
}

// serve listens where the configuration says.
func (d *denyList) serve(ctx context.Context, host component.Host) error {
	telemetry := d.set.TelemetrySettings
	telemetry.TracerProvider = noop.NewTracerProvider() // a trace for each check would hold the path that was asked for
	if d.cfg.HTTP.HasValue() {
		server, err := d.cfg.HTTP.Get().ToServer(ctx, host.GetExtensions(), telemetry, d)
		if err != nil {
			return fmt.Errorf("deny_list::http: %w", err)
		}
		listener, err := d.cfg.HTTP.Get().ToListener(ctx)
		if err != nil {
			return fmt.Errorf("deny_list::http::endpoint: %w", err)
		}
		d.http = server
		d.run("http", listener, func() error { return server.Serve(listener) })
	}
	if d.cfg.GRPC.HasValue() {
		server, err := d.cfg.GRPC.Get().ToServer(ctx, host.GetExtensions(), telemetry)
		if err != nil {
			return fmt.Errorf("deny_list::grpc: %w", err)
		}
		listener, err := d.cfg.GRPC.Get().NetAddr.Listen(ctx)
		if err != nil {
			return fmt.Errorf("deny_list::grpc::endpoint: %w", err)
		}
		d.grpc = server
		d.register(server)
		d.run("grpc", listener, func() error { return server.Serve(listener) })
	}
	return nil
}

// run serves until shutdown. A server that ends by itself leaves the gateways without an answer, which is told.
func (d *denyList) run(protocol string, listener net.Listener, serve func() error) {
	d.addresses[protocol] = listener.Addr()
	d.set.Logger.Info("Gateways can ask whom to refuse", zap.String("protocol", protocol), zap.String("endpoint", listener.Addr().String()))
	d.group.Go(func() {
		if err := serve(); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, grpc.ErrServerStopped) {
			d.tell.denyDeaf(protocol, err)
		}
	})
}

// shutdown is safe without a start.
func (d *denyList) shutdown(ctx context.Context) error {
	var err error
	var servers sync.WaitGroup
	if d.http != nil {
		d.once.Do(func() { close(d.ending) })
		servers.Go(func() { err = serving.End(ctx, d.http) })
	}
	if d.grpc != nil {
		servers.Go(func() { serving.EndGRPC(ctx, d.grpc) })
	}
	servers.Wait()
	if d.stop != nil {
		d.stop()
	}
	d.group.Wait()
	if d.stop != nil {
		_ = d.keep(ctx) // told
	}
	if d.own {
		err = errors.Join(err, d.registry.Shutdown(ctx))
	}
	return err
}
