package tokenidentityprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/holterhq/holter/internal/otelattr"
)

// signature says once for a resource under which identity key the tokens of its records are named. Where the resource says another
// key already, because somebody else has named tokens of it too, the records say it themselves.
type signature struct {
	keyID    string
	resource pcommon.Map
	state    signed
}

type signed uint8

const (
	unsigned signed = iota
	signedHere
	signedByAnother
)

// of begins another resource.
func (s *signature) of(resource pcommon.Resource) {
	s.resource, s.state = resource.Attributes(), unsigned
}

// put signs a record that a token was identified in.
func (s *signature) put(record pcommon.Map) {
	if s.state == unsigned {
		s.state = signedHere
		if said, ok := s.resource.Get(otelattr.TokenKeyID); !ok {
			s.resource.PutStr(otelattr.TokenKeyID, s.keyID)
		} else if said.AsString() != s.keyID {
			s.state = signedByAnother
		}
	}
	if s.state == signedByAnother {
		record.PutStr(otelattr.TokenKeyID, s.keyID)
	}
}
