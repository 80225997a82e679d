package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
)

// backedUp is a database with something of everything in a folder of its own, and a copy of it elsewhere.
func backedUp(t *testing.T) (dsn, backup string, p practice.Practice, messageID string) {
	t.Helper()
	ctx := context.Background()
	dsn, backup = filepath.Join(t.TempDir(), "venterom.db"), filepath.Join(t.TempDir(), "copy.db")
	s, err := store.Open(ctx, dsn, storetest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p, _ = newPractice(t, s, "Eidsvåg")
	_, err = s.CloseWeek(ctx, "2026-W47", everything) // as every start does with the week before
	must(err)
	must(s.Count(ctx, monday, []store.Entry{entry(p.ID, "a", "5"), entry(p.ID, "b", "1")}))
	held := entry(p.ID, "h", "1")
	held.Held = true
	must(s.Count(ctx, monday, []store.Entry{held}))
	_, err = s.CreateAccount(ctx, practice.Account{Email: "kari@example.org", Password: "x"}, practice.Member{PracticeID: p.ID, Role: practice.Lead})
	must(err)
	data, err := s.Sessions().Encode(time.Now().Add(time.Hour), map[string]any{})
	must(err)
	must(s.Sessions().CommitCtx(ctx, "token", data, time.Now().Add(time.Hour)))
	asking := practice.DefaultAsking(p.ID)
	asking.SMS, asking.CapOre = true, 10_000
	must(s.SaveAsking(ctx, asking))
	to, err := sms.ParseNumber("49000001")
	must(err)
	_, _, err = s.Invite(ctx, p.ID, []store.NewMessage{{To: to, Day: "2026-11-23", Language: "nb", Ore: 60}}, 0, time.Now(), time.Now())
	must(err)
	ids, err := s.MessagesIn(ctx, p.ID, "queued")
	must(err)
	must(s.Backup(ctx, backup))
	must(s.Close())
	return dsn, backup, p, ids[0]
}

// TestRestore: what was there when the copy was made is there again and nothing else, running sums too; messages that
// may have been sent since are not sent, and nobody is signed in.
func TestRestore(t *testing.T) {
	ctx := context.Background()
	dsn, backup, p, messageID := backedUp(t)
	copied, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(ctx, dsn, storetest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Count(ctx, monday, []store.Entry{entry(p.ID, "c", "3")}); err != nil {
		t.Fatal(err)
	}
	newPractice(t, s, "Lillevik")
	if err := store.Restore(ctx, dsn, backup, storetest.Secret, monday, true); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("restored under a server: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := store.Restore(ctx, dsn, backup, storetest.Secret, monday, true); err != nil {
		t.Fatal(err)
	}
	if now, err := os.ReadFile(backup); err != nil || !bytes.Equal(now, copied) {
		t.Error("the copy was changed", err)
	}
	if s, err = store.Open(ctx, dsn, storetest.Secret); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if ps, err := s.Practices(ctx); err != nil || len(ps) != 1 || ps[0] != p {
		t.Errorf("practices %+v, %v", ps, err)
	}
	if _, err := s.ClaimMessage(ctx, messageID, time.Now()); err != store.ErrSettled {
		t.Errorf("a message that may have been sent: %v", err)
	}
	if counts, err := s.MessageCounts(ctx, p.ID); err != nil || len(counts) != 1 || counts[0].State != "cancelled" {
		t.Errorf("messages %+v, %v", counts, err)
	}
	if _, found, err := s.Sessions().FindCtx(ctx, "token"); found || err != nil {
		t.Error("somebody is signed in", err)
	}
	if lines := log(t, s, ""); !slices.Contains(lines, " backup_restored copy.db") {
		t.Errorf("the log says %q", lines)
	}
	if got, want := released(t, s, p.ID, "2026-W48"), "2026-W48 polite 2026-W48–2026-W48 1:1 3:0 5:1 na:0"; got != want {
		t.Errorf("counts %s, want %s", got, want)
	}
}

// TestRestoreAfterAClose: answers that wait in a copy may have been released since, when a week has ended; released
// again among others, the two releases told apart fewer than ten.
func TestRestoreAfterAClose(t *testing.T) {
	ctx := context.Background()
	dsn, backup, p, _ := backedUp(t)
	if err := store.Restore(ctx, dsn, backup, storetest.Secret, monday.AddDate(0, 0, 7), true); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(ctx, dsn, storetest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	by := everything
	by.Settle = func(held store.Sums) (int, bool) { t.Error("there is something held:", held); return 0, false }
	if _, err := s.CloseWeek(ctx, "2026-W48", by); err != nil {
		t.Fatal(err)
	}
	if got := dump(t, s, p.ID); got != "" {
		t.Errorf("released %s", got)
	}
}

// TestRestoreWhereNothingIs: on a new machine, and over a database that was only just made.
func TestRestoreWhereNothingIs(t *testing.T) {
	ctx := context.Background()
	_, backup, p, _ := backedUp(t)
	for name, prepare := range map[string]func(dsn string){
		"no folder": func(string) {}, "an empty file": func(dsn string) {
			if err := os.MkdirAll(filepath.Dir(dsn), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(dsn, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"just made": func(dsn string) {
			s, err := store.Open(ctx, dsn, storetest.Secret)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := filepath.Join(t.TempDir(), "data", "venterom.db")
			prepare(dsn)
			if err := store.Restore(ctx, dsn, backup, storetest.Secret, monday, false); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(dsn); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("its mode is %v, %v", info.Mode(), err)
			}
			s, err := store.Open(ctx, dsn, storetest.Secret)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.Practice(ctx, p.ID); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRestoreRefuses: nothing that is not a whole copy of a Venterom database of this release or an earlier one, under
// this secret, is put anywhere; and then nothing in the folder is changed.
func TestRestoreRefuses(t *testing.T) {
	ctx := context.Background()
	dsn, backup, p, _ := backedUp(t)
	good, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.db")
	execute := func(file, statement string) {
		t.Helper()
		db, err := sql.Open("sqlite", file)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	execute(other, `CREATE TABLE practice (id TEXT)`)
	otherBytes, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	scratch := func() []byte { // every page but the first written over in the middle
		b := bytes.Clone(good)
		size := int(binary.BigEndian.Uint16(b[16:18]))
		for page := size; page < len(b); page += size {
			copy(b[page+8:page+64], bytes.Repeat([]byte{0xff}, 56))
		}
		return b
	}
	for name, c := range map[string]struct {
		bytes     []byte
		change    string
		secret    []byte
		overwrite bool
		want      string
	}{
		"over something":        {good, "", storetest.Secret, false, "add --overwrite"},
		"another secret":        {good, "", []byte(strings.Repeat("another secret ", 3)), true, "belongs to another secret file"},
		"a later release":       {good, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`, storetest.Secret, true, "later release of Venterom: its schema is version 9999"},
		"a text":                {[]byte("practice,week,n\n"), "", storetest.Secret, true, "is not a copy of a Venterom database"},
		"nothing":               {nil, "", storetest.Secret, true, "is not a copy of a Venterom database"},
		"another program's":     {otherBytes, "", storetest.Secret, true, "is not a copy of a Venterom database"},
		"cut off":               {good[:len(good)/2], "", storetest.Secret, true, "copy.db is"},
		"scratched":             {scratch(), "", storetest.Secret, true, "copy.db is"},
		"half of a live one":    {good, "wal", storetest.Secret, true, "is no whole copy"},
		"the database itself":   {nil, "self", storetest.Secret, true, "is the database itself"},
		"a file that is no one": {nil, "none", storetest.Secret, true, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "copy.db")
			switch c.change {
			case "self":
				file = dsn
			case "none":
			case "wal":
				if err := os.WriteFile(file+"-wal", []byte("x"), 0o600); err != nil {
					t.Fatal(err)
				}
				fallthrough
			default:
				if err := os.WriteFile(file, c.bytes, 0o600); err != nil {
					t.Fatal(err)
				}
				if strings.HasPrefix(c.change, "INSERT") {
					execute(file, c.change)
				}
			}
			before := folder(t, filepath.Dir(dsn))
			err := store.Restore(ctx, dsn, file, c.secret, monday, c.overwrite)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if after := folder(t, filepath.Dir(dsn)); after != before {
				t.Errorf("the folder was\n%s\nand is\n%s", before, after)
			}
		})
	}
	s, err := store.Open(ctx, dsn, storetest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Practice(ctx, p.ID); err != nil {
		t.Error("what was there is not there any more:", err)
	}
	if _, err := s.Practice(ctx, "none"); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

// TestRestoreOverDamage: a database that cannot be read is no reason not to put a copy in its place.
func TestRestoreOverDamage(t *testing.T) {
	ctx := context.Background()
	dsn, backup, p, _ := backedUp(t)
	if err := os.WriteFile(dsn, bytes.Repeat([]byte("damage"), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := store.Restore(ctx, dsn, backup, storetest.Secret, monday, false); err == nil || !strings.Contains(err.Error(), "--overwrite") {
		t.Errorf("without being asked to: %v", err)
	}
	if err := store.Restore(ctx, dsn, backup, storetest.Secret, monday, true); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(ctx, dsn, storetest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Practice(ctx, p.ID); err != nil {
		t.Error(err)
	}
}

// folder is the names and contents of a folder's files.
func folder(t *testing.T, name string) string {
	t.Helper()
	entries, err := os.ReadDir(name)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(name, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString(e.Name() + " " + string(b) + "\n")
	}
	return out.String()
}
