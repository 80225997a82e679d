package sms

import (
	"net/url"
	"strings"
	"testing"
)

func TestParseReport(t *testing.T) {
	kannel := ReportSettings{Kannel: true}
	deep := ReportSettings{Status: "/results/0/a~1b", States: map[State][]string{Delivered: {"7"}, Failed: {"true", "delivered"}}}
	for _, c := range []struct {
		settings    ReportSettings
		query       string
		contentType string
		body        string
		want        State
	}{
		{kannel, "id=1&status=1", "", "", Delivered}, {kannel, "status=2", "", "", Failed}, {kannel, "status=4", "", "", Buffered},
		{kannel, "status=8", "", "", Buffered}, {kannel, "status=16", "", "", Failed}, {kannel, "status=34", "", "", Failed}, {kannel, "status=66", "", "", Failed},
		{kannel, "status=12", "", "", Buffered}, {kannel, "status=0", "", "", ""}, {kannel, "status=-1", "", "", ""}, {kannel, "status=32", "", "", ""}, {kannel, "status=128", "", "", ""},
		{kannel, "status=", "", "", ""}, {kannel, "status=%25d", "", "", ""}, {kannel, "", "", "", ""},

		{ReportSettings{}, "status=delivered", "", "", Delivered}, {ReportSettings{}, "status=DELIVRD", "", "", Delivered}, {ReportSettings{}, "status=+Expired+", "", "", Failed},
		{ReportSettings{}, "status=ACCEPTD", "", "", Buffered}, {ReportSettings{}, "status=whatever", "", "", ""}, {ReportSettings{}, "", "", "", ""},
		{ReportSettings{Status: "state"}, "status=delivered&state=failed", "", "", Failed},
		{ReportSettings{}, "id=1", "application/x-www-form-urlencoded", "status=delivered", Delivered},
		{ReportSettings{}, "status=failed", "application/x-www-form-urlencoded; charset=utf-8", "status=delivered", Delivered},
		{ReportSettings{}, "status=failed", "application/x-www-form-urlencoded", "x=y", Failed},
		{ReportSettings{}, "", "application/x-www-form-urlencoded", "%zz", ""},
		{ReportSettings{}, "", "application/json", `{"status": "sent"}`, Buffered}, {ReportSettings{}, "", "Application/JSON", `{"status": "sent"}`, Buffered},
		{ReportSettings{}, "", "application/json", `{"status": {"a": 1}}`, ""}, {ReportSettings{}, "", "application/json", `{`, ""}, {ReportSettings{}, "", "application/json", `[]`, ""},
		{ReportSettings{}, "", "text/plain", `{"status": "sent"}`, ""},
		{deep, "", "application/json", `{"results": [{"a/b": 7}]}`, Delivered}, {deep, "", "application/json", `{"results": [{"a/b": true}]}`, Failed},
		{deep, "", "application/json", `{"results": [{"a/b": "delivered"}]}`, Failed}, // a gateway's own words come first
		{deep, "", "application/json", `{"results": [{"a/b": null}]}`, ""}, {deep, "", "application/json", `{"results": []}`, ""}, {deep, "", "application/json", `{"results": {"0": 1}}`, ""},
	} {
		query, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.settings.Parse(query, c.contentType, []byte(c.body))
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%+v: %s %s %s: got %q, %v, want %q", c.settings, c.query, c.contentType, c.body, got, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "whatever") {
			t.Errorf("a report's words in %v", err)
		}
	}
	if !Delivered.Final() || !Failed.Final() || Buffered.Final() || State("").Final() {
		t.Error("only delivered and failed are final")
	}
}

func FuzzParseReport(f *testing.F) {
	f.Add("status=1", "application/json", `{"a": [1]}`, "/a/0", true)
	f.Add("", "application/x-www-form-urlencoded", "status=ok", "", false)
	f.Fuzz(func(t *testing.T, query, contentType, body, status string, kannel bool) {
		q, _ := url.ParseQuery(query)
		state, err := ReportSettings{Kannel: kannel, Status: status}.Parse(q, contentType, []byte(body))
		if (err == nil) != (state == Delivered || state == Failed || state == Buffered) {
			t.Errorf("got %q, %v", state, err)
		}
	})
}
