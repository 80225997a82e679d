package calendar

import "time"

// Day returns the day of Oslo that an instant belongs to, as midnight UTC.
func Day(t time.Time) time.Time {
	l := t.In(Oslo)
	return time.Date(l.Year(), l.Month(), l.Day(), 0, 0, 0, 0, time.UTC)
}

// MonthOf returns the month of Oslo that an instant belongs to, such as "2026-11". It turns at
// midnight on the first, unlike the months that weeks belong to.
func MonthOf(t time.Time) string { return t.In(Oslo).Format("2006-01") }

// Holiday reports whether an instant is on a Norwegian public holiday: a day that the law of 1947 on
// 1 and 17 May or the law of 1995 on holy days makes free, whatever weekday it is. Christmas Eve and
// New Year's Eve are ordinary working days to the law, and so they are here.
func Holiday(t time.Time) bool {
	day := Day(t)
	switch day.Format("01-02") {
	case "01-01", "05-01", "05-17", "12-25", "12-26":
		return true
	}
	switch int(day.Sub(easter(day.Year())).Hours() / 24) {
	case -3, -2, 0, 1, // Maundy Thursday to Easter Monday, without the Saturday
		39,     // Ascension Day
		49, 50: // Whit Sunday and Whit Monday
		return true
	}
	return false
}

// easter is the date of Easter Sunday, as midnight UTC. Source: J. Meeus, Astronomical Algorithms,
// 1991, chapter 8, good for every year of the Gregorian calendar.
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	n := h + l - 7*((a+11*h+22*l)/451) + 114
	return time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC)
}
