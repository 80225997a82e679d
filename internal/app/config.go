package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/venterom/venterom/internal/oidc"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/store"
)

// Config is every setting. Each has a default, so that the program starts with none given; the tags are
// for the command line, and the README's table is compared with them.
type Config struct {
	Database       string `env:"VENTEROM_DATABASE" default:"./data/venterom.db" help:"SQLite file or postgres:// URL."`
	Address        string `env:"VENTEROM_ADDRESS" default:"localhost:8080" help:"Address to listen on."`
	BaseURL        string `env:"VENTEROM_BASE_URL" default:"http://localhost:8080" help:"Address patients and staff reach it by; it is printed in QR codes."`
	TrustedProxies string `env:"VENTEROM_TRUSTED_PROXIES" default:"" help:"Addresses or networks (10.0.0.0/8) of proxies whose X-Forwarded-For is believed, separated by commas. Default: none."`
	ACME           string `env:"VENTEROM_ACME" default:"" help:"E-mail address for a certificate authority, which turns TLS with certificates of Let's Encrypt on and accepts its terms. Default: a proxy in front speaks TLS."`
	ACMEDirectory  string `env:"VENTEROM_ACME_DIRECTORY" default:"https://acme-v02.api.letsencrypt.org/directory" help:"Certificate authority."`
	HTTP           string `env:"VENTEROM_HTTP" default:"" help:"Address that leads plain http to the base URL, such as :80. Default: none."`
	Metrics        string `env:"VENTEROM_METRICS" default:"" help:"Address to serve /metrics on, for Prometheus; keep it to the machine or a closed network. Default: none."`
	SecretFile     string `env:"VENTEROM_SECRET_FILE" default:"" help:"File with the installation's secret; made at first start. Default: venterom.secret beside the database, or in ./data."`
	Surveys        string `env:"VENTEROM_SURVEYS" default:"" help:"Folder of local surveys beside the built-in ones."`
	SMS            string `env:"VENTEROM_SMS" default:"" help:"File that describes the gateway for text messages (docs/sms.md), or log, which sends nothing. Default: no messages."`
	SMSSecrets     string `env:"VENTEROM_SMS_SECRETS" default:"" help:"File with the gateway's passwords and keys."`
	SMSPrice       int    `env:"VENTEROM_SMS_PRICE" default:"60" help:"What a part of a message costs, in øre."`
	Drop           string `env:"VENTEROM_DROP" default:"" help:"Folder that journal systems leave lists of visits in, with a sub-folder for each practice (docs/api.md)."`
	OIDC           string `env:"VENTEROM_OIDC" default:"" help:"File that describes the identity providers staff sign in through (docs/sign-in.md). Default: passwords only."`
	Processor      string `env:"VENTEROM_PROCESSOR" default:"" help:"Who runs the installation for the practices and how to reach them, for their privacy notices. Default: each practice itself."`
	Floor          int    `env:"VENTEROM_FLOOR" default:"10" help:"Fewest answers that anything is shown of; may be raised, not lowered."`
	Cohort         int    `env:"VENTEROM_COHORT" default:"5" help:"Fewest practices that a network's figure is made of; may be raised, not lowered."`
	Log            string `env:"VENTEROM_LOG" default:"info" enum:"debug,info,warn,error" help:"How much to log: ${enum}."`

	Now    func() time.Time `kong:"-" json:"-"` // the clock; nil is the real one
	Rescue time.Duration    `kong:"-"`          // as invite.Config has it
}

func (c Config) now() func() time.Time {
	if c.Now != nil {
		return c.Now
	}
	return time.Now
}

func (c Config) baseURL() (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(c.BaseURL, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" {
		return nil, fmt.Errorf("base URL %q must be like https://svar.example.org, without a path", c.BaseURL)
	}
	return u, nil
}

// trustedProxies reads the list of proxies.
func (c Config) trustedProxies() (proxies []netip.Prefix, err error) {
	for text := range strings.SplitSeq(c.TrustedProxies, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, addrErr := netip.ParseAddr(text)
			if addrErr != nil {
				return nil, fmt.Errorf("trusted proxies: %q is neither an address such as 10.0.0.4 nor a network such as 10.0.0.0/24", text)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if p.Bits() == 0 {
			return nil, fmt.Errorf("trusted proxies: %q is everybody, who could then say to be anybody", text)
		}
		proxies = append(proxies, p.Masked())
	}
	return proxies, nil
}

func (c Config) logger() *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(c.Log)) != nil {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

// gateway reads the description of the gateway for text messages; nil if there is none.
func (c Config) gateway(log *slog.Logger) (make func(reportURL func(id string) string) (sms.Gateway, error), reports sms.ReportSettings, err error) {
	switch c.SMS {
	case "":
		return nil, reports, nil
	case "log":
		return func(func(string) string) (sms.Gateway, error) { return sms.Log{Logger: log}, nil }, reports, nil
	}
	data, err := os.ReadFile(c.SMS)
	if err != nil {
		return nil, reports, fmt.Errorf("SMS gateway: %w", err)
	}
	settings, err := sms.ParseHTTPSettings(data)
	if err != nil {
		return nil, reports, err
	}
	var secrets map[string]string
	if c.SMSSecrets != "" {
		if data, err = os.ReadFile(c.SMSSecrets); err != nil {
			return nil, reports, fmt.Errorf("SMS gateway's secrets: %w", err)
		}
		if secrets, err = sms.ParseSecrets(data); err != nil {
			return nil, reports, err
		}
	}
	return func(reportURL func(string) string) (sms.Gateway, error) {
		return sms.NewHTTP(settings, secrets, reportURL)
	}, settings.Reports, nil
}

// Providers reads the description of the identity providers; none if there is no file. The files it names
// lie beside it.
func (c Config) Providers() ([]*oidc.Client, error) {
	if c.OIDC == "" {
		return nil, nil
	}
	base, err := c.baseURL()
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(c.OIDC)
	if err != nil {
		return nil, fmt.Errorf("identity providers: %w", err)
	}
	return oidc.Load(data, func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(c.OIDC), name)
		}
		return os.ReadFile(name) // #nosec G304 -- the operator names it
	}, base, c.now())
}

// folder is where files are kept: beside the database, or in ./data if that is elsewhere.
func (c Config) folder() string {
	if store.IsPostgres(c.Database) {
		return "./data"
	}
	return filepath.Dir(c.Database)
}

const secretBytes = 32

func (c Config) secretName() string {
	if c.SecretFile != "" {
		return c.SecretFile
	}
	return filepath.Join(c.folder(), "venterom.secret")
}

// secret reads the installation's secret, making it the first time.
func (c Config) secret() ([]byte, error) {
	name := c.secretName()
	text, err := os.ReadFile(name) // #nosec G304 -- the operator names it
	if errors.Is(err, os.ErrNotExist) {
		if text, err = makeSecret(name); err != nil {
			return nil, fmt.Errorf("make secret: %w", err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) < secretBytes {
		return nil, fmt.Errorf("%s must hold at least %d bytes in hexadecimal", name, secretBytes)
	}
	return secret, nil
}

func makeSecret(name string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw)
	text := []byte(hex.EncodeToString(raw) + "\n")
	// Written aside and linked into place: of two that start together one wins, and nobody reads half a secret.
	temp, err := os.CreateTemp(filepath.Dir(name), ".secret-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(temp.Name(), name); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	return os.ReadFile(name) // #nosec G304 -- the operator names it
}
