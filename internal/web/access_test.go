package web

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/venterom/venterom/internal/practice"
)

// rule is a line of access.txt: who may have a route, and whether it says anything of answers.
type rule struct {
	who          access
	method, path string
	results      bool
}

func readWhoMayWhat(t testing.TB) (rules []rule) {
	t.Helper()
	text, err := os.ReadFile("access.txt")
	must(t, err)
	names := map[string]access{"open": open, "anyone": anyone, "entering": entering, "signed-in": signedIn, "fresh": fresh, "member": member, "lead": lead, "fresh-lead": freshLead, "coordinator": coordinator, "operator": operator}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if len(words) < 3 || len(words) == 4 && words[3] != "results" || len(words) > 4 {
			t.Fatalf("access.txt: %q", line)
		}
		who, ok := names[words[0]]
		if !ok {
			t.Fatalf("access.txt: who is %q?", words[0])
		}
		rules = append(rules, rule{who, words[1], words[2], len(words) == 4})
	}
	return rules
}

// TestAccess holds the file against the table of routes: a route that is missing, too many or open to
// others fails.
func TestAccess(t *testing.T) {
	f := newFixture(t)
	written := map[string]access{}
	for _, r := range readWhoMayWhat(t) {
		written[r.method+" "+r.path] = r.who
	}
	routed := map[string]access{}
	for _, r := range f.routes() {
		routed[r.method+" "+r.path] = r.who
	}
	for _, k := range slices.Sorted(maps.Keys(routed)) {
		if who, ok := written[k]; !ok {
			t.Errorf("%s is not in access.txt", k)
		} else if who != routed[k] {
			t.Errorf("%s is for %d by access.txt and for %d by the routes", k, who, routed[k])
		}
		delete(written, k)
	}
	for k := range written {
		t.Errorf("access.txt has %s, which is no route", k)
	}
}

// tenant is a practice and a network with one of everything that an address can name.
type tenant struct {
	practice, network string
	objects           map[string]string
	may               map[access][]string // who may what here
}

// tenants are Eidsvåg in its network, and Lillevik in another.
func (f *fixture) tenants(t testing.TB) (eidsvag, lillevik tenant) {
	t.Helper()
	ctx := context.Background()
	must(t, f.Store.InvitePractice(ctx, f.other.ID, f.lillevik.ID))
	must(t, f.Store.SetParticipation(ctx, practice.Participation{NetworkID: f.other.ID, PracticeID: f.lillevik.ID, State: practice.Joined}))
	im, err := f.Store.CreateImprovement(ctx, practice.Improvement{PracticeID: f.lillevik.ID, Survey: "visit", Version: 1, Questions: []string{"polite"}, Done: "Lillevik", Start: "2026-W45"})
	must(t, err)
	o, _, err := f.Store.MakeOffer(ctx, practice.Offer{PracticeID: f.lillevik.ID, Role: practice.Lead, Name: "Lillevik"}, f.clock)
	must(t, err)
	_, err = f.Store.CreateAPIKey(ctx, f.lillevik.ID, "Lillevik")
	must(t, err)
	keys, err := f.Store.APIKeys(ctx, f.lillevik.ID)
	must(t, err)
	f.inviteBy(t, f.lillevik, "nb", "49009997")
	messages, err := f.Store.MessagesIn(ctx, f.lillevik.ID, "sending")
	must(t, err)
	must(t, f.Store.SettleMessage(ctx, messages[0], "uncertain", f.clock))
	section := url.Values{"name": {"Lege"}, "lift": {"yes"}}
	doctor := func(p practice.Practice, lead string) string {
		for _, to := range []string{"/doctors/new", "/access"} {
			f.do(t, lead, http.MethodPost, "/practices/"+p.ID+"/page"+to, section)
		}
		info, err := f.Store.Info(ctx, p.ID)
		must(t, err)
		return info.Doctors[0].ID
	}
	signed := everybody[1:]
	eidsvag = tenant{f.eidsvag.ID, f.network.ID,
		map[string]string{":code": string(f.point.Code), ":improvement": f.anImprovement(t).ID, ":network": f.network.ID, ":person": f.account(t, sara).ID, ":offer": f.anOffer(t, 1).ID, ":key": f.aKey(t), ":message": f.anUncertain(t), ":token": f.anOffer(t, 0).token, ":doctor": doctor(f.eidsvag, kari), ":section": "access", ":step": "guide", ":provider": f.aProvider(t)},
		map[access][]string{anyone: everybody, entering: signed, signedIn: signed, fresh: signed, member: {kari, sara}, lead: {kari}, freshLead: {kari}, coordinator: {kim}, operator: {dina}}}
	lillevik = tenant{f.lillevik.ID, f.other.ID,
		map[string]string{":code": string(f.elsewhere.Code), ":improvement": im.ID, ":network": f.other.ID, ":person": f.account(t, olav).ID, ":offer": o.ID, ":key": keys[0].ID, ":message": messages[0], ":token": f.anOffer(t, 0).token, ":doctor": doctor(f.lillevik, olav), ":section": "access", ":step": "guide", ":provider": f.aProvider(t)},
		map[access][]string{anyone: everybody, entering: signed, signedIn: signed, fresh: signed, member: {olav}, lead: {olav}, freshLead: {olav}, coordinator: {ragnhild}, operator: {dina}}}
	for _, who := range signed {
		f.signIn(t, who)
	}
	return eidsvag, lillevik
}

var param = regexp.MustCompile(`:[a-z]+`)

// address is a route's address in a tenant; swapped names objects to take instead of its own.
func (n tenant) address(t testing.TB, route string, swapped map[string]string) string {
	t.Helper()
	return param.ReplaceAllStringFunc(route, func(name string) string {
		if to, ok := swapped[name]; ok {
			return to
		}
		if to, ok := n.objects[name]; ok {
			return to
		}
		switch {
		case name == ":id" && strings.HasPrefix(route, "/practices/"):
			return n.practice
		case name == ":id" && strings.HasPrefix(route, "/networks/"):
			return n.network
		}
		t.Fatalf("%s: what is %s? Give the tenants one", route, name)
		return ""
	})
}

// effective is a form that every route would do something with, were it let in.
func effective(swapped map[string]string) url.Values {
	return url.Values{"role": {"lead"}, "confirm": {kari, sara, olav}, "name": {"Ondt"}, "label": {"Ondt"}, "retired": {"true"}, "digital": {"false"}, "do": {"leave"},
		"practice": {"lillevik-legesenter"}, "heard": {"help"}, "told": {"Ondt"}, "question": {"polite"}, "done": {"Ondt"}, "section": {"access"}, "lift": {"no"}, "feature": {"digital"}, "on": {"true"}, "start": {"2026-W48"}, "open": {"without"},
		"account": {swapped[":person"]}, "email": {"ond@example.org"}, "password": {password}}
}

// dump is everything in the database but sessions and the queue, to see that nothing was changed.
func (f *fixture) dump(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dump.db")
	must(t, f.Store.Backup(context.Background(), file))
	db, err := sql.Open("sqlite", file)
	must(t, err)
	defer db.Close()
	rows := func(query string) (all [][]any) {
		r, err := db.Query(query)
		must(t, err)
		defer r.Close()
		columns, err := r.Columns()
		must(t, err)
		for r.Next() {
			row, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				into[i] = &row[i]
			}
			must(t, r.Scan(into...))
			all = append(all, row)
		}
		must(t, r.Err())
		return all
	}
	var lines []string
	for _, table := range rows(`SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'session' AND name NOT LIKE 'river%'`) {
		for _, row := range rows(fmt.Sprintf(`SELECT * FROM "%s"`, table[0])) {
			lines = append(lines, fmt.Sprint(table[0], row))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// unchanged runs f and fails if anything was stored meanwhile.
func (f *fixture) unchanged(t *testing.T, run func()) {
	t.Helper()
	before := strings.Split(f.dump(t), "\n")
	run()
	after := strings.Split(f.dump(t), "\n")
	for _, line := range after {
		if !slices.Contains(before, line) {
			t.Errorf("this was stored: %.300s", line)
		}
	}
	for _, line := range before {
		if !slices.Contains(after, line) {
			t.Errorf("this is gone: %.300s", line)
		}
	}
}

// TestTenants tries every route that is not open, in two practices, as everybody: whoever may not have it
// is turned away and changes nothing, whoever may is let in.
func TestTenants(t *testing.T) {
	f := newFixture(t)
	eidsvag, lillevik := f.tenants(t)
	rules := readWhoMayWhat(t)
	visit := func(n tenant, r rule, who string) response {
		var form url.Values
		if r.method == http.MethodPost {
			form = effective(n.objects)
		}
		return f.do(t, who, r.method, n.address(t, r.path, nil), form)
	}
	f.unchanged(t, func() {
		for _, n := range []tenant{eidsvag, lillevik} {
			for _, r := range rules {
				for _, who := range everybody {
					if r.who == open || slices.Contains(n.may[r.who], who) {
						continue
					}
					got := visit(n, r, who)
					if !turnedAway(got, who) || strings.Contains(got.body, "Lillevik") || strings.Contains(got.body, "nettverket") {
						t.Errorf("%s %s as %q: status %d, want to be turned away\n%.300s", r.method, r.path, who, got.StatusCode, got.body)
					}
				}
			}
		}
	})
	for _, n := range []tenant{eidsvag, lillevik} {
		for _, r := range rules {
			for _, who := range n.may[r.who] {
				if r.path == "/login/code" || strings.HasPrefix(r.path, "/login/with/") || r.method == http.MethodPost && (r.who == anyone || strings.HasPrefix(r.path, "/account/")) {
					continue // it would sign them in as somebody else, or out; TestPages and tests of its own have it
				}
				if r.path == "/practices/:id/offers/:offer" || strings.HasSuffix(r.path, "/leave") || strings.HasSuffix(r.path, "/remove") || r.path == "/practices/:id/network/:network" && r.method == http.MethodPost {
					continue // so that there is somebody and something left; TestPages has them
				}
				if got := visit(n, r, who); slices.Contains([]int{401, 403, 404}, got.StatusCode) || got.Header.Get("Location") == "/login" {
					t.Errorf("%s %s as %q: status %d, want to be let in", r.method, r.path, who, got.StatusCode)
				}
			}
		}
	}
}

// TestSwappedAndGuessed: in the own practice or network, nobody reaches what another has, or finds out what
// there is by guessing.
func TestSwappedAndGuessed(t *testing.T) {
	f := newFixture(t)
	eidsvag, lillevik := f.tenants(t)
	guesses := []string{"x", "0", eidsvag.practice, lillevik.practice, strings.Repeat("A", 26), "%2e%2e", "..%2f" + lillevik.objects[":improvement"], "%00", "%27%20OR%20%271%27=%271"}
	tried := 0
	f.unchanged(t, func() {
		for _, r := range readWhoMayWhat(t) {
			if r.who == open || r.who == anyone {
				continue
			}
			for _, name := range param.FindAllString(r.path, -1) {
				others := append(slices.Clone(guesses), lillevik.objects[name])
				if name == ":section" || name == ":step" || name == ":provider" {
					others = guesses // every practice has the same
				}
				if name == ":id" {
					others = append(guesses[:2:2], lillevik.practice, lillevik.network)
					others = append(others, guesses[4:]...)
					if strings.HasPrefix(r.path, "/practices/") {
						others = append(others, eidsvag.network)
					} else {
						others = append(others, eidsvag.practice)
					}
				}
				for _, other := range others {
					if other == "" {
						t.Fatalf("%s: Lillevik has no %s", r.path, name)
					}
					swapped := map[string]string{name: other}
					var form url.Values
					if r.method == http.MethodPost {
						form = effective(lillevik.objects)
					}
					who := eidsvag.may[r.who][0]
					tried++
					got := f.do(t, who, r.method, eidsvag.address(t, r.path, swapped), form)
					if got.StatusCode != http.StatusNotFound || strings.Contains(got.body, "Lillevik") || strings.Contains(got.body, "Fjell") {
						t.Errorf("%s %s with %s = %s as %s: status %d, want not found", r.method, r.path, name, other, who, got.StatusCode)
					}
				}
			}
		}
	})
	if tried < 500 {
		t.Errorf("only %d tried", tried)
	}
}

// TestAnotherSiteCannotPost: every route that a session could be misused at refuses what another site or a
// neighbouring name sends, whoever is signed in. The open ones have no session, so there is nothing to misuse;
// their forms have a token of their own (TestBadInput).
func TestAnotherSiteCannotPost(t *testing.T) {
	f := newFixture(t)
	eidsvag, _ := f.tenants(t)
	origins := [][]string{
		{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		{"Sec-Fetch-Site", "same-site", "Origin", "https://evil.example.org"},
		{"Origin", "https://evil.example"}, // a browser without Sec-Fetch-Site
		{"Origin", "null"},
	}
	tried := 0
	f.unchanged(t, func() {
		for _, r := range readWhoMayWhat(t) {
			if r.method != http.MethodPost || r.who == open {
				continue
			}
			for _, headers := range origins {
				for _, who := range eidsvag.may[r.who] {
					tried++
					got := f.do(t, who, r.method, eidsvag.address(t, r.path, nil), effective(eidsvag.objects), headers...)
					if got.StatusCode != http.StatusForbidden {
						t.Errorf("%s as %q with %v: status %d", r.path, who, headers, got.StatusCode)
					}
				}
			}
		}
	})
	if tried < 60 {
		t.Errorf("only %d tried", tried)
	}
}

// saysResult finds figures of the answers that TestOperatorSeesNoResult makes.
var saysResult = regexp.MustCompile(`\b307\b|\b\d+ av 100\b|;"?\d+,\d+|"value": \d`)

// TestOperatorSeesNoResult: with results everywhere, nothing that the file does not mark says any of them, and
// nothing marked is for who runs the installation, or for whoever has no role where the answers were given.
func TestOperatorSeesNoResult(t *testing.T) {
	f := newFixture(t)
	f.fill(t, false, 307, 300, 300, 300, 300, 300)
	eidsvag, _ := f.tenants(t)
	told := 0
	for _, r := range readWhoMayWhat(t) {
		if r.results && r.who != member && r.who != lead && r.who != freshLead && r.who != coordinator {
			t.Errorf("%s says results and is for %d", r.path, r.who)
		}
		if r.method != http.MethodGet || r.who == open {
			continue
		}
		path := eidsvag.address(t, r.path, nil)
		if strings.HasSuffix(path, "/report") {
			path += "?quarter=2026-Q3"
		}
		for _, who := range everybody {
			got := f.get(t, who, path, "Accept-Language", "nb")
			says := saysResult.MatchString(got.body + words(got.body))
			if says && (!r.results || !slices.Contains(eidsvag.may[r.who], who)) {
				t.Errorf("%s tells %q a result: %s", r.path, who, saysResult.FindString(got.body+words(got.body)))
			}
			if says {
				told++
			}
		}
	}
	if told < 15 {
		t.Errorf("only %d pages say a result: this test looks for the wrong thing", told)
	}
}
