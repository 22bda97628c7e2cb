// Package prefetch asks for memory before it is needed, so that it arrives while there is something else to do. Reading it early instead
// would wait for it: a processor looks a few hundred instructions ahead, and memory is further away than that.
package prefetch
