package tokenidentityprocessor

// Config says where credentials are looked for, how tokens are named, and what is known about them.
type Config struct{}
