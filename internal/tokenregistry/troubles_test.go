package tokenregistry

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOneThingThatIsWellAgainSaysNothingOfTheOthers(t *testing.T) {
	var said teller
	all := troubles{health: &said}
	all.well("a")
	all.trouble("b", errors.New("the disk is full"))
	all.trouble("a", errors.New("the server is away"))
	all.well("b")
	assert.Equal(t, []string{"the disk is full", "the server is away\nthe disk is full", "the server is away"}, said.troubles)
	assert.Zero(t, said.well)
	all.well("a")
	all.well("a")
	assert.Equal(t, 1, said.well)
}
