package provider

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The example of AWS: nobody's.
const (
	awsKeyID  = "AKIDEXAMPLE"
	awsSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var awsWho aws.CredentialsProvider = credentials.NewStaticCredentialsProvider(awsKeyID, awsSecret, "")

// The signatures are those of AWS's own test suite for Signature Version 4 (aws-sig-v4-test-suite: get-vanilla,
// get-vanilla-query-order-key-case, post-vanilla).
func TestSigV4AgainstTheVectorsOfAWS(t *testing.T) {
	sign := SigV4(awsWho, "service", "us-east-1")
	at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	for _, c := range []struct{ method, url, want string }{
		{http.MethodGet, "https://example.amazonaws.com/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{http.MethodGet, "https://example.amazonaws.com/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{http.MethodPost, "https://example.amazonaws.com/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, c.url, nil)
		require.NoError(t, err)
		require.NoError(t, sign(t.Context(), req, nil, at))
		assert.Equal(t, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature="+c.want,
			req.Header.Get("Authorization"), c.url)
	}
}

func TestSigV4WithoutCredentials(t *testing.T) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.amazonaws.com/", nil)
	require.NoError(t, err)
	nobody := credentials.NewStaticCredentialsProvider("", "", "")
	assert.ErrorContains(t, SigV4(nobody, "iam", "us-east-1")(t.Context(), req, nil, noon), "there are no credentials for AWS")
}

var authorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$`)

// checkSignature works out the signature again as the documentation of AWS says, from what arrived.
func checkSignature(t *testing.T, in request, region, service string) {
	t.Helper()
	found := authorization.FindStringSubmatch(in.header.Get("Authorization"))
	if !assert.NotNil(t, found, in.header.Get("Authorization")) {
		return
	}
	assert.Equal(t, []string{awsKeyID, region, service}, []string{found[1], found[3], found[4]})
	names := strings.Split(found[5], ";")
	assert.True(t, sort.StringsAreSorted(names))
	assert.Contains(t, names, "host")
	var headers strings.Builder
	for _, name := range names {
		value := in.header.Get(name)
		switch name {
		case "host":
			value = in.host
		case "content-length":
			value = fmt.Sprint(len(in.raw))
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.Join(strings.Fields(value), " "))
	}
	digest := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	canonical := strings.Join([]string{in.method, in.escaped, in.query.Encode(), headers.String(), found[5], digest(in.raw)}, "\n")
	scope := strings.Join([]string{found[2], region, service, "aws4_request"}, "/")
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", in.header.Get("X-Amz-Date"), scope, digest(canonical)}, "\n")
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	key := mac(mac(mac(mac([]byte("AWS4"+awsSecret), found[2]), region), service), "aws4_request")
	assert.Equal(t, hex.EncodeToString(mac(key, toSign)), found[6], "the signature")
}
