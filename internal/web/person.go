package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
)

type peoplePage struct {
	page
	Practice, Address string
	People            []personRow
	Offers            []offerRow
	CanChange         bool
	Me                string // who reads the page, and whether they are the practice's only lead
	OnlyLead          bool
	Link, For         string // of the offer just made, and who it is for

	Name       string        // as typed, when NameWrong says what is wrong with it
	Offered    practice.Role // as chosen
	NameWrong  string
	LeaveWrong string
}

type personRow struct {
	practice.Person
	RoleName string
	Self     bool
}

type offerRow struct {
	practice.Offer
	RoleName, Until string
}

// myself is who is signed in; nobody on a page that needs no sign-in.
func myself(c echo.Context) practice.Account {
	a, _ := c.Get(accountKey).(practice.Account)
	return a
}

// newPeoplePage is who has a role in the practice, and for its lead what is offered.
func (s *Server) newPeoplePage(c echo.Context) (peoplePage, error) {
	ctx, l, p, me := c.Request().Context(), s.language(c), inPractice(c), myself(c)
	pp := peoplePage{page: s.page(c, l, l.T("people.title")+" – "+p.Name), Practice: p.Name, Me: me.Called(), Address: "/practices/" + p.ID}
	pp.Here, pp.CanChange, pp.Offered = "setup", pp.Role == practice.Lead, practice.Staff
	people, err := s.Store.People(ctx, p.ID)
	if err != nil {
		return pp, err
	}
	leads := 0
	for _, person := range people {
		if person.Role == practice.Lead {
			leads++
		}
		pp.People = append(pp.People, personRow{person, l.T("role." + string(person.Role)), person.ID == me.ID})
	}
	pp.OnlyLead = pp.CanChange && leads == 1
	if !pp.CanChange {
		return pp, nil
	}
	offers, err := s.Store.Offers(ctx, p.ID, s.Now())
	if err != nil {
		return pp, err
	}
	for _, o := range offers {
		pp.Offers = append(pp.Offers, offerRow{o, l.T("role." + string(o.Role)), l.Day(o.Expires)})
	}
	return pp, nil
}

func (s *Server) showPeople(c echo.Context) error {
	pp, err := s.newPeoplePage(c)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "people", pp)
}

// remove takes somebody's role away once their name is typed out as it stands on the page. Whoever takes
// their own last role is signed out here too: this session would be kept after the request otherwise.
func (s *Server) remove(c echo.Context, accountID, name string) error {
	if !strings.EqualFold(strings.TrimSpace(c.FormValue("confirm")), name) {
		return fault.New(fault.Invalid, "people.confirm_wrong")
	}
	ctx := c.Request().Context()
	last, err := s.Store.RemovePerson(ctx, inPractice(c).ID, accountID)
	if err == nil && last && accountID == myself(c).ID {
		err = s.sessions.Destroy(ctx)
	}
	return err
}

// saveLeave takes the own role in the practice away.
func (s *Server) saveLeave(c echo.Context) error {
	me := myself(c)
	err := s.remove(c, me.ID, me.Called())
	f := fault.As(err)
	switch {
	case err == nil:
		return c.Redirect(http.StatusSeeOther, "/practices")
	case f == nil || f.Kind != fault.Invalid && f.Kind != fault.Conflict:
		return err
	}
	pp, err := s.newPeoplePage(c)
	if err != nil {
		return err
	}
	pp.LeaveWrong = pp.L.T(f.Key, f.Args)
	pp.Title = pp.L.T("error.prefix") + " " + pp.Title
	return s.render(c, statusOf(f), "people", pp)
}

// statusOf is the status of a page that says what to mend.
func statusOf(f *fault.Error) int {
	if f.Kind == fault.Conflict {
		return http.StatusConflict
	}
	return http.StatusUnprocessableEntity
}

type personPage struct {
	page
	Practice      string
	Person        practice.Person
	Offered       practice.Role // as chosen
	OnlyLead      bool
	RoleWrong     string
	ConfirmWrong  string
	Address, List string
}

func (s *Server) newPersonPage(c echo.Context) (personPage, error) {
	ctx, l, p := c.Request().Context(), s.language(c), inPractice(c)
	person, err := s.Store.Person(ctx, p.ID, c.Param("person"))
	if err != nil {
		return personPage{}, err
	}
	people, err := s.Store.People(ctx, p.ID)
	if err != nil {
		return personPage{}, err
	}
	leads := 0
	for _, other := range people {
		if other.Role == practice.Lead {
			leads++
		}
	}
	pp := personPage{page: s.page(c, l, person.Called()+" – "+p.Name), Practice: p.Name, Person: person, List: "/practices/" + p.ID + "/people"}
	pp.Here, pp.Offered, pp.OnlyLead, pp.Address = "setup", person.Role, person.Role == practice.Lead && leads == 1, pp.List+"/"+person.ID
	return pp, nil
}

func (s *Server) showPerson(c echo.Context) error {
	pp, err := s.newPersonPage(c)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "person", pp)
}

// savePerson changes a role.
func (s *Server) savePerson(c echo.Context) error {
	return s.changePerson(c, func(pp *personPage) (*string, error) {
		return &pp.RoleWrong, s.Store.SetRole(c.Request().Context(), inPractice(c).ID, pp.Person.ID, practice.Role(c.FormValue("role")))
	})
}

// removePerson takes a role away.
func (s *Server) removePerson(c echo.Context) error {
	return s.changePerson(c, func(pp *personPage) (*string, error) {
		return &pp.ConfirmWrong, s.remove(c, pp.Person.ID, pp.Person.Called())
	})
}

// changePerson changes the person in the address and leads back to the list, or shows the page again with
// what is wrong where change says.
func (s *Server) changePerson(c echo.Context, change func(*personPage) (wrong *string, err error)) error {
	pp, err := s.newPersonPage(c)
	if err != nil {
		return err
	}
	wrong, err := change(&pp)
	f := fault.As(err)
	switch {
	case err == nil && pp.Person.ID == myself(c).ID:
		return c.Redirect(http.StatusSeeOther, "/practices")
	case err == nil:
		return c.Redirect(http.StatusSeeOther, pp.List)
	case f == nil || f.Kind != fault.Invalid && f.Kind != fault.Conflict:
		return err
	}
	*wrong = pp.L.T(f.Key, f.Args)
	pp.Title = pp.L.T("error.prefix") + " " + pp.Title
	return s.render(c, statusOf(f), "person", pp)
}
