package invite_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/invite"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/store"
	"github.com/venterom/venterom/internal/storetest"
	"github.com/venterom/venterom/internal/visit"
)

// drop is a desk with a folder of lists, watched by one instance or several.
type drop struct {
	*desk
	root, dir string
	log       *bytes.Buffer
	watchers  []*invite.Folder
}

func newDrop(t testing.TB, s *store.Store, watchers int, change func(*practice.Asking)) *drop {
	t.Helper()
	d := &drop{desk: newDesk(t, s, change), root: t.TempDir(), log: &bytes.Buffer{}}
	d.i.Log = slog.New(slog.NewTextHandler(d.log, nil))
	d.dir = filepath.Join(d.root, d.p.Slug)
	must(t, os.Mkdir(d.dir, 0o755))
	words, err := i18n.Load(10, 5)
	must(t, err)
	for range watchers {
		f, err := invite.NewFolder(d.root, d.i, words)
		must(t, err)
		d.watchers = append(d.watchers, f)
	}
	return d
}

func (d *drop) write(name, text string) {
	d.t.Helper()
	must(d.t, os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o644))
}

// later lets time go by and has everybody look, in turn.
func (d *drop) later(wait time.Duration) {
	d.t.Helper()
	d.at(d.now().Add(wait))
	for _, w := range d.watchers {
		w.Look(context.Background())
	}
}

// settle lets ordinary files be seen, lie still, and be read.
func (d *drop) settle() {
	d.later(10 * time.Second)
	d.later(10 * time.Second)
}

// only is the one file of a pattern.
func (d *drop) only(pattern string) string {
	d.t.Helper()
	found, err := filepath.Glob(filepath.Join(d.dir, pattern))
	must(d.t, err)
	if len(found) != 1 {
		d.t.Fatalf("%d files are like %s", len(found), pattern)
	}
	return filepath.Base(found[0])
}

// files are the names in the practice's folder, with a claim's random part as X.
func (d *drop) files() string {
	d.t.Helper()
	entries, err := os.ReadDir(d.dir)
	must(d.t, err)
	var names []string
	for _, e := range entries {
		names = append(names, regexp.MustCompile(`^(\.taken-)[A-Z0-9]{13}`).ReplaceAllString(e.Name(), "${1}X"))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func (d *drop) report(name string) string {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(d.dir, name+".report.txt"))
	must(d.t, err)
	return string(text)
}

func (d *drop) check(files, states string) {
	d.t.Helper()
	if got := d.files(); got != files {
		d.t.Errorf("the folder has %q, want %q", got, files)
	}
	if got := d.states(); got != states {
		d.t.Errorf("messages %q, want %q", got, states)
	}
}

func many(first, n int) (numbers []string) {
	for i := range n {
		numbers = append(numbers, fmt.Sprintf("49%06d", first+i))
	}
	return numbers
}

var longDigits = regexp.MustCompile(`[0-9]{5,}`)

func TestFolder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDrop(t, s, 1, nil)
		must(t, s.OptOutNumber(context.Background(), "", mustNumber(t, "49000003")))
		d.write("visits.csv", list(many(1, 32)...)+"49000001;21.11.2025;\n5519;21.11.2025;\n49000040;31.12.2025;\n")
		d.later(0)
		d.later(9 * time.Second)
		d.check("visits.csv", "")
		d.later(time.Second)
		d.check("visits.csv.report.txt", "queued:31")
		want := `Eidsvåg legekontor
Lista ble lest 24. november 2025 kl. 12:00.

32 besøk er tatt imot.
1 rad er slått sammen med en annen for samme nummer.
Minst 30 får en melding, for minst 18,00 kroner. Tallene er rundet ned til hele tiere av meldinger, så de sier ikke noe om noen enkelt.
Meldinger sendes tidligst 24. november 2025 kl. 12:00.

2 rader kunne ikke brukes:
Linje 35: Telefonnummeret er ikke et norsk mobilnummer.
Linje 36: Besøket har ikke vært ennå.

Fila er slettet. Denne rapporten slettes etter 30 dager.
`
		if got := d.report("visits.csv"); got != want {
			t.Errorf("the report is\n%s\nwant\n%s", got, want)
		}
		// A list under the same name the next day is another list, and of a short one nothing is told.
		d.write("visits.csv", list("49000001", "49000090"))
		d.settle()
		d.check("visits.csv.report.txt", "queued:32")
		if got := d.report("visits.csv"); !strings.Contains(got, "2 besøk er tatt imot.\nHvor mange som får melding, sies bare") {
			t.Errorf("the report of a short list is\n%s", got)
		}
		if got := d.log.String(); got != "" {
			t.Errorf("the log has\n%s", got)
		}
	})
}

// TestFolderTellsNothingOfOne: whether somebody is asked, has said no or was asked lately, a report about
// them alone is the same, and so is one about them among nine that are known to be left out.
func TestFolderTellsNothingOfOne(t *testing.T) {
	d := newDrop(t, storetest.Open(t, storetest.SQLite), 1, nil)
	must(t, d.s.OptOutNumber(context.Background(), d.p.ID, mustNumber(t, "49000001")))
	d.ask(list("49000002"), false)
	d.ask(list(many(100, 27)...), false)
	day := d.now()
	for _, others := range [][]string{nil, many(100, 9), many(100, 27)} {
		reports := map[string]bool{}
		for i, one := range []string{"49000001", "49000002", fmt.Sprintf("490000%02d", 50+len(others))} {
			d.at(day) // so that the time of a report is the same
			name := fmt.Sprint(len(others), "-", i)
			d.write(name, list(append(others, one)...))
			d.settle()
			reports[d.report(name)] = true
		}
		if len(reports) != 1 {
			t.Errorf("with %d others: %v", len(others), reports)
		}
	}
}

func mustNumber(t testing.TB, text string) sms.Number {
	t.Helper()
	n, err := sms.ParseNumber(text)
	must(t, err)
	return n
}

func TestFolderWaitsForAWholeFile(t *testing.T) {
	d := newDrop(t, storetest.Open(t, storetest.SQLite), 1, nil)
	text := list(many(1, 20)...)
	for i := range 20 { // written slowly, a piece every ten seconds
		d.write("slow.csv", text[:len(text)*(i+1)/20])
		d.later(10 * time.Second)
		if d.files() != "slow.csv" {
			t.Fatalf("read after %d of 20 pieces", i+1)
		}
	}
	d.later(10 * time.Second)
	d.check("slow.csv.report.txt", "queued:20")

	// One that is added to while it is read is read again, and who was asked is not asked twice.
	d.write("late.csv", list("49000080"))
	d.later(0)
	d.at(d.now().Add(10 * time.Second))
	asked := 0
	d.i.Now = func() time.Time {
		if asked++; asked == 3 { // by the one who looks, the one who reads, and now by the one who asks
			d.write(d.only(".taken-*-late.csv"), list("49000080", "49000081"))
		}
		return d.now()
	}
	d.watchers[0].Look(context.Background())
	d.i.Now = d.now
	d.check(".taken-X-late.csv late.csv.report.txt slow.csv.report.txt", "queued:21")
	d.later(0)
	d.later(5 * time.Minute)
	d.check("late.csv.report.txt slow.csv.report.txt", "queued:22")
	must(t, os.Remove(filepath.Join(d.dir, "late.csv.report.txt")))

	d.write("aside.csv.part", list("49000090"))
	d.write("aside.TMP", list("49000091"))
	d.write(".hidden.csv", list("49000092"))
	d.later(time.Hour)
	d.later(time.Hour)
	d.check(".hidden.csv aside.TMP aside.csv.part slow.csv.report.txt", "queued:22")
	must(t, os.Rename(filepath.Join(d.dir, "aside.csv.part"), filepath.Join(d.dir, "aside.csv")))
	d.settle()
	d.check(".hidden.csv aside.TMP aside.csv.report.txt slow.csv.report.txt", "queued:23")
}

func TestFolderFormatsAndJunk(t *testing.T) {
	d := newDrop(t, storetest.Open(t, storetest.SQLite), 1, func(a *practice.Asking) { a.Language = "en" })
	d.write("bundle", `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Encounter","status":"finished","period":{"start":"2025-11-21"},"subject":{"reference":"Patient/a"}}},
		{"resource":{"resourceType":"Patient","id":"a","telecom":[{"system":"phone","value":"49000001"}]}},
		{"resource":{"resourceType":"Encounter","status":"lost","period":{"start":"2025-11-21"},"subject":{"reference":"Patient/a"}}},
		{"resource":{"resourceType":"Encounter","status":"planned","subject":{"reference":"Patient/a"}}}]}`)
	d.write("junk.bin", "\x00\x01\x02 49000002")
	d.write("book.xlsx", "PK\x03\x04 49000003")
	d.write("words.txt", "49000004 came on Friday\n")
	d.write("empty.csv", "")
	d.write("large.csv", "telefon;dato\n"+strings.Repeat("49000005;21.11.2025\n", visit.MaxBytes/20+1))
	d.write(strings.Repeat("n", 250), list("49000006"))
	d.settle()
	reported := " book.xlsx.report.txt bundle.report.txt empty.csv.report.txt junk.bin.report.txt large.csv.report.txt " + strings.Repeat("n", 200) + ".report.txt words.txt.report.txt"
	d.check(strings.TrimSpace(reported), "queued:2")
	for name, want := range map[string]string{
		"bundle": "1 visit was accepted.\n1 entry is not a visit", "junk.bin": "Nobody was asked.\nThis is not a file", "book.xlsx": "Nobody was asked.\nThis is not a file",
		"words.txt": "Nobody was asked.\nWe found no column", "empty.csv": "Nobody was asked.\nThe file is empty.", "large.csv": "Nobody was asked.\nThe file is larger than 8 MB",
	} {
		got := d.report(name)
		if !strings.Contains(got, want) || !strings.Contains(got, "The file is deleted.") || longDigits.MatchString(got) {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := d.report("bundle"); !strings.Contains(got, "\nEntry 3: The visit has a status") {
		t.Errorf("the bundle's report is\n%s", got)
	}
	// A practice that has switched messages off gets no list kept for later.
	a, err := d.s.Asking(context.Background(), d.p.ID)
	must(t, err)
	a.SMS = false
	must(t, d.s.SaveAsking(context.Background(), a))
	d.write("off.csv", list("49000007"))
	d.settle()
	if got := d.report("off.csv"); !strings.Contains(got, "Nobody was asked.\nThe practice has not switched on text messages.") {
		t.Errorf("while it is off: %s", got)
	}
	d.check("book.xlsx.report.txt bundle.report.txt empty.csv.report.txt junk.bin.report.txt large.csv.report.txt "+strings.Repeat("n", 200)+".report.txt off.csv.report.txt words.txt.report.txt", "queued:2")
}

func TestFolderTouchesOnlyRegularFilesOfPractices(t *testing.T) {
	d := newDrop(t, storetest.Open(t, storetest.SQLite), 1, nil)
	outside := filepath.Join(t.TempDir(), "outside.csv")
	must(t, os.WriteFile(outside, []byte(list("49000001")), 0o644))
	must(t, os.Symlink(outside, filepath.Join(d.dir, "link.csv")))
	must(t, os.Mkdir(filepath.Join(d.dir, "folder"), 0o755))
	must(t, os.WriteFile(filepath.Join(d.dir, "folder", "deep.csv"), []byte(list("49000002")), 0o644))
	must(t, os.Mkdir(filepath.Join(d.root, "fremmed"), 0o755))
	must(t, os.WriteFile(filepath.Join(d.root, "fremmed", "a.csv"), []byte(list("49000003")), 0o644))
	must(t, os.WriteFile(filepath.Join(d.root, "49000004.csv"), []byte(list("49000004")), 0o644))
	other, _, err := d.s.CreatePractice(context.Background(), practice.Practice{Live: true, QR: true, Network: true, Name: "Lillevik", Phone: "77 00 00 00"}, "Venterommet")
	must(t, err)
	must(t, os.Symlink(d.dir, filepath.Join(d.root, other.Slug))) // a link to another practice's folder
	for range 4 {
		d.settle()
		d.later(10 * time.Minute)
	}
	d.check("folder link.csv", "")
	for _, name := range []string{outside, filepath.Join(d.root, "49000004.csv"), filepath.Join(d.root, "fremmed", "a.csv"), filepath.Join(d.dir, "folder", "deep.csv")} {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
	log := d.log.String()
	if strings.Count(log, "folder=fremmed") != 1 || strings.Count(log, "in no practice's folder") != 1 || strings.Contains(log, "49000") {
		t.Errorf("the log has\n%s", log)
	}
	d.later(24 * time.Hour)
	if strings.Count(d.log.String(), "folder=fremmed") != 2 {
		t.Error("the next day it is not told again")
	}
}

// TestFolderWatchedBySeveral: each list is read by one of the instances, whichever is first.
func TestFolderWatchedBySeveral(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDrop(t, s, 4, func(a *practice.Asking) { a.Rule, a.RuleN = "every_nth", 2 })
		const files = 20
		for i := range files {
			d.write(fmt.Sprintf("%02d.csv", i), list(many(100*i, 10)...))
		}
		d.later(0)
		d.at(d.now().Add(10 * time.Second))
		var wg sync.WaitGroup
		for _, w := range d.watchers {
			wg.Go(func() { w.Look(context.Background()) })
		}
		wg.Wait()
		// Each list has ten visits, of which half are asked: a list that was read twice would have more. One
		// or two fewer are numbers that were taken for others that had been asked.
		var queued int
		if _, err := fmt.Sscanf(d.states(), "queued:%d", &queued); err != nil || queued > 5*files || queued < 5*files-2 {
			t.Errorf("messages %s, want queued:%d", d.states(), 5*files)
		}
		if got := d.files(); strings.Count(got, ".report.txt") != files || strings.Contains(got, "taken") || strings.Contains(got, "csv ") {
			t.Errorf("the folder has %s", got)
		}
	})
}

// TestFolderAfterACrash: a list whose instance died after asking, before deleting, is read again, and
// nobody is asked twice.
func TestFolderAfterACrash(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDrop(t, s, 2, nil)
		text := list(many(1, 12)...)
		d.ask(text, false) // what it had done when it died
		d.write(".taken-ABCDEFGHIJKLM-visits.csv", text)
		d.later(0)
		d.later(4*time.Minute + 59*time.Second) // somebody may be reading it still
		d.check(".taken-X-visits.csv", "queued:12")
		d.later(time.Second)
		d.check("visits.csv.report.txt", "queued:12")
		if got := d.report("visits.csv"); !strings.Contains(got, "12 besøk er tatt imot.\nFærre enn ti får en melding.") {
			t.Errorf("the report is\n%s", got)
		}
	})
}

// TestFolderWhenTheServerStops: a list that was taken and not asked stays, and is read later.
func TestFolderWhenTheServerStops(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDrop(t, s, 1, nil)
		d.write("visits.csv", list("49000001"))
		d.later(0)
		d.at(d.now().Add(10 * time.Second))
		ctx, cancel := context.WithCancel(context.Background())
		looks := 0
		d.i.Now = func() time.Time {
			if looks++; looks == 2 { // the clock is asked by the one who looks, and then by the one who reads
				cancel()
			}
			return d.now()
		}
		d.watchers[0].Look(ctx)
		d.i.Now = d.now
		d.check(".taken-X-visits.csv", "")
		d.later(0)
		d.later(5 * time.Minute)
		d.check("visits.csv.report.txt", "queued:1")
	})
}

func TestFolderForgetsReports(t *testing.T) {
	d := newDrop(t, storetest.Open(t, storetest.SQLite), 1, nil)
	for name, days := range map[string]int{"old.report.txt": 31, "new.report.txt": 29} {
		d.write(name, "")
		at := d.now().AddDate(0, 0, -days)
		must(t, os.Chtimes(filepath.Join(d.dir, name), at, at))
	}
	d.later(0)
	d.check("new.report.txt", "")
}

func TestFolderThatIsNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o644))
	for _, path := range []string{file, file + "/none", "/nowhere/at/all"} {
		if _, err := invite.NewFolder(path, nil, nil); err == nil {
			t.Errorf("%s was opened", path)
		}
	}
	d := newDrop(t, storetest.Open(t, storetest.SQLite), 1, nil)
	must(t, os.RemoveAll(d.root))
	d.settle()
	if got := d.log.String(); strings.Count(got, "cannot be read") != 1 {
		t.Errorf("the log has\n%s", got)
	}
}
