package invite

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/visit"
)

// Folder is where journal systems that can only write a file leave lists of visits: in a sub-folder for
// each practice, named as the practice is in addresses. A list is read, a report is written beside it, and
// the list is deleted. Several instances may look into one folder.
type Folder struct {
	path    string
	inviter *Inviter
	words   *i18n.Words
	seen    map[string]sighting
	told    map[string]time.Time // what the log has been told, and when
}

// sighting is what a file looked like, and from when on it may be taken if it still looks so. Only what is
// seen again and again is compared, never a file's time with ours: the folder may be another machine's.
type sighting struct {
	size     int64
	modified time.Time
	due      time.Time
}

const (
	lookEvery  = 10 * time.Second
	still      = 10 * time.Second // a file that does not change for so long is whole
	abandoned  = 5 * time.Minute  // one that somebody took and did not finish is anybody's again
	readWithin = 4 * time.Minute  // less than abandoned: who took a file has let go of it by then
	// ReportDays is how long a report on a list lies in the folder.
	ReportDays = 30

	reportEnd   = ".report.txt"
	claimStart  = ".taken-"
	claimRandom = 13 // characters
	longestName = 200
)

// NewFolder opens a folder of lists. It fails if there is none.
func NewFolder(path string, i *Inviter, words *i18n.Words) (*Folder, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", path)
	}
	return &Folder{path: path, inviter: i, words: words, told: map[string]time.Time{}}, nil
}

// Run looks into the folder every ten seconds until ctx is done.
func (f *Folder) Run(ctx context.Context) {
	for {
		f.Look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery):
		}
	}
}

// Look takes what has been lying still since it looked before.
func (f *Folder) Look(ctx context.Context) {
	if err := f.look(ctx); err != nil && ctx.Err() == nil {
		f.tell("the folder of lists cannot be read", "reason", nameless(err))
	}
}

func (f *Folder) look(ctx context.Context) error {
	root, err := os.OpenRoot(f.path)
	if err != nil {
		return err
	}
	defer root.Close()
	practices, err := f.inviter.Store.Practices(ctx)
	if err != nil {
		return err
	}
	bySlug := map[string]practice.Practice{}
	for _, p := range practices {
		bySlug[p.Slug] = p
	}
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return err
	}
	seen := map[string]sighting{}
	for _, e := range entries {
		p, known := bySlug[e.Name()]
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case !e.IsDir(): // a link to a folder is none
			f.tell("a file that is in no practice's folder is not read")
		case !known:
			f.tell("there is no practice of this name, and what is in its folder is not read", "folder", e.Name())
		default:
			if err := f.lookInto(ctx, root, p, seen); err != nil && ctx.Err() == nil {
				f.tell("a practice's folder cannot be read", "practice", p.Slug, "reason", nameless(err))
			}
		}
	}
	f.seen = seen
	return nil
}

// lookInto looks into a practice's folder. Only regular files directly in it are touched.
func (f *Folder) lookInto(ctx context.Context, root *os.Root, p practice.Practice, seen map[string]sighting) error {
	dir, err := root.OpenRoot(p.Slug)
	if err != nil {
		return err
	}
	defer dir.Close()
	entries, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return err
	}
	now := f.inviter.Now()
	for _, e := range entries {
		name := e.Name()
		info, err := dir.Lstat(name)
		if err != nil || !info.Mode().IsRegular() {
			continue // another instance has taken it meanwhile, or it is a link, a pipe, a folder
		}
		wait := still
		switch lower := strings.ToLower(name); {
		case strings.HasSuffix(name, reportEnd):
			if now.Sub(info.ModTime()) > ReportDays*24*time.Hour {
				_ = dir.Remove(name) // or at the next look
			}
			continue
		case strings.HasPrefix(name, claimStart):
			wait = abandoned
		case strings.HasPrefix(name, "."), strings.HasSuffix(lower, ".part"), strings.HasSuffix(lower, ".tmp"):
			continue // still being written, as its name says
		}
		key := p.Slug + "/" + name
		s, ok := f.seen[key]
		if !ok || s.size != info.Size() || !s.modified.Equal(info.ModTime()) {
			s = sighting{info.Size(), info.ModTime(), now.Add(wait)}
		}
		if !now.Before(s.due) && ctx.Err() == nil {
			if err := f.take(ctx, dir, p, name, info); err != nil && ctx.Err() == nil {
				f.inviter.Log.Error("a list of visits could not be finished", "practice", p.Slug, "reason", nameless(err))
			}
			s.due = now.Add(abandoned)
		}
		seen[key] = s
	}
	return nil
}

// take reads one list, unless another instance is faster: a file can be renamed from its name once. If
// the process dies on the way, the file is there under its new name and is read again later; whom it had
// asked by then is not asked a second time.
func (f *Folder) take(ctx context.Context, dir *os.Root, p practice.Practice, name string, seen fs.FileInfo) (err error) {
	defer func() {
		if recover() != nil { // what it says may hold a number
			err = errors.New("panic")
		}
	}()
	original := name
	if rest, ok := strings.CutPrefix(name, claimStart); ok {
		original = rest[min(len(rest), claimRandom+1):]
	}
	original = cmp.Or(strings.ToValidUTF8(original[:min(len(original), longestName)], ""), "list")
	taken := claimStart + rand.Text()[:claimRandom] + "-" + original
	if err := dir.Rename(name, taken); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	list, err := f.read(dir, taken, seen)
	if err != nil && fault.As(err) == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	var result Result
	if err == nil {
		if result, err = f.inviter.Invite(ctx, p, list.Visits, false); err != nil && fault.As(err) == nil {
			return err
		}
	}
	// From here on the list has served, also if nothing could be done with it.
	text, reportErr := f.report(ctx, p, list, result, fault.As(err))
	if reportErr == nil {
		reportErr = writeReport(dir, original, text)
	}
	if info, err := dir.Lstat(taken); err == nil && changed(info, seen) {
		return errors.Join(reportErr, errChanged) // whoever writes it was not done
	}
	return errors.Join(reportErr, dir.Remove(taken))
}

// errChanged is about a file that is not the one that lay still, or not any more. It is left as taken, and
// so is read when it has not changed for long enough.
var errChanged = errors.New("it changed while it was read")

func changed(a, b fs.FileInfo) bool {
	return !os.SameFile(a, b) || a.Size() != b.Size() || !a.ModTime().Equal(b.ModTime())
}

func (f *Folder) read(dir *os.Root, name string, seen fs.FileInfo) (visit.List, error) {
	file, err := dir.Open(name)
	if err != nil {
		return visit.List{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return visit.List{}, err
	}
	if changed(info, seen) {
		return visit.List{}, errChanged
	}
	return f.inviter.Read(file)
}

// writeReport puts a report in its place whole, over an earlier one of the same name.
func writeReport(dir *os.Root, name, text string) error {
	aside := "." + rand.Text()[:claimRandom] + reportEnd
	if err := dir.WriteFile(aside, []byte(text), 0o644); err != nil {
		return err
	}
	return dir.Rename(aside, name+reportEnd)
}

// report says in the practice's language what became of a list. It has no number, and of the outcome no
// more than AtLeast.
func (f *Folder) report(ctx context.Context, p practice.Practice, list visit.List, r Result, refused *fault.Error) (string, error) {
	a, err := f.inviter.Store.Asking(ctx, p.ID)
	if err != nil {
		return "", err
	}
	l := f.words.In(a.Language)
	var b strings.Builder
	line := func(key string, args ...any) { b.WriteString(l.T(key, args...) + "\n") }
	counted := func(key string, n int) {
		if n > 0 {
			line(key, "Count", n)
		}
	}
	b.WriteString(p.Name + "\n")
	line("drop.read", "When", moment(l, f.inviter.Now()))
	b.WriteString("\n")
	if refused != nil {
		line("drop.refused")
		line(refused.Key, refused.Args)
	} else {
		line("drop.accepted", "Count", len(list.Visits))
		counted("drop.merged", list.Merged)
		counted("drop.skipped", list.Skipped)
		if invited, ore, ok := f.inviter.AtLeast(r); !ok {
			line("drop.few")
		} else if invited == 0 {
			line("drop.under_ten")
		} else {
			line("drop.invited", "Invited", invited, "Kroner", l.Number(float64(ore)/100, 2))
		}
		line("drop.sending", "When", moment(l, r.At))
	}
	if len(list.Bad) > 0 {
		b.WriteString("\n")
		line("drop.wrong", "Count", len(list.Bad))
		place := "drop.line"
		if list.Format == visit.FHIR {
			place = "drop.entry"
		}
		for _, bad := range list.Bad {
			line(place, "N", bad.Line, "Reason", l.T(bad.Reason.Key, bad.Reason.Args))
		}
	}
	b.WriteString("\n")
	line("drop.deleted", "Days", ReportDays)
	return b.String(), nil
}

func moment(l i18n.Language, t time.Time) string {
	t = t.In(calendar.Oslo)
	return l.T("drop.moment", "Day", t.Day(), "Month", l.T("month."+strconv.Itoa(int(t.Month()))), "Year", t.Year(), "Time", t.Format("15:04"))
}

// tell writes to the log what is worth saying once a day.
func (f *Folder) tell(what string, args ...any) {
	key, now := fmt.Sprint(append([]any{what}, args...)...), f.inviter.Now()
	if last, ok := f.told[key]; !ok || now.Sub(last) >= 24*time.Hour {
		f.told[key] = now
		f.inviter.Log.Warn(what, args...)
	}
}

// nameless is an error without the name of a file, which a journal system may have made of anything.
func nameless(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Op + ": " + e.Err.Error()
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Op + ": " + e.Err.Error()
	}
	return err.Error()
}
