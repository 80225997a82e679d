package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/venterom/venterom/internal/aggregate"
	"github.com/venterom/venterom/internal/app"
	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

type networkCmd struct {
	Add         networkAddCmd         `cmd:"" help:"Add a network with its coordinator, who must have an account."`
	Invite      networkInviteCmd      `cmd:"" help:"Invite a practice to a network. Its lead decides."`
	Coordinator networkCoordinatorCmd `cmd:"" help:"Coordinators of a network."`
}

type networkAddCmd struct {
	Name        string `arg:"" help:"The network's name."`
	Coordinator string `required:"" help:"The coordinator's e-mail address."`
}

func (cmd networkAddCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		account, err := accountCalled(ctx, a, cmd.Coordinator)
		if err != nil {
			return err
		}
		n, err := a.Store.CreateNetwork(ctx, cmd.Name, account.ID)
		if err != nil {
			return err
		}
		// Nobody has joined, so the quarter that ended before is frozen empty: a practice that joins now
		// shares nothing from before.
		if err := a.Freezer.FreezeEnded(ctx, time.Now()); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s is added. %s finds it at %s/networks/%s\n", n.Name, account.Email, cfg.BaseURL, n.ID)
		return nil
	})
}

// accountCalled finds an account by its e-mail address.
func accountCalled(ctx context.Context, a *app.App, typed string) (practice.Account, error) {
	email, err := practice.FoldEmail(typed)
	if err != nil {
		return practice.Account{}, err
	}
	account, err := a.Store.AccountByEmail(ctx, email)
	if fault.KindOf(err) == fault.NotFound {
		err = fmt.Errorf("there is no account %s; add the account first (venterom user add)", email)
	}
	return account, err
}

// networkCalled finds a network by its name or its id.
func networkCalled(ctx context.Context, a *app.App, name string) (practice.Network, error) {
	networks, err := a.Store.Networks(ctx)
	if err != nil {
		return practice.Network{}, err
	}
	var found []practice.Network
	for _, n := range networks {
		if strings.EqualFold(n.Name, name) || n.ID == name {
			found = append(found, n)
		}
	}
	if len(found) == 0 {
		return practice.Network{}, fmt.Errorf("there is no network %q", name)
	}
	if len(found) > 1 {
		return practice.Network{}, fmt.Errorf("%d networks are called %q; give the id that its address ends with", len(found), name)
	}
	return found[0], nil
}

type networkCoordinatorCmd struct {
	Add    coordinatorAddCmd    `cmd:"" help:"Let an account coordinate a network."`
	Remove coordinatorRemoveCmd `cmd:"" help:"Take that role again. The account stays."`
}

type coordinator struct {
	Network string `arg:"" help:"The network's name."`
	Email   string `arg:"" help:"The account's e-mail address."`
}

type (
	coordinatorAddCmd    struct{ coordinator }
	coordinatorRemoveCmd struct{ coordinator }
)

func (cmd coordinatorAddCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		n, account, err := cmd.find(ctx, a)
		if err != nil {
			return err
		}
		if err := a.Store.AddCoordinator(ctx, n, account.ID); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s coordinates %s.\n", account.Email, n.Name)
		return nil
	})
}

func (cmd coordinatorRemoveCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		n, account, err := cmd.find(ctx, a)
		if err != nil {
			return err
		}
		err = a.Store.RemoveCoordinator(ctx, n, account.ID)
		if fault.KindOf(err) == fault.NotFound {
			return fmt.Errorf("%s does not coordinate %s", account.Email, n.Name)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s no longer coordinates %s.\n", account.Email, n.Name)
		return nil
	})
}

func (cmd coordinator) find(ctx context.Context, a *app.App) (practice.Network, practice.Account, error) {
	n, err := networkCalled(ctx, a, cmd.Network)
	if err != nil {
		return n, practice.Account{}, err
	}
	account, err := accountCalled(ctx, a, cmd.Email)
	return n, account, err
}

type networkInviteCmd struct {
	Network  string `arg:"" help:"The network's name."`
	Practice string `arg:"" help:"The practice's name in addresses."`
}

func (cmd networkInviteCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		n, err := networkCalled(ctx, a, cmd.Network)
		if err != nil {
			return err
		}
		p, err := practiceCalled(ctx, a, cmd.Practice)
		if err != nil {
			return err
		}
		if err := a.Store.InvitePractice(ctx, n.ID, p.ID); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s is invited to %s. Its lead answers at %s/practices/%s/networks\n", p.Name, n.Name, cfg.BaseURL, p.ID)
		return nil
	})
}

type freezeCmd struct {
	Quarter string `arg:"" optional:"" help:"A quarter such as 2026-Q3. Default: the latest that has ended."`
}

func (cmd freezeCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	now := time.Now()
	quarter := aggregate.Ended(now)
	if cmd.Quarter != "" {
		var err error
		if quarter, err = calendar.ParseQuarter(cmd.Quarter); err != nil {
			return err
		}
	}
	return with(ctx, cfg, func(a *app.App) error {
		made, err := a.Freezer.Freeze(ctx, quarter, now)
		if err != nil {
			return err
		}
		if made == 0 {
			fmt.Fprintf(c.out, "There is nothing to freeze in %s, or it was frozen before.\n", quarter)
			return nil
		}
		if err := a.Store.Record(ctx, "", practice.QuarterFrozen, quarter.String()); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s is frozen: %d snapshots.\n", quarter, made)
		return nil
	})
}
