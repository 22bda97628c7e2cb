package route

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTemplateBySight(t *testing.T) {
	for path, want := range map[string]string{
		"":                        "/",
		"/":                       "/",
		"/health":                 "/health",
		"//v1//orders/":           "/v1/orders",
		"/v1/orders?since=1":      "/v1/orders",
		"/v1/orders;s=1/2#top":    "/v1/orders",
		"/v1/orders/17":           "/v1/orders/{id}",
		"/v1/orders/17/items/4":   "/v1/orders/{id}/items/{id}",
		"/v2.1/users/me":          "/v2.1/users/me",
		"/apis/batch/v1beta1/job": "/apis/batch/v1beta1/job",
		"/u/2f1c0b9e-8a52-4a4e-9f0d-1c2b3a4d5e6f": "/u/{id}",
		"/u/01ARZ3NDEKTSV4RRFFQ69G5FAV":           "/u/{id}",
		"/u/deadbeef01":                           "/u/{id}",
		"/u/ann@example.com":                      "/u/{id}",
		"/u/ann%40example.com":                    "/u/{id}",
		"/u/cus_NffrFeUfNV2Hib":                   "/u/{id}",
		"/u/aGVsbG8gd29ybGQ=":                     "/u/{id}",
		"/u/user4711":                             "/u/{id}",
		"/u/kqzvbnwrt":                            "/u/{id}",
		"/report/2026-01-31":                      "/report/{id}",
		"/report/2026-01-31.pdf":                  "/report/{id}",
		"/oauth2/token":                           "/oauth2/token",
		"/getUserInfo/listAllHTTPRoutes":          "/getUserInfo/listAllHTTPRoutes",
		"/.well-known/openid-configuration":       "/.well-known/openid-configuration",
		"/k8s/ipv6/s3":                            "/k8s/ipv6/s3",
		"/payment-methods/bank_transfers":         "/payment-methods/bank_transfers",
		"/a/b/c/d/e/f/g/h/i/j/k/l":                "/a/b/c/d/e/f/g/h/i/j/k/l",
		"/a/b/c/d/e/f/g/h/i/j/k/l/m":              "/a/b/c/d/e/f/g/h/i/j/k/{path}",
		"/" + strings.Repeat("x", 41):             "/{id}",
		"/users/müller":                           "/users/{id}",
		"/services/authentication/internationalization/responsibilities": "/services/authentication/internationalization/responsibilities",
	} {
		assert.Equal(t, want, New(Options{}).Template("api", "GET", path), path)
	}
}

func TestWordsThatKeepComingBecomeOneRoute(t *testing.T) {
	tree := New(Options{})
	for range 100 {
		tree.Template("api", "GET", "/users/me")
	}
	seen := make(map[string]bool)
	for i := range 1000 {
		seen[tree.Template("api", "GET", "/users/"+word(i)+"/orders")] = true
	}
	assert.Less(t, len(seen), 20)
	assert.Equal(t, "/users/{id}/orders", tree.Template("api", "GET", "/users/walter/orders"))
	assert.Equal(t, "/users/me", tree.Template("api", "GET", "/users/me"), "an established route keeps its name")
	assert.Equal(t, "/users/walter/orders", tree.Template("web", "GET", "/users/walter/orders"), "services do not mix")
}

// An API of a few dozen routes, called at random, is not mistaken for identifiers.
func TestOrdinaryRoutesStayApart(t *testing.T) {
	for _, size := range []int{5, 10, 20, 28} {
		tree := New(Options{})
		random := rand.New(rand.NewPCG(1, uint64(size)))
		stable := make(map[string]string)
		for range 5000 {
			// Popularity falls with rank, as it does.
			rank := int(float64(size) * random.Float64() * random.Float64())
			path := "/v1/" + word(rank)
			stable[path] = tree.Template("api", "GET", path)
		}
		for path, template := range stable {
			assert.Equal(t, path, template, "of %d routes", size)
		}
	}
}

func TestRoomIsBounded(t *testing.T) {
	tree := New(Options{MaxRoutes: 10, MaxServices: 3})
	for s := range 20 {
		for i := range 100 {
			for range 30 { // often enough to be established
				tree.Template(fmt.Sprint("s", s), "GET", fmt.Sprintf("/%s/%s", word(i), word(i*7)))
			}
		}
	}
	assert.LessOrEqual(t, tree.Routes(), 10*4)
	assert.LessOrEqual(t, len(tree.services), 4)
}

// randomIDs requests the routes of a shop under random identifiers and returns the distinct templates.
func randomIDs(tree *Tree, requests int) map[string]bool {
	random := rand.New(rand.NewPCG(7, 7))
	const letters = "abcdefghijklmnopqrstuvwxyz"
	id := func() string {
		switch random.IntN(6) {
		case 0:
			return fmt.Sprint(random.Uint32())
		case 1:
			return fmt.Sprintf("%x", random.Uint64())
		case 2:
			return word(random.IntN(1 << 30))
		case 3:
			b := make([]byte, 6+random.IntN(10))
			for i := range b {
				b[i] = letters[random.IntN(26)]
			}
			return string(b)
		case 4:
			return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", random.Uint32(), random.IntN(1<<16), random.IntN(1<<12), random.IntN(1<<16), random.Uint64()>>16)
		default:
			return word(random.IntN(1<<20)) + "-" + fmt.Sprint(random.IntN(100))
		}
	}
	shapes := []string{
		"/v1/users/%s", "/v1/users/%s/orders", "/v1/users/%s/orders/%s", "/v1/orders/%s/items/%s", "/v1/products/%s", "/search/%s",
		"/%s/profile", "/v2/exports/%s/download",
	}
	seen := make(map[string]bool)
	for range requests {
		shape := shapes[random.IntN(len(shapes))]
		args := make([]any, strings.Count(shape, "%s"))
		for i := range args {
			args[i] = id()
		}
		seen[tree.Template("shop", "GET", fmt.Sprintf(shape, args...))] = true
	}
	return seen
}

// Whole under HOLTER_PROVE, else at a twentieth of the scale.
func TestAMillionRandomIdentifiersGiveFewRoutes(t *testing.T) {
	requests := 1_000_000
	if os.Getenv("HOLTER_PROVE") == "" {
		requests /= 20
	}
	tree := New(Options{})
	assert.LessOrEqual(t, len(randomIDs(tree, requests)), 50)
	assert.Zero(t, tree.Dropped())
}

func TestStateSurvives(t *testing.T) {
	tree := New(Options{})
	randomIDs(tree, 3_000)
	state, err := tree.AppendBinary(nil)
	require.NoError(t, err)

	restored := New(Options{})
	require.NoError(t, restored.UnmarshalBinary(state))
	again, err := restored.AppendBinary(nil)
	require.NoError(t, err)
	assert.Equal(t, state, again)
	assert.Equal(t, randomIDs(tree, 2_000), randomIDs(restored, 2_000))
	assert.Equal(t, tree.Routes(), restored.Routes())

	assert.ErrorContains(t, New(Options{}).UnmarshalBinary([]byte{9}), "version 9")
	assert.Error(t, New(Options{}).UnmarshalBinary(state[:len(state)/2]))
	assert.Error(t, New(Options{}).UnmarshalBinary(append(state, 0)))
}

func FuzzTemplate(f *testing.F) {
	f.Add("/v1/users/42?x=1", "//a/%zz/é")
	f.Fuzz(func(t *testing.T, a, b string) {
		tree := New(Options{MaxRoutes: 4})
		for range 3 {
			for _, path := range []string{a, b, a + "/" + b, "/" + b + "/x"} {
				template := tree.Template("s", "GET", path)
				require.True(t, strings.HasPrefix(template, "/"), "%q of %q", template, path)
				require.LessOrEqual(t, len(template), 1+maxSegments*(maxWord+1))
			}
		}
		require.LessOrEqual(t, tree.Routes(), 4)
		live, settled := tree.services["s"].root.routes()
		require.Equal(t, live, tree.services["s"].live)
		require.Equal(t, settled, tree.services["s"].settled)
	})
}

func FuzzUnmarshal(f *testing.F) {
	tree := New(Options{})
	randomIDs(tree, 100)
	state, _ := tree.AppendBinary(nil)
	f.Add(state)
	f.Fuzz(func(t *testing.T, b []byte) {
		tree := New(Options{})
		if tree.UnmarshalBinary(b) == nil {
			tree.Template("shop", "GET", "/v1/users/ann")
		}
	})
}

func BenchmarkTemplate(b *testing.B) {
	tree := New(Options{})
	randomIDs(tree, 10_000)
	b.ReportAllocs()
	for b.Loop() {
		tree.Template("shop", "GET", "/v1/users/4711/orders/2f1c0b9e-8a52-4a4e-9f0d-1c2b3a4d5e6f?page=2")
	}
}

// word spells a number in syllables: a name that looks like any other.
func word(i int) string {
	syllables := []string{"ba", "ne", "ri", "to", "lu", "mar", "sen", "dil", "kop", "fur", "ga", "we", "hi", "jo", "pul", "tas"}
	var b strings.Builder
	for {
		b.WriteString(syllables[i%len(syllables)])
		if i /= len(syllables); i == 0 {
			return b.String()
		}
	}
}
