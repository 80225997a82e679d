package survey

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile is in bytes, several times the longest survey anybody would fill in. It bounds the YAML
// parser, whose time grows with the square of how deep a file is nested.
const maxFile = 32 << 10

// idPattern keeps ids and codes safe in the name of a form field, a column of a CSV and a URL.
var idPattern = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)

// read turns a file into a survey. The survey is whole only if there is no problem.
func read(file string, data []byte, pins map[string]string) (*Survey, Problems) {
	r := &reader{file: file}
	s := &Survey{}
	if root := r.parse(data); root != nil {
		r.survey(s, root, pins)
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
	return s, r.problems
}

// reader walks the syntax tree instead of decoding into structs, because it names every problem of
// a file in one go, each where it is. Its methods take a nil node as a key already reported missing.
type reader struct {
	file     string
	problems Problems
}

func (r *reader) at(n ast.Node, format string, args ...any) {
	line, column := position(n)
	r.problem(line, column, fmt.Sprintf(format, args...))
}

func (r *reader) problem(line, column int, message string) {
	r.problems = append(r.problems, Problem{r.file, line, column, message})
}

// position is where a person would look: the token of a block mapping is its first colon.
func position(n ast.Node) (line, column int) {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	if m, ok := n.(*ast.MappingValueNode); ok {
		n = m.Key
	}
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		return tk.Position.Line, tk.Position.Column
	}
	return 1, 1
}

func (r *reader) parse(data []byte) ast.Node {
	if len(data) > maxFile {
		r.problem(1, 1, fmt.Sprintf("the file is longer than %d bytes", maxFile))
		return nil
	}
	if !utf8.Valid(data) {
		r.problem(1, 1, "the file is not UTF-8")
		return nil
	}
	// Duplicate keys are found by fields, which does not stop at the first.
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		line, column, message := 1, 1, err.Error()
		if e, ok := errors.AsType[yaml.Error](err); ok {
			message = e.GetMessage()
			if tk := e.GetToken(); tk != nil && tk.Position != nil {
				line, column = tk.Position.Line, tk.Position.Column
			}
		}
		r.problem(line, column, message)
		return nil
	}
	var root ast.Node
	for i, doc := range file.Docs {
		switch {
		case i == 0:
			root = doc.Body
		case doc.Start != nil:
			r.problem(doc.Start.Position.Line, doc.Start.Position.Column, "a file holds one document")
		case doc.Body != nil:
			r.at(doc.Body, "a file holds one document")
		}
	}
	if root == nil {
		r.problem(1, 1, "the file is empty")
	}
	return root
}

func (r *reader) survey(s *Survey, root ast.Node, pins map[string]string) {
	f := r.fields(root, "survey", []string{"id", "version", "title", "questions"}, []string{"index", "scales"})
	s.ID = r.id(f["id"], "id")
	s.Version = r.version(f["version"])
	s.Title = r.text(f["title"])
	s.Index = r.text(f["index"])

	scales := make(map[string][]Option)
	if n := f["scales"]; n != nil {
		for _, e := range r.entries(n) {
			scales[r.id(e.Key, "name of a scale")] = r.options(e.Value, Scale)
		}
	}

	asked := make(map[string]bool)
	for _, n := range r.list(f["questions"], "question", 1) {
		q, id := r.question(n, scales)
		if q.ID != "" && asked[q.ID] {
			r.at(id, "there are two questions %q", q.ID)
		}
		asked[q.ID] = true
		s.Questions = append(s.Questions, q)
	}
	if s.Index != nil && len(s.Questions) > 0 && len(s.Scored()) == 0 {
		r.at(f["index"], "an index needs a question on a scale")
	}
	if pin, ok := pins[pinKey(s)]; ok && pin != s.Checksum() {
		r.at(f["version"], "version %d of %s is published: give the change a new version", s.Version, s.ID)
	}
}

func (r *reader) question(n ast.Node, scales map[string][]Option) (q Question, id ast.Node) {
	f := r.fields(n, "question", []string{"id", "kind", "text"}, []string{"scale", "options", "note", "not_applicable"})
	q = Question{
		ID:            r.id(f["id"], "id"),
		Kind:          Kind(r.str(f["kind"], "kind")),
		Text:          r.text(f["text"]),
		Note:          r.text(f["note"]),
		NotApplicable: r.text(f["not_applicable"]),
	}
	if q.ID == IndexID {
		r.at(f["id"], "the id %q is reserved for the derived question", IndexID)
	}
	switch {
	case q.Kind == Scale:
		if f["scale"] == nil {
			r.at(n, `key "scale" is missing: a question of kind scale names its scale`)
		}
		name := r.str(f["scale"], "scale")
		options, ok := scales[name]
		if name != "" && !ok {
			r.at(f["scale"], "there is no scale %q", name)
		}
		q.Options = options
		if f["options"] != nil {
			r.at(f["options"], "a question of kind scale has the options of its scale")
		}
	case q.Kind == Choice:
		if f["options"] == nil {
			r.at(n, `key "options" is missing: a question of kind choice has its own options`)
		}
		q.Options = r.options(f["options"], Choice)
		if f["scale"] != nil {
			r.at(f["scale"], "a question of kind choice has no scale")
		}
	case q.Kind == "":
	case smellsOfText(string(q.Kind)):
		r.at(f["kind"], "no question may take free text: %q is not a kind; the kinds are scale and choice", q.Kind)
	default:
		r.at(f["kind"], "unknown kind %q: the kinds are scale and choice", q.Kind)
	}
	return q, f["id"]
}

func (r *reader) options(n ast.Node, kind Kind) []Option {
	var options []Option
	var scores []ast.Node
	codes := make(map[string]bool)
	required := []string{"code", "text"}
	if kind == Scale {
		required = []string{"code", "score", "text"}
	}
	list := r.list(n, "options", 2)
	if len(list) > maxTick {
		r.at(list[maxTick], "at most %d options: on paper each has one digit", maxTick)
	}
	for _, n := range list {
		f := r.fields(n, "option of kind "+string(kind), required, nil)
		o := Option{Code: r.id(f["code"], "code"), Text: r.text(f["text"])}
		if o.Code == NotApplicable {
			r.at(f["code"], "the code %q is reserved: label it with not_applicable", NotApplicable)
		}
		if o.Code != "" && codes[o.Code] {
			r.at(f["code"], "there are two options %q", o.Code)
		}
		codes[o.Code] = true
		if score, ok := r.score(f["score"]); ok {
			o.Score = score
			scores = append(scores, f["score"])
		}
		options = append(options, o)
	}
	if len(scores) == len(options) {
		for i := 1; i < len(options); i++ {
			first, step := options[1].Score-options[0].Score, options[i].Score-options[i-1].Score
			if step == 0 || first*step < 0 {
				r.at(scores[i], "scores must all rise or all fall")
			}
		}
	}
	return options
}

// entries returns the parts of a mapping, each with a value and no key twice.
func (r *reader) entries(n ast.Node) []*ast.MappingValueNode {
	m, ok := n.(ast.MapNode)
	if !ok {
		r.at(n, "want keys and values, not %s", describe(n))
		return nil
	}
	var entries []*ast.MappingValueNode
	seen := make(map[string]bool)
	for it := m.MapRange(); it.Next(); {
		e := it.KeyValue()
		key := keyOf(e)
		switch {
		case seen[key]:
			r.at(e.Key, "key %q is given twice", key)
		case e.Value == nil:
			r.at(e.Key, "key %q has no value", key)
		default:
			entries = append(entries, e)
		}
		seen[key] = true
	}
	return entries
}

func keyOf(e *ast.MappingValueNode) string {
	if s, ok := e.Key.(*ast.StringNode); ok {
		return s.Value
	}
	return e.Key.GetToken().Value
}

// fields returns the values of a mapping by key, nil if it is none.
func (r *reader) fields(n ast.Node, what string, required, optional []string) map[string]ast.Node {
	before := len(r.problems)
	entries := r.entries(n)
	if entries == nil && len(r.problems) > before {
		return nil
	}
	f := make(map[string]ast.Node)
	for _, e := range entries {
		key := keyOf(e)
		switch {
		case slices.Contains(required, key) || slices.Contains(optional, key):
			f[key] = e.Value
		case smellsOfText(key):
			r.at(e.Key, "no question may take free text: %q is not a key of %s", key, article(what))
		default:
			r.at(e.Key, "unknown key %q in %s", key, article(what))
		}
	}
	for _, key := range required {
		if f[key] == nil {
			r.at(n, "key %q is missing in %s", key, article(what))
		}
	}
	return f
}

func article(what string) string {
	if strings.HasPrefix(what, "o") {
		return "an " + what
	}
	return "a " + what
}

func (r *reader) list(n ast.Node, what string, least int) []ast.Node {
	if n == nil {
		return nil
	}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		r.at(n, "want a list, not %s", describe(n))
		return nil
	}
	if len(seq.Values) < least {
		r.at(n, "at least %d %s needed, %d given", least, what, len(seq.Values))
	}
	return seq.Values
}

func (r *reader) text(n ast.Node) Text {
	if n == nil {
		return nil
	}
	t := make(Text)
	for _, e := range r.entries(n) {
		lang := keyOf(e)
		if !slices.Contains(Languages, lang) {
			r.at(e.Key, "unknown language %q", lang)
			continue
		}
		s := r.str(e.Value, "the text")
		if strings.ContainsFunc(s, unicode.IsControl) {
			r.at(e.Value, "the text must be one line")
		}
		t[lang] = s
	}
	if _, ok := n.(ast.MapNode); !ok {
		return t
	}
	for _, lang := range Languages {
		if _, ok := t[lang]; !ok {
			r.at(n, "language %q is missing", lang)
		}
	}
	return t
}

// str returns "" for what is no string or empty, after reporting it.
func (r *reader) str(n ast.Node, what string) string {
	var s string
	switch n := n.(type) {
	case nil:
		return ""
	case *ast.StringNode:
		s = n.Value
	case *ast.LiteralNode:
		if n.Value != nil {
			s = n.Value.Value
		}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		r.at(n, "%s must be in quotes: %q", what, n.GetToken().Value)
		return ""
	default:
		r.at(n, "%s must be a string, not %s", what, describe(n))
		return ""
	}
	if strings.TrimSpace(s) == "" {
		r.at(n, "%s is empty", what)
		return ""
	}
	return s
}

func (r *reader) id(n ast.Node, what string) string {
	s := r.str(n, what)
	if s != "" && !idPattern.MatchString(s) {
		r.at(n, "%s %q must be 1 to 32 of a-z, 0-9 and _", what, s)
		return ""
	}
	return s
}

func (r *reader) version(n ast.Node) int {
	if n == nil {
		return 0
	}
	v := 0
	if _, ok := n.(*ast.IntegerNode); ok {
		v, _ = strconv.Atoi(n.GetToken().Value)
	}
	if v < 1 {
		r.at(n, "version must be a whole number from 1")
	}
	return v
}

func (r *reader) score(n ast.Node) (score float64, ok bool) {
	switch n.(type) {
	case nil:
		return 0, false
	case *ast.IntegerNode, *ast.FloatNode:
		v, err := strconv.ParseFloat(n.GetToken().Value, 64)
		if err == nil && v >= 0 && v <= 100 {
			return v, true
		}
	}
	r.at(n, "score must be a number from 0 to 100")
	return 0, false
}

// describe names what stands where something else should; anchors, aliases and tags end here too,
// because a survey is read by people who do not know them.
func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.SequenceNode:
		return "a list"
	case ast.MapNode:
		return "keys and values"
	case *ast.NullNode:
		return "nothing"
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return "an anchor, an alias or a tag"
	}
	return "a single value"
}

// smellsOfText recognises, among the words that are no key or kind, an attempt to ask for text, so
// that the refusal can name its reason.
func smellsOfText(word string) bool {
	word = strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(word))
	switch word {
	case "string", "open", "number", "integer", "date", "time", "datetime", "email", "phone", "tel",
		"name", "file", "free", "input", "other", "placeholder", "maxlength", "rows", "pattern":
		return true
	}
	return strings.Contains(word, "text") || strings.Contains(word, "comment") || strings.Contains(word, "string")
}
