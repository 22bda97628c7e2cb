// Package insight answers what people ask of a store: which tokens to tidy up, how much to allow, what to charge, which routes suffer, and when
// a limit is reached. Every answer says by which formula it was found, and follows from what is in the store alone.
package insight
