package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/time/rate"
)

// certificates gets certificates for the host of the base URL, and for no other. Keys are kept in a folder
// beside the database.
func (c Config) certificates(base *url.URL) (*autocert.Manager, error) {
	if c.ACME == "" {
		return nil, nil
	}
	switch host := base.Hostname(); {
	case !strings.Contains(c.ACME, "@"):
		return nil, fmt.Errorf("VENTEROM_ACME %q must be an e-mail address, which the certificate authority writes to", c.ACME)
	case base.Scheme != "https":
		return nil, errors.New("VENTEROM_ACME needs a base URL with https")
	case net.ParseIP(host) != nil || !strings.Contains(host, "."):
		return nil, fmt.Errorf("VENTEROM_ACME needs a base URL with a name that the certificate authority can look up, not %q", host)
	}
	return &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(filepath.Join(c.folder(), "acme")),
		HostPolicy: autocert.HostWhitelist(base.Hostname()),
		Email:      c.ACME,
		Client:     &acme.Client{DirectoryURL: c.ACMEDirectory, UserAgent: "venterom"},
	}, nil
}

// servers are what listens: the pages first, and what is switched on beside them.
type servers []listening

type listening struct {
	*http.Server
	address  string
	host     string // that there is a certificate for; empty without TLS
	listener net.Listener
}

// listen opens the addresses of the configuration.
func (a *App) listen(handler http.Handler) (all servers, err error) {
	base, err := a.cfg.baseURL()
	if err != nil {
		return nil, err
	}
	pages := listening{Server: newServer(handler), address: a.cfg.Address}
	if a.certificates != nil {
		pages.host = base.Hostname()
		pages.TLSConfig = a.tls(pages.host)
	}
	all = servers{pages}
	if a.cfg.HTTP != "" {
		if base.Scheme != "https" {
			return nil, errors.New("VENTEROM_HTTP leads to the base URL, which must have https then")
		}
		var redirect http.Handler = redirectTo(base)
		if a.certificates != nil {
			redirect = a.certificates.HTTPHandler(redirect)
		}
		all = append(all, listening{Server: newServer(redirect), address: a.cfg.HTTP})
	}
	if a.cfg.Metrics != "" {
		all = append(all, listening{Server: newServer(a.metrics.handler()), address: a.cfg.Metrics})
	}
	for i := range all {
		if all[i].listener, err = net.Listen("tcp", all[i].address); err != nil {
			return nil, errors.Join(err, all[:i].close())
		}
	}
	return all, nil
}

// tls is autocert's, from TLS 1.2 on. That there is no certificate is said in the log, since browsers cannot be
// told: once a minute, and only of the host that there should be one for.
func (a *App) tls(host string) *tls.Config {
	config := a.certificates.TLSConfig()
	config.MinVersion = tls.VersionTLS12
	get, seldom := config.GetCertificate, rate.Sometimes{First: 1, Interval: time.Minute}
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		c, err := get(hello)
		if err != nil && hello.ServerName == host {
			seldom.Do(func() { a.Log.Error("no certificate", "host", host, "error", err) })
		}
		return c, err
	}
	return config
}

// fetchCertificate gets the certificate before anybody asks for it: the authority may take longer than a visitor is waited
// for. Trouble is logged as a visitor's would be, who is then the next to try.
func fetchCertificate(config *tls.Config, host string) {
	_, _ = config.GetCertificate(&tls.ClientHelloInfo{ServerName: host, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		SupportedCurves: []tls.CurveID{tls.CurveP256}, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}})
}

// newServer waits for nobody: who sends slowly, or reads slowly, is left. Lists of visits have longer
// (web.limitBody).
func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // net/http names clients' addresses in it
	}
}

// redirectTo leads from plain http to the base URL, whatever host was asked for. What is sent by it was read on
// the way, so nothing but a look is led on.
func redirectTo(base *url.URL) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		to := url.URL{Scheme: base.Scheme, Host: base.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, to.String(), http.StatusMovedPermanently)
	}
}

// serve starts all and returns where the first failure comes out.
func (all servers) serve() <-chan error {
	failed := make(chan error, len(all))
	for _, s := range all {
		go func() {
			var err error
			if s.TLSConfig != nil {
				go fetchCertificate(s.TLSConfig, s.host)
				err = s.ServeTLS(s.listener, "", "")
			} else {
				err = s.Serve(s.listener)
			}
			if !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		}()
	}
	return failed
}

// shutdown finishes what is in flight.
func (all servers) shutdown(ctx context.Context) (err error) {
	for _, s := range all {
		err = errors.Join(err, s.Shutdown(ctx))
	}
	return err
}

// close lets go of addresses that were not served yet.
func (all servers) close() (err error) {
	for _, s := range all {
		err = errors.Join(err, s.listener.Close())
	}
	return err
}
