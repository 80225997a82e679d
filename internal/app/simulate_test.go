package app_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/app"
)

// TestSimulationMeetsItsGoals: what is said of made-up practices is wrong as seldom, and right as often,
// as docs/statistics.md says. A tenth of the practices here, all of them where CI is true. With fewer
// practices a rate may pass its goal by two standard errors of chance.
func TestSimulationMeetsItsGoals(t *testing.T) {
	full := os.Getenv("CI") == "true"
	goals := 0
	for _, s := range app.Simulate(1, full) {
		if s.Goal > 0 {
			goals++
		}
		chance := 2 * s.Error
		if full {
			chance = 0
		}
		over := s.Rate - s.Goal
		if s.AtLeast {
			over = -over
		}
		if s.Goal > 0 && over > chance {
			t.Errorf("%.2f %% ± %.2f, goal %.0f %%: %s", 100*s.Rate, 100*s.Error, 100*s.Goal, s.What)
		}
	}
	if goals < 11 {
		t.Errorf("%d goals, want 11", goals)
	}
}

// TestSimulationIsWritten: the numbers that docs/statistics.md cites are those that the command prints,
// each time the same.
func TestSimulationIsWritten(t *testing.T) {
	if os.Getenv("CI") != "true" {
		t.Skip("a full simulation: set CI=true")
	}
	var out bytes.Buffer
	if !app.WriteSimulation(&out, 1) {
		t.Error("a goal is missed")
	}
	doc, err := os.ReadFile("../../docs/statistics.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if !strings.Contains(string(doc), strings.TrimSpace(line)) {
			t.Errorf("docs/statistics.md does not have: %s", strings.TrimSpace(line))
		}
	}
}
