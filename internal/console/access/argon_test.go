package access

import (
	"encoding/base64"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// argonOf is a hash that is quick to compare with.
func argonOf(password string) Password {
	salt := []byte("saltsaltsalt")
	b64 := base64.RawStdEncoding.EncodeToString
	return Password(fmt.Sprintf("$argon2id$v=19$m=64,t=1,p=1$%s$%s", b64(salt), b64(argon2.IDKey([]byte(password), salt, 1, 64, 1, 32))))
}
