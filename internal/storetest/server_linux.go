package storetest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/jmoiron/sqlx"
)

// startServer makes a throw-away cluster on a Unix socket in a temporary folder. It ends with stop, or
// with the test binary however that ends.
func startServer() (string, error) {
	bin, err := findServer()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "venterom-postgres-")
	if err != nil {
		return "", err
	}
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Getuid() == 0 { // PostgreSQL refuses root
		u, err := user.Lookup("nobody")
		if err != nil {
			return "", err
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			return "", err
		}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := onThread(initdb.CombinedOutput); err != nil {
		return "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// All are trusted but those that Guarded makes.
	if err := os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte("local all +guarded scram-sha-256\nlocal all all trust\n"), 0o600); err != nil {
		return "", err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return "", err
	}
	postgres := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", dir,
		"-c", "listen_addresses=", "-c", "max_connections=200", "-c", "shared_buffers=256MB")
	postgres.SysProcAttr, postgres.Dir, postgres.Stdout, postgres.Stderr = attr, dir, log, log
	started, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // the death signal is tied to the thread that started the process
		defer close(ended)
		err := postgres.Start()
		started <- err
		if err == nil {
			_ = postgres.Wait()
		}
	}()
	if err := <-started; err != nil {
		return "", err
	}
	stop = func() {
		_ = postgres.Process.Signal(syscall.SIGINT)
		<-ended
		_ = os.RemoveAll(dir)
	}
	dsn := "postgres:///postgres?" + url.Values{"host": {dir}, "user": {"postgres"}, "sslmode": {"disable"}}.Encode()
	for range 200 {
		var db *sqlx.DB
		if db, err = sqlx.ConnectContext(context.Background(), "postgres", dsn); err == nil {
			return dsn, db.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	return "", fmt.Errorf("PostgreSQL does not answer: %w", err)
}

// onThread runs f on a thread that stays until f is done, as a death signal needs.
func onThread(f func() ([]byte, error)) (out []byte, err error) {
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(done)
		out, err = f()
	}()
	<-done
	return out, err
}

func findServer() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			if _, err := os.Stat(filepath.Join(filepath.Dir(p), "postgres")); err == nil {
				return filepath.Dir(p), nil
			}
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return "", errNoServer
	}
	return filepath.Dir(found[len(found)-1]), nil
}
