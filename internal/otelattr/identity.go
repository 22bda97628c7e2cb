package otelattr

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/holterhq/holter/internal/geo"
	"github.com/holterhq/holter/internal/registry"
)

// Identity is what is known about a token, whatever it is used for. Empty parts are not written. Records point to its texts: they must
// not change once they were written.
type Identity struct {
	ID, Hint    string
	Fingerprint string
	Owner       *registry.Owner // nil: nobody
	Details     *Details        // nil: nothing that is written by choice is known
}

// Details are what is written of an Identity by choice alone.
type Details struct {
	Type, Format string

	Issuer, ClientID string
	Scopes           []string
	ExpiresAt        time.Time
	Unverified       bool // the claims were read from the token and checked by nobody, or found to be forged
	Verified         bool // the claims are those of the issuer

	RegistryID string
	Tenant     string
	Tags       map[string]string
}

// Use is what is known about one use of a token. Empty parts are not written.
type Use struct {
	Status     string
	Violations []string
	Outcome    *string // OutcomeText; nil: unknown
	Direction  string
	Place      geo.Place // where the client is
	Client     string    // its address, where that is another than the record says

	Provisional bool // the identity may turn out to be another one
}

// Choice is which attributes are written besides those that always are. The zero value is none.
type Choice uint32

// choices are the names that may be chosen, in the order of their bits.
var choices = [...]string{
	TokenOwnerName, TokenOwnerType, TokenType, TokenFormat, TokenFingerprint, TokenDirection, TokenRegistryID,
	TokenIssuer, TokenClientID, TokenScopes, TokenExpiresAt, TokenVerified, TokenStatus, TokenTagsPrefix + "*",
	TokenOriginKind, GeoContinent, GeoRegion, GeoLocality, GeoLatitude, GeoLongitude, ClientASNumber, ClientASOrg, TokenTenant,
}

const (
	chooseOwnerName Choice = 1 << iota
	chooseOwnerType
	chooseType
	chooseFormat
	chooseFingerprint
	chooseDirection
	chooseRegistryID
	chooseIssuer
	chooseClientID
	chooseScopes
	chooseExpiresAt
	chooseVerified
	chooseStatus
	chooseTags
	chooseOriginKind
	chooseContinent
	chooseRegion
	chooseLocality
	chooseLatitude
	chooseLongitude
	chooseASNumber
	chooseASOrg
	chooseTenant
)

// chooseOrigin is everything that says where a request came from.
const chooseOrigin = chooseOriginKind | chooseContinent | chooseRegion | chooseLocality | chooseLatitude | chooseLongitude | chooseASNumber | chooseASOrg

// Choose compiles names of attributes.
func Choose(names []string) (Choice, error) {
	var c Choice
	for i, name := range names {
		at := slices.Index(choices[:], name)
		if at < 0 {
			return 0, fmt.Errorf("[%d]: %q cannot be added: choose from %s", i, name, strings.Join(choices[:], ", "))
		}
		c |= 1 << at
	}
	return c, nil
}

// Detailed says whether anything was chosen that Details hold.
func (c Choice) Detailed() bool {
	return c&^(chooseFingerprint|chooseDirection|chooseStatus|chooseOrigin) != 0
}

// Wants says whether an attribute was chosen.
func (c Choice) Wants(name string) bool {
	at := slices.Index(choices[:], name)
	return at >= 0 && c&(1<<at) != 0
}

// PutIdentity writes an identity and its use beside the other attributes of its record: id, hint, outcome, owner and country, what is out
// of the ordinary, and what was chosen. anew says that none of these stand there already, as a Sight knows.
func (a *Appender) PutIdentity(attrs pcommon.Map, who *Identity, use *Use, choice Choice, anew bool) {
	status := use.Status
	if status == "active" && choice&chooseStatus == 0 {
		status = ""
	}
	var buffer [9]text
	texts := also(buffer[:0], TokenID, &who.ID)
	texts = also(texts, TokenHint, &who.Hint)
	if use.Outcome != nil {
		texts = append(texts, text{TokenOutcome, use.Outcome})
	}
	if who.Owner != nil {
		texts = also(texts, TokenOwnerID, &who.Owner.ID)
		texts = also(texts, TokenOwnerTeam, &who.Owner.Team)
	}
	texts = also(texts, GeoCountry, &use.Place.Where().Country)
	if status != "" {
		texts = append(texts, text{TokenStatus, a.values.of(status)})
	}
	if choice&chooseFingerprint != 0 {
		texts = also(texts, TokenFingerprint, &who.Fingerprint)
	}
	if choice&chooseDirection != 0 && use.Direction != "" {
		texts = append(texts, text{TokenDirection, a.values.of(use.Direction)})
	}
	if anew {
		a.add(attrs, texts)
	} else {
		for _, t := range texts {
			attrs.PutStr(t.name, *t.value)
		}
	}
	putText(attrs, ClientAddress, use.Client)
	putTexts(attrs, TokenViolations, use.Violations)
	if use.Provisional {
		attrs.PutBool(TokenProvisional, true)
	}
	if choice == 0 {
		return
	}
	if who.Details != nil {
		putChosen(attrs, who.Details, who.Owner, choice)
	}
	if choice&chooseOrigin != 0 {
		putOrigin(attrs, use.Place, choice)
	}
}

// also adds a text that says something.
func also(texts []text, name string, value *string) []text {
	if *value == "" {
		return texts
	}
	return append(texts, text{name, value})
}

func putChosen(attrs pcommon.Map, who *Details, owner *registry.Owner, choice Choice) {
	if owner != nil {
		choice.put(attrs, chooseOwnerName, TokenOwnerName, owner.Name)
		choice.put(attrs, chooseOwnerType, TokenOwnerType, owner.Type)
	}
	choice.put(attrs, chooseType, TokenType, who.Type)
	choice.put(attrs, chooseFormat, TokenFormat, who.Format)
	choice.put(attrs, chooseRegistryID, TokenRegistryID, who.RegistryID)
	choice.put(attrs, chooseTenant, TokenTenant, who.Tenant)
	choice.put(attrs, chooseIssuer, TokenIssuer, who.Issuer)
	choice.put(attrs, chooseClientID, TokenClientID, who.ClientID)
	if choice&chooseScopes != 0 {
		putTexts(attrs, TokenScopes, who.Scopes)
	}
	if choice&chooseExpiresAt != 0 && !who.ExpiresAt.IsZero() {
		attrs.PutStr(TokenExpiresAt, who.ExpiresAt.UTC().Format(time.RFC3339))
	}
	if choice&chooseVerified != 0 && (who.Unverified || who.Verified) {
		attrs.PutBool(TokenVerified, who.Verified)
	}
	if choice&chooseTags != 0 {
		for _, key := range sortedKeys(who.Tags) {
			attrs.PutStr(TokenTagsPrefix+key, who.Tags[key])
		}
	}
}

// putOrigin writes what was chosen of a place.
func putOrigin(attrs pcommon.Map, place geo.Place, choice Choice) {
	where, network := place.Where(), place.Network()
	choice.put(attrs, chooseOriginKind, TokenOriginKind, string(place.Kind))
	choice.put(attrs, chooseContinent, GeoContinent, where.Continent)
	choice.put(attrs, chooseRegion, GeoRegion, where.Region)
	choice.put(attrs, chooseLocality, GeoLocality, where.City)
	choice.put(attrs, chooseASOrg, ClientASOrg, network.Organization)
	if where.Located {
		if choice&chooseLatitude != 0 {
			attrs.PutDouble(GeoLatitude, where.Latitude)
		}
		if choice&chooseLongitude != 0 {
			attrs.PutDouble(GeoLongitude, where.Longitude)
		}
	}
	if choice&chooseASNumber != 0 && network.Network != 0 {
		attrs.PutInt(ClientASNumber, int64(network.Network))
	}
}

// put writes a text if it was chosen.
func (c Choice) put(attrs pcommon.Map, chosen Choice, name, value string) {
	if c&chosen != 0 {
		putText(attrs, name, value)
	}
}

func putText(attrs pcommon.Map, name, value string) {
	if value != "" {
		attrs.PutStr(name, value)
	}
}

func putTexts(attrs pcommon.Map, name string, values []string) {
	if len(values) == 0 {
		return
	}
	list := attrs.PutEmptySlice(name)
	list.EnsureCapacity(len(values))
	for _, value := range values {
		list.AppendEmpty().SetStr(value)
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
