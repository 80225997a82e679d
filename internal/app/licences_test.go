package app

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/trust/licences.md")

// marks are sentences that tell licences apart: all must be there, and none of the others' may.
var marks = []struct {
	name  string
	marks []string
}{
	{"Apache-2.0", []string{"Apache License", "Version 2.0, January 2004"}},
	{"MPL-2.0", []string{"Mozilla Public License Version 2.0"}},
	{"ISC", []string{"Permission to use, copy, modify, and/or distribute this software for any purpose"}},
	{"MIT", []string{"Permission is hereby granted, free of charge, to any person obtaining a copy"}},
	{"BSD-3-Clause", []string{"Redistribution and use in source and binary forms", "Neither the name of"}},
	{"BSD-3-Clause", []string{"Redistribution and use in source and binary forms", "may not be used to endorse or promote"}},
	{"BSD-2-Clause", []string{"Redistribution and use in source and binary forms"}},
}

// accepted are the licences that we may pass the program on with. MPL-2.0 asks that whoever gets the program is
// told where the source of those modules is: in this list.
var accepted = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"}

// licencesIn reads the licence of a module from its folder.
func licencesIn(dir string) (names []string, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		base := strings.ToUpper(filepath.Base(file))
		if !strings.HasPrefix(base, "LICENSE") && !strings.HasPrefix(base, "LICENCE") && !strings.HasPrefix(base, "COPYING") {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			continue // a folder of them
		}
		text := strings.Join(strings.Fields(string(data)), " ")
		for _, m := range marks {
			if !slices.ContainsFunc(m.marks, func(mark string) bool { return !strings.Contains(text, mark) }) {
				if !slices.Contains(names, m.name) {
					names = append(names, m.name)
				}
				break
			}
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: no licence that we know", dir)
	}
	return names, nil
}

// TestLicences: docs/trust/licences.md names every module that is in the program, with its version and a licence
// that we accept. `go test ./internal/app -run TestLicences -update` writes it.
func TestLicences(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "-json=Module", "../../cmd/venterom")
	list.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0") // as the image is built
	out, err := list.Output()
	mustDo(t, err)
	type version struct{ Path, Version, Dir string }
	modules := map[string]version{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			Module *struct {
				Path, Version, Dir string
				Main               bool
				Replace            *version
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if m := p.Module; m != nil && !m.Main {
			if m.Replace != nil {
				t.Errorf("%s is replaced", m.Path)
			}
			modules[m.Path] = version{m.Path, m.Version, m.Dir}
		}
	}
	if len(modules) < 40 {
		t.Fatalf("only %d modules", len(modules))
	}
	var b strings.Builder
	b.WriteString("# What is in the program, and under which licence\n\n" +
		"Written by `go test ./internal/app -run TestLicences -update`; the test fails when a module comes, goes or changes.\n\n" +
		"Besides these: the Go standard library (BSD-3-Clause), Apache ECharts in `static/vendor` (Apache-2.0, its licence beside it),\n" +
		"and a part of the list of common passwords of zxcvbn (MIT). Venterom itself: MIT. No module is changed; the source of each,\n" +
		"those under MPL-2.0 included, is at its address (`go mod download`), where its licence and its authors are, too.\n\n" +
		"| Module | Version | Licence |\n|---|---|---|\n")
	paths := make([]string, 0, len(modules))
	for path := range modules {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		m := modules[path]
		names, err := licencesIn(m.Dir)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, name := range names {
			if !slices.Contains(accepted, name) {
				t.Errorf("%s is under %s", path, name)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", path, m.Version, strings.Join(names, ", "))
	}
	const file = "../../docs/trust/licences.md"
	if *update {
		mustDo(t, os.WriteFile(file, []byte(b.String()), 0o644))
	}
	have, err := os.ReadFile(file)
	mustDo(t, err)
	if string(have) != b.String() {
		t.Errorf("%s is out of step: go test ./internal/app -run TestLicences -update", file)
	}
}
