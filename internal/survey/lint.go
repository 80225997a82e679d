package survey

import (
	"fmt"
	"strings"
)

// Problem is one breach of the rules of a survey file. Line and Column count from 1.
type Problem struct {
	File         string
	Line, Column int
	Message      string
}

// String has the form that editors turn into a link.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Problems is the error of surveys that break the rules, one line for each problem.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Lint returns everything that is wrong with a survey file, by position; nil if nothing is. The
// pins, of ReadPins, are the checksums that a published version must still have.
func Lint(file string, data []byte, pins map[string]string) Problems {
	_, problems := read(file, data, pins)
	return problems
}
