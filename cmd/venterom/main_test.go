package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommands sets an installation up from the command line, one command after the other.
func TestCommands(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("VENTEROM_DATABASE", filepath.Join(dir, "data", "venterom.db"))
	t.Setenv("VENTEROM_LOG", "error")
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	const header = "practice,isoweek,extremely_likely,likely,neither,unlikely,extremely_unlikely,dont_know,total\n"
	good := write("good.csv", header+"P02,2023-W49,100,27,6,4,4,11,152\nP02,2023-W50,3,0,0,0,0,0,3\n")
	bad := write("bad.csv", header+"P03,2023-W49,10,0,0,0,0,0,10\nP03,2023-W99,10,0,0,0,0,0,10\n")
	wrong := write("wrong.yaml", "id: x\nversion: 1\ncomment: say more\n")
	write("none.secret", "\n")
	write("kommune.secret", "hemmelig\n")
	const issuer = "https://login.example.no"
	provider := `{"providers": [{"id": "kommune", "name": "Kommunen", "profile": "generic", "issuer": "` + issuer + `", "client_id": "x", "secret_file": "kommune.secret"}]}`
	providers := write("providers.json", provider)
	noSecret := write("no-secret.json", strings.Replace(provider, "kommune.secret", "none.secret", 1))
	for _, c := range []struct {
		args string
		in   string
		want string // in the output or, with a leading "!", in the error
	}{
		{"migrate", "", ""},
		{"practice add Eidsvåg --phone 55190000", "", "/k/"},
		{"practice add Eidsvåg --phone 55190000", "", "!exists already"},
		{"practice add Lillevik --phone ring", "", "!phone number"},
		{"practice add Lillevik --phone 123 --survey none", "", "!no survey"},
		{"user add Kari@Example.org --role lead --practice eidsvag", "fire hester i skogen\n", "a passkey or an authenticator app is set up"},
		{"user add kari@example.org --role lead --practice eidsvag", "fire hester i skogen\n", "!exists already"},
		{"user add ola@example.org --role staff --practice nowhere", "", "!no practice"},
		{"user add ola@example.org --role staff", "", "!need --practice"},
		{"user add ola@example.org --role operator", "kort", "!at least 12"},
		{"user add ola@example.org --role operator", "fire hester i skogen", "can sign in"},
		{"user add hans@example.org --role operator", "Sommer2026!!", "!tried first"},
		{"user reset ola@example.org", "fire kyr i skogen", "signed out everywhere"},
		{"user reset ola@example.org", "kort", "!at least 12"},
		{"user reset ingen@example.org", "", "!no account"},
		{"user reset nei", "", "!e-mail address"},
		{"user add nei --role operator", "", "!e-mail address"},
		{"user add kim@example.org --role coordinator", "fire hester i skogen", "can sign in"},
		{"user add kim2@example.org --role coordinator --practice eidsvag", "", "!have none"},
		{"provider list --oidc " + providers, "", "http://localhost:8080/login/with/kommune/callback"},
		{"provider list --oidc " + noSecret, "", "!identity provider 1 (kommune): secret_file none.secret is empty"},
		{"user add liv@example.org --role staff --practice eidsvag --subject liv --issuer " + issuer, "", "!no identity provider is set up"},
		{"user add liv@example.org --role staff --practice eidsvag --subject liv --issuer " + issuer + " --oidc " + providers, "", "liv@example.org can sign in"},
		{"user add per@example.org --role staff --practice eidsvag --subject liv --issuer " + issuer + " --oidc " + providers, "", "!another account"},
		{"user add per@example.org --role staff --practice eidsvag --subject 31129956715 --issuer " + issuer + " --oidc " + providers, "", "!national identity number"},
		{"user add per@example.org --role staff --practice eidsvag --issuer " + issuer + " --oidc " + providers, "", "!could not be accepted"},
		{"user connect kari@example.org --subject kari --issuer " + issuer + " --oidc " + providers, "", "kari@example.org can sign in through " + issuer},
		{"user connect none@example.org --subject none --issuer " + issuer + " --oidc " + providers, "", "!no account"},
		{"network add Nord --coordinator nobody@example.org", "", "!add the account first"},
		{"network add Nord --coordinator nobody", "", "!e-mail address"},
		{"network add Nord --coordinator ola@example.org", "", "!operator"},
		{"network add Nord --coordinator kim@example.org", "", "/networks/"},
		{"network invite nord eidsvag", "", "is invited"},
		{"network invite Sør eidsvag", "", "!no network"},
		{"network invite Nord nowhere", "", "!no practice"},
		{"network coordinator remove Nord kim@example.org", "", "!Add another one first"},
		{"network coordinator add Nord ola@example.org", "", "!operator"},
		{"network coordinator add Nord kim@example.org", "", "!exists already"},
		{"network coordinator add Nord kari@example.org", "", "coordinates Nord"},
		{"network coordinator remove Nord kim@example.org", "", "no longer"},
		{"network coordinator remove Nord kim@example.org", "", "!does not coordinate"},
		{"user invite Sara --role staff --practice eidsvag", "", "/join/"},
		{"user invite Sara --role staff --practice nowhere", "", "!no practice"},
		{"user invite Sara --role operator --practice eidsvag", "", "!must be one of"},
		{"freeze 2026-Q9", "", "!not a quarter"},
		{"freeze 2999-Q1", "", "!not ended"},
		{"freeze 2020-Q1", "", "!not closed"},
		{"close 2026-W99", "", "!no week 99"},
		{"close 2999-W01", "", "!not begun"},
		{"close", "", "is closed"},
		{"close", "", "closed before"},
		{"freeze", "", "nothing to freeze"},
		{"import fft " + bad, "", "!line 3"},
		{"import fft " + good, "", "83.6 %"},
		{"import fft " + good, "", "!Nothing is stored"},
		{"sms inbound", "", "/api/v1/sms/inbound/"},
		{"serve --sms /nowhere", "", "!SMS gateway"},
		{"serve --floor 9", "", "!fewer than 10 answers"},
		{"survey lint ../../surveys/visit-1.yaml", "", ""},
		{"survey lint " + wrong, "", "!problem"},
		{"backup " + filepath.Join(dir, "copy.db"), "", "copied"},
		{"backup " + filepath.Join(dir, "copy.db"), "", "!exists already"},
		{"log", "", "operator (command line)  backup_made"},
		{"export eidsvag " + filepath.Join(dir, "all.zip"), "", "Its log says so"},
		{"export eidsvag " + filepath.Join(dir, "all.zip"), "", "!exists"},
		{"export nowhere " + filepath.Join(dir, "none.zip"), "", "!no practice"},
		{"practice delete nowhere", "", "!no practice"},
		{"practice delete eidsvag", "Eidsvag\n", "!nothing is deleted"},
		{"practice delete eidsvag", "", "!nothing is deleted"},
		{"practice delete eidsvag", "eidsvåg\n", "The practice is deleted"},
		{"practice delete eidsvag", "eidsvåg\n", "!no practice"},
		{"log", "", "operator (command line)  practice_deleted"},
		{"restore " + filepath.Join(dir, "copy.db"), "", "!add --overwrite"},
		{"restore " + filepath.Join(dir, "nothing.db"), "", "!no such file"},
		{"restore " + bad, "", "!is not a copy of a Venterom database"},
		{"restore " + filepath.Join(dir, "copy.db") + " --database postgres://nowhere", "", "!pg_restore"},
		{"restore " + filepath.Join(dir, "copy.db") + " --database " + filepath.Join(dir, "new", "venterom.db"), "", "!put the secret file that belongs to the backup in place first"},
		{"restore " + filepath.Join(dir, "copy.db") + " --overwrite", "", "is put back"},
		{"log --lines 1000", "", "backup_restored"},
		{"practice delete eidsvag", "Eidsvåg", "The practice is deleted"},
		{"log --lines 1000", "", "coordinator_removed"},
		{"log --lines 1000", "", "week_closed"},
		{"ping --address 127.0.0.1:1", "", "!refused"},
		{"serve --base-url nowhere", "", "!base URL"},
		{"serve --oidc /nowhere", "", "!identity providers"},
		{"serve --oidc " + noSecret, "", "!secret_file none.secret is empty"},
		{"serve --surveys /nowhere", "", "!folder of surveys"},
	} {
		var out bytes.Buffer
		err := run(context.Background(), strings.Fields(c.args), strings.NewReader(c.in), &out)
		if want, refused := strings.CutPrefix(c.want, "!"); refused {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", c.args, err, want)
			}
		} else if err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: %v, %q, want %q", c.args, err, out.String(), want)
		}
	}
}
