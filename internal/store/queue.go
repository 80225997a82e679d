package store

import (
	"context"
	"database/sql"
	"log/slog"

	"github.com/jmoiron/sqlx"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// Delivery is the job of sending one message. Its arguments are the message's id alone: what the queue
// keeps of a job can be read by whoever reads the database.
type Delivery struct {
	MessageID string `json:"message_id"`
}

// Kind names the job in the database; it never changes.
func (Delivery) Kind() string { return "deliver" }

// attempts is the queue's own limit, kept with each job. It is out of reach: a job whose process dies in
// its last attempt is discarded without another run, and its message would stay in sending for good.
const attempts = 25

// queueLock is the advisory lock under which the queue's tables are made.
const queueLock = 0x76656e74_71756575

func (s *Store) queueDriver() riverdriver.Driver[*sql.Tx] {
	if s.postgres {
		return riverdatabasesql.New(s.write.DB)
	}
	return riversqlite.New(s.write.DB)
}

// Jobs makes a client of the queue in this database. One that is to work is started by the caller, and
// stopped before the store is closed.
func (s *Store) Jobs(cfg *river.Config) (*river.Client[*sql.Tx], error) {
	if cfg.Logger == nil { // without one River writes to standard output
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.PollOnly = true
	cfg.ID = newID() // or River makes one of the host's name, which it keeps with every attempt
	return river.NewClient(s.queueDriver(), cfg)
}

// migrateQueue makes the queue's own tables or brings them up to date, after ours. Each of its
// migrations is a transaction of its own, as some must be; so the lock is held by another.
func (s *Store) migrateQueue(ctx context.Context) error {
	m, err := rivermigrate.New(s.queueDriver(), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	up := func() error {
		_, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	}
	if s.postgres { // held by a transaction and not a session, so that PgBouncer may stand between
		return s.tx(ctx, func(c *sqlx.Tx) error {
			if _, err := c.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(queueLock)); err != nil {
				return err
			}
			return up()
		})
	}
	// A server and a command that start on a new file together: the one that waited fails on tables the
	// other has just made, but never twice at the same migration.
	for range len(m.AllVersions()) {
		if err = up(); err == nil {
			return nil
		}
	}
	return err
}
