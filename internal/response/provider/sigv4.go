package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// SigV4 signs requests to a service of AWS.
func SigV4(who aws.CredentialsProvider, service, region string) func(context.Context, *http.Request, []byte, time.Time) error {
	signer := v4.NewSigner()
	return func(ctx context.Context, req *http.Request, body []byte, now time.Time) error {
		credentials, err := who.Retrieve(ctx)
		if err != nil {
			return fmt.Errorf("there are no credentials for AWS: %w", err)
		}
		sum := sha256.Sum256(body)
		if err := signer.SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), service, region, now.UTC()); err != nil {
			return Impossible("signing the request: %w", err)
		}
		return nil
	}
}
