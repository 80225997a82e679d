package survey

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Catalog is every survey of an installation. It is not changed after Load.
type Catalog struct {
	surveys []*Survey // by id, then version
}

// Load reads every *.yaml of the root of each file system: first what is built in, then what the
// installation adds. Each file is held against the published.sum beside it. Its error is of the
// type Problems if a file breaks a rule or two files are the same version of the same survey.
func Load(fsys ...fs.FS) (*Catalog, error) {
	var c Catalog
	var problems Problems
	for _, dir := range fsys {
		pins, err := ReadPins(dir)
		if err != nil {
			return nil, err
		}
		names, err := fs.Glob(dir, "*.yaml")
		if err != nil {
			return nil, fmt.Errorf("list surveys: %w", err)
		}
		for _, name := range names {
			data, err := fs.ReadFile(dir, name)
			if err != nil {
				return nil, fmt.Errorf("read survey: %w", err)
			}
			s, found := read(name, data, pins)
			if len(found) > 0 {
				problems = append(problems, found...)
				continue
			}
			if _, ok := c.Survey(s.ID, s.Version); ok {
				problems = append(problems, Problem{name, 1, 1,
					fmt.Sprintf("there is another file with version %d of %s", s.Version, s.ID)})
				continue
			}
			c.surveys = append(c.surveys, s)
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	slices.SortFunc(c.surveys, func(a, b *Survey) int {
		if a.ID != b.ID {
			return strings.Compare(a.ID, b.ID)
		}
		return a.Version - b.Version
	})
	return &c, nil
}

// Survey returns one version of a survey.
func (c *Catalog) Survey(id string, version int) (*Survey, bool) {
	for _, s := range c.surveys {
		if s.ID == id && s.Version == version {
			return s, true
		}
	}
	return nil, false
}

// Latest returns the highest version of a survey.
func (c *Catalog) Latest(id string) (*Survey, bool) {
	for _, s := range slices.Backward(c.surveys) {
		if s.ID == id {
			return s, true
		}
	}
	return nil, false
}

// All returns every version of every survey, by id and then version.
func (c *Catalog) All() []*Survey { return slices.Clone(c.surveys) }

// PinsFile holds a line "id version checksum" for each published survey of its folder.
const PinsFile = "published.sum"

// ReadPins returns the checksum of each published survey of a folder by "id version"; none if the
// folder has no PinsFile.
func ReadPins(dir fs.FS) (map[string]string, error) {
	data, err := fs.ReadFile(dir, PinsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checksums of surveys: %w", err)
	}
	pins := make(map[string]string)
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		f := strings.Fields(lines.Text())
		if len(f) == 0 {
			continue
		}
		if len(f) != 3 {
			return nil, fmt.Errorf("%s:%d: want id, version and checksum", PinsFile, n)
		}
		key := f[0] + " " + f[1]
		if _, ok := pins[key]; ok {
			return nil, fmt.Errorf("%s:%d: %s is listed twice", PinsFile, n, key)
		}
		pins[key] = f[2]
	}
	return pins, lines.Err()
}

func pinKey(s *Survey) string { return fmt.Sprintf("%s %d", s.ID, s.Version) }
