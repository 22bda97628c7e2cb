package message

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	secretPrefix = "whsec_"
	minKey       = 24
	maxKey       = 64
)

// Key signs messages.
type Key []byte

// ParseKey reads a secret as Standard Webhooks writes it: whsec_ and the base64 of 24 to 64 bytes.
func ParseKey(secret string) (Key, error) {
	text, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return nil, errors.New(`the secret does not start with "whsec_": make one with: echo "whsec_$(openssl rand -base64 32)"`)
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New(`the secret after "whsec_" is not base64: make one with: echo "whsec_$(openssl rand -base64 32)"`)
	}
	if len(key) < minKey || len(key) > maxKey {
		return nil, fmt.Errorf("the secret holds %d bytes: Standard Webhooks asks for %d to %d", len(key), minKey, maxKey)
	}
	return key, nil
}

// Sign is the signature of one message under each key, as the webhook-signature header has it: HMAC-SHA256 over
// id.timestamp.body. More than one key lets a secret be changed without a gap.
//
// Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, version 1.0.0.
func Sign(keys []Key, id string, at time.Time, body []byte) string {
	signatures := make([]string, 0, len(keys))
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(signatures, " ")
}
