package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/redactionprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/holterhq/holter/processor/tokenidentityprocessor"
)

// BenchmarkIdentity gives what token_identity adds to the cost of decoding the same spans from OTLP, with the tokens of few and of
// very many callers, and what the chain of stock processors adds that comes closest to it. One operation decodes all batches, and then
// decodes them and gives them to the processor: what else the machine does meets both. The medians are reported.
func BenchmarkIdentity(b *testing.B) {
	for _, tokens := range []int{10_000, 1_000_000} {
		for _, subject := range []struct {
			name string
			kind tokenKind
			from func(b *testing.B, stream *stream) consumer.Traces
		}{
			{"whole", recognised, func(b *testing.B, s *stream) consumer.Traces { return startWhole(b, s, 0) }},
			{"whole,_cache_for_all", recognised, func(b *testing.B, s *stream) consumer.Traces { return startWhole(b, s, 2*s.tokens) }},
			{"whole,_home-grown_keys", homeGrown, func(b *testing.B, s *stream) consumer.Traces { return startWhole(b, s, 0) }},
			{"default", recognised, func(b *testing.B, _ *stream) consumer.Traces { return startIdentity(b, consumertest.NewNop()) }},
			{"transform+redaction", recognised, func(b *testing.B, _ *stream) consumer.Traces { return startStock(b) }},
		} {
			b.Run(fmt.Sprintf("tokens=%d/%s", tokens, subject.name), func(b *testing.B) {
				s := newStream(b, subject.kind, tokens)
				next := subject.from(b, s)
				for s.first = 0; s.first < tokens; { // every token has been seen
					s.round(b, next)
				}
				var decoding, together rounds
				for b.Loop() {
					decoding = append(decoding, s.measured(b, nil))
					together = append(together, s.measured(b, next))
				}
				alone, both := decoding.median(), together.median()
				b.ReportMetric(both.cpu-alone.cpu, "cpu-ns/span")
				b.ReportMetric(both.allocs-alone.allocs, "allocs/span")
				b.ReportMetric(alone.cpu, "decode-cpu-ns/span")
				b.ReportMetric(together.beside(decoding), "x-decode")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// cost is what one span of a round costs.
type cost struct{ cpu, allocs float64 }

type rounds []cost

// median is that of the processor time, and that of the allocations.
func (r rounds) median() cost {
	middle := func(of func(cost) float64) float64 {
		all := make([]float64, len(r))
		for i := range r {
			all[i] = of(r[i])
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return cost{middle(func(c cost) float64 { return c.cpu }), middle(func(c cost) float64 { return c.allocs })}
}

// beside is the median of what each round costs more than the round of decoding before it, as a share of that: the machine's speed
// changes from one second to another, and meets both.
func (r rounds) beside(decoding rounds) float64 {
	shares := make(rounds, len(r))
	for i := range r {
		shares[i].cpu = r[i].cpu/decoding[i].cpu - 1
	}
	return shares.median().cpu
}

// measured is what a round costs.
func (s *stream) measured(b *testing.B, next consumer.Traces) cost {
	var m meter
	m.start()
	s.round(b, next)
	m.stop()
	const spans = batches * batchSize
	return cost{float64(m.cpu.Nanoseconds()) / spans, float64(m.allocs) / spans}
}

type tokenKind struct{ prefix string }

// Both kinds have the same length, and one of them is in a published format.
var (
	recognised = tokenKind{"sk_live_"}
	homeGrown  = tokenKind{"acmekey_"}
)

// stream is batches of encoded spans, in which every round other tokens and addresses are drawn.
type stream struct {
	kind    tokenKind
	tokens  int
	first   int // the next token to be seen for the first time; tokens if all have been
	encoded [][]byte
	secrets [][]int // where in a batch the tokens stand
	clients [][]int // and the addresses
	random  *rand.Rand
	decoder ptrace.ProtoUnmarshaler
}

const (
	anyAddress = "185.111.111.111"
	bodyLength = 24
)

func newStream(b *testing.B, kind tokenKind, tokens int) *stream {
	all := arrivingBatches(keys, 1)
	for _, td := range all {
		for _, span := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
			header, _ := span.Attributes().Get("http.request.header.x-api-key")
			header.Slice().At(0).SetStr(kind.token(0))
			span.Attributes().PutStr("client.address", anyAddress)
		}
	}
	s := &stream{kind: kind, tokens: tokens, first: tokens, encoded: encode(b, all), random: rand.New(rand.NewPCG(5, 6))}
	for _, batch := range s.encoded {
		s.secrets = append(s.secrets, places(batch, kind.prefix))
		s.clients = append(s.clients, places(batch, anyAddress))
		require.Len(b, s.secrets[len(s.secrets)-1], batchSize)
		require.Len(b, s.clients[len(s.clients)-1], batchSize)
	}
	return s
}

func places(in []byte, text string) []int {
	var all []int
	for at := 0; ; {
		i := bytes.Index(in[at:], []byte(text))
		if i < 0 {
			return all
		}
		all = append(all, at+i)
		at += i + len(text)
	}
}

// token is the n-th token.
func (k tokenKind) token(n int) string { return string(k.append([]byte(k.prefix), n)) }

func (tokenKind) append(b []byte, n int) []byte {
	const odd = 0x9e3779b97f4a7c15
	var raw [15]byte
	h := (uint64(n) + 1) * odd
	h ^= h >> 32
	binary.LittleEndian.PutUint64(raw[:], h*odd)
	binary.LittleEndian.PutUint64(raw[7:], uint64(n)*odd^h)
	return base32.HexEncoding.AppendEncode(b, raw[:])
}

// draw gives every span of a batch a token, and each token an address of its own.
func (s *stream) draw(i int) []byte {
	batch := s.encoded[i]
	for j, at := range s.secrets[i] {
		n := s.random.IntN(s.tokens)
		if s.first < s.tokens {
			n = s.first
			s.first++
		}
		s.kind.append(batch[at+len(s.kind.prefix):][:0], n)
		address := batch[s.clients[i][j]:][:len(anyAddress)]
		for octet, bits := range [...]int{n >> 14, n >> 7, n} {
			value := 100 + bits&127
			address[4+4*octet], address[5+4*octet], address[6+4*octet] = byte('0'+value/100), byte('0'+value/10%10), byte('0'+value%10)
		}
	}
	return batch
}

// round decodes every batch once, and gives it to next if there is one.
func (s *stream) round(b *testing.B, next consumer.Traces) {
	for i := range s.encoded {
		td, err := s.decoder.UnmarshalTraces(s.draw(i))
		if err == nil && next != nil {
			err = next.ConsumeTraces(context.Background(), td)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// startWhole starts token_identity with everything that it does for a span: every token has an owner in the registry, and the
// fingerprint is written too. That is seven attributes.
func startWhole(b *testing.B, s *stream, cache int) consumer.Traces {
	factory := tokenidentityprocessor.NewFactory()
	config := factory.CreateDefaultConfig().(*tokenidentityprocessor.Config)
	config.Keys.Identity = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	config.Attributes = []string{"api_token.fingerprint"}
	config.Registry.File = registryOf(b, s)
	config.Registry.ReloadInterval = time.Hour
	if cache > 0 {
		config.Cache.MaxTokens = cache
	}
	p, err := factory.CreateTraces(context.Background(), processortest.NewNopSettings(factory.Type()), config, sevenMore(b))
	require.NoError(b, err)
	start(b, p, componenttest.NewNopHost())
	return p
}

// sevenMore checks that what is measured has been done.
func sevenMore(b *testing.B) consumer.Traces {
	placed := 0
	next, err := consumer.NewTraces(func(_ context.Context, td ptrace.Traces) error {
		attrs := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes()
		for _, name := range []string{"api_token.id", "api_token.hint", "api_token.outcome", "api_token.owner.id", "api_token.owner.team", "api_token.fingerprint"} {
			if _, ok := attrs.Get(name); !ok {
				return fmt.Errorf("%s is missing", name)
			}
		}
		if _, ok := attrs.Get("geo.country.iso_code"); ok {
			placed++
		}
		return nil
	})
	require.NoError(b, err)
	b.Cleanup(func() { require.NotZero(b, placed) })
	return next
}

// registryOf writes a registry that knows every token.
func registryOf(b *testing.B, s *stream) string {
	path := filepath.Join(b.TempDir(), "owners.csv")
	var text strings.Builder
	text.WriteString("id,owner,owner_team,sha256\n")
	for n := range s.tokens {
		fmt.Fprintf(&text, "key_%d,owner_%d,team_%d,%x\n", n, n%1000, n%20, sha256.Sum256([]byte(s.kind.token(n))))
	}
	require.NoError(b, os.WriteFile(path, []byte(text.String()), 0o600))
	return path
}

// startStock chains the stock processors that come closest: transform names the token by a hash of its header and removes the header,
// redaction masks what looks like a secret in the other attributes. There is no owner, no place, and no look beyond attributes.
func startStock(b *testing.B) consumer.Traces {
	redaction := startProcessor(b, redactionprocessor.NewFactory(), map[string]any{
		"allow_all_keys": true,
		"blocked_values": []any{
			`(sk|rk)_(live|test)_[0-9A-Za-z]{10,}`, `gh[pousr]_[0-9A-Za-z]{36}`, `AKIA[0-9A-Z]{16}`, `xox[baprs]-[0-9A-Za-z-]{10,}`,
			`glpat-[0-9A-Za-z_-]{20}`, `eyJ[0-9A-Za-z_-]+\.eyJ[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+`, `(?i)bearer\s+[0-9a-z._~+/-]+=*`,
			`(?i)(api_?key|token|secret|password)=[^&\s]+`,
		},
		"summary": "silent",
	}, consumertest.NewNop())
	const header = `attributes["http.request.header.x-api-key"]`
	return startProcessor(b, transformprocessor.NewFactory(), map[string]any{
		"trace_statements": []any{map[string]any{
			"context": "span",
			"statements": []any{
				`set(attributes["api_token.id"], SHA256(` + header + `[0])) where ` + header + ` != nil`,
				`set(` + header + `[0], "REDACTED") where ` + header + ` != nil`,
			},
		}},
	}, redaction)
}

func startProcessor(b *testing.B, factory processor.Factory, config map[string]any, next consumer.Traces) consumer.Traces {
	cfg := factory.CreateDefaultConfig()
	require.NoError(b, confmap.NewFromStringMap(config).Unmarshal(cfg))
	p, err := factory.CreateTraces(context.Background(), processortest.NewNopSettings(factory.Type()), cfg, next)
	require.NoError(b, err)
	start(b, p, componenttest.NewNopHost())
	return p
}
