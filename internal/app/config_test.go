package app

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

func TestMain(m *testing.M) {
	if os.Getenv(serveAtNoon) != "" {
		serveInTheDay()
		return
	}
	storetest.Main(m)
}

// serveAtNoon makes the test's own program a server, to be killed like one, whose clock began at noon of a
// working day: messages are not sent at night. Its settings are the variable's value.
const serveAtNoon = "VENTEROM_TEST_SERVE"

func serveInTheDay() {
	var cfg Config
	if err := json.Unmarshal([]byte(os.Getenv(serveAtNoon)), &cfg); err != nil {
		panic(err)
	}
	begun := time.Now()
	cfg.Now = func() time.Time { return noon.Add(time.Since(begun)) }
	a, err := Open(context.Background(), cfg)
	if err != nil {
		panic(err)
	}
	if err := a.Serve(context.Background(), false, nil); err != nil {
		panic(err)
	}
}

// noon is on a Tuesday of a year that is over: to the queue, whose clock is the real one, all is due.
var noon = time.Date(2025, 11, 25, 12, 0, 0, 0, calendar.Oslo)

// TestReadmeListsTheSettings: the README's table and Config have the same rows and defaults.
func TestReadmeListsTheSettings(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) == 6 && strings.Contains(cells[2], "`VENTEROM_") {
			rows[strings.Trim(cells[2], " `")] = cells
		}
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		env := f.Tag.Get("env")
		if env == "" {
			continue
		}
		row, ok := rows[env]
		if !ok {
			t.Errorf("the README lacks %s", env)
			continue
		}
		delete(rows, env)
		if d := f.Tag.Get("default"); d != "" && strings.Trim(row[3], " `") != d {
			t.Errorf("%s: the README says %s, the default is %s", env, row[3], d)
		}
		flag := "--" + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(env, "VENTEROM_"), "_", "-"))
		if strings.Trim(row[1], " `") != flag {
			t.Errorf("%s: the README says %s, want %s", env, row[1], flag)
		}
	}
	for env := range rows {
		t.Errorf("the README has %s, the program has not", env)
	}
}

func TestBaseURL(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://svar.example.no": true, "https://svar.example.no/": true, "http://localhost:8080": true,
		"svar.example.no": false, "https://example.no/svar": false, "ftp://x": false, "https://": false, "https://x?y": false,
	} {
		if _, err := (Config{BaseURL: address}).baseURL(); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestTheSecretIsMadeOnce: instances that start together share one, and others cannot read it.
func TestTheSecretIsMadeOnce(t *testing.T) {
	cfg := Config{Floor: disclosure.Floor, Cohort: disclosure.CohortFloor, Database: filepath.Join(t.TempDir(), "new", "venterom.db")}
	secrets := make([]string, 8)
	var wg sync.WaitGroup
	for i := range secrets {
		wg.Go(func() {
			s, err := cfg.secret()
			if err != nil {
				t.Error(err)
			}
			secrets[i] = string(s)
		})
	}
	wg.Wait()
	for _, s := range secrets {
		if s != secrets[0] || len(s) != secretBytes {
			t.Fatal("two instances made two secrets")
		}
	}
	name := filepath.Join(filepath.Dir(cfg.Database), "venterom.secret")
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(name, []byte("abcd\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cfg.secret(); err == nil {
		t.Error("a short secret is taken")
	}
}

// TestAMissedMondayIsMadeUpForBeforeListening starts a server a week after answers came in, twice at
// once on one database, as two instances would.
func TestAMissedMondayIsMadeUpForBeforeListening(t *testing.T) {
	for _, e := range storetest.Engines {
		t.Run(string(e), func(t *testing.T) {
			monday := time.Date(2026, 11, 16, 12, 0, 0, 0, time.UTC)
			cfg := Config{Floor: disclosure.Floor, Cohort: disclosure.CohortFloor, Database: storetest.DSN(t, e), Address: "127.0.0.1:0", BaseURL: "http://127.0.0.1", Log: "error",
				SecretFile: filepath.Join(t.TempDir(), "secret"), Now: func() time.Time { return monday.AddDate(0, 0, 7) }}
			ctx := context.Background()
			var apps [2]*App
			for i := range apps {
				a, err := Open(ctx, cfg)
				if err != nil {
					t.Fatal(err)
				}
				defer a.Close()
				apps[i] = a
			}
			p, point, err := apps[0].Store.CreatePractice(ctx, practice.Practice{Live: true, QR: true, Network: true, Name: "Eidsvåg", Phone: "1234"}, "x")
			if err != nil {
				t.Fatal(err)
			}
			var batch []store.Entry
			for range 12 {
				batch = append(batch, store.Entry{PracticeID: p.ID, Point: string(point.Code), Channel: "qr",
					Answers: []store.Answers{{Survey: "visit", Version: 1, Options: map[string]string{"polite": "5"}}}})
			}
			if err := apps[0].Store.Count(ctx, monday, batch); err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for _, a := range apps {
				wg.Go(func() {
					stop, cancel := context.WithCancel(ctx)
					defer cancel()
					err := a.Serve(stop, false, func(net.Addr) {
						rs, err := a.Store.Releases(ctx, store.Key{PracticeID: p.ID, Survey: "visit", Version: 1})
						if err != nil || len(rs) != 1 || rs[0].Week != "2026-W47" {
							t.Errorf("when it listens there are releases %+v, %v", rs, err)
						}
						cancel()
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestAChangedSurveyUnderAnOldVersionStopsTheStart(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{Floor: disclosure.Floor, Cohort: disclosure.CohortFloor, Database: filepath.Join(dir, "venterom.db"), Surveys: filepath.Join(dir, "surveys"), BaseURL: "http://localhost:8080", Log: "error"}
	if err := os.Mkdir(cfg.Surveys, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(text string) error {
		survey := `id: local
version: 1
title: {nb: ` + text + `, nn: x, en: x}
questions:
  - id: a
    kind: choice
    text: {nb: x, nn: x, en: x}
    options:
      - {code: "1", text: {nb: x, nn: x, en: x}}
      - {code: "2", text: {nb: x, nn: x, en: x}}
`
		if err := os.WriteFile(filepath.Join(cfg.Surveys, "local-1.yaml"), []byte(survey), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := Open(context.Background(), cfg)
		if err != nil {
			return err
		}
		return a.Close()
	}
	if err := write("Først"); err != nil {
		t.Fatal(err)
	}
	if err := write("Først"); err != nil {
		t.Errorf("unchanged: %v", err)
	}
	if err := write("Siden"); err == nil || !strings.Contains(err.Error(), "survey local version 1") {
		t.Errorf("changed: %v", err)
	}
}

// TestFloorsAreNotLowered: a start with a lower floor fails and says so, and leaves nothing behind.
func TestFloorsAreNotLowered(t *testing.T) {
	for _, c := range []struct {
		floor, cohort int
		want          string // in the error; empty if it starts
	}{{10, 5, ""}, {25, 8, ""}, {9, 5, "fewer than 10 answers"}, {0, 5, "fewer than 10 answers"}, {10, 4, "fewer than 5 practices"}} {
		file := filepath.Join(t.TempDir(), "venterom.db")
		a, err := Open(context.Background(), Config{Floor: c.floor, Cohort: c.cohort, Database: file, BaseURL: "http://localhost:8080", Log: "error"})
		if c.want == "" {
			if err != nil {
				t.Errorf("%d and %d: %v", c.floor, c.cohort, err)
			} else if err := a.Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d and %d: %v, want %q", c.floor, c.cohort, err, c.want)
		}
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("%d and %d: a database was made", c.floor, c.cohort)
		}
	}
}
