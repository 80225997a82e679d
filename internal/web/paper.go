package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/survey"
)

type paperPage struct {
	page
	Practice practice.Practice
	Mark     string
	Sides    []paperSide
}

// paperSide is one side of the sheet: one survey, so that a side left empty is a survey left empty.
type paperSide struct {
	Title     string // empty on the first, which has the page's own heading
	Last      bool
	Questions []paperQuestion
}

// paperQuestion is a question in print: its letter, and boxes to tick with a digit at each.
type paperQuestion struct {
	Letter, Text, Note string
	Ticks              []paperTick
}

type paperTick struct {
	Digit, Text string
	Aside       bool
}

func (s *Server) showPaper(c echo.Context) error {
	l, p := s.language(c), inPractice(c)
	sheet := survey.NewSheet(s.asked(p))
	pp := paperPage{page: s.page(c, l, l.T("paper.title", "Practice", p.Name)), Practice: p, Mark: sheet.Mark()}
	pp.of(p)
	questions, start := paperQuestions(sheet, l.Tag), 0
	for i, end := range sheet.Ends {
		side := paperSide{Last: i == len(sheet.Ends)-1, Questions: questions[start:end]}
		if i > 0 {
			side.Title = sheet.Surveys[i].Title.In(l.Tag)
		}
		pp.Sides, start = append(pp.Sides, side), end
	}
	return s.render(c, http.StatusOK, "paper", pp)
}

func paperQuestions(sheet survey.Sheet, tag string) []paperQuestion {
	questions := make([]paperQuestion, len(sheet.Items))
	for i, item := range sheet.Items {
		q := paperQuestion{Letter: item.Letter, Text: item.Text.In(tag), Note: item.Note.In(tag)}
		for _, t := range item.Ticks {
			q.Ticks = append(q.Ticks, paperTick{t.Digit, t.Text.In(tag), t.Code == survey.NotApplicable})
		}
		questions[i] = q
	}
	return questions
}

// sheets lists the forms that a practice may have in print: the one it prints now first, then its
// survey in every version, with every version of the digital one and without.
func (s *Server) sheets(p practice.Practice) []survey.Sheet {
	sheets := []survey.Sheet{survey.NewSheet(s.asked(p))}
	add := func(surveys ...*survey.Survey) {
		if sheet := survey.NewSheet(surveys); sheet.Mark() != sheets[0].Mark() {
			sheets = append(sheets, sheet)
		}
	}
	all := s.Surveys.All()
	for _, own := range all {
		if own.ID != p.Survey {
			continue
		}
		add(own)
		for _, digital := range all {
			if digital.ID == digitalSurvey && own.ID != digitalSurvey {
				add(own, digital)
			}
		}
	}
	return sheets
}
