package behavior

import (
	"unsafe"

	"github.com/holterhq/holter/internal/baseline"
)

// roomy is a live token with memory beside it for what a usual day shows, so that one place holds all that a request asks for. Longer lists
// are elsewhere.
type roomy struct {
	token
	mix       [2][4]uint16
	_         [paddingOfSeen]byte // each in a line of its own
	seen      [4][2]count
	endpoints [roomForEndpoints]endpointCount
	sizes     [sizesKept / 2]answer
	requests  [sizesKept / 2]float32

	countries, clients, services [2]baseline.Share[string]
	networks                     [4]baseline.Share[string]
	used                         [1]serviceRoutes
	routes                       [4]baseline.Share[Endpoint]

	guise          suspect
	guiseSeen      [3][1]count
	guiseEndpoints [2]endpointCount
	guiseHours     [4]hourWeight
}

const paddingOfSeen = (line - (unsafe.Sizeof(token{})+unsafe.Sizeof([2][4]uint16{}))%line) % line

// lined is a roomy token that takes whole lines of cache.
type lined struct {
	roomy
	_ [(line - unsafe.Sizeof(roomy{})%line) % line]byte
}

// roomForEndpoints is how many endpoints most tokens call in a day at most.
const roomForEndpoints = 4

// roomsAtOnce is how many live tokens are made room for together.
const roomsAtOnce = 16

// rooms makes tokens that are to live.
type rooms struct{ spare []*token }

// take returns a token that knows nothing.
func (r *rooms) take() *token {
	if len(r.spare) == 0 {
		block := make([]lined, roomsAtOnce)
		for i := range block {
			r.spare = append(r.spare, block[i].furnish())
		}
	}
	last := len(r.spare) - 1
	t := r.spare[last]
	r.spare[last], r.spare = nil, r.spare[:last]
	return t
}

// put takes a token back.
func (r *rooms) put(t *token) {
	t.reset()
	r.spare = append(r.spare, t)
}

// furnish gives the token its room.
func (r *roomy) furnish() *token {
	b := &r.block
	for f := range b.seen {
		b.seen[f] = r.seen[f][:0]
	}
	b.endpoints, b.sizes, b.requests = r.endpoints[:0], r.sizes[:0], r.requests[:0]
	b.mixNow, b.mixBefore = r.mix[0][:0], r.mix[1][:0]
	t := &r.token
	t.countries.Within(r.countries[:])
	t.clients.Within(r.clients[:])
	t.services.Within(r.services[:])
	t.networks.Within(r.networks[:])
	r.used[0].routes.Within(r.routes[:])
	t.endpoints = r.used[:0]
	s := &r.guise
	for i := range s.seen {
		s.seen[i] = r.guiseSeen[i][:0]
	}
	s.endpoints, s.hours = r.guiseEndpoints[:0], r.guiseHours[:0]
	t.spare = s
	return t
}
