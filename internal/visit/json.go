package visit

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/venterom/venterom/internal/fault"
)

// ReadJSON reads {"visits": [{"phone": …, "date": …, "language": …}]}. A name that is not one of these is
// refused: it is misspelt, or more than is needed. A visit is named by its place in the list, from 1.
func (r Reader) ReadJSON(src io.Reader) (List, error) {
	s, err := text(src)
	if err != nil {
		return List{}, err
	}
	var body struct {
		Visits []json.RawMessage `json:"visits"`
	}
	if !strict([]byte(s), &body) || body.Visits == nil {
		return List{}, fault.New(fault.Invalid, "visit.json_wrong")
	}
	l := List{Format: JSON}
	for i, raw := range body.Visits {
		var row struct {
			Phone    string `json:"phone"`
			Date     string `json:"date"`
			Language string `json:"language"`
		}
		v, err := Visit{}, error(fault.New(fault.Invalid, "visit.row_wrong"))
		if strict(raw, &row) {
			v, err = r.Visit(row.Phone, row.Date, row.Language)
		}
		if err := l.add(i+1, v, err); err != nil {
			return List{}, err
		}
	}
	l.merge()
	return l, nil
}

// strict reads one JSON value that has no name that v does not have. It tells no more, because the errors
// of encoding/json can hold a value of the list.
func strict(data []byte, v any) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if d.Decode(v) != nil {
		return false
	}
	_, err := d.Token()
	return err == io.EOF
}
