package main

import (
	"context"
	"errors"
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
	Add    networkAddCmd    `cmd:"" help:"Add a network with its coordinator, who must have an account."`
	Invite networkInviteCmd `cmd:"" help:"Invite a practice to a network. Its lead decides."`
}

type networkAddCmd struct {
	Name        string `arg:"" help:"The network's name."`
	Coordinator string `required:"" help:"The coordinator's e-mail address."`
}

func (cmd networkAddCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		email, err := practice.FoldEmail(cmd.Coordinator)
		if err != nil {
			return err
		}
		account, err := a.Store.AccountByEmail(ctx, email)
		if fault.KindOf(err) == fault.NotFound {
			return fmt.Errorf("nobody signs in as %s; add the account first (venterom user add %s --role coordinator)", email, email)
		}
		if err != nil {
			return err
		}
		if account.Operator {
			return errors.New("an operator sees no figures and cannot coordinate a network")
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
		fmt.Fprintf(c.out, "%s is added. %s finds it at %s/networks/%s\n", n.Name, email, cfg.BaseURL, n.ID)
		return nil
	})
}

type networkInviteCmd struct {
	Network  string `arg:"" help:"The network's name."`
	Practice string `arg:"" help:"The practice's name in addresses."`
}

func (cmd networkInviteCmd) Run(ctx context.Context, cfg app.Config, c console) error {
	return with(ctx, cfg, func(a *app.App) error {
		networks, err := a.Store.Networks(ctx)
		if err != nil {
			return err
		}
		var found []practice.Network
		for _, n := range networks {
			if strings.EqualFold(n.Name, cmd.Network) || n.ID == cmd.Network {
				found = append(found, n)
			}
		}
		if len(found) == 0 {
			return fmt.Errorf("there is no network %q", cmd.Network)
		}
		if len(found) > 1 {
			return fmt.Errorf("%d networks are called %q; give the id that its address ends with", len(found), cmd.Network)
		}
		p, err := a.Store.PracticeBySlug(ctx, cmd.Practice)
		if fault.KindOf(err) == fault.NotFound {
			return fmt.Errorf("there is no practice %q; its name in addresses is like eidsvag-legekontor", cmd.Practice)
		}
		if err != nil {
			return err
		}
		if err := a.Store.InvitePractice(ctx, found[0].ID, p.ID); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s is invited to %s. Its lead answers at %s/practices/%s/networks\n", p.Name, found[0].Name, cfg.BaseURL, p.ID)
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
		fmt.Fprintf(c.out, "%s is frozen: %d snapshots.\n", quarter, made)
		return nil
	})
}
