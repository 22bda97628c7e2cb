//go:build prove

package route

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestProveAMillionRandomIdentifiersGiveFewRoutes(t *testing.T) {
	tree := New(Options{})
	assert.LessOrEqual(t, len(randomIDs(tree, 1_000_000)), 50)
	assert.Zero(t, tree.Dropped())
}
