package tokenresponseexporter

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/holterhq/holter/internal/response/provider"
)

// AWSConfig acts on access keys, role sessions and API keys of AWS.
type AWSConfig struct {
	ProviderConfig `mapstructure:",squash"`
	// Service is iam or apigateway. The endpoint is the service's unless written.
	Service string `mapstructure:"service"`
	Region  string `mapstructure:"region"`
	// User and AccessKeyID are the fields of the event that name an access key and whose it is, for iam.
	User        provider.Field `mapstructure:"user"`
	AccessKeyID provider.Field `mapstructure:"access_key_id"`
	// Role is the field that names a role whose sessions have to begin anew; without it those of the user have to.
	Role provider.Field `mapstructure:"role"`
	// Key is the field that names an API key's id, for apigateway.
	Key provider.Field `mapstructure:"key"`
	// Credentials are Holter's own; without them those of the environment are taken: variables, files, web identity, instance.
	Credentials AWSCredentialsConfig `mapstructure:"credentials"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// AWSCredentialsConfig are credentials that are written out.
type AWSCredentialsConfig struct {
	AccessKeyID     string              `mapstructure:"access_key_id"`
	SecretAccessKey configopaque.String `mapstructure:"secret_access_key"`
	SessionToken    configopaque.String `mapstructure:"session_token"`

	// prevent unkeyed literal initialization
	_ struct{}
}

const (
	awsIAM        = "iam"
	awsAPIGateway = "apigateway"
	iamRegion     = "us-east-1" // IAM has one for the whole partition
)

func (a *AWSConfig) secrets() []string {
	return []string{string(a.Credentials.SecretAccessKey), string(a.Credentials.SessionToken)}
}

func (a *AWSConfig) preset(ctx context.Context, r *responder, way provider.Channel) (*provider.Preset, error) {
	if (a.Credentials.AccessKeyID == "") != (a.Credentials.SecretAccessKey == "") {
		return nil, errors.New("credentials: access_key_id and secret_access_key belong together: write both, or none for those of the environment")
	}
	endpoint, region := a.Endpoint, a.Region
	switch {
	case a.Service == awsIAM && region == "":
		region = iamRegion
	case a.Service == awsAPIGateway && region == "":
		return nil, errors.New("region is missing: write the one that the API keys are in, for example eu-central-1")
	case a.Service != awsIAM && a.Service != awsAPIGateway:
		return nil, fmt.Errorf("service: %q: write %s or %s", a.Service, awsIAM, awsAPIGateway)
	}
	who, err := a.who(ctx, r, region)
	if err != nil {
		return nil, err
	}
	way.Sign = provider.SigV4(who, a.Service, region)
	if a.Service == awsAPIGateway {
		if endpoint == "" {
			endpoint = "https://apigateway." + region + ".amazonaws.com"
		}
		return provider.APIGateway{Endpoint: endpoint, Key: a.Key}.Preset(way)
	}
	if endpoint == "" {
		endpoint = "https://iam.amazonaws.com"
	}
	return provider.IAM{Endpoint: endpoint, User: a.User, AccessKey: a.AccessKeyID, Role: a.Role}.Preset(way)
}

// who is whom Holter is at AWS.
func (a *AWSConfig) who(ctx context.Context, r *responder, region string) (aws.CredentialsProvider, error) {
	own := a.Credentials
	if own.AccessKeyID != "" {
		return credentials.NewStaticCredentialsProvider(own.AccessKeyID, string(own.SecretAccessKey), string(own.SessionToken)), nil
	}
	if r == nil {
		return aws.AnonymousCredentials{}, nil
	}
	found, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(region))
	if err != nil {
		return nil, fmt.Errorf("credentials of the environment: %w", err)
	}
	return found.Credentials, nil
}
