package anomaly

import (
	"strconv"

	"github.com/google/uuid"
)

// namespace of Holter's event ids: UUIDv5 of its module path in the URL namespace (RFC 9562, section 5.5).
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/holterhq/holter"))

// NewID is the id of the event that a detector raises for a token in a block of time (for rules, the UTC day) with a severity.
func NewID(token string, detector Detector, block int64, severity Severity) string {
	name := make([]byte, 0, len(token)+len(detector)+24)
	name = append(append(append(name, token...), 0), detector...)
	name = strconv.AppendInt(append(name, 0), block, 10)
	name = strconv.AppendUint(append(name, 0), uint64(severity), 10)
	return uuid.NewSHA1(namespace, name).String()
}
