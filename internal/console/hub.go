package console

import "context"

// hub watches the store for all who look.
type hub struct{ c *Console }

func newHub(c *Console) *hub { return &hub{c: c} }

func (h *hub) run(ctx context.Context) { <-ctx.Done() }
