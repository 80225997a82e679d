package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/disclosure"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

// Key names what is counted together: a practice's answers to one version of a survey.
type Key struct {
	PracticeID string `db:"practice_id"`
	Survey     string `db:"survey"`
	Version    int    `db:"version"`
}

func (k Key) compare(o Key) int {
	if c := strings.Compare(k.PracticeID, o.PracticeID); c != 0 {
		return c
	}
	if c := strings.Compare(k.Survey, o.Survey); c != 0 {
		return c
	}
	return k.Version - o.Version
}

// Sum is counts and the weeks of the first and last answer among them.
type Sum struct {
	First  calendar.Week  `json:"first"`
	Last   calendar.Week  `json:"last"`
	Counts map[string]int `json:"counts"`
}

// Plus adds two sums; an empty one has no weeks.
func (s Sum) Plus(o Sum) Sum {
	if len(s.Counts) == 0 {
		return o
	}
	if len(o.Counts) == 0 {
		return s
	}
	s.First, s.Last, s.Counts = min(s.First, o.First), max(s.Last, o.Last), maps.Clone(s.Counts)
	for k, n := range o.Counts {
		s.Counts[k] += n
	}
	return s
}

// Sums is everything counted under one key: responses by channel, responses by collection point, and
// for each question the answers by option. Asides, in pending only, is how many chose "does not apply" to a
// question whose other answers are released already. Nothing in it is crossed with anything else.
type Sums struct {
	Channels  Sum            `json:"channels"`
	Points    Sum            `json:"points"`
	Questions map[string]Sum `json:"questions"`
	Asides    map[string]int `json:"asides,omitempty"`
}

// Plus adds two sums part by part.
func (s Sums) Plus(o Sums) Sums {
	out := Sums{Channels: s.Channels.Plus(o.Channels), Points: s.Points.Plus(o.Points), Questions: maps.Clone(s.Questions)}
	if out.Questions == nil {
		out.Questions = map[string]Sum{}
	}
	for id, q := range o.Questions {
		out.Questions[id] = out.Questions[id].Plus(q)
	}
	if len(s.Asides)+len(o.Asides) > 0 {
		out.Asides = map[string]int{}
		for _, asides := range []map[string]int{s.Asides, o.Asides} {
			for id, n := range asides {
				out.Asides[id] += n
			}
		}
	}
	return out
}

// Empty reports whether nothing is counted.
func (s Sums) Empty() bool {
	return len(s.Channels.Counts) == 0 && len(s.Points.Counts) == 0 && len(s.Questions) == 0 && len(s.Asides) == 0
}

// Entry is what is counted together or not at all: one form, or a batch of forms on paper under one
// receipt. It exists only in memory.
type Entry struct {
	Receipt string // hash of the form's random number; empty where no form can be sent twice
	// Practice, point and channel are counted apart from the answers.
	PracticeID string
	Point      string // collection point's code; empty if none
	Invitation string // hash of the single-use token it came by; empty if none
	Channel    string
	Held       bool      // it looks like part of a burst: counted apart, until the practice's lead decides
	Answers    []Answers // one for each survey of each form; each is one more response
}

// Answers is the option chosen for each question of one survey, the derived ones included.
type Answers struct {
	Survey  string
	Version int
	Options map[string]string
}

// addTo counts the entry in sums, by key.
func (e Entry) addTo(sums map[Key]Sums, week calendar.Week) {
	one := func(to *Sum, key string) {
		if to.Counts == nil {
			*to = Sum{week, week, map[string]int{}}
		}
		to.Counts[key]++
	}
	for _, a := range e.Answers {
		k := Key{e.PracticeID, a.Survey, a.Version}
		s := sums[k]
		one(&s.Channels, e.Channel)
		if e.Point != "" {
			one(&s.Points, e.Point)
		}
		if s.Questions == nil {
			s.Questions = make(map[string]Sum, len(a.Options))
		}
		for question, option := range a.Options {
			q := s.Questions[question]
			one(&q, option)
			s.Questions[question] = q
		}
		sums[k] = s
	}
}

// ReceiptDays is how long a receipt is kept: forms are valid for a day, and two more are to be safe.
const ReceiptDays = 3

// Count adds a batch of forms to what is pending, or held, in one transaction. A form whose receipt is already
// there, in the database or earlier in the batch, was counted before and changes nothing. A form that
// came by an invitation uses it up in the same transaction; one whose invitation is used or over is not
// counted. When Count returns nil, every form of the batch is on disk, counted exactly once; when it
// returns Refused, all but those are. NotFound, for all of them, is where a practice was deleted meanwhile.
func (s *Store) Count(ctx context.Context, now time.Time, batch []Entry) error {
	week := calendar.WeekOf(now)
	var refused Refused
	err := s.tx(ctx, func(c *sqlx.Tx) error {
		refused = nil
		fresh, err := takeReceipts(ctx, c, now.UTC().AddDate(0, 0, ReceiptDays).Format(time.DateOnly), batch)
		if err != nil {
			return err
		}
		unused, err := useInvitations(ctx, c, today(now), batch, fresh)
		if err != nil {
			return err
		}
		added, held := map[Key]Sums{}, map[Key]Sums{}
		var unspent []string // receipts of refused forms: sent again, they must not look counted
		for i, e := range batch {
			if e.Receipt != "" {
				if !fresh[e.Receipt] {
					continue
				}
				delete(fresh, e.Receipt)
			}
			if e.Invitation != "" {
				if !unused[e.Invitation] {
					refused, unspent = append(refused, i), append(unspent, e.Receipt)
					continue
				}
				delete(unused, e.Invitation)
			}
			if e.Held {
				e.addTo(held, week)
			} else {
				e.addTo(added, week)
			}
		}
		for _, receipt := range unspent {
			if _, err := c.ExecContext(ctx, `DELETE FROM receipt WHERE hash = $1`, receipt); err != nil {
				return err
			}
		}
		// Always in this order, or two instances could wait for each other.
		if err := s.addTo(ctx, c, pending, added); err != nil {
			return err
		}
		return s.addTo(ctx, c, heldBack, held)
	})
	if err == nil && len(refused) > 0 {
		return refused
	}
	if refersToNothing(err) {
		return fault.New(fault.NotFound, "code.unknown").Because(err)
	}
	return err
}

// Refused is the forms of a batch, by index, that were not counted because their invitations were used
// before or are over.
type Refused []int

func (Refused) Error() string { return "the invitation is used or over" }

// Counted reports whether an entry with this receipt was counted, in the days that receipts are kept.
func (s *Store) Counted(ctx context.Context, receipt string) (bool, error) {
	var counted bool
	err := s.db.GetContext(ctx, &counted, `SELECT EXISTS (SELECT 1 FROM receipt WHERE hash = $1)`, receipt)
	return counted, err
}

// takeReceipts stores the batch's receipts and returns those that were new.
func takeReceipts(ctx context.Context, c *sqlx.Tx, forgetOn string, batch []Entry) (map[string]bool, error) {
	var hashes []string
	for _, e := range batch {
		if e.Receipt != "" {
			hashes = append(hashes, e.Receipt)
		}
	}
	if len(hashes) == 0 {
		return nil, nil
	}
	slices.Sort(hashes) // two instances take theirs in the same order, or each could wait for the other
	var q strings.Builder
	q.WriteString(`INSERT INTO receipt (hash, forget_on) VALUES `)
	args := make([]any, 1, len(hashes)+1)
	args[0] = forgetOn
	for i, h := range hashes {
		if i > 0 {
			q.WriteByte(',')
		}
		fmt.Fprintf(&q, "($%d,$1)", i+2)
		args = append(args, h)
	}
	q.WriteString(` ON CONFLICT DO NOTHING RETURNING hash`)
	var taken []string
	if err := c.SelectContext(ctx, &taken, q.String(), args...); err != nil {
		return nil, err
	}
	fresh := make(map[string]bool, len(taken))
	for _, h := range taken {
		fresh[h] = true
	}
	return fresh, nil
}

// The tables of running sums: what the next close divides, and what waits for a decision.
const (
	pending  = "pending"
	heldBack = "held"
)

// sumsRow is a row of running sums as stored.
type sumsRow struct {
	Key
	Value string `db:"value"`
}

// runningSums remembers what the running sums last written hold, so that adding to them need not read,
// open and decode them again. It is only ever believed for the very version that is in the database.
type runningSums struct {
	mu   sync.Mutex
	last map[runningKey]remembered
	// After another instance was found to write too, this many batches take the careful way at once.
	careful int
}

type runningKey struct {
	table string
	Key
}

type remembered struct {
	text string
	sums Sums // never changed: Plus makes new ones
}

const (
	maxRemembered  = 4_000 // sums, about 10 kB each
	carefulBatches = 100
)

// recall returns what was last written under each key, nil if one is not known or another instance
// has lately written too.
func (r *runningSums) recall(table string, keys []Key) []remembered {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.careful > 0 {
		r.careful--
		return nil
	}
	found := make([]remembered, len(keys))
	for i, k := range keys {
		var ok bool
		if found[i], ok = r.last[runningKey{table, k}]; !ok {
			return nil
		}
	}
	return found
}

// sums opens a row's sums.
func (s *Store) sums(r sumsRow) (sums Sums, err error) {
	value, err := s.keys.pending.open(r.Value)
	if err == nil {
		err = json.Unmarshal(value, &sums)
	}
	if err != nil {
		return sums, fmt.Errorf("sums of %s %s %d: %w", r.PracticeID, r.Survey, r.Version, err)
	}
	return sums, nil
}

// text seals sums for a row.
func (s *Store) text(sums Sums) (string, error) {
	value, err := json.Marshal(sums)
	if err != nil {
		return "", err
	}
	return s.keys.pending.seal(value), nil
}

// runningText seals sums for a row of a table of running sums, and remembers them.
func (s *Store) runningText(table string, k Key, sums Sums) (string, error) {
	text, err := s.text(sums)
	if err != nil {
		return "", err
	}
	s.running.mu.Lock()
	defer s.running.mu.Unlock()
	if s.running.last == nil || len(s.running.last) >= maxRemembered {
		s.running.last = map[runningKey]remembered{}
	}
	s.running.last[runningKey{table, k}] = remembered{text, sums}
	return text, nil
}

// forUpdate locks the rows of a SELECT against other instances. SQLite has a lock on the whole file.
func (s *Store) forUpdate() string {
	if s.postgres {
		return " FOR UPDATE"
	}
	return ""
}

// addTo adds to rows of a table of running sums, rewriting each whole.
func (s *Store) addTo(ctx context.Context, c *sqlx.Tx, table string, added map[Key]Sums) error {
	if len(added) == 0 {
		return nil
	}
	keys := slices.SortedFunc(maps.Keys(added), Key.compare)
	if known := s.running.recall(table, keys); known != nil {
		written, err := s.replaceSums(ctx, c, table, keys, known, added)
		if err != nil {
			return err
		}
		keys = slices.DeleteFunc(keys, func(k Key) bool { return written[k] })
		if len(keys) > 0 {
			s.running.mu.Lock()
			s.running.careful = carefulBatches
			s.running.mu.Unlock()
		}
	}
	if len(keys) == 0 {
		return nil
	}
	rows, err := s.lockSums(ctx, c, table, keys)
	if err != nil {
		return err
	}
	if len(rows) < len(keys) {
		// A row must exist before it can be locked: two instances that both found none would each
		// write their own counts over the other's.
		args := make([]any, 0, 3*len(keys))
		for _, k := range keys {
			args = append(args, k.PracticeID, k.Survey, k.Version)
		}
		q := strings.ReplaceAll(placeholders(1, len(keys), 3), ")", ",'')")
		if _, err := c.ExecContext(ctx, `INSERT INTO `+table+` (practice_id, survey, version, value) VALUES `+q+
			` ON CONFLICT DO NOTHING`, args...); err != nil {
			return err
		}
		if rows, err = s.lockSums(ctx, c, table, keys); err != nil {
			return err
		}
	}
	args := make([]any, 0, 4*len(rows))
	for _, r := range rows {
		before, err := s.sums(r)
		if err != nil {
			return err
		}
		text, err := s.runningText(table, r.Key, before.Plus(added[r.Key]))
		if err != nil {
			return err
		}
		args = append(args, r.PracticeID, r.Survey, r.Version, text)
	}
	_, err = c.ExecContext(ctx, `INSERT INTO `+table+` (practice_id, survey, version, value) VALUES `+
		placeholders(1, len(rows), 4)+
		` ON CONFLICT (practice_id, survey, version) DO UPDATE SET value = excluded.value`, args...)
	return err
}

// replaceSums rewrites rows in one statement, without reading them, where they still are what is
// known; it returns the keys that it rewrote. The nonce of a sealed value names its version.
func (s *Store) replaceSums(ctx context.Context, c *sqlx.Tx, table string, keys []Key, known []remembered, added map[Key]Sums) (map[Key]bool, error) {
	var q strings.Builder
	q.WriteString(`UPDATE ` + table + ` AS old SET value = new.column5 FROM (VALUES `)
	args := make([]any, 0, 5*len(keys))
	for i, k := range keys {
		text, err := s.runningText(table, k, known[i].sums.Plus(added[k]))
		if err != nil {
			return nil, err
		}
		if i > 0 {
			q.WriteByte(',')
		}
		fmt.Fprintf(&q, "($%d,$%d,CAST($%d AS INTEGER),$%d,$%d)", 5*i+1, 5*i+2, 5*i+3, 5*i+4, 5*i+5)
		args = append(args, k.PracticeID, k.Survey, k.Version, known[i].text[:sealedNonce], text)
	}
	// Both engines call the columns of a list of values column1, column2, and so on.
	fmt.Fprintf(&q, `) AS new
		WHERE old.practice_id = new.column1 AND old.survey = new.column2 AND old.version = new.column3
		AND substr(old.value, 1, %d) = new.column4
		RETURNING practice_id, survey, version`, sealedNonce)
	var written []Key
	if err := c.SelectContext(ctx, &written, q.String(), args...); err != nil {
		return nil, err
	}
	keysWritten := make(map[Key]bool, len(written))
	for _, k := range written {
		keysWritten[k] = true
	}
	return keysWritten, nil
}

// lockSums reads the rows of the given keys, in the keys' order, and keeps them from changing.
func (s *Store) lockSums(ctx context.Context, c *sqlx.Tx, table string, keys []Key) ([]sumsRow, error) {
	var q strings.Builder
	// A list of rows and not a chain of OR, which SQLite bounds at a thousand.
	q.WriteString(`SELECT practice_id, survey, version, value FROM ` + table + ` WHERE (practice_id, survey, version) IN (VALUES `)
	args := make([]any, 0, 3*len(keys))
	for i, k := range keys {
		if i > 0 {
			q.WriteByte(',')
		}
		fmt.Fprintf(&q, "($%d,$%d,CAST($%d AS INTEGER))", 3*i+1, 3*i+2, 3*i+3)
		args = append(args, k.PracticeID, k.Survey, k.Version)
	}
	q.WriteString(`) ORDER BY practice_id, survey, version`)
	q.WriteString(s.forUpdate())
	var rows []sumsRow
	err := c.SelectContext(ctx, &rows, q.String(), args...)
	return rows, err
}

// Division decides what of pending sums is released and what waits. Method and Floor are what it goes by;
// they stand in the ledger with each release. Settle tells whether held sums are enough for their number
// of responses to be shown, and Join adds sums that a lead let in to a release, with what waits of the
// pending ones and of them. Without these two, what is held stays as it is.
type Division struct {
	Method, Floor int
	Divide        func(survey string, pending Sums) (release, rest Sums)
	Settle        func(held Sums) (n int, ok bool)
	Join          func(release, rest, letIn Sums) (fuller, waits, left Sums)
}

// CloseWeek closes a week: for every key by decides what moves from pending to a release. It
// reports false, having changed nothing, if that week or a later one is closed already.
func (s *Store) CloseWeek(ctx context.Context, week calendar.Week, by Division) (closed bool, err error) {
	err = s.tx(ctx, func(c *sqlx.Tx) error {
		var later bool
		if err := c.GetContext(ctx, &later, `SELECT EXISTS (SELECT 1 FROM closing WHERE week >= $1)`, string(week)); err != nil || later {
			return err
		}
		// The other instance waits here until this one has committed, and then finds a conflict.
		r, err := c.ExecContext(ctx, `INSERT INTO closing (week) VALUES ($1) ON CONFLICT DO NOTHING`, string(week))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err
		}
		closed = true
		var rows []sumsRow
		if err := c.SelectContext(ctx, &rows, `SELECT practice_id, survey, version, value FROM pending
			ORDER BY practice_id, survey, version`+s.forUpdate()); err != nil {
			return err
		}
		joining, err := s.joining(ctx, c, by)
		if err != nil {
			return err
		}
		for _, row := range rows {
			sums, err := s.sums(row)
			if err != nil {
				return err
			}
			release, rest := by.Divide(row.Survey, sums)
			if bursts := joining[row.Key]; len(bursts) > 0 && !release.Empty() {
				if release, rest, err = s.join(ctx, c, bursts, release, rest, by); err != nil {
					return err
				}
			}
			if err := saveRelease(ctx, c, row.Key, week, release, by); err != nil {
				return err
			}
			if err := s.savePending(ctx, c, row.Key, rest); err != nil {
				return err
			}
		}
		return s.settle(ctx, c, week, by)
	})
	return closed && err == nil, err
}

// LastClosed is the latest closed week, empty if there is none.
func (s *Store) LastClosed(ctx context.Context) (calendar.Week, error) {
	var w calendar.Week
	err := s.db.GetContext(ctx, &w, `SELECT COALESCE(max(week), '') FROM closing`)
	return w, err
}

func saveRelease(ctx context.Context, c *sqlx.Tx, k Key, week calendar.Week, sums Sums, by Division) error {
	if sums.Empty() {
		return nil
	}
	value, err := json.Marshal(sums)
	if err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, `INSERT INTO release (practice_id, survey, version, week, value, method, floor)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, k.PracticeID, k.Survey, k.Version, string(week), string(value), by.Method, by.Floor)
	return err
}

func (s *Store) savePending(ctx context.Context, c *sqlx.Tx, k Key, sums Sums) error {
	if sums.Empty() {
		_, err := c.ExecContext(ctx, `DELETE FROM pending WHERE practice_id = $1 AND survey = $2 AND version = $3`,
			k.PracticeID, k.Survey, k.Version)
		return err
	}
	text, err := s.runningText(pending, k, sums)
	if err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, `UPDATE pending SET value = $4 WHERE practice_id = $1 AND survey = $2 AND version = $3`,
		k.PracticeID, k.Survey, k.Version, text)
	return err
}

// Part is a sum in a release: the weeks it spans, and counts that only the disclosure gate can read.
type Part struct {
	First  calendar.Week     `json:"first"`
	Last   calendar.Week     `json:"last"`
	Counts disclosure.Sealed `json:"counts"`
}

// Release is what one close let out under one key, with the method and the floor it went by: with those it
// is its own entry in the ledger (S14), since each answer is in one release only and none ever changes. A
// question without an entry waited.
type Release struct {
	Week      calendar.Week
	Method    int
	Floor     int
	Channels  *Part
	Points    *Part
	Questions map[string]Part
}

// releaseCache keeps the releases of the keys last read, decoded. A release never changes, so their
// number and the latest week say whether what is kept is all there is.
type releaseCache struct {
	mu    sync.Mutex
	byKey map[Key][]Release
}

const maxCached = 32 // keys; five years of one are about 2 MB

// Releases returns the releases of one key, oldest first. They are shared: do not change them.
func (s *Store) Releases(ctx context.Context, k Key) ([]Release, error) {
	var there struct {
		N      int    `db:"n"`
		Latest string `db:"latest"`
	}
	if err := s.db.GetContext(ctx, &there, `SELECT count(*) AS n, COALESCE(max(week), '') AS latest FROM release
		WHERE practice_id = $1 AND survey = $2 AND version = $3`, k.PracticeID, k.Survey, k.Version); err != nil {
		return nil, err
	}
	s.released.mu.Lock()
	kept := s.released.byKey[k]
	s.released.mu.Unlock()
	if n := len(kept); n == there.N && (n == 0 || string(kept[n-1].Week) == there.Latest) {
		return kept, nil
	}
	releases, err := s.readReleases(ctx, k)
	if err != nil {
		return nil, err
	}
	s.released.mu.Lock()
	defer s.released.mu.Unlock()
	if s.released.byKey == nil || len(s.released.byKey) >= maxCached {
		s.released.byKey = map[Key][]Release{}
	}
	s.released.byKey[k] = releases
	return releases, nil
}

func (s *Store) readReleases(ctx context.Context, k Key) ([]Release, error) {
	var rows []struct {
		Week   string `db:"week"`
		Value  string `db:"value"`
		Method int    `db:"method"`
		Floor  int    `db:"floor"`
	}
	err := s.db.SelectContext(ctx, &rows, `SELECT week, value, method, floor FROM release
		WHERE practice_id = $1 AND survey = $2 AND version = $3 ORDER BY week`, k.PracticeID, k.Survey, k.Version)
	if err != nil {
		return nil, err
	}
	releases := make([]Release, 0, len(rows))
	for _, row := range rows {
		var v struct {
			Channels  Part            `json:"channels"`
			Points    Part            `json:"points"`
			Questions map[string]Part `json:"questions"`
		}
		if err := json.Unmarshal([]byte(row.Value), &v); err != nil {
			return nil, fmt.Errorf("release %s of %s %s %d: %w", row.Week, k.PracticeID, k.Survey, k.Version, err)
		}
		r := Release{Week: calendar.Week(row.Week), Method: row.Method, Floor: row.Floor, Questions: v.Questions}
		if v.Channels.First != "" {
			r.Channels = &v.Channels
		}
		if v.Points.First != "" {
			r.Points = &v.Points
		}
		releases = append(releases, r)
	}
	return releases, nil
}

// Released lists the keys under which a practice has releases.
func (s *Store) Released(ctx context.Context, practiceID string) ([]Key, error) {
	var keys []Key
	err := s.db.SelectContext(ctx, &keys, `SELECT DISTINCT practice_id, survey, version FROM release
		WHERE practice_id = $1 ORDER BY survey, version`, practiceID)
	return keys, err
}

// Imported is one period of counts from elsewhere.
type Imported struct {
	Practice string        // its name; a practice that is not here yet is made
	Week     calendar.Week // the period's last week: the release's name
	Sums     Sums
}

// Import turns counts from elsewhere into releases of one survey, all or nothing. rows are in order of
// time for each practice, and the division is asked once for each, in that order; what it holds back is
// added to the practice's next row, and what is left after the last is not stored. Imported counts and
// those that are pending never meet: whoever has the file could take the one from the other. A period
// that is not later than every release already there, or later than the last closed week, is a Conflict.
func (s *Store) Import(ctx context.Context, survey string, version int, rows []Imported, by Division) error {
	return s.tx(ctx, func(c *sqlx.Tx) error {
		var closed string
		if err := c.GetContext(ctx, &closed, `SELECT COALESCE(max(week), '') FROM closing`); err != nil {
			return err
		}
		held := map[Key]Sums{}
		ids := map[string]string{}
		for _, row := range rows {
			if string(row.Week) > closed {
				return fault.New(fault.Conflict, "import.too_late").With("Period", string(row.Week))
			}
			if ids[row.Practice] == "" {
				id, err := practiceNamed(ctx, c, row.Practice)
				if err != nil {
					return err
				}
				ids[row.Practice] = id
				if err := record(ctx, c, id, practice.Imported, survey); err != nil {
					return err
				}
			}
			k := Key{ids[row.Practice], survey, version}
			var exists bool
			if err := c.GetContext(ctx, &exists, `SELECT EXISTS (SELECT 1 FROM release
				WHERE practice_id = $1 AND survey = $2 AND version = $3 AND week >= $4)`,
				k.PracticeID, k.Survey, k.Version, string(row.Week)); err != nil {
				return err
			}
			if exists {
				return fault.New(fault.Conflict, "import.exists").With("Period", string(row.Week))
			}
			release, rest := by.Divide(survey, held[k].Plus(row.Sums))
			if err := saveRelease(ctx, c, k, row.Week, release, by); err != nil {
				return err
			}
			held[k] = rest
		}
		return nil
	})
}

// practiceNamed finds a practice by its name, or makes it.
func practiceNamed(ctx context.Context, c *sqlx.Tx, name string) (string, error) {
	var ids []string
	if err := c.SelectContext(ctx, &ids, `SELECT id FROM practice WHERE slug = $1`, practice.Slug(name)); err != nil {
		return "", err
	}
	if len(ids) == 1 {
		return ids[0], nil
	}
	p, _, err := createPractice(ctx, c, practice.Practice{Name: name}, "Plakat")
	return p.ID, err
}
