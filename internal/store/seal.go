package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
)

// keys are what the installation's secret is good for here, one for each use. None is in the database.
type keys struct {
	pending  *sealer // running sums
	payload  *sealer // what a message needs to be sent
	factor   *sealer // what an authenticator app shares with us
	token    []byte  // hashes tokens of invitations and keys of the interface for machines
	number   []byte  // hashes phone numbers
	link     []byte  // hides a number in the token of its invitation
	offer    []byte  // hashes tokens of offers of a role
	recovery []byte  // hashes recovery codes
}

func newKeys(secret []byte) (k keys, err error) {
	if k.pending, err = newSealer(secret, "venterom pending"); err != nil {
		return k, err
	}
	if k.payload, err = newSealer(secret, "venterom message"); err != nil {
		return k, err
	}
	if k.factor, err = newSealer(secret, "venterom factor"); err != nil {
		return k, err
	}
	for name, key := range map[string]*[]byte{"venterom token": &k.token, "venterom number": &k.number, "venterom link": &k.link,
		"venterom offer": &k.offer, "venterom recovery": &k.recovery} {
		if *key, err = hkdf.Key(sha256.New, secret, nil, name, sha256.Size); err != nil {
			return k, err
		}
	}
	return k, nil
}

func keyed(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// sealer encrypts a value before it is stored. Of the running sums two versions of a sum that follow each other
// differ by one batch of answers, in a quiet hour by one answer, and a database keeps old versions for
// a while: in its log, in dead rows, on replicas. With the key outside the database none of them tells
// anything. AES-256-GCM with a random nonce; the length is rounded up, so that it does not tell either.
type sealer struct{ aead cipher.AEAD }

const (
	sealedStep  = 512 // bytes that lengths are rounded up to
	sealedNonce = 16  // characters: 12 random bytes, another for every version of a sum
)

func newSealer(secret []byte, use string) (*sealer, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, use, 32)
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
	binary.BigEndian.PutUint32(padded, uint32(len(value))) // #nosec G115 -- a value is far below 4 GB
	copy(padded[4:], value)
	return base64.StdEncoding.EncodeToString(s.aead.Seal(nil, nil, padded, nil)) // #nosec G407 -- NewGCMWithRandomNonce draws a nonce each time, and takes none
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
		return nil, errors.New("it was sealed with another secret: start with the secret file that belongs to this database")
	}
	n := 0
	if len(padded) >= 4 {
		n = int(binary.BigEndian.Uint32(padded))
	}
	if n > len(padded)-4 {
		return nil, errors.New("it is damaged")
	}
	return padded[4 : 4+n], nil
}
