package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/report"
	"github.com/venterom/venterom/internal/store"
)

// upload is the body of a form with a file, and its type.
func upload(t testing.TB, name, content string) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile(fieldFile, name)
	must(t, err)
	_, err = io.WriteString(part, content)
	must(t, err)
	must(t, w.Close())
	return &b, w.FormDataContentType()
}

func (f *fixture) upload(t testing.TB, as, content string) response {
	t.Helper()
	return f.do(t, as, http.MethodPost, "/practices/"+f.eidsvag.ID+"/invitations", url.Values{fieldFile: {content}}, "Accept-Language", "nb")
}

// visitsOf is a CSV of visits last Friday.
func visitsOf(numbers ...string) string {
	return "mobil;dato\n" + strings.Join(numbers, ";20.11.2026\n") + ";20.11.2026\n"
}

// sealed is a list as the page of a dry run carries it.
func (f *fixture) sealed(t testing.TB, numbers ...string) string {
	t.Helper()
	l, err := f.Inviter.Read(strings.NewReader(visitsOf(numbers...)))
	must(t, err)
	return f.Inviter.Seal(f.eidsvag, l.Visits)
}

var sealedPattern = regexp.MustCompile(`name="sealed" value="([^"]+)"`)

// sealedIn is the list that a page carries.
func sealedIn(t testing.TB, r response) string {
	t.Helper()
	m := sealedPattern.FindStringSubmatch(r.body)
	if m == nil {
		t.Fatalf("status %d, no list in\n%s", r.StatusCode, r.body)
	}
	return m[1]
}

// anUncertain is a message of which nobody knows whether it went out, the same each time.
func (f *fixture) anUncertain(t testing.TB) string {
	t.Helper()
	if f.uncertain == "" {
		ctx := context.Background()
		f.invite(t, "nb", "49009998") // which claims it; and claimed again, it is uncertain
		ids, err := f.Store.MessagesIn(ctx, f.eidsvag.ID, "sending")
		must(t, err)
		f.uncertain = ids[0]
		must(t, f.Store.SettleMessage(ctx, f.uncertain, "uncertain", f.clock))
	}
	return f.uncertain
}

// asks switches SMS on for Eidsvåg.
func (f *fixture) asks(t testing.TB, change func(*practice.Asking)) {
	t.Helper()
	a := practice.DefaultAsking(f.eidsvag.ID)
	a.SMS, a.Sender, a.CapOre, a.VisitsWeek = true, "Legekontor", 100_000, 240
	if change != nil {
		change(&a)
	}
	must(t, f.Store.SaveAsking(context.Background(), a))
}

func TestListIsTriedAndSent(t *testing.T) {
	f := newFixture(t)
	f.asks(t, func(a *practice.Asking) { a.Reminder = true })
	own := "/practices/" + f.eidsvag.ID + "/invitations"
	f.invite(t, "nb", "49000009")
	f.asks(t, func(a *practice.Asking) { a.Reminder = true }) // as invite sets its own
	f.do(t, sara, http.MethodPost, own+"/stop", url.Values{"number": {"+47 490 00 008"}})
	file := visitsOf("49000001", "49000002", "49000002", "49000008", "49000009", "123", "")
	dry := f.upload(t, kari, file)
	for _, want := range []string{"2 pasienter blir spurt", "Til sammen 4 deler, 2,40\u00a0kr.", "Den første sendes med en gang.", "påminnelse til hver er regnet med",
		"Til &#43;47 4•• •• •01", "Hvordan var besøket hos Eidsvåg legekontor? Svar anonymt", "https://svar.example.org/s/xxx",
		`<th scope="row">Vil ikke spørres</th><td class="number">1</td>`, `<th scope="row">Spurt for kort tid siden</th><td class="number">1</td>`,
		`<th scope="row">Flere besøk på samme nummer: bare det siste er med</th><td class="number">1</td>`, `<th scope="row">Rader med feil</th><td class="number">2</td>`,
		"Linje 7: Telefonnummeret er ikke et norsk mobilnummer.", "Linje 8: Telefonnummeret mangler.", "Send til 2 pasienter"} {
		if !strings.Contains(dry.body, want) {
			t.Errorf("the dry run lacks %q:\n%s", want, dry.body)
		}
	}
	if strings.Contains(dry.body, "trekkes ved lodd") {
		t.Error("a rule that asks everybody speaks of lots")
	}
	states := func() string {
		t.Helper()
		counts, err := f.Store.MessageCounts(context.Background(), f.eidsvag.ID)
		must(t, err)
		text := ""
		for _, c := range counts {
			text += fmt.Sprintf("%s:%d ", c.State, c.N)
		}
		return text
	}
	if got := states(); got != "sending:1 " {
		t.Errorf("the dry run sent: %s", got)
	}
	sent := f.do(t, kari, http.MethodPost, own+"/send", url.Values{"sealed": {sealedIn(t, dry)}}, "Accept-Language", "nb")
	if sent.StatusCode != http.StatusOK || !strings.Contains(sent.body, "2 pasienter blir spurt nå") || !strings.Contains(sent.body, "09:00–19:00") || sealedPattern.MatchString(sent.body) {
		t.Errorf("sending: %d\n%s", sent.StatusCode, sent.body)
	}
	if got := states(); got != "queued:2 sending:1 queued:2 " {
		t.Errorf("sent: %s", got)
	}
	if !strings.Contains(sent.body, `href="`+own+`?lang=en"`) {
		t.Error("the link to English leads to no page")
	}
	again := f.do(t, kari, http.MethodPost, own+"/send", url.Values{"sealed": {sealedIn(t, dry)}}, "Accept-Language", "nb")
	if again.StatusCode != http.StatusOK || !strings.Contains(again.body, "Er lista sendt før?") {
		t.Errorf("sending again: %d\n%s", again.StatusCode, again.body)
	}
	if got := states(); got != "queued:2 sending:1 queued:2 " {
		t.Errorf("sent again: %s", got)
	}
	// After an hour the list is nothing any more.
	f.clock = f.clock.Add(61 * time.Minute)
	if late := f.do(t, kari, http.MethodPost, own+"/send", url.Values{"sealed": {sealedIn(t, dry)}}, "Accept-Language", "nb"); late.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(late.body, "mer enn en time gammel") {
		t.Errorf("sending late: %d", late.StatusCode)
	}
}

// TestListOutOfHours: on a Friday evening the first message is promised for Monday.
func TestListOutOfHours(t *testing.T) {
	f := newFixture(t)
	f.asks(t, func(a *practice.Asking) { a.Rule, a.RuleN = "every_nth", 2 })
	f.clock = time.Date(2026, 11, 20, 20, 0, 0, 0, calendar.Oslo)
	r := f.upload(t, kari, visitsOf("49000001", "49000002", "49000003"))
	for _, want := range []string{"1 pasient blir spurt", "Den første sendes 23.\u00a0november 2026 kl.\u00a009:00.", "trekkes ved lodd", `<th scope="row">Ikke trukket ut</th><td class="number">2</td>`} {
		if !strings.Contains(r.body, want) {
			t.Errorf("lacks %q:\n%s", want, r.body)
		}
	}
}

func TestListThatCannotBeSent(t *testing.T) {
	f := newFixture(t)
	own := "/practices/" + f.eidsvag.ID + "/invitations"
	if r := f.upload(t, kari, visitsOf("49000001")); r.StatusCode != http.StatusConflict || !strings.Contains(r.body, "ikke slått på SMS") {
		t.Errorf("while it is off: %d", r.StatusCode)
	}
	f.asks(t, nil)
	for name, c := range map[string]struct {
		content string
		status  int
		want    string
	}{
		"empty":        {"", 422, "Filen er tom"},
		"a workbook":   {"PK\x03\x04aaaa", 422, "Lagre listen som CSV"},
		"no dates":     {"mobil\n49000001\n", 422, "ingen kolonne med besøksdato"},
		"no bundle":    {`{"resourceType":"Patient"}`, 422, "ikke en FHIR R4 Bundle"},
		"too large":    {visitsOf(strings.Repeat(" ", 9<<20)), 413, "større enn 8 MB"},
		"too long":     {"mobil;dato\n" + strings.Repeat("4900;20.11.2026\n", 10_001), 413, "mer enn 10000 besøk"},
		"all wrong":    {visitsOf("1", "2"), 200, "Ingen blir spurt"},
		"nobody at it": {"mobil;dato\n", 200, "Ingen blir spurt"},
	} {
		r := f.upload(t, kari, c.content)
		if r.StatusCode != c.status || !strings.Contains(r.body, c.want) {
			t.Errorf("%s: status %d, want %d and %q in\n%.3000s", name, r.StatusCode, c.status, c.want, r.body)
		}
		if c.status != 200 && !strings.Contains(r.body, `aria-invalid="true" required>`) {
			t.Errorf("%s: the field does not say that it is wrong", name)
		}
		if strings.Contains(r.body, "invitations/send") {
			t.Errorf("%s: there is something to send", name)
		}
	}
	post := func(kind string, body io.Reader) response {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, "https://svar.example.org"+own, body)
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Cookie", f.signIn(t, kari))
		r.Header.Set("Accept-Language", "nb")
		return f.send(r)
	}
	body, kind := upload(t, "", "")
	if r := post(kind, body); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(r.body, "Velg en fil først") {
		t.Errorf("no file: %d", r.StatusCode)
	}
	body, kind = upload(t, "a.csv", visitsOf("49000001"))
	if r := post(kind, io.LimitReader(body, 200)); r.StatusCode != http.StatusBadRequest {
		t.Errorf("a broken connection: %d", r.StatusCode)
	}
	for _, kind := range []string{"text/csv", "multipart/form-data", "multipart/form-data; boundary=x"} {
		if r := post(kind, strings.NewReader("a")); r.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", kind, r.StatusCode)
		}
	}
	// A list sealed for one practice is nothing at another, and staff may not send their own.
	other := f.Inviter.Seal(f.lillevik, nil)
	if r := f.do(t, kari, http.MethodPost, own+"/send", url.Values{"sealed": {other}}); r.StatusCode != http.StatusBadRequest {
		t.Errorf("another practice's list: %d", r.StatusCode)
	}
	for who, status := range map[string]int{sara: 403, olav: 404, kim: 404, dina: 404} {
		for _, r := range []response{f.upload(t, who, visitsOf("49000001")), f.do(t, who, http.MethodPost, own+"/send", url.Values{"sealed": {f.sealed(t, "49000001")}})} {
			if r.StatusCode != status {
				t.Errorf("%s: status %d, want %d", who, r.StatusCode, status)
			}
		}
	}
	if counts, err := f.Store.MessageCounts(context.Background(), f.eidsvag.ID); err != nil || len(counts) > 0 {
		t.Errorf("something was sent: %v, %v", counts, err)
	}
}

// TestNumbersStayNowhere: a marked number goes through everything staff can do with it, and is afterwards in
// no page, no line of the log and no file for the while.
func TestNumbersStayNowhere(t *testing.T) {
	f := newFixture(t)
	f.asks(t, nil)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	own := "/practices/" + f.eidsvag.ID + "/invitations"
	// Beyond the 32 MB that a form keeps in memory before it makes a file.
	padded := visitsOf("49123456", "wrong 49123457 and 49123456") + strings.Repeat(" ", 1000)
	body, kind := &bytes.Buffer{}, ""
	w := multipart.NewWriter(body)
	part, err := w.CreateFormFile("other", "film.mp4")
	must(t, err)
	_, err = part.Write(bytes.Repeat([]byte("49123456 "), 4<<20))
	must(t, err)
	part, err = w.CreateFormFile(fieldFile, "besøk 49123456.csv")
	must(t, err)
	_, err = io.WriteString(part, padded)
	must(t, err)
	must(t, w.Close())
	kind = w.FormDataContentType()
	r := httptest.NewRequest(http.MethodPost, "https://svar.example.org"+own, body)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Cookie", f.signIn(t, kari))
	dry := f.send(r)
	pages := map[string]response{
		"dry run":  dry,
		"sent":     f.do(t, kari, http.MethodPost, own+"/send", url.Values{"sealed": {sealedIn(t, dry)}}),
		"twice":    f.do(t, kari, http.MethodPost, own+"/send", url.Values{"sealed": {sealedIn(t, dry)}}),
		"stopped":  f.do(t, sara, http.MethodPost, own+"/stop", url.Values{"number": {"491 23 456"}}),
		"overview": f.get(t, kari, own+"?done=stopped"),
		"forged":   f.do(t, kari, http.MethodPost, own+"/send", url.Values{"sealed": {"49123456"}}),
		"wrong":    f.upload(t, kari, "49123456\n49123456;x\n"),
		"off":      f.get(t, sara, own),
	}
	if pages["sent"].StatusCode != http.StatusOK || pages["stopped"].StatusCode != http.StatusSeeOther {
		t.Fatalf("sent %d, stopped %d", pages["sent"].StatusCode, pages["stopped"].StatusCode)
	}
	marks := []string{"49123456", "4912345", "9123456", "491 23 456", "49 12 34 56"}
	check := func(where, text string) {
		t.Helper()
		for _, mark := range marks {
			if strings.Contains(text, mark) {
				t.Errorf("%s has %s", where, mark)
			}
		}
	}
	for name, page := range pages {
		check(name, page.body)
		check(name+"'s headers", fmt.Sprint(page.Header))
	}
	check("the log", f.log.String())
	if !strings.Contains(f.log.String(), "route=/practices/:id/invitations/send") {
		t.Error("the log is not on")
	}
	must(t, filepath.WalkDir(temp, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		t.Errorf("there is a file %s", path)
		content, err := os.ReadFile(path)
		check(path, string(content))
		return err
	}))
}

func TestUncertainMessageIsSentAgain(t *testing.T) {
	f := newFixture(t)
	id, own := f.anUncertain(t), "/practices/"+f.eidsvag.ID+"/invitations"
	again := func(as, practiceID string) int {
		return f.do(t, as, http.MethodPost, "/practices/"+practiceID+"/invitations/messages/"+id, url.Values{}).StatusCode
	}
	must(t, f.Store.SaveAsking(context.Background(), practice.Asking{PracticeID: f.lillevik.ID, SMS: true, Sender: "Lillevik", Language: "nb", Rule: "everyone", QuarantineDays: 90}))
	if got := again(olav, f.lillevik.ID); got != http.StatusNotFound {
		t.Errorf("another practice's: %d", got)
	}
	if got := again(sara, f.eidsvag.ID); got != http.StatusForbidden {
		t.Errorf("by staff: %d", got)
	}
	if r := f.get(t, sara, own, "Accept-Language", "nb"); !strings.Contains(r.body, "kan det være den andre meldingen") || strings.Contains(r.body, "Send på nytt") {
		t.Error("staff are not told, or may send")
	}
	if r := f.get(t, kari, own, "Accept-Language", "nb"); !strings.Contains(r.body, "kan det være den andre meldingen") || !strings.Contains(r.body, "Send på nytt") {
		t.Error("the lead is not warned, or may not send")
	}
	if got := again(kari, f.eidsvag.ID); got != http.StatusSeeOther {
		t.Errorf("by the lead: %d", got)
	}
	if ids, err := f.Store.MessagesIn(context.Background(), f.eidsvag.ID, "queued"); err != nil || !slices.Contains(ids, id) {
		t.Errorf("it is not in the queue: %v, %v", ids, err)
	}
	if r := f.get(t, kari, own, "Accept-Language", "nb"); strings.Contains(r.body, "kan det være den andre") {
		t.Error("it is still called uncertain")
	}
}

// messagesByTime is the ids of a message and its reminder.
func (f *fixture) messagesByTime(t testing.TB) (ids []string) {
	t.Helper()
	queue, err := f.Store.Jobs(&river.Config{})
	must(t, err)
	jobs, err := queue.JobList(context.Background(), river.NewJobListParams())
	must(t, err)
	slices.SortFunc(jobs.Jobs, func(a, b *rivertype.JobRow) int { return a.ScheduledAt.Compare(b.ScheduledAt) })
	for _, j := range jobs.Jobs {
		var d store.Delivery
		must(t, json.Unmarshal(j.EncodedArgs, &d))
		ids = append(ids, d.MessageID)
	}
	if len(ids) != 2 {
		t.Fatalf("%d messages", len(ids))
	}
	return ids
}

// TestRemindersTellNothing: what the page says of messages is the same whether somebody has answered or not.
func TestRemindersTellNothing(t *testing.T) {
	shown := func(answer bool) string {
		f := newFixture(t)
		f.asks(t, func(a *practice.Asking) { a.Reminder = true })
		r := f.do(t, kari, http.MethodPost, "/practices/"+f.eidsvag.ID+"/invitations/send", url.Values{"sealed": {f.sealed(t, "49000001")}})
		if r.StatusCode != http.StatusOK {
			t.Fatal(r.StatusCode)
		}
		ctx := context.Background()
		ids := f.messagesByTime(t)
		m, err := f.Store.ClaimMessage(ctx, ids[0], f.clock)
		must(t, err)
		must(t, f.Store.SettleMessage(ctx, m.ID, "sent", f.clock))
		if answer {
			path := "/s/" + m.Token
			form := url.Values{"token": {f.tokenAt(t, path)}, "lang": {"nb"}, "visit.polite": {"5"}}
			if r := f.do(t, nobody, http.MethodPost, path, form); r.StatusCode != http.StatusOK {
				t.Fatal(r.StatusCode)
			}
		}
		f.clock = f.clock.AddDate(0, 0, 3)
		_, err = f.Store.ClaimMessage(ctx, ids[1], f.clock) // cancelled, if there was an answer
		if answer != errors.Is(err, store.ErrSettled) {
			t.Fatal(err)
		}
		if !answer {
			must(t, f.Store.SettleMessage(ctx, ids[1], "sent", f.clock))
		}
		page := f.get(t, kari, "/practices/"+f.eidsvag.ID+"/invitations", "Accept-Language", "nb").body
		return strings.ReplaceAll(page, f.eidsvag.ID, "ID")
	}
	answered, silent := shown(true), shown(false)
	if a, b := strings.Contains(answered, "Påminnelser"), strings.Contains(silent, "Påminnelser"); !a || !b {
		t.Fatal("the page says nothing of messages")
	}
	if answered != silent {
		t.Errorf("the page tells whether somebody answered:\n%s\n\n%s", answered, silent)
	}
}

func TestCoverageSays(t *testing.T) {
	f := newFixture(t)
	row := func(visits, total int, parts map[string]int) report.CoverageRow {
		return report.CoverageRow{Span: report.Span{First: "2026-W46", Last: "2026-W46"}, Visits: visits, Asked: 40, Total: total, Parts: parts}
	}
	for name, c := range map[string]struct {
		rows []report.CoverageRow
		want string
	}{
		"few":     {[]report.CoverageRow{row(240, 0, nil), row(240, 19, map[string]int{"qr": 12, "mixed": 7}), row(240, 200, nil)}, "I uke 46 2026 svarte 19 av 240 besøk. Spør ved skranken: Da svarer seks av ti. En skjerm eller plakat alene får svar fra to eller tre av hundre. Svarene kom slik: QR-kode 12, Flere måter 7."},
		"more":    {[]report.CoverageRow{row(240, 24, nil)}, "I uke 46 2026 svarte 24 av 240 besøk. Flere svarer når noen spør: Ved skranken svarer seks av ti."},
		"many":    {[]report.CoverageRow{row(240, 96, nil)}, "I uke 46 2026 svarte 96 av 240 besøk. Det er mange. Fortsett slik, og spør alle."},
		"nothing": {[]report.CoverageRow{row(240, 0, nil)}, ""},
		"no idea": {[]report.CoverageRow{row(0, 50, nil)}, ""},
	} {
		if got := strings.Join(newCoverageView(f.Words.In("nb"), c.rows).Says, " "); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// TestOpenedByLink: a look at a form that came by message is counted; by slip, or at a used link, it is not.
func TestOpenedByLink(t *testing.T) {
	f := newFixture(t)
	ctx := context.Background()
	token := f.invite(t, "nb", "49000001")[0]
	slips, err := f.Store.CreateSlips(ctx, f.eidsvag.ID, 1, f.clock)
	must(t, err)
	f.get(t, nobody, "/s/"+token)
	f.get(t, nobody, "/s/"+token+"?lang=en")
	f.get(t, nobody, "/S/"+string(slips[0]))
	f.get(t, nobody, "/s/nothing")
	f.get(t, nobody, "/s/"+token+"/stop")
	f.do(t, nobody, http.MethodPost, "/s/"+token, url.Values{"token": {f.tokenAt(t, "/s/"+token)}, "lang": {"nb"}, "visit.polite": {"5"}})
	f.get(t, nobody, "/s/"+token)
	must(t, f.Inviter.Flush(ctx))
	opened, err := f.Store.Opened(ctx, f.eidsvag.ID)
	if week := calendar.WeekOf(f.clock); err != nil || opened[week] != 3 {
		t.Errorf("opened %v, %v", opened, err)
	}
}
