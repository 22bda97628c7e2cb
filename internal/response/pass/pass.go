// Package pass signs addresses that let whoever has them do one thing about one act, until a time.
package pass

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Key signs. It is secret.
type Key []byte

const (
	minKey = 32
	until  = "until"
	sign   = "sign"
)

// ParseKey reads the base64 of at least 32 bytes.
func ParseKey(text string) (Key, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, errors.New("it is not base64: make one with: openssl rand -base64 32")
	}
	if len(key) < minKey {
		return nil, fmt.Errorf("it holds %d bytes, and less than %d can be guessed: make one with: openssl rand -base64 32", len(key), minKey)
	}
	return key, nil
}

// Address is below a base address; verb and act are part of its path.
func (k Key) Address(base, verb, act string, last time.Time) string {
	q := url.Values{until: {strconv.FormatInt(last.Unix(), 10)}, sign: {k.signature(verb, act, last.Unix())}}
	return strings.TrimSuffix(base, "/") + "/" + url.PathEscape(verb) + "/" + url.PathEscape(act) + "?" + q.Encode()
}

// Errors of Check. They say no more than what whoever asks knows already.
var (
	ErrForged = errors.New("the address is not one that Holter has made: copy all of it")
	ErrPast   = errors.New("the address has expired")
)

// Check says whether an address was signed for this verb and act, and is not past.
func (k Key) Check(verb, act string, query url.Values, now time.Time) error {
	last, err := strconv.ParseInt(query.Get(until), 10, 64)
	if err != nil || !hmac.Equal([]byte(query.Get(sign)), []byte(k.signature(verb, act, last))) {
		return ErrForged
	}
	if now.After(time.Unix(last, 0)) {
		return ErrPast
	}
	return nil
}

func (k Key) signature(verb, act string, last int64) string {
	mac := hmac.New(sha256.New, k)
	fmt.Fprintf(mac, "holter act\n%d:%s\n%d:%s\n%d", len(verb), verb, len(act), act, last)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
