package credential

// Callers that name themselves, or are named by a gateway, without a secret. What names them is an id: it is shown in the hint and
// erased nowhere.
const (
	GatewayID   Kind = "gateway_id"  // a gateway's name of a consumer or of its key
	Workload    Kind = "workload"    // a SPIFFE id
	Certificate Kind = "certificate" // the fingerprint or the subject of a client certificate
	TrustedID   Kind = "trusted_id"  // an id, or a hash of the credential, that the operator trusts
)

// Schemes of callers without a secret.
const (
	ConsumerScheme    Scheme = iota + Cookies + 1 // a gateway's id of the consumer
	GatewayKeyScheme                              // a gateway's id of the credential
	SPIFFEScheme                                  // spiffe://trust.domain/path
	CertificateScheme                             // the fingerprint of a certificate
	SubjectScheme                                 // the subject of a certificate
	TrustedScheme                                 // an id that the operator trusts
	FingerprintScheme                             // a hash of the credential that the operator trusts
)

// callers are what the schemes without a secret mean.
var callers = map[Scheme]Credential{
	ConsumerScheme:    {Kind: GatewayID, Format: "gateway_consumer"},
	GatewayKeyScheme:  {Kind: GatewayID, Format: "gateway_key"},
	SPIFFEScheme:      {Kind: Workload, Format: "spiffe_id"},
	CertificateScheme: {Kind: Certificate, Format: "certificate_fingerprint"},
	SubjectScheme:     {Kind: Certificate, Format: "certificate_subject"},
	TrustedScheme:     {Kind: TrustedID, Format: "id"},
	FingerprintScheme: {Kind: TrustedID, Format: "fingerprint"},
}

// Named says whether the credential is an id that stands for one: it is no secret.
func (c Credential) Named() bool {
	switch c.Kind {
	case GatewayID, Workload, Certificate, TrustedID:
		return true
	}
	return false
}

// callerHint shows the id. Of a hash the ends are enough to know it by.
func (c Credential) callerHint() string {
	id := c.Raw
	if len(id) >= 32 && hexAny.all(id) {
		id = id[:4] + "…" + id[len(id)-4:]
	}
	switch c.Kind {
	case Workload:
		return visible(id)
	case GatewayID:
		return "gateway/" + visible(id)
	case Certificate:
		return "certificate/" + visible(id)
	}
	return "id/" + visible(id)
}

// Callable says whether a value can name a caller: it is one printable word or line of bounded length that says something, is not
// masked, and is in no format of a secret. A fingerprint that was made here is one.
func Callable(id string) bool {
	const longest = 256
	if len(id) < 2 || len(id) > longest || absent(id) || Masked(id) && !ours(id) || Recognise(id) != nil {
		return false
	}
	for i := range len(id) {
		if id[i] < ' ' || id[i] == 0x7f {
			return false
		}
	}
	return true
}
