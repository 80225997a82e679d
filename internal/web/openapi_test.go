package web

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/visit"
)

// node is a value of JSON or YAML.
type node = map[string]any

// spec is openapi.yaml, as JSON would have it.
func spec(t testing.TB) node {
	t.Helper()
	var raw any
	must(t, yaml.Unmarshal(openAPI, &raw))
	text, err := json.Marshal(raw)
	must(t, err)
	var s node
	must(t, json.Unmarshal(text, &s))
	return s
}

// at follows a path of names; it fails where one is missing.
func at(t testing.TB, n node, path ...string) node {
	t.Helper()
	for i, name := range path {
		next, ok := n[name].(node)
		if !ok {
			t.Fatalf("openapi.yaml has no %s", strings.Join(path[:i+1], " > "))
		}
		n = next
	}
	return n
}

// conforms tells where a value is not as a schema says; a name that the schema lacks is told too.
func conforms(t testing.TB, s node, schema node, value any, where string) (wrong []string) {
	t.Helper()
	if ref, ok := schema["$ref"].(string); ok {
		return conforms(t, s, at(t, s, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...), value, where)
	}
	bad := func(format string, args ...any) { wrong = append(wrong, where+" "+fmt.Sprintf(format, args...)) }
	if c, ok := schema["const"]; ok && c != value {
		bad("is not %v", c)
	}
	switch schema["type"] {
	case "object":
		o, ok := value.(node)
		if !ok {
			bad("is no object")
			break
		}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := o[name.(string)]; !ok {
				bad("lacks %s", name)
			}
		}
		properties, closed := schema["properties"].(node)
		for name, v := range o {
			if p, ok := properties[name].(node); ok {
				wrong = append(wrong, conforms(t, s, p, v, where+"."+name)...)
			} else if closed && schema["required"] != nil && properties["resourceType"] == nil { // of FHIR only what is read is described
				bad("has %s, which is not described", name)
			}
		}
	case "array":
		list, ok := value.([]any)
		if !ok {
			bad("is no array")
		}
		for i, v := range list {
			wrong = append(wrong, conforms(t, s, at(t, schema, "items"), v, fmt.Sprintf("%s[%d]", where, i))...)
		}
	case "integer":
		n, ok := value.(float64)
		least, limited := schema["minimum"].(float64)
		step, stepped := schema["multipleOf"].(float64)
		if !ok || n != math.Trunc(n) || limited && n < least || stepped && math.Mod(n, step) != 0 {
			bad("is %v", value)
		}
	case "string":
		text, ok := value.(string)
		if !ok {
			bad("is no text")
		}
		if p, ok := schema["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(text) {
			bad("is not like %s", p)
		}
		if schema["format"] == "date-time" {
			if _, err := time.Parse(time.RFC3339, text); err != nil {
				bad("is no instant")
			}
		}
	case nil:
	default:
		t.Fatalf("the test does not know the type %v", schema["type"])
	}
	return wrong
}

// TestOpenAPIDescribesWhatIsAnswered brings about every status there is, and holds each answer, its headers
// and its code against the description; nothing is described that does not come about.
func TestOpenAPIDescribesWhatIsAnswered(t *testing.T) {
	f := newFixture(t)
	s := spec(t)
	key := f.machine(t, f.eidsvag, nil)
	off := f.machine(t, f.lillevik, func(a *practice.Asking) { a.SMS = false })
	f.handIn(key, asCSV, "used", csvOf("49000001"))
	many17 := csvOf(many(100, 17)...)
	described := at(t, s, "paths", "/api/v1/invitations", "post", "responses")
	came := map[string]bool{}
	check := func(r response) {
		t.Helper()
		status := fmt.Sprint(r.StatusCode)
		came[status] = true
		answer := at(t, described, status)
		media := at(t, answer, "content", strings.Split(r.Header.Get("Content-Type"), ";")[0])
		var value any
		must(t, json.Unmarshal([]byte(r.body), &value))
		for _, wrong := range conforms(t, s, at(t, media, "schema"), value, status) {
			t.Errorf("%s in %s", wrong, r.body)
		}
		headers, _ := answer["headers"].(node)
		for _, name := range []string{"WWW-Authenticate", "Retry-After"} {
			if _, ok := headers[name]; r.Header.Get(name) != "" && !ok {
				t.Errorf("%s has %s, which is not described", status, name)
			}
		}
		if r.StatusCode == http.StatusOK {
			return
		}
		if code := r.code(t); !strings.Contains(answer["description"].(string), "`"+code+"`") {
			t.Errorf("%s has the code %s, which is not described", status, code)
		}
	}
	check(f.handIn(key, asCSV, "short", csvOf("49000001")+"x;y\n;\n"))
	check(f.handIn(key, asCSV, "long", many17))
	for kind, bodies := range map[string][]string{asJSON: {"{}", ""}, asFHIR: {"{}"}, asCSV: {"", "a;b\n", "telefon\n", "dato\n", "<xml>", "PK\x03\x04"}} {
		for i, body := range bodies {
			check(f.handIn(key, kind, fmt.Sprint(kind[:6], i), body))
		}
	}
	check(f.handIn(key, asCSV, "", many17))
	check(f.handIn("wrong", asCSV, "a", many17))
	check(f.handIn(key, asCSV, "used", many17))
	check(f.handIn(off, asCSV, "a", many17))
	check(f.handIn(key, asCSV, "rows", "telefon;dato\n"+strings.Repeat("x;y\n", visit.MaxRows+1)))
	check(f.handIn(key, asCSV, "bytes", strings.Repeat("x", visit.MaxBytes+1)))
	check(f.handIn(key, "text/plain", "a", many17))
	check(f.handIn(key, asCSV, "a", many17, "Content-Encoding", "gzip"))
	for i := range 2 * keyBurst {
		if r := f.handIn(off, asJSON, fmt.Sprint(i), `{"visits":[]}`); r.StatusCode == http.StatusTooManyRequests {
			check(r)
		}
	}
	must(t, f.Store.Close())
	check(f.handIn(off, asCSV, "b", many17, "Authorization", "Bearer "+practice.NewAPIKey()))
	for status := range described {
		if !came[status] {
			t.Errorf("%s is described and did not come about", status)
		}
	}
}

// TestOpenAPIHasTheRoutes: no more and no fewer of the addresses for machines than those of gateways'.
func TestOpenAPIHasTheRoutes(t *testing.T) {
	f := newFixture(t)
	var want, got []string
	for _, r := range f.routes() {
		if strings.HasPrefix(r.path, "/api/") && !strings.HasPrefix(r.path, "/api/v1/sms/") {
			want = append(want, strings.ToLower(r.method)+" "+r.path)
		}
	}
	for path, methods := range at(t, spec(t), "paths") {
		for method := range methods.(node) {
			got = append(got, method+" "+path)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("described are %v, want %v", got, want)
	}
	if r := f.get(t, nobody, "/api/v1/openapi.yaml"); r.Header.Get("Content-Type") != "application/yaml" || r.body != string(openAPI) {
		t.Errorf("%v", r.Header)
	}
}

// TestOpenAPIHasTheFields: the schemas have the fields of our types, with those required that are always there.
func TestOpenAPIHasTheFields(t *testing.T) {
	s := spec(t)
	for name, kind := range map[string]reflect.Type{"Answer": reflect.TypeFor[listAnswer](), "WrongRow": reflect.TypeFor[wrongRow](),
		"AtLeast": reflect.TypeFor[atLeast](), "Problem": reflect.TypeFor[problem]()} {
		schema := at(t, s, "components", "schemas", name)
		var fields, required, described []string
		for _, f := range reflect.VisibleFields(kind) {
			tag, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
			fields = append(fields, tag)
			if rest != "omitempty" {
				required = append(required, tag)
			}
		}
		for f := range at(t, schema, "properties") {
			described = append(described, f)
		}
		var always []string
		for _, f := range schema["required"].([]any) {
			always = append(always, f.(string))
		}
		for _, list := range [][]string{fields, required, described, always} {
			slices.Sort(list)
		}
		if !slices.Equal(described, fields) || !slices.Equal(always, required) {
			t.Errorf("%s is described with %v (always %v), and has %v (always %v)", name, described, always, fields, required)
		}
	}
}

// TestOpenAPIExamples: what is given as an example of a list is read, and of an answer conforms.
func TestOpenAPIExamples(t *testing.T) {
	f := newFixture(t)
	s := spec(t)
	key := f.machine(t, f.eidsvag, nil)
	post := at(t, s, "paths", "/api/v1/invitations", "post")
	for kind, media := range at(t, post, "requestBody", "content") {
		for name, example := range at(t, media.(node), "examples") {
			value := example.(node)["value"]
			body, isText := value.(string)
			if !isText {
				text, err := json.Marshal(value)
				must(t, err)
				body = string(text)
			}
			for _, wrong := range conforms(t, s, at(t, media.(node), "schema"), value, kind+" "+name) {
				t.Error(wrong)
			}
			if r := f.handIn(key, kind, kind+name, body); r.StatusCode != http.StatusOK || strings.Contains(r.body, `"accepted":0`) || !strings.Contains(r.body, `"wrong":[]`) {
				t.Errorf("%s %s: %d %s", kind, name, r.StatusCode, r.body)
			}
		}
	}
	for status, answer := range at(t, post, "responses") {
		for kind, media := range at(t, answer.(node), "content") {
			values := []any{media.(node)["example"]}
			if examples, ok := media.(node)["examples"].(node); ok {
				values = nil
				for _, example := range examples {
					values = append(values, example.(node)["value"])
				}
			}
			for _, value := range values {
				for _, wrong := range conforms(t, s, at(t, media.(node), "schema"), value, status+" "+kind) {
					t.Error(wrong)
				}
				if p, ok := value.(node); ok && status != "200" {
					if n := fmt.Sprint(p["status"]); n != status || p["title"] != http.StatusText(int(p["status"].(float64))) {
						t.Errorf("the example of %s is %v", status, p)
					}
					if words := f.Words.In("en").T(p["code"].(string), "Max", visit.MaxRows); words != p["detail"] {
						t.Errorf("the example of %s says %q, want %q", status, p["detail"], words)
					}
				}
			}
		}
	}
	parameter := post["parameters"].([]any)[0].(node)
	for _, wrong := range conforms(t, s, at(t, parameter, "schema"), parameter["example"], "Idempotency-Key") {
		t.Error(wrong)
	}
}

// TestOpenAPINamesEveryCode: each reason that a row can have is in the description.
func TestOpenAPINamesEveryCode(t *testing.T) {
	f := newFixture(t)
	code := at(t, spec(t), "components", "schemas", "WrongRow", "properties", "code")["description"].(string)
	key := f.machine(t, f.eidsvag, nil)
	seen := map[string]bool{}
	for kind, body := range map[string]string{
		asJSON: `{"visits":[1,{"phone":"","date":"2026-11-20"},{"phone":"1","date":"2026-11-20"},{"phone":"49000001","date":""},{"phone":"49000001","date":"x"},
			{"phone":"49000001","date":"2027-01-01"},{"phone":"49000001","date":"2020-01-01"}]}`,
		asCSV: "telefon;dato\n49000001;20.11.2026;x\n",
		asFHIR: `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Encounter","status":1}},{"resource":{"resourceType":"Encounter","status":"x"}},
			{"resource":{"resourceType":"Encounter","status":"finished"}}]}`,
	} {
		var a listAnswer
		must(t, json.Unmarshal([]byte(f.handIn(key, kind, fmt.Sprint(len(body)), body).body), &a))
		for _, w := range a.Wrong {
			seen[w.Code] = true
		}
	}
	for _, c := range regexp.MustCompile("`([a-z_.]+)`").FindAllStringSubmatch(code, -1) {
		if !seen[c[1]] {
			t.Errorf("%s is described and did not come about", c[1])
		}
		delete(seen, c[1])
	}
	if len(seen) > 0 {
		t.Errorf("%v are not described", seen)
	}
}
