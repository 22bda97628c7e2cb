package otelattr

import (
	"net/netip"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/featuregate"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/holterhq/holter/internal/behavior"
	"github.com/holterhq/holter/internal/geo"
	"github.com/holterhq/holter/internal/registry"
)

func TestPutIdentityWritesWhatIsKnownAndChosen(t *testing.T) {
	who := &Identity{
		ID: "tok_x", Hint: "h", Fingerprint: "fp_x", Owner: &registry.Owner{ID: "o", Team: "om", Name: "on", Type: "ot"},
		Details: &Details{
			Type: "jwt", Format: "jwt", Issuer: "i", ClientID: "c", Scopes: []string{"a"}, Unverified: true,
			ExpiresAt: time.Date(2026, 12, 1, 1, 0, 0, 0, time.FixedZone("x", 3600)), RegistryID: "r",
			Tags: map[string]string{"b": "2", "a": "1"},
		},
	}
	use := Use{Status: "active", Outcome: OutcomeText(behavior.Success), Direction: DirectionInbound, Place: placeOf(t, "81.169.181.179")}
	attrs := pcommon.NewMap()
	new(Appender).PutIdentity(attrs, who, &use, 0, true)
	assert.Equal(t, map[string]any{
		TokenID: "tok_x", TokenHint: "h", TokenOutcome: "success", TokenOwnerID: "o", TokenOwnerTeam: "om", GeoCountry: "DE",
	}, attrs.AsRaw(), "six, and nothing that says nothing")

	everything, err := Choose(choices[:])
	require.NoError(t, err)
	use.Status, use.Violations, use.Client = "revoked", []string{"revoked"}, "8.8.8.8"
	new(Appender).PutIdentity(attrs, who, &use, everything, false)
	got := attrs.AsRaw()
	for name, want := range map[string]any{
		TokenType: "jwt", TokenFormat: "jwt", TokenFingerprint: "fp_x", TokenDirection: "inbound", TokenRegistryID: "r", TokenIssuer: "i", TokenClientID: "c",
		TokenScopes: []any{"a"}, TokenExpiresAt: "2026-12-01T00:00:00Z", TokenVerified: false, TokenStatus: "revoked", TokenViolations: []any{"revoked"},
		TokenOriginKind: "public", GeoContinent: "EU",
		TokenOwnerName: "on", TokenOwnerType: "ot", TokenTagsPrefix + "a": "1", TokenTagsPrefix + "b": "2", ClientAddress: "8.8.8.8",
	} {
		assert.Equal(t, want, got[name], name)
	}
	for _, absent := range []string{GeoRegion, GeoLocality, GeoLatitude, GeoLongitude, ClientASNumber, ClientASOrg} {
		assert.NotContains(t, got, absent, "unknown is unknown")
	}
	bare := pcommon.NewMap()
	new(Appender).PutIdentity(bare, &Identity{ID: "tok_x"}, &Use{}, everything, false)
	assert.Equal(t, map[string]any{TokenID: "tok_x"}, bare.AsRaw())
}

func TestAddedTextsAreAttributesLikeOthers(t *testing.T) {
	require.NotNil(t, stringType, "pdata keeps maps otherwise: see Appender")
	values := []string{"2", "", "4"}
	texts := []text{{"b", &values[0]}, {"c", &values[1]}, {"d", &values[2]}}
	want, got := pcommon.NewMap(), pcommon.NewMap()
	for _, m := range []pcommon.Map{want, got} {
		m.PutStr("a", "1")
	}
	for _, text := range texts {
		want.PutStr(text.name, *text.value)
	}
	new(Appender).add(got, texts)
	assert.Equal(t, want, got)
	for _, m := range []pcommon.Map{want, got} {
		m.PutStr("b", "other")
		m.PutInt("c", 3)
		m.Remove("a")
		m.PutStr("e", "5")
	}
	assert.True(t, want.Equal(got))
	copied := pcommon.NewMap()
	got.CopyTo(copied)
	assert.Equal(t, map[string]any{"b": "other", "c": int64(3), "d": "4", "e": "5"}, copied.AsRaw())
	assert.Equal(t, []string{"2", "", "4"}, values, "records point to a value, and change their own")
}

func TestAnIdentityReplacesTheOneBefore(t *testing.T) {
	attrs := pcommon.NewMap()
	attrs.PutStr("http.route", "/")
	new(Appender).PutIdentity(attrs, &Identity{ID: "tok_a", Hint: "a"}, &Use{}, 0, false)
	new(Appender).PutIdentity(attrs, &Identity{ID: "tok_b"}, &Use{Outcome: OutcomeText(behavior.Success)}, 0, false)
	assert.Equal(t, map[string]any{"http.route": "/", TokenID: "tok_b", TokenHint: "a", TokenOutcome: "success"}, attrs.AsRaw())
	assert.Equal(t, 4, attrs.Len())
}

func TestWhatIsErasedFromARecordStaysInTheIdentity(t *testing.T) {
	const key = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
	who := &Identity{ID: "tok_a", Owner: &registry.Owner{ID: key}}
	span := ptrace.NewSpan()
	new(Appender).PutIdentity(span.Attributes(), who, &Use{}, 0, true)
	list := span.Attributes().PutEmptySlice("list")
	list.AppendEmpty()
	*wordsOf(list.At(0)) = anyWords{stringType, unsafe.Pointer(&who.Owner.ID)}

	cleaner := NewCleaner(NewSources(Names{}), Erasing{Placeholder: "REDACTED"})
	cleaner.Span(span, new(Sight))
	assert.Equal(t, map[string]any{TokenID: "tok_a", TokenOwnerID: "REDACTED", "list": []any{"REDACTED"}}, span.Attributes().AsRaw())
	assert.Equal(t, key, who.Owner.ID, "other records point there")
}

func TestRecordsShareNothingThatPdataUsesAgain(t *testing.T) {
	who := &Identity{ID: "tok_a"}
	shares := func() bool {
		attrs := pcommon.NewMap()
		new(Appender).PutIdentity(attrs, who, &Use{}, 0, true)
		value, _ := attrs.Get(TokenID)
		return textIn(value) == &who.ID
	}
	assert.True(t, shares())
	require.NotNil(t, pooling)
	require.NoError(t, featuregate.GlobalRegistry().Set(pooling.ID(), true))
	defer func() { require.NoError(t, featuregate.GlobalRegistry().Set(pooling.ID(), false)) }()
	assert.False(t, shares())
}

// placeOf is where the embedded database has an address.
func placeOf(t *testing.T, address string) geo.Place {
	t.Helper()
	embedded, err := geo.Embedded()
	require.NoError(t, err)
	var atlas geo.Atlas
	atlas.Put(geo.Countries, embedded)
	return atlas.Find(netip.MustParseAddr(address))
}

func TestDetailed(t *testing.T) {
	of := func(names ...string) bool {
		c, err := Choose(names)
		require.NoError(t, err)
		return c.Detailed()
	}
	assert.False(t, of())
	assert.False(t, of(TokenFingerprint, TokenDirection, TokenStatus, TokenOriginKind, ClientASNumber))
	assert.True(t, of(TokenFingerprint, TokenType))
	assert.True(t, of(TokenTagsPrefix+"*"))
}

func TestChoose(t *testing.T) {
	c, err := Choose([]string{TokenType})
	require.NoError(t, err)
	assert.True(t, c.Wants(TokenType))
	assert.False(t, c.Wants(TokenFormat))
	_, err = Choose([]string{TokenType, "x"})
	assert.ErrorContains(t, err, `[1]: "x" cannot be added: choose from api_token.owner.name, `)
}
