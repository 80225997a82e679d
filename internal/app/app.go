// Package app puts the parts together: it opens what the configuration names, runs the server and the
// timed work, and stops them in the reverse order.
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/invite"
	"github.com/venterom/venterom/internal/oidc"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/survey"
	"github.com/venterom/venterom/internal/web"
	"github.com/venterom/venterom/surveys"
)

// App is the opened parts. Close lets go of them.
type App struct {
	cfg          Config
	metrics      *metrics
	secret       []byte
	proxies      []netip.Prefix
	certificates *autocert.Manager // nil if TLS is a proxy's
	Log          *slog.Logger
	Store        *store.Store
	Surveys      *survey.Catalog
	Reports      *report.Reader
	Inviter      *invite.Inviter
	// Providers are the identity providers staff may sign in through.
	Providers []*oidc.Client
	Closer    *aggregate.Closer
	Freezer   *aggregate.Freezer
}

// Open reads the surveys, opens the database and checks that the surveys are those its counts were
// made with.
func Open(ctx context.Context, cfg Config) (*App, error) {
	a := &App{cfg: cfg, Log: cfg.logger()}
	folders := []fs.FS{surveys.FS}
	if cfg.Surveys != "" {
		if _, err := os.Stat(cfg.Surveys); err != nil {
			return nil, fmt.Errorf("folder of surveys: %w", err)
		}
		folders = append(folders, os.DirFS(cfg.Surveys))
	}
	gate, err := disclosure.NewGate(cfg.Floor, cfg.Cohort)
	if err != nil {
		return nil, err
	}
	if a.Surveys, err = survey.Load(folders...); err != nil {
		return nil, err
	}
	if a.secret, err = cfg.secret(); err != nil {
		return nil, err
	}
	base, err := cfg.baseURL()
	if err != nil {
		return nil, err
	}
	if a.proxies, err = cfg.trustedProxies(); err != nil {
		return nil, err
	}
	if a.certificates, err = cfg.certificates(base); err != nil {
		return nil, err
	}
	gateway, reports, err := cfg.gateway(a.Log)
	if err != nil {
		return nil, err
	}
	if a.Providers, err = cfg.Providers(); err != nil {
		return nil, err
	}
	if a.Store, err = store.Open(ctx, cfg.Database, a.secret); err != nil {
		return nil, err
	}
	for _, sv := range a.Surveys.All() {
		if err := a.Store.PinSurvey(ctx, sv.ID, sv.Version, sv.Checksum()); err != nil {
			return nil, errors.Join(fmt.Errorf("survey %s version %d: %w", sv.ID, sv.Version, err), a.Store.Close())
		}
	}
	a.metrics = newMetrics(a.Store, a.Log)
	work := slog.New(counting{a.Log.Handler(), a.metrics.failures})
	if a.Inviter, err = invite.New(invite.Config{Store: a.Store, Gateway: gateway, Reports: reports, Secret: a.secret, BaseURL: base,
		PerPart: cfg.SMSPrice, Rescue: cfg.Rescue, Now: cfg.now(), Log: work}); err != nil {
		return nil, errors.Join(err, a.Store.Close())
	}
	a.Reports = report.New(a.Store, a.Surveys, gate)
	a.Closer = aggregate.NewCloser(a.Store, gate, work)
	a.Freezer = aggregate.NewFreezer(a.Store, a.Surveys, gate, work)
	return a, nil
}

// Restore puts a backup in the place of the database. The secret that belongs to it must be there: a new one
// would open nothing.
func Restore(ctx context.Context, cfg Config, file string, overwrite bool) error {
	if store.IsPostgres(cfg.Database) {
		return store.Restore(ctx, cfg.Database, file, nil, cfg.now()(), overwrite)
	}
	if _, err := os.Stat(cfg.secretName()); err != nil {
		return fmt.Errorf("put the secret file that belongs to the backup in place first: %w", err)
	}
	secret, err := cfg.secret()
	if err != nil {
		return err
	}
	return store.Restore(ctx, cfg.Database, file, secret, cfg.now()(), overwrite)
}

// Close closes the database.
func (a *App) Close() error { return a.Store.Close() }

// Serve answers requests until ctx is done, and then finishes what is in flight. A Monday that was
// missed is made up for before the first request. ready, if not nil, is told the address when it listens.
func (a *App) Serve(ctx context.Context, demo bool, ready func(net.Addr)) error {
	now := a.cfg.now()
	if err := a.Closer.CloseEnded(ctx, now()); err != nil {
		return fmt.Errorf("close week: %w", err)
	}
	if err := a.Freezer.FreezeEnded(ctx, now()); err != nil {
		return fmt.Errorf("freeze quarter: %w", err)
	}
	intake := aggregate.NewIntake(a.Store, a.Closer, now, a.Log)
	defer intake.Stop()
	words, err := i18n.Load(a.cfg.Floor, a.cfg.Cohort)
	if err != nil {
		return err
	}
	pages, err := a.pages(intake, words, demo)
	if err != nil {
		return err
	}
	handler := pages.Handler()
	var lists *invite.Folder
	if a.cfg.Drop != "" {
		if !a.Inviter.Ready() {
			return errors.New("a folder of lists needs a gateway for text messages: set VENTEROM_SMS")
		}
		if lists, err = invite.NewFolder(a.cfg.Drop, a.Inviter, words); err != nil {
			return fmt.Errorf("folder of lists: %w", err)
		}
	}
	servers, err := a.listen(handler)
	if err != nil {
		return err
	}
	sending, err := a.Inviter.Start(context.Background())
	if err != nil {
		return errors.Join(err, servers.close())
	}
	working, stopWork := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { a.Closer.Run(working, now) })
	work.Go(func() { a.Freezer.Run(working, now) })
	work.Go(func() { a.tidy(working, now) })
	if lists != nil {
		work.Go(func() { lists.Run(working) })
	}
	failed := servers.serve()
	a.Log.Info("listening", "address", servers[0].listener.Addr().String(), "url", a.cfg.BaseURL)
	if ready != nil {
		ready(servers[0].listener.Addr())
	}
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	finishing, cancel := context.WithTimeout(context.Background(), 25*time.Second)
	err = errors.Join(err, servers.shutdown(finishing))
	cancel()
	stopWork()
	work.Wait()
	finish, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	return errors.Join(err, sending.Stop(finish), a.Inviter.Flush(finish))
}

func (a *App) pages(intake *aggregate.Intake, words *i18n.Words, demo bool) (*web.Server, error) {
	base, err := a.cfg.baseURL()
	if err != nil {
		return nil, err
	}
	return web.New(web.Config{Store: a.Store, Surveys: a.Surveys, Inviter: a.Inviter, Intake: intake, Words: words, Providers: a.Providers, TrustedProxies: a.proxies, Processor: a.cfg.Processor,
		Reports: a.Reports, Secret: a.secret, BaseURL: base, Demo: demo, Now: a.cfg.now(), Log: a.Log, Observe: a.metrics.observe})
}

// Export writes all that a practice owns to a new file, as its lead can on the pages.
func (a *App) Export(ctx context.Context, p practice.Practice, file string) error {
	words, err := i18n.Load(a.cfg.Floor, a.cfg.Cohort)
	if err != nil {
		return err
	}
	pages, err := a.pages(nil, words, false)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the operator names it
	if err != nil {
		return err
	}
	if err = errors.Join(pages.Export(ctx, p, "", out), out.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return a.Store.Record(ctx, p.ID, practice.Exported, "")
}

// tidy stores what was counted in memory and forgets what is no longer needed, every hour.
func (a *App) tidy(ctx context.Context, now func() time.Time) {
	for {
		if err := a.Inviter.Flush(ctx); err != nil && ctx.Err() == nil {
			a.metrics.failures.Inc()
			a.Log.Error("store how often forms were opened", "error", err)
		}
		if err := a.Store.Tidy(ctx, now()); err != nil && ctx.Err() == nil {
			a.metrics.failures.Inc()
			a.Log.Error("tidy", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Hour):
		}
	}
}

// Ping asks a running server whether it is ready, for a container's health check. Where the server speaks TLS
// itself, its certificate must be that of the base URL.
func Ping(ctx context.Context, cfg Config, out io.Writer) error {
	base, err := cfg.baseURL()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(cfg.Address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() { // listens everywhere: also here
		host = "127.0.0.1"
	}
	scheme, transport := "http", &http.Transport{}
	if cfg.ACME != "" {
		scheme, transport.TLSClientConfig = "https", &tls.Config{ServerName: base.Hostname(), MinVersion: tls.VersionTLS12}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 5 * time.Second, Transport: transport}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answers %s", response.Status)
	}
	_, err = fmt.Fprintln(out, "ready")
	return err
}

// InWords writes a fault as an English sentence, for the command line; other errors stay as they are.
func InWords(err error) error {
	f := fault.As(err)
	if f == nil {
		return err
	}
	words, loadErr := i18n.Load(disclosure.Floor, disclosure.CohortFloor)
	if loadErr != nil {
		return err
	}
	return errors.New(words.In("en").T(f.Key, f.Args))
}
