package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
)

// sealer encrypts the running sums before they are stored. Two versions of a sum that follow each other
// differ by one batch of answers, in a quiet hour by one answer, and a database keeps old versions for
// a while: in its log, in dead rows, on replicas. With the key outside the database none of them tells
// anything. AES-256-GCM with a random nonce; the length is rounded up, so that it does not tell either.
type sealer struct{ aead cipher.AEAD }

const (
	sealedStep  = 512 // bytes that lengths are rounded up to
	sealedNonce = 16  // characters: 12 random bytes, another for every version of a sum
)

func newSealer(secret []byte) (*sealer, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "venterom pending", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &sealer{aead}, nil
}

func (s *sealer) seal(value []byte) string {
	padded := make([]byte, (4+len(value)+sealedStep-1)/sealedStep*sealedStep)
	binary.BigEndian.PutUint32(padded, uint32(len(value)))
	copy(padded[4:], value)
	return base64.StdEncoding.EncodeToString(s.aead.Seal(nil, nil, padded, nil))
}

// open reads a sealed value; the empty text is no value yet.
func (s *sealer) open(text string) ([]byte, error) {
	if text == "" {
		return []byte("{}"), nil
	}
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	padded, err := s.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, errors.New("a running sum was sealed with another secret: start with the secret file that belongs to this database")
	}
	n := 0
	if len(padded) >= 4 {
		n = int(binary.BigEndian.Uint32(padded))
	}
	if n > len(padded)-4 {
		return nil, errors.New("a running sum is damaged")
	}
	return padded[4 : 4+n], nil
}
