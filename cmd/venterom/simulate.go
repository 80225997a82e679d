package main

import (
	"errors"

	"github.com/venterom/venterom/internal/app"
)

type simulateCmd struct {
	Seed uint64 `default:"1" help:"Where the random numbers start: the same seed gives the same result."`
}

func (cmd simulateCmd) Run(c console) error {
	if !app.WriteSimulation(c.out, cmd.Seed) {
		return errors.New("a goal of the simulation is missed")
	}
	return nil
}
