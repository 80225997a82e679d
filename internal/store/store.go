// Package store keeps everything in SQL, with one text for SQLite and PostgreSQL. Each exported method
// is one use case and one transaction; it returns faults for what a user can act on and plain errors
// for the rest. Counts that readers get leave it sealed (see package disclosure).
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/migrations"
)

// Store is a database of Venterom. It is safe for concurrent use.
type Store struct {
	db       *sqlx.DB // for reading, and for what touches no table
	write    *sqlx.DB // for everything else; on PostgreSQL the same
	postgres bool
	keys     keys
	jobs     *river.Client[*sql.Tx] // puts jobs in the queue; the ones that work are made by Jobs
	running  runningSums
	released releaseCache
}

// Open connects to a postgres:// address or an SQLite file, which is made if need be, and brings the
// schema up to date. The secret, the same for all instances on one database, keeps the running sums
// from whoever can read the database's files.
func Open(ctx context.Context, dsn string, secret []byte) (*Store, error) {
	keys, err := newKeys(secret)
	if err != nil {
		return nil, err
	}
	// SQLite's checks of foreign keys are off while migrating: with them on, rebuilding a table
	// deletes the rows that refer to it.
	m, err := connect(ctx, dsn, "foreign_keys(0)")
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err = m.migrate(ctx); err == nil {
		err = m.migrateQueue(ctx)
	}
	if err = errors.Join(err, m.Close()); err != nil {
		return nil, fmt.Errorf("migrate database: %w", err)
	}
	s, err := connect(ctx, dsn, "foreign_keys(1)")
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s.keys = keys
	if s.jobs, err = s.Jobs(&river.Config{}); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// IsPostgres reports whether dsn addresses a PostgreSQL server and not an SQLite file.
func IsPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

func connect(ctx context.Context, dsn, foreignKeys string) (*Store, error) {
	if IsPostgres(dsn) {
		u, err := url.Parse(dsn)
		if err != nil {
			return nil, errors.New("the database address is not a URL") // err repeats the password
		}
		q := u.Query()
		q.Set("binary_parameters", "yes") // no server-side statements, so that PgBouncer may stand between
		u.RawQuery = q.Encode()
		db, err := sqlx.ConnectContext(ctx, "postgres", u.String())
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(16)
		db.SetMaxIdleConns(16)
		return &Store{db: db, write: db, postgres: true}, nil
	}
	if err := os.MkdirAll(filepath.Dir(dsn), 0o700); err != nil {
		return nil, err
	}
	// SQLite would make the file readable for everyone; its -wal and -shm files take after it.
	file, err := os.OpenFile(dsn, os.O_RDWR|os.O_CREATE, 0o600) // #nosec G304 -- the operator names it
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	name := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: dsn}).EscapedPath(), RawQuery: url.Values{
		// busy_timeout comes first: the other pragmas need the lock it waits for. temp_store: what is sorted on the
		// way stays in memory, and nothing is written outside the database's folder.
		"_pragma":      {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(1)", "temp_store(2)", foreignKeys},
		"_txlock":      {"immediate"}, // or a read followed by a write fails at once when another writes
		"_time_format": {"sqlite"},
		"_timezone":    {"UTC"},
		"_texttotime":  {"1"},
		"_dqs":         {"0"}, // "no_such_column" is an error, not a string
	}.Encode()}).String()
	db, err := sqlx.ConnectContext(ctx, "sqlite", name)
	if err != nil {
		return nil, err
	}
	// SQLite's wait for the write lock is not fair: a connection that commits without a pause keeps all
	// others out for seconds. A pool of one hands it to whoever has waited longest.
	write, err := sqlx.ConnectContext(ctx, "sqlite", name)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	write.SetMaxOpenConns(1)
	return &Store{db: db, write: write}, nil
}

// migrate runs what is new in package migrations; on PostgreSQL under a lock, so that several
// instances may start at once.
func (s *Store) migrate(ctx context.Context) error {
	dialect := goose.DialectSQLite3
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if s.postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, s.db.DB, migrations.FS, options...)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	if err != nil && !s.postgres {
		// A server and a command that start on a new file together: the one that waited for the lock
		// fails on tables the other has just made, and finds nothing left to do the second time.
		_, err = p.Up(ctx)
	}
	return err
}

// Close waits for running queries and lets go of the database.
func (s *Store) Close() error {
	if s.postgres {
		return s.db.Close()
	}
	return errors.Join(s.db.Close(), s.write.Close())
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.PingContext(ctx) }

// Tidy forgets what time has made useless: receipts of forms that can no longer be sent, sessions that
// ended, offers nobody took and lines of the log that are two years old. On SQLite it also empties the write-ahead log, where earlier versions of
// rewritten rows stay readable until then.
func (s *Store) Tidy(ctx context.Context, now time.Time) error {
	err := s.tx(ctx, func(c *sqlx.Tx) error {
		if _, err := c.ExecContext(ctx, `DELETE FROM receipt WHERE forget_on < $1`, now.UTC().Format(time.DateOnly)); err != nil {
			return err
		}
		if _, err := c.ExecContext(ctx, `DELETE FROM session WHERE expires_at < $1`, now.UTC()); err != nil {
			return err
		}
		if err := tidyLog(ctx, c, now); err != nil {
			return err
		}
		return tidyAsking(ctx, c, now)
	})
	if err != nil || s.postgres {
		return err
	}
	_, err = s.db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return err
}

// Backup writes a copy of an SQLite database to a new file while it is in use. A PostgreSQL database
// is copied with pg_dump.
func (s *Store) Backup(ctx context.Context, file string) error {
	if s.postgres {
		return errors.New("copy a PostgreSQL database with pg_dump")
	}
	if _, err := os.Stat(file); err == nil {
		return fmt.Errorf("%s exists already", file)
	}
	if _, err := s.db.ExecContext(ctx, `VACUUM INTO $1`, file); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	return os.Chmod(file, 0o600)
}

// tx runs f in a write transaction: committed if f returns nil, else rolled back. Inside f use only c.
func (s *Store) tx(ctx context.Context, f func(c *sqlx.Tx) error) error {
	c, err := s.write.BeginTxx(ctx, nil)
	if err != nil {
		return explain(err)
	}
	defer c.Rollback()
	if err := f(c); err != nil {
		return explain(err)
	}
	return explain(c.Commit())
}

// explain turns the drivers' errors that a user can act on into faults.
func explain(err error) error {
	if err == nil || fault.As(err) != nil {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "error.not_found").Because(err)
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if ok && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY) ||
		pq.As(err, pqerror.UniqueViolation) != nil {
		return fault.New(fault.Conflict, "error.exists").Because(err)
	}
	return err
}

// refersToNothing reports whether a row was to be stored that belongs to one that is gone.
func refersToNothing(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY || pq.As(err, pqerror.ForeignKeyViolation) != nil
}

// newID makes an id that tells nothing of when or in which order it was made.
func newID() string { return rand.Text() }

// placeholders writes "($1,$2),($3,$4)" for n rows of k columns, counting from first.
func placeholders(first, n, k int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for j := range k {
			if j > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "$%d", first+i*k+j)
		}
		b.WriteByte(')')
	}
	return b.String()
}
