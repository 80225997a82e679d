package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/oidc"
)

// TestTheManual: its example starts, and its table has every setting and no other.
func TestTheManual(t *testing.T) {
	text, err := os.ReadFile("../../docs/sign-in.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```json\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("there is no example")
	}
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	clients, err := oidc.Load([]byte(example), func(name string) ([]byte, error) {
		if strings.HasSuffix(name, ".pem") {
			return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
		}
		return []byte("secret"), nil
	}, base, time.Now)
	if err != nil || len(clients) != 3 {
		t.Errorf("%d providers, %v", len(clients), err)
	}
	rows := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "` |"); ok && strings.HasPrefix(line, "| `") {
			rows[name] = true
		}
	}
	fields := reflect.TypeFor[oidc.Settings]()
	for i := range fields.NumField() {
		name := fields.Field(i).Tag.Get("json")
		if !rows[name] {
			t.Errorf("the manual lacks %s", name)
		}
		delete(rows, name)
	}
	for name := range rows {
		t.Errorf("the manual has %s, the settings have not", name)
	}
}
