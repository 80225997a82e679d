package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/storetest"
)

// needed finds a program that a test cannot do without; where there is none the test is skipped, or fails if CI=true.
func needed(t testing.TB, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("missing: " + name)
	}
	t.Skip("skipped, missing: " + name)
}

// authority is a certificate authority on this machine that speaks ACME: Pebble, which Let's Encrypt tests
// clients with. It looks every name up to 127.0.0.1.
type authority struct {
	process   *exec.Cmd
	directory string
	trusted   string // file with the certificate of its own pages and, at last, its root
	root      *x509.CertPool
}

const certified = "svar.venterom.example"

// startAuthority starts it; it asks for proof at this address.
func startAuthority(t *testing.T, proof string) *authority {
	t.Helper()
	needed(t, "pebble")
	needed(t, "pebble-challtestsrv")
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pebble"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	a := &authority{trusted: filepath.Join(dir, "cert.pem")}
	must(t, os.WriteFile(a.trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	_, port, err := net.SplitHostPort(proof)
	must(t, err)
	tlsPort, err := strconv.Atoi(port)
	must(t, err)
	listen, manage, names := freeAddress(t), freeAddress(t), freeAddress(t)
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{"listenAddress": listen, "managementListenAddress": manage,
		"certificate": a.trusted, "privateKey": filepath.Join(dir, "key.pem"), "httpPort": 1, "tlsPort": tlsPort, "keyAlgorithm": "ecdsa",
		"retryAfter": map[string]int{"authz": 1, "order": 1}}})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "pebble.json"), config, 0o600))
	resolver := exec.Command("pebble-challtestsrv", "-dnsserver", names, "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-doh", "", "-http01", "", "-https01", "", "-tlsalpn01", "", "-management", freeAddress(t))
	a.process = exec.Command("pebble", "-config", filepath.Join(dir, "pebble.json"), "-dnsserver", names)
	a.process.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
	said := &output{}
	for _, c := range []*exec.Cmd{resolver, a.process} {
		c.Stdout, c.Stderr = said, said
		must(t, c.Start())
		t.Cleanup(func() { _, _ = c.Process.Kill(), c.Wait() })
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(said)
		}
	})
	a.directory = "https://" + listen + "/dir"
	pool := x509.NewCertPool()
	own, err := x509.ParseCertificate(certificate)
	must(t, err)
	pool.AddCert(own)
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	for range 400 {
		if r, err := client.Get("https://" + manage + "/roots/0"); err == nil {
			text, err := io.ReadAll(r.Body)
			must(t, err)
			a.root = x509.NewCertPool()
			if !a.root.AppendCertsFromPEM(text) {
				t.Fatalf("no root: %s", text)
			}
			file, err := os.OpenFile(a.trusted, os.O_APPEND|os.O_WRONLY, 0)
			must(t, err)
			_, err = file.Write(text)
			must(t, errors.Join(err, file.Close()))
			return a
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("the authority does not start:\n%s", said)
	return nil
}

// TestACME: the program gets a certificate by itself at its first visitor, from an authority that speaks the real
// protocol; for its own name alone, by today's TLS alone; keeps it, and leads plain http to it.
func TestACME(t *testing.T) {
	plain := freeAddress(t)
	p := install(t, build(t), storetest.SQLite, "VENTEROM_ACME=it@example.no", "VENTEROM_HTTP="+plain)
	ca := startAuthority(t, p.address)
	p.env = append(p.env, "VENTEROM_BASE_URL=https://"+certified, "VENTEROM_ACME_DIRECTORY="+ca.directory, "SSL_CERT_FILE="+ca.trusted)
	dial := func(name string, change func(*tls.Config)) (*tls.Conn, error) {
		config := &tls.Config{ServerName: name, RootCAs: ca.root, NextProtos: []string{"h2", "http/1.1"}}
		if change != nil {
			change(config)
		}
		return tls.DialWithDialer(&net.Dialer{Timeout: 30 * time.Second}, "tcp", p.address, config)
	}
	serve := func() (*process, *http.Client) {
		s := &process{p.command("serve"), &output{}, make(chan error, 1)}
		s.Stdout, s.Stderr = s.stderr, s.stderr
		must(t, s.Start())
		go func() { s.ended <- s.Wait() }()
		t.Cleanup(func() { _ = s.Process.Kill() })
		client := &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{ServerName: certified, RootCAs: ca.root}}}
		for range 2000 {
			if r, err := client.Get("http://" + plain + "/k/ABCD"); err == nil {
				_ = r.Body.Close()
				if to := r.Header.Get("Location"); r.StatusCode != http.StatusMovedPermanently || to != "https://"+certified+"/k/ABCD" {
					t.Errorf("plain http: %d to %s", r.StatusCode, to)
				}
				return s, client
			}
			time.Sleep(5 * time.Millisecond)
		}
		t.Fatalf("the server is not ready:\n%s", s.stderr)
		return nil, nil
	}
	visit := func(client *http.Client) (serial string) {
		t.Helper()
		var r *http.Response
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
			var err error
			if r, err = client.Get("https://" + p.address + "/login"); err == nil {
				break
			}
			if time.Now().After(deadline) { // nobody is waited for as long as a slow authority may take
				t.Fatal(err)
			}
		}
		defer r.Body.Close()
		leaf := r.TLS.PeerCertificates[0]
		if r.StatusCode != http.StatusOK || r.ProtoMajor != 2 || len(leaf.DNSNames) != 1 || leaf.DNSNames[0] != certified || r.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%d by %s with a certificate for %v", r.StatusCode, r.Proto, leaf.DNSNames)
		}
		return leaf.SerialNumber.String()
	}
	s, client := serve()
	first := visit(client)
	if out := p.run(t, "ping"); out != "ready\n" {
		t.Errorf("ping: %s", out)
	}
	for _, name := range []string{"other.venterom.example", "www." + certified} {
		if c, err := dial(name, nil); err == nil {
			_ = c.Close()
			t.Errorf("there is a certificate for %s", name)
		}
	}
	if c, err := dial(certified, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }); err == nil {
		_ = c.Close()
		t.Error("TLS 1.1 is spoken")
	}
	if c, err := dial(certified, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }); err != nil {
		t.Errorf("TLS 1.2: %v", err)
	} else {
		_ = c.Close()
	}
	folder := filepath.Join(filepath.Dir(p.database), "acme")
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder of keys: %v, %v", info, err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Errorf("no keys are kept: %v", err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	s.stop(t)
	// Without its authority it has what it had.
	must(t, ca.process.Process.Kill())
	s, client = serve()
	if again := visit(client); again != first {
		t.Errorf("certificate %s after a new start, %s before", again, first)
	}
	s.stop(t)
}

// TestNoCertificateIsLogged: browsers cannot be told why there is none.
func TestNoCertificateIsLogged(t *testing.T) {
	p := install(t, build(t), storetest.SQLite, "VENTEROM_ACME=it@example.no", "VENTEROM_ACME_DIRECTORY=https://127.0.0.1:1/dir")
	p.env = append(p.env, "VENTEROM_BASE_URL=https://"+certified)
	s := &process{p.command("serve"), &output{}, make(chan error, 1)}
	s.Stdout, s.Stderr = s.stderr, s.stderr
	must(t, s.Start())
	go func() { s.ended <- s.Wait() }()
	t.Cleanup(func() { _, _ = s.Process.Kill(), <-s.ended })
	for range 2000 {
		for _, name := range []string{"scanner.example", certified, certified} {
			if c, err := tls.Dial("tcp", p.address, &tls.Config{ServerName: name}); err == nil {
				_ = c.Close()
				t.Fatal("there is a certificate")
			}
		}
		if said := s.stderr.String(); strings.Contains(said, "no certificate") {
			if strings.Contains(said, "scanner") || strings.Count(said, "no certificate") != 1 {
				t.Errorf("the log says:\n%s", said)
			}
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("the log says nothing:\n%s", s.stderr)
}
