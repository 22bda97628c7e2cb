package console

import "context"

// Demo is traffic that is made up, to look at before there is any of one's own.
type Demo interface {
	// Play sends it, and says how far it is. It ends with the context.
	Play(ctx context.Context, report func(done float64, requests int)) error
}

// playing says whether the demo is being played.
func (c *Console) playing() bool { return false }
