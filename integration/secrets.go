package integration

import "fmt"

// Credentials of the tests: false ones, of real shapes. None of them may be found in anything that Holter writes.
const (
	secretKey      = "shop_live_Wq7TzR2mKx94LbNvYc83HdPf" // of a home-made format
	secretGitHub   = "ghp_R4yk2vJt8Ww1QzXn5LmB7cDs9HgFp0T6Ke3A"
	secretQuery    = "k9+Vw/2mT7xRb4ZqLs8NfJ3hGd6PcY1u0AeXoMi5BtE=" // base64, so percent-encoded in a query
	secretCookie   = "sess-Pm3nVx8KqT5wLz2RyJ7bHc4D"
	secretUpstream = "acme_up_Jd8sKq2LmZ5xVt7WnRb3YhGc"
	secretClient   = "jQ4-Hy8zLp2Xw6Tn9Rk3Vb" // password of OAuth's client credentials
	secretSigning  = "the signing secret of the shop, never in any telemetry"
)

// keyNumber is one of as many keys as a test needs.
func keyNumber(n int) string { return fmt.Sprintf("shop_live_%02dWq7TzR2mKx94LbNvYc83HdPf", n) }
