package app

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
)

func mustDo(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestListsAreTakenFromTheFolder by the server, and no server starts with a folder that it cannot serve.
func TestListsAreTakenFromTheFolder(t *testing.T) {
	t.Parallel() // it waits for two looks at the folder
	dir := t.TempDir()
	var looks atomic.Int64
	monday := time.Date(2026, 11, 23, 12, 0, 0, 0, calendar.Oslo)
	cfg := Config{Database: filepath.Join(dir, "venterom.db"), Address: "127.0.0.1:0", BaseURL: "http://localhost:8080", Drop: filepath.Join(dir, "lists"),
		Floor: disclosure.Floor, Cohort: disclosure.CohortFloor, Log: "error",
		Now: func() time.Time { return monday.Add(time.Duration(looks.Add(1)) * time.Second) }}
	serve := func(cfg Config, work func(*App)) error {
		t.Helper()
		a, err := Open(context.Background(), cfg)
		mustDo(t, err)
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		err = a.Serve(ctx, false, func(net.Addr) {
			go func() { defer stop(); work(a) }()
		})
		return errors.Join(err, a.Close())
	}
	nothing := func(*App) {}
	if err := serve(cfg, nothing); err == nil || !strings.Contains(err.Error(), "VENTEROM_SMS") {
		t.Errorf("without a gateway: %v", err)
	}
	cfg.SMS = "log"
	if err := serve(cfg, nothing); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a folder: %v", err)
	}
	mustDo(t, os.MkdirAll(filepath.Join(cfg.Drop, "eidsvag"), 0o755))
	list := filepath.Join(cfg.Drop, "eidsvag", "visits.csv")
	mustDo(t, os.WriteFile(list, []byte("telefon;dato\n49000001;20.11.2026\n"), 0o644))
	a, err := Open(context.Background(), cfg)
	mustDo(t, err)
	p, _, err := a.Store.CreatePractice(context.Background(), practice.Practice{Live: true, QR: true, Network: true, Name: "Eidsvåg", Phone: "55 19 00 00"}, "Venterommet")
	mustDo(t, err)
	asking := practice.DefaultAsking(p.ID)
	asking.SMS, asking.Sender, asking.CapOre = true, "Eidsvaag", 1000
	mustDo(t, errors.Join(a.Store.SaveAsking(context.Background(), asking), a.Close()))
	mustDo(t, serve(cfg, func(*App) {
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
			if _, err := os.Stat(list); os.IsNotExist(err) {
				if _, err := os.Stat(list + ".report.txt"); err == nil {
					return
				}
			}
			for range 10 {
				cfg.Now() // the clock of the test goes on
			}
		}
		t.Error("nothing came of the list")
	}))
	report, err := os.ReadFile(list + ".report.txt")
	if err != nil || !strings.Contains(string(report), "1 besøk er tatt imot.") {
		t.Errorf("%s, %v", report, err)
	}
}
