package guard

// Forget lets go of owners: how much was done about their tokens lately counts for all, and no more for them.
func (g *Guard) Forget(owners []string) {
	for _, owner := range owners {
		delete(g.Owners, owner)
		delete(g.Circuits, circuitOf(owner))
	}
}
