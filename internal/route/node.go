package route

import (
	"maps"
	"slices"
	"strings"
)

const (
	settledAt   = 2  // requests that make it likely that a route is one
	established = 20 // requests for a word that stays a word when its siblings are merged
)

// node is one position in a path.
type node struct {
	parent *node
	name   string
	words  map[string]*node // next segments that are words
	id     *node            // the next segment that varies
	open   bool             // new words here are identifiers
	hits   uint64           // requests that came through here
	ends   uint64           // requests that ended here: more than 0 makes it a route
	label  string           // the template, once asked for
}

// find follows the segments; nil where the tree ends before they do.
func (n *node) find(segments []string) *node {
	for _, segment := range segments {
		if n = n.next(segment); n == nil {
			return nil
		}
	}
	return n
}

// findGeneral follows the segments and takes unknown words for identifiers.
func (n *node) findGeneral(segments []string) *node {
	for _, segment := range segments {
		next := n.next(segment)
		if next == nil {
			next = n.id
		}
		if next == nil {
			return nil
		}
		n = next
	}
	return n
}

func (n *node) next(segment string) *node {
	if segment != Placeholder {
		if word := n.words[segment]; word != nil {
			return word
		}
		if !n.open {
			return nil
		}
	}
	return n.id
}

// insert adds the segments. crowded is the topmost node on the way that holds too many words now: more than tolerance
// that were seen once, or more than limit at all.
func (n *node) insert(segments []string, tolerance, limit int) (leaf, crowded *node) {
	for _, segment := range segments {
		next := n.next(segment)
		if next == nil {
			next = n.add(segment)
			if crowded == nil && (len(n.words) > limit || n.singles() > tolerance) {
				crowded = n
			}
		}
		n = next
	}
	return n, crowded
}

func (n *node) add(segment string) *node {
	if segment == Placeholder || n.open {
		n.id = &node{parent: n, name: Placeholder}
		return n.id
	}
	if n.words == nil {
		n.words = make(map[string]*node)
	}
	child := &node{parent: n, name: strings.Clone(segment)}
	n.words[child.name] = child
	return child
}

// singles is how many words were seen at most once.
func (n *node) singles() int {
	var count int
	for _, word := range n.words {
		if word.hits <= 1 {
			count++
		}
	}
	return count
}

// hit counts a request that ends at n.
func (n *node) hit() {
	n.ends++
	for ; n != nil; n = n.parent {
		n.hits++
	}
}

// merge makes identifiers of the words that are not established, and of all that will come.
func (n *node) merge(limit int) {
	n.open = true
	for _, name := range slices.Sorted(maps.Keys(n.words)) {
		word := n.words[name]
		if word.hits >= established {
			continue
		}
		delete(n.words, name)
		if n.id == nil {
			n.id = &node{parent: n, name: Placeholder}
		}
		n.id.absorb(word, limit)
	}
}

// absorb takes over everything that is below and in src.
func (n *node) absorb(src *node, limit int) {
	n.hits += src.hits
	n.ends += src.ends
	n.open = n.open || src.open
	if src.id != nil {
		n.below(src.id, limit)
	}
	for _, name := range slices.Sorted(maps.Keys(src.words)) {
		n.below(src.words[name], limit)
	}
	if n.open || len(n.words) > limit || n.singles() > limit/2 {
		n.merge(limit)
	}
}

// below puts child, which had another parent, below n.
func (n *node) below(child *node, limit int) {
	if own := n.own(child.name); own != nil {
		own.absorb(child, limit)
		return
	}
	child.parent = n
	child.unlabel()
	if child.name == Placeholder {
		n.id = child
		return
	}
	if n.words == nil {
		n.words = make(map[string]*node)
	}
	n.words[child.name] = child
}

func (n *node) own(name string) *node {
	if name == Placeholder {
		return n.id
	}
	return n.words[name]
}

func (n *node) unlabel() {
	n.label = ""
	if n.id != nil {
		n.id.unlabel()
	}
	for _, word := range n.words {
		word.unlabel()
	}
}

// routes is how many routes end in n or below, and how many of them are settled.
func (n *node) routes() (all, settled int) {
	if n.ends > 0 {
		all = 1
	}
	if n.ends >= settledAt {
		settled = 1
	}
	add := func(child *node) {
		a, s := child.routes()
		all, settled = all+a, settled+s
	}
	if n.id != nil {
		add(n.id)
	}
	for _, word := range n.words {
		add(word)
	}
	return all, settled
}

// template is the path to n.
func (n *node) template() string {
	if n.label == "" {
		if n.parent == nil {
			n.label = "/"
		} else {
			n.label = strings.TrimSuffix(n.parent.template(), "/") + "/" + n.name
		}
	}
	return n.label
}
