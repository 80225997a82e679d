// Command venterom lets patients of a GP practice rate a visit without free text, and lets the
// practice learn from it.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/app"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/survey"
	"github.com/venterom/venterom/surveys"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "venterom:", err)
		os.Exit(1)
	}
}

// console is where a command reads and writes.
type console struct {
	in  io.Reader
	out io.Writer
}

// password reads a password: typed unseen at a terminal, else a line of standard input.
func (c console) password() (string, error) {
	fmt.Fprint(c.out, "Password (at least 12 characters): ")
	defer fmt.Fprintln(c.out)
	if f, ok := c.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		typed, err := term.ReadPassword(int(f.Fd()))
		return string(typed), err
	}
	return c.line()
}

// line reads a line of standard input.
func (c console) line() (string, error) {
	line, err := bufio.NewReader(c.in).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}

type commands struct {
	app.Config
	Serve    serveCmd    `cmd:"" help:"Answer patients and staff, and close each week as it ends."`
	Demo     demoCmd     `cmd:"" help:"Show a made-up network on a temporary database."`
	Migrate  migrateCmd  `cmd:"" help:"Bring the database's schema up to date. serve does it too."`
	Close    closeCmd    `cmd:"" help:"Close a week by hand. serve does it on Mondays at 04:00 in Oslo."`
	Practice practiceCmd `cmd:"" help:"Practices."`
	Provider providerCmd `cmd:"" help:"Identity providers that staff sign in through."`
	User     userCmd     `cmd:"" help:"Staff accounts."`
	Network  networkCmd  `cmd:"" help:"Networks of practices."`
	Freeze   freezeCmd   `cmd:"" help:"Make the networks' snapshots of a quarter by hand. serve does it when a quarter ends."`
	Import   importCmd   `cmd:"" help:"Bring in counts from elsewhere."`
	Survey   surveyCmd   `cmd:"" help:"Survey files."`
	SMS      smsCmd      `cmd:"" name:"sms" help:"Text messages."`
	Backup   backupCmd   `cmd:"" help:"Write a copy of an SQLite database while it is in use."`
	Restore  restoreCmd  `cmd:"" help:"Put such a copy back, while the server is stopped."`
	Export   exportCmd   `cmd:"" help:"Write all that a practice owns to a file, at its own request."`
	Simulate simulateCmd `cmd:"" help:"Play made-up practices through the statistics: how often is what is said wrong?"`
	Log      logCmd      `cmd:"" help:"The log of what concerns the whole installation. A practice's own is on its pages."`
	Ping     pingCmd     `cmd:"" help:"Ask a running server whether it is ready."`
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	var c commands
	parser, err := kong.New(&c, kong.Name("venterom"), kong.UsageOnError(), kong.Writers(out, os.Stderr),
		kong.Description("Patient feedback for GP practices, without free text."),
		kong.BindTo(practice.As(ctx, practice.CommandLine), (*context.Context)(nil)))
	if err != nil {
		return err
	}
	k, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return app.InWords(k.Run(c.Config, console{in, out}))
}

// with opens the database for one command.
func with(ctx context.Context, cfg app.Config, f func(*app.App) error) error {
	a, err := app.Open(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(f(a), a.Close())
}

type serveCmd struct{}

func (serveCmd) Run(ctx context.Context, cfg app.Config) error {
	return with(ctx, cfg, func(a *app.App) error { return a.Serve(ctx, false, nil) })
}

type demoCmd struct{}

func (demoCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return app.Demo(ctx, cfg.Address, c.out)
}

type migrateCmd struct{}

func (migrateCmd) Run(ctx context.Context, cfg app.Config) error {
	return with(ctx, cfg, func(*app.App) error { return nil })
}

type closeCmd struct {
	Week string `arg:"" optional:"" help:"ISO week such as 2026-W47; the latest that has ended if left out. The running week can be named too: its later answers then wait for the next close."`
}

func (cmd closeCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		now := time.Now()
		week := calendar.WeekOf(now).Add(-1)
		if cmd.Week != "" {
			var err error
			if week, err = calendar.ParseWeek(cmd.Week); err != nil {
				return err
			}
			if week > calendar.WeekOf(now) {
				return fmt.Errorf("week %s has not begun", week)
			}
		}
		closed, err := a.Closer.Close(ctx, week, now)
		if err != nil {
			return err
		}
		if closed {
			if err := a.Store.Record(ctx, "", practice.WeekClosed, string(week)); err != nil {
				return err
			}
			fmt.Fprintf(c.out, "Week %s is closed.\n", week)
		} else {
			fmt.Fprintf(c.out, "Week %s or a later one was closed before; nothing is changed.\n", week)
		}
		return nil
	})
}

type practiceCmd struct {
	Add    practiceAddCmd    `cmd:"" help:"Add a practice, with a first collection point."`
	Delete practiceDeleteCmd `cmd:"" help:"Delete a practice with everything it owns, at its own request. Its name is read from standard input."`
}

type practiceAddCmd struct {
	Name   string `arg:"" help:"The practice's name, as patients know it."`
	Phone  string `required:"" help:"The phone number patients should call."`
	Lead   string `help:"Who is to lead it: a link is printed that lets them in, once."`
	Survey string `default:"visit" help:"The survey its form begins with."`
}

func (cmd practiceAddCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		if _, ok := a.Surveys.Latest(cmd.Survey); !ok {
			return fmt.Errorf("there is no survey %q", cmd.Survey)
		}
		p, point, err := a.Store.CreatePractice(ctx, practice.Practice{Name: cmd.Name, Phone: cmd.Phone, Survey: cmd.Survey}, "Venterommet")
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s is added as %s.\nOnce its lead has set it up, patients answer at %s/k/%s\n", p.Name, p.Slug, cfg.BaseURL, point.Code)
		if cmd.Lead == "" {
			return nil
		}
		return offer(ctx, a, cfg, c, practice.Offer{PracticeID: p.ID, Role: practice.Lead, Name: cmd.Lead})
	})
}

type practiceDeleteCmd struct {
	Slug string `arg:"" help:"The practice's name in addresses."`
}

func (cmd practiceDeleteCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		p, err := practiceCalled(ctx, a, cmd.Slug)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "Everything that %s owns is deleted: results, page, messages, log, and the accounts of those who have no\nother role. It cannot be undone. (venterom export %s FILE writes it all to a file first.)\nType the practice's name to delete it: ", p.Name, p.Slug)
		typed, err := c.line()
		fmt.Fprintln(c.out)
		if err != nil {
			return err
		}
		if !strings.EqualFold(strings.TrimSpace(typed), strings.TrimSpace(p.Name)) {
			return errors.New("that is not its name; nothing is deleted")
		}
		if err := a.Store.DeletePractice(ctx, p.ID); err != nil {
			return err
		}
		fmt.Fprintln(c.out, "The practice is deleted.")
		if err := a.Store.Erase(ctx); err != nil {
			return fmt.Errorf("the database's files may still hold what was deleted: %w", err)
		}
		return nil
	})
}

type exportCmd struct {
	Slug string `arg:"" help:"The practice's name in addresses."`
	File string `arg:"" help:"Where to write it, a ZIP; it must not exist."`
}

func (cmd exportCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		p, err := practiceCalled(ctx, a, cmd.Slug)
		if err != nil {
			return err
		}
		if err := a.Export(ctx, p, cmd.File); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "All that %s owns is in %s. Its log says so.\n", p.Name, cmd.File)
		return nil
	})
}

type userCmd struct {
	Add     userAddCmd     `cmd:"" help:"Add an account. The password is read from standard input."`
	Connect userConnectCmd `cmd:"" help:"Let an account sign in through an identity provider."`
	Invite  userInviteCmd  `cmd:"" help:"Make a link that gives a role in a practice, for when it has no lead who can."`
	Reset   userResetCmd   `cmd:"" help:"Give an account a new password, read from standard input, and take away its passkeys, app, codes and sessions."`
}

type userAddCmd struct {
	Email    string `arg:"" help:"What the user signs in with."`
	Name     string `default:"" help:"The user's name."`
	Role     string `required:"" enum:"lead,staff,coordinator,operator" help:"One of ${enum}."`
	Practice string `default:"" help:"The practice's name in addresses, for lead and staff."`
	Issuer   string `default:"" help:"The identity provider the user is known at; there is no password then."`
	Subject  string `default:"" help:"What the user is known as there (sub)."`
}

func (cmd userAddCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	if (cmd.Role == "operator" || cmd.Role == "coordinator") != (cmd.Practice == "") {
		return errors.New("lead and staff need --practice, a coordinator and an operator have none")
	}
	return with(ctx, cfg, func(a *app.App) error {
		email, err := practice.FoldEmail(cmd.Email)
		if err != nil {
			return err
		}
		var members []practice.Member
		if cmd.Practice != "" {
			p, err := practiceCalled(ctx, a, cmd.Practice)
			if err != nil {
				return err
			}
			members = append(members, practice.Member{PracticeID: p.ID, Role: practice.Role(cmd.Role)})
		}
		account := practice.Account{Email: email, Name: cmd.Name, Operator: cmd.Role == "operator"}
		if cmd.Issuer != "" || cmd.Subject != "" {
			identity, err := identityAt(a, cmd.Issuer, cmd.Subject)
			if err != nil {
				return err
			}
			_, err = a.Store.CreateAccountFor(ctx, identity, account, members...)
			if err != nil {
				return err
			}
		} else {
			password, err := c.password()
			if err != nil {
				return err
			}
			if account.Password, err = practice.HashPassword(password); err != nil {
				return err
			}
			if _, err := a.Store.CreateAccount(ctx, account, members...); err != nil {
				return err
			}
		}
		fmt.Fprintf(c.out, "%s can sign in at %s/login\n", email, cfg.BaseURL)
		if cmd.Role != "staff" {
			fmt.Fprintln(c.out, "The first time, a passkey or an authenticator app is set up.")
		}
		return nil
	})
}

type userResetCmd struct {
	Email string `arg:"" help:"What the user signs in with."`
}

func (cmd userResetCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		account, err := accountCalled(ctx, a, cmd.Email)
		if err != nil {
			return err
		}
		password, err := c.password()
		if err != nil {
			return err
		}
		hash, err := practice.HashPassword(password)
		if err != nil {
			return err
		}
		if err := a.Store.ResetAccount(ctx, account.ID, hash); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s is signed out everywhere and can sign in with the new password; a lead, coordinator or operator then sets up a second factor again.\n", account.Email)
		return nil
	})
}

// practiceCalled finds a practice by its name in addresses.
func practiceCalled(ctx context.Context, a *app.App, slug string) (practice.Practice, error) {
	p, err := a.Store.PracticeBySlug(ctx, slug)
	if fault.KindOf(err) == fault.NotFound {
		err = fmt.Errorf("there is no practice %q; its name in addresses is like eidsvag-legekontor", slug)
	}
	return p, err
}

type userInviteCmd struct {
	Name     string `arg:"" help:"Who the link is for."`
	Role     string `required:"" enum:"lead,staff" help:"One of ${enum}."`
	Practice string `required:"" help:"The practice's name in addresses."`
}

func (cmd userInviteCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		p, err := practiceCalled(ctx, a, cmd.Practice)
		if err != nil {
			return err
		}
		return offer(ctx, a, cfg, c, practice.Offer{PracticeID: p.ID, Role: practice.Role(cmd.Role), Name: cmd.Name})
	})
}

// offer makes a link that gives a role, and prints it.
func offer(ctx context.Context, a *app.App, cfg app.Config, c console, o practice.Offer) error {
	_, token, err := a.Store.MakeOffer(ctx, o, time.Now())
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "Give %s this link. It is good once, for %d days:\n%s/join/%s\n", o.Name, practice.OfferDays, cfg.BaseURL, token)
	return nil
}

type userConnectCmd struct {
	Email   string `arg:"" help:"The account's e-mail address."`
	Issuer  string `required:"" help:"The identity provider the user is known at."`
	Subject string `required:"" help:"What the user is known as there (sub)."`
}

func (cmd userConnectCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		identity, err := identityAt(a, cmd.Issuer, cmd.Subject)
		if err != nil {
			return err
		}
		account, err := accountCalled(ctx, a, cmd.Email)
		if err != nil {
			return err
		}
		if err := a.Store.ConnectIdentity(ctx, account.ID, identity); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s can sign in through %s\n", account.Email, identity.Issuer)
		return nil
	})
}

// identityAt is a name at one of the identity providers that are set up. A slip in the issuer would make an
// account that nobody can sign in to.
func identityAt(a *app.App, issuer, subject string) (practice.Identity, error) {
	for _, p := range a.Providers {
		if p.Issuer() == issuer {
			return practice.Identity{Issuer: issuer, Subject: subject}, p.CheckSubject(subject)
		}
	}
	return practice.Identity{}, fmt.Errorf("no identity provider is set up as %q (see venterom provider list)", issuer)
}

type providerCmd struct {
	List providerListCmd `cmd:"" help:"Say what each provider is to be told: where people come back to, and the public key."`
}

type providerListCmd struct{}

func (providerListCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	providers, err := cfg.Providers()
	if err != nil {
		return err
	}
	for _, p := range providers {
		fmt.Fprintf(c.out, "%s\n  issuer     %s\n  redirect   %s\n", p.ID, p.Issuer(), p.ReturnURL())
		if key := p.PublicKey(); key != nil {
			fmt.Fprintf(c.out, "  public key %s\n", key)
		}
	}
	return nil
}

type importCmd struct {
	FFT importFFTCmd `cmd:"" name:"fft" help:"NHS Friends and Family Test counts per practice and ISO week or month (CSV)."`
}

type importFFTCmd struct {
	File string `arg:"" type:"existingfile" help:"The file."`
}

func (cmd importFFTCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	file, err := os.Open(cmd.File)
	if err != nil {
		return err
	}
	defer file.Close()
	return with(ctx, cfg, func(a *app.App) error {
		periods, err := aggregate.ImportFFT(ctx, a.Store, a.Closer, time.Now(), a.Surveys, file)
		if err != nil {
			return fmt.Errorf("%s: %w", cmd.File, err)
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "practice\tperiod\tweeks\tn\tpublished\tours\t")
		for i, p := range periods {
			if !p.Released {
				fate := "counted with\tthe next"
				if i+1 == len(periods) || periods[i+1].Practice != p.Practice {
					fate = "the last:\tnot stored"
				}
				fmt.Fprintf(w, "%s\t%s\t\tunder ten\t%s\t\n", p.Practice, p.Period, fate)
				continue
			}
			fmt.Fprintf(w, "%s\t%s\t%s–%s\t%d\t%.1f %%\t%.1f %%\t\n", p.Practice, p.Period, p.First, p.Last, p.N, 100*p.Published, 100*p.Ours)
		}
		return w.Flush()
	})
}

type surveyCmd struct {
	Lint surveyLintCmd `cmd:"" help:"Check survey files; each problem is named by line and column."`
}

type surveyLintCmd struct {
	Files []string `arg:"" type:"existingfile" help:"Survey files."`
}

func (cmd surveyLintCmd) Run(c console) error {
	pins, err := survey.ReadPins(surveys.FS)
	if err != nil {
		return err
	}
	found := 0
	for _, name := range cmd.Files {
		data, err := os.ReadFile(name) // #nosec G304 -- the operator names it
		if err != nil {
			return err
		}
		for _, p := range survey.Lint(name, data, pins) {
			fmt.Fprintln(c.out, p)
			found++
		}
	}
	if found > 0 {
		return fmt.Errorf("%d problems", found)
	}
	return nil
}

type smsCmd struct {
	Inbound smsInboundCmd `cmd:"" help:"Print the address that a gateway hands in answers to messages at, for STOP. It is a secret."`
}

type smsInboundCmd struct{}

func (smsInboundCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		_, err := fmt.Fprintln(c.out, cfg.BaseURL+a.Inviter.InboundPath())
		return err
	})
}

type backupCmd struct {
	File string `arg:"" help:"Where to write the copy; it must not exist."`
}

func (cmd backupCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		if err := a.Store.Backup(ctx, cmd.File); err != nil {
			return err
		}
		if err := a.Store.Record(ctx, "", practice.BackupMade, filepath.Base(cmd.File)); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "The database is copied to %s.\n", cmd.File)
		return nil
	})
}

type restoreCmd struct {
	File      string `arg:"" type:"existingfile" help:"A copy that venterom backup wrote."`
	Overwrite bool   `help:"Do so although there are practices, networks or accounts, which are lost."`
}

func (cmd restoreCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	if err := app.Restore(ctx, cfg, cmd.File, cmd.Overwrite); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s is put back as %s. Messages that waited in it will not be sent, and everybody signs in anew.\n"+
		"What was done since it was made is not in it: see docs/backup.md for what to do again.\n", cmd.File, cfg.Database)
	return nil
}

type logCmd struct {
	Lines int `default:"100" help:"How many lines."`
}

func (cmd logCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		deeds, err := a.Store.Log(ctx, "", 0, cmd.Lines)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		for _, d := range deeds {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.At.Format(time.RFC3339), d.Name, d.Action, d.Object)
		}
		return w.Flush()
	})
}

type pingCmd struct{}

func (pingCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return app.Ping(ctx, cfg, c.out)
}
