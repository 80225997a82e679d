// Package storetest opens empty, migrated stores for tests, on both engines. PostgreSQL is taken from
// TEST_POSTGRES (a URL) or started for the length of the test binary; without one, its tests are
// skipped by name, or fail if CI=true.
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/venterom/venterom/internal/store"
)

// Secret is the secret of every store that is opened here.
var Secret = []byte(strings.Repeat("test secret ", 3))

// Engine is one of the databases a test runs on.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Engines lists both, for tests that need more than a store.
var Engines = []Engine{SQLite, Postgres}

// errNoServer says what is missing on this machine.
var errNoServer = errors.New("no PostgreSQL server (initdb, postgres) in PATH or /usr/lib/postgresql/*/bin, and TEST_POSTGRES is not set")

var server = sync.OnceValues(func() (string, error) {
	if u := os.Getenv("TEST_POSTGRES"); u != "" {
		return u, nil
	}
	return startServer()
})

// stop ends the server that startServer began; nil if none.
var stop func()

// Main runs a package's tests and then stops the PostgreSQL server they used. Every package that uses
// storetest has: func TestMain(m *testing.M) { storetest.Main(m) }.
func Main(m *testing.M) {
	code := m.Run()
	if stop != nil {
		stop()
	}
	os.Exit(code)
}

// Each runs f on an empty store of each engine.
func Each(t *testing.T, f func(t *testing.T, s *store.Store)) {
	for _, e := range Engines {
		t.Run(string(e), func(t *testing.T) { f(t, Open(t, e)) })
	}
}

// Open returns an empty store, closed when the test ends.
func Open(t testing.TB, e Engine) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), DSN(t, e), Secret)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// DSN returns the address of an empty database that is gone when the test ends: a file, or a schema of
// its own on the server.
func DSN(t testing.TB, e Engine) string {
	t.Helper()
	if e == SQLite {
		return filepath.Join(t.TempDir(), "test.db")
	}
	base, err := server()
	if errors.Is(err, errNoServer) && os.Getenv("CI") != "true" {
		t.Skip("skipped: " + err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	schema := "t" + strings.ToLower(rand.Text())
	execute(t, base, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { execute(t, base, "DROP SCHEMA "+schema+" CASCADE") })
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// Guarded returns the address of an empty database on PostgreSQL without the password that it asks for, and the
// password. It needs a server that was started here.
func Guarded(t testing.TB) (dsn, password string) {
	t.Helper()
	if os.Getenv("TEST_POSTGRES") != "" {
		t.Skip("skipped: the server of TEST_POSTGRES has rules of its own")
	}
	u, err := url.Parse(DSN(t, Postgres))
	if err != nil {
		t.Fatal(err)
	}
	base, _ := server()
	name, password := "u"+strings.ToLower(rand.Text()), rand.Text()
	execute(t, base, "DO $$ BEGIN CREATE ROLE guarded; EXCEPTION WHEN duplicate_object THEN END $$")
	execute(t, base, "CREATE ROLE "+name+" LOGIN PASSWORD '"+password+"' IN ROLE guarded")
	execute(t, base, "ALTER SCHEMA "+u.Query().Get("search_path")+" OWNER TO "+name)
	t.Cleanup(func() {
		execute(t, base, "REASSIGN OWNED BY "+name+" TO CURRENT_USER")
		execute(t, base, "DROP ROLE "+name)
	})
	q := u.Query()
	q.Set("user", name)
	u.RawQuery = q.Encode()
	return u.String(), password
}

// Server returns the PostgreSQL server's own address, for peers that need one (pgbench).
func Server(t testing.TB) string {
	t.Helper()
	DSN(t, Postgres)
	base, _ := server()
	return base
}

func execute(t testing.TB, dsn, statement string) {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}
