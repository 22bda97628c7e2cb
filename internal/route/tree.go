// Package route turns raw request paths into a bounded set of route templates, for services whose telemetry has no
// http.route: /v1/users/alice/orders/17 becomes /v1/users/{id}/orders/{id}.
//
// Segments that look like identifiers are replaced at once (segment.go). What looks like a word may still be a user name
// or a slug: a tree per service notices positions where ever new words turn up, and merges those into {id} (node.go).
package route

// Placeholder stands for a segment that varies.
const Placeholder = "{id}"

// Other is the template of the paths that a service's tree has no room for.
const Other = "/{path}"

// Options of a Tree.
type Options struct {
	MaxRoutes   int // templates per service; 0 means 50
	MaxServices int // services with a tree of their own, the rest share one; 0 means 1,000
}

// Tree templates the paths of all services. The same paths in the same order give the same templates; a path keeps its
// template unless the tree learns that a segment of it varies. Not safe for concurrent use.
type Tree struct {
	options  Options
	services map[string]*service
	dropped  uint64
}

// service is the tree of one service.
type service struct {
	root    node
	live    int // routes in the tree
	settled int // routes in the tree that were requested more than once
	issued  int // routes ever added: those that were merged away have been seen by whoever asked
}

// shared is the name of the tree of all services beyond MaxServices.
const shared = "\x00"

// New returns an empty Tree.
func New(options Options) *Tree {
	if options.MaxRoutes <= 0 {
		options.MaxRoutes = 50
	}
	if options.MaxServices <= 0 {
		options.MaxServices = 1_000
	}
	return &Tree{options: options, services: make(map[string]*service)}
}

// Template returns the route that a path belongs to. The method is not looked at: it does not change a path's shape.
// Query, fragment and path parameters are left out.
func (t *Tree) Template(serviceName, _, path string) string {
	var array [maxSegments]string
	segments := split(path, array[:0])
	s := t.service(serviceName)

	leaf := s.root.find(segments)
	if leaf == nil || leaf.ends == 0 {
		leaf = t.grow(s, segments)
	}
	if leaf == nil {
		t.dropped++
		return Other
	}
	if leaf.hit(); leaf.ends == settledAt {
		s.settled++
	}
	return leaf.template()
}

// grow adds the route of a path that the tree does not know, and merges what has become too many. It returns nil when
// there is no room even so.
func (t *Tree) grow(s *service, segments []string) *node {
	if s.live >= t.options.MaxRoutes {
		leaf := s.root.findGeneral(segments)
		if leaf == nil || leaf.ends == 0 {
			return nil
		}
		return leaf
	}
	leaf, crowded := s.root.insert(segments, t.tolerance(s), t.options.MaxRoutes*6/10)
	s.live++
	s.issued++
	if crowded == nil {
		return leaf
	}
	leaf.ends++ // so that it is a route already while its neighbours are merged
	crowded.merge(t.options.MaxRoutes * 6 / 10)
	leaf = s.root.find(segments)
	leaf.ends--
	s.live, s.settled = s.root.routes()
	if leaf.ends == 0 {
		s.live++
	}
	return leaf
}

// tolerance is how many words that were seen once may stand side by side. It shrinks with every route that did not
// last, so that many positions with random words stay within MaxRoutes together.
func (t *Tree) tolerance(s *service) int {
	return max(3, (t.options.MaxRoutes-(s.issued-s.settled))/3)
}

func (t *Tree) service(name string) *service {
	s, ok := t.services[name]
	if ok {
		return s
	}
	if len(t.services) >= t.options.MaxServices {
		name = shared
		if s, ok = t.services[name]; ok {
			return s
		}
	}
	s = new(service)
	t.services[name] = s
	return s
}

// Routes is how many routes all trees hold.
func (t *Tree) Routes() int {
	var total int
	for _, s := range t.services {
		total += s.live
	}
	return total
}

// Dropped is how many paths were templated as Other for lack of room.
func (t *Tree) Dropped() uint64 { return t.dropped }
