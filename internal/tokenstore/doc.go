// Package tokenstore is how components of a Collector find the store of tokens that the token_store extension shares.
package tokenstore
