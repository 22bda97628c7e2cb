package tokenresponseexporter

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/holterhq/holter/internal/response"
	"github.com/holterhq/holter/internal/response/courier"
	"github.com/holterhq/holter/internal/response/message"
)

// SlackConfig sends to an incoming webhook, or as a bot to a channel.
type SlackConfig struct {
	confighttp.ClientConfig `mapstructure:",squash"`
	OwnersConfig            `mapstructure:",squash"`
	// Token of a bot with the scope chat:write. Without one the endpoint is an incoming webhook.
	Token configopaque.String `mapstructure:"token"`
	// Channel that the bot posts to, its name or its id.
	Channel string `mapstructure:"channel"`
	// ChannelFrom is the field of the event that holds another channel, such as token.tags.slack.
	ChannelFrom string `mapstructure:"channel_from"`

	// prevent unkeyed literal initialization
	_ struct{}
}

const slackPost = "https://slack.com/api/chat.postMessage"

// client is that of the webhook or of the bot.
func (s *SlackConfig) client() confighttp.ClientConfig {
	client := s.ClientConfig
	if s.Token == "" {
		return client
	}
	if client.Endpoint == "" {
		client.Endpoint = slackPost
	}
	client.Headers = append(configopaque.MapList(nil), client.Headers...)
	client.Headers.Set("Authorization", "Bearer "+s.Token)
	return client
}

func (s *SlackConfig) strangers() bool { return s.OwnersConfig.strangers() || s.ChannelFrom != "" }

func (s *SlackConfig) faults() []error {
	faults := append(fixedEndpoint(s.client(), "slack target"), s.OwnersConfig.faults()...)
	if s.Token == "" {
		if s.Channel != "" || s.ChannelFrom != "" {
			faults = append(faults, errors.New("token is missing: an incoming webhook has its one channel, a bot's token posts to any"))
		}
		return faults
	}
	if s.Channel == "" {
		faults = append(faults, errors.New(`channel is missing: write the one for all that name no other, for example channel: "#security"`))
	}
	if s.ChannelFrom != "" {
		if err := response.CheckField(s.ChannelFrom); err != nil {
			faults = append(faults, fmt.Errorf("channel_from: %w", err))
		}
	}
	if s.EndpointFrom != "" {
		faults = append(faults, errors.New("endpoint_from: a bot posts to Slack alone: write channel_from, or leave out the token"))
	}
	return faults
}

func (s *SlackConfig) build(ctx context.Context, r *responder, host component.Host, t *courier.Target) error {
	way, err := r.way(ctx, host, t, s.client(), &s.OwnersConfig, string(s.Token))
	if err != nil {
		return err
	}
	t.Sender = &message.Slack{Way: way, Channel: s.Channel, ChannelField: s.ChannelFrom}
	return nil
}
