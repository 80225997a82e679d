package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/migrations"
)

// Restore puts a copy that Backup made in the place of an SQLite database. It is checked, and brought up to date, beside
// that place first, and then put there in one step; until then nothing is changed. One that has anything in it is
// overwritten only if that is asked for, and never while a server has it open.
//
// What happened since the copy was made is not in it, so some of it is made harmless: messages that wait in it may
// have been sent and never will be again, and nobody is signed in. If a week has ended since, answers that wait in it
// may have been released and shown. Released once more among others they would be the difference of two views,
// and fewer than ten of them could be told: they are lost.
func Restore(ctx context.Context, dsn, file string, secret []byte, now time.Time, overwrite bool) (err error) {
	if IsPostgres(dsn) {
		return errors.New("put a PostgreSQL database back with pg_restore (docs/backup.md)")
	}
	if err := os.MkdirAll(filepath.Dir(dsn), 0o700); err != nil {
		return err
	}
	aside, err := copyAside(dsn, file)
	if err != nil {
		return err
	}
	defer func() {
		for _, end := range []string{"", "-wal", "-shm", "-journal"} {
			if removed := os.Remove(aside + end); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
				err = errors.Join(err, removed)
			}
		}
	}()
	if err := checkCopy(ctx, aside, secret); err != nil {
		return fmt.Errorf("%s %w", file, err)
	}
	if err := settleCopy(ctx, aside, filepath.Base(file), secret, now); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := mayReplace(ctx, dsn, overwrite); err != nil {
		return err
	}
	for _, end := range []string{"-wal", "-shm"} { // they are of what was there, and empty
		if err := os.Remove(dsn + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(aside, dsn); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(dsn))
}

// copyAside copies a backup to a file beside the database's place.
func copyAside(dsn, file string) (aside string, err error) {
	from, err := os.Open(file) // #nosec G304 -- the operator names it
	if err != nil {
		return "", err
	}
	defer from.Close()
	here, err := from.Stat()
	if err != nil {
		return "", err
	}
	if there, err := os.Stat(dsn); err == nil && os.SameFile(here, there) {
		return "", fmt.Errorf("%s is the database itself", file)
	}
	if wal, err := os.Stat(file + "-wal"); err == nil && wal.Size() > 0 {
		return "", fmt.Errorf("%s is no whole copy: a part of it is in %s-wal; make copies with venterom backup", file, file)
	}
	to, err := os.CreateTemp(filepath.Dir(dsn), ".restore-*.db") // with mode 0600
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Sync(), to.Close()); err != nil {
		return "", errors.Join(err, os.Remove(to.Name()))
	}
	return to.Name(), nil
}

// sqliteFile opens a file as it is, without making it, changing its journal or waiting.
func sqliteFile(ctx context.Context, file string) (*sqlx.DB, error) {
	db, err := sqlx.ConnectContext(ctx, "sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(),
		RawQuery: "mode=rw"}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// errNotOurs is of a file that some other program made, or nothing can be read of.
var errNotOurs = errors.New("is not a copy of a Venterom database")

// checkCopy refuses a copy that is damaged, of something else, of a later release, or sealed with another secret.
func checkCopy(ctx context.Context, file string, secret []byte) (err error) {
	db, err := sqliteFile(ctx, file)
	if err != nil {
		return fmt.Errorf("%w (%w)", errNotOurs, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var version int
	if err := db.GetContext(ctx, &version, `SELECT max(version_id) FROM goose_db_version WHERE is_applied
		AND EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'survey_version') AND EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'pending')`); err != nil {
		return fmt.Errorf("%w (%w)", errNotOurs, err)
	}
	known, err := latestMigration()
	if err != nil {
		return err
	}
	if version > known {
		return fmt.Errorf("was made by a later release of Venterom: its schema is version %d, and this program knows %d", version, known)
	}
	var problem string
	if err := db.GetContext(ctx, &problem, `PRAGMA integrity_check(1)`); err != nil || problem != "ok" {
		return fmt.Errorf("is damaged: %s", errors.Join(errors.New(problem), err))
	}
	return checkSecret(ctx, db, secret)
}

// checkSecret opens everything that is sealed, and stops at the first that was sealed with another secret.
func checkSecret(ctx context.Context, db *sqlx.DB, secret []byte) error {
	keys, err := newKeys(secret)
	if err != nil {
		return err
	}
	for _, sealed := range []struct {
		by            *sealer
		table, column string
	}{{keys.pending, "pending", "value"}, {keys.pending, "held", "value"}, {keys.pending, "burst", "value"}, {keys.payload, "message", "payload"}, {keys.factor, "totp", "secret"}} {
		var there bool
		if err := db.GetContext(ctx, &there, `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = $1)`, sealed.table); err != nil || !there {
			if err != nil {
				return err
			}
			continue // of a release before there was any
		}
		var values []string
		if err := db.SelectContext(ctx, &values, `SELECT `+sealed.column+` FROM `+sealed.table+` WHERE `+sealed.column+` <> ''`); err != nil {
			return err
		}
		for _, value := range values {
			if _, err := sealed.by.open(value); err != nil {
				return errors.New("belongs to another secret file than the one that is here: put the one that was beside its database in place first")
			}
		}
	}
	return nil
}

// latestMigration is the number of the last migration that this program has.
func latestMigration() (latest int, err error) {
	names, err := fs.Glob(migrations.FS, "*.sql")
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		n, err := strconv.Atoi(number)
		if err != nil {
			return 0, err
		}
		latest = max(latest, n)
	}
	return latest, err
}

// settleCopy brings a copy up to date and makes what may have happened since harmless.
func settleCopy(ctx context.Context, file, name string, secret []byte, now time.Time) (err error) {
	s, err := Open(ctx, file, secret)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	closed, err := s.LastClosed(ctx)
	if err != nil {
		return err
	}
	return s.tx(ctx, func(c *sqlx.Tx) error {
		statements := []string{
			`UPDATE message SET state = 'cancelled', payload = '' WHERE state = 'queued'`,
			`UPDATE message SET state = 'uncertain', payload = '' WHERE state IN ('sending', 'uncertain')`,
			`DELETE FROM river_job`,
			`DELETE FROM session`,
		}
		if closed < calendar.WeekOf(now).Add(-1) {
			statements = append(statements, `DELETE FROM pending`, `DELETE FROM held`)
		}
		for _, statement := range statements {
			if _, err := c.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return record(ctx, c, "", practice.BackupRestored, name)
	})
}

// mayReplace refuses to replace a database that a server has open or, unless overwrite, that has a practice,
// a network or an account. It leaves the one that is there without a write-ahead log.
func mayReplace(ctx context.Context, dsn string, overwrite bool) (err error) {
	if _, err := os.Stat(dsn); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db, err := sqliteFile(ctx, dsn)
	if err == nil {
		defer func() { err = errors.Join(err, db.Close()) }()
		// Whoever has the file open with a write-ahead log holds a lock that this mode does not get past.
		_, err = db.ExecContext(ctx, `PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE`)
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff == sqlite3.SQLITE_BUSY {
		return fmt.Errorf("%s is in use: stop the server first", dsn)
	}
	if overwrite {
		return nil // it may be damaged, which is why
	}
	if err != nil {
		return fmt.Errorf("%s cannot be read; add --overwrite if it is to be lost (%w)", dsn, err)
	}
	for _, table := range []string{"practice", "network", "account"} {
		var some bool
		if err := db.GetContext(ctx, &some, `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = $1)`, table); err != nil {
			return err
		}
		if some {
			if err := db.GetContext(ctx, &some, `SELECT EXISTS (SELECT 1 FROM `+table+`)`); err != nil {
				return err
			}
		}
		if some {
			return fmt.Errorf("%s has something in it; add --overwrite if it is to be lost", dsn)
		}
	}
	return nil
}

// syncFolder makes a new name in a folder last through a power cut.
func syncFolder(name string) error {
	folder, err := os.Open(name) // #nosec G304 -- beside the database
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
