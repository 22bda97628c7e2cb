// Package denylist holds the tokens that gateways refuse, and answers them from memory: whoever asks about a request is told
// whether one of the credentials in it is locked, has to log in again, or may go only where it went before.
//
// Tokens stand in it by api_token.id, which is a keyed hash. It holds no credential, and nothing here prints one.
package denylist
