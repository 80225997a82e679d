package app

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/venterom/venterom/internal/i18n"
	"github.com/venterom/venterom/internal/practice"
)

// program is where a program is that a test cannot do without.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		lacking(t, name+" in PATH")
	}
	return path
}

const (
	printDPI = 150 // a cheap office printer seen by a tired camera
	perMM    = printDPI / 25.4
)

// printPage is what the page in a tab looks like on A4, one picture to a sheet.
func (b *tab) printPage() []string {
	b.t.Helper()
	pdftoppm := program(b.t, "pdftoppm")
	pdf := run(b, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4), chromedp.PDFPreferCSSPageSize()))
	folder := b.t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "page.pdf"), pdf, 0o600); err != nil {
		b.t.Fatal(err)
	}
	raster := exec.Command(pdftoppm, "-r", strconv.Itoa(printDPI), "-png", "page.pdf", "sheet")
	raster.Dir = folder
	if out, err := raster.CombinedOutput(); err != nil {
		b.t.Fatalf("pdftoppm: %v\n%s", err, out)
	}
	sheets, err := filepath.Glob(filepath.Join(folder, "sheet*.png"))
	if err != nil {
		b.t.Fatal(err)
	}
	return sheets
}

// scanned is the text of the QR codes in a picture.
func scanned(t *testing.T, picture string) string {
	t.Helper()
	out, err := exec.Command(program(t, "zbarimg"), "-q", "--raw", "--nodbus", picture).Output()
	if err != nil {
		t.Errorf("zbarimg finds nothing in %s: %v", filepath.Base(picture), err)
	}
	return strings.TrimSpace(string(out))
}

func readPNG(t *testing.T, name string) image.Image {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

func writePNG(t *testing.T, name string, picture image.Image) string {
	t.Helper()
	var data bytes.Buffer
	if err := png.Encode(&data, picture); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name+".png")
	if err := os.WriteFile(file, data.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func printedPoster(t *testing.T, w *world) {
	program(t, "zbarimg")
	b := w.tab(t, wide, 800, options{})
	for _, poster := range []struct {
		tag, email string
		point      practice.Point
	}{{"nb", leadEmail, w.full}, {"nn", leadEmail, w.full}, {"en", leadEmail, w.full}, {"nb", twoEmail, w.long}} {
		b.visit(webPage{email: poster.email, path: "/practices/" + poster.point.PracticeID + "/points/" + string(poster.point.Code) + "/poster?lang=" + poster.tag})
		tag, want := poster.tag, strings.ToUpper(printed+"/k/"+string(poster.point.Code))
		if got := eval[string](b, "document.documentElement.lang"); got != tag {
			t.Errorf("the poster's language: got %s, want %s", got, tag)
		}
		sheets := b.printPage()
		if len(sheets) != 1 {
			t.Errorf("%s: the poster fills %d sheets, want 1", tag, len(sheets))
			continue
		}
		if got := scanned(t, sheets[0]); got != want {
			t.Errorf("%s: scanned %q, want %q", tag, got, want)
		}
		sheet := readPNG(t, sheets[0])
		if size := sheet.Bounds().Size(); size != image.Pt(1240, 1754) && size != image.Pt(1241, 1754) && size != image.Pt(1241, 1755) {
			t.Errorf("%s: the sheet is %v pixels, want A4", tag, size)
		}
		if mm := codeWidth(sheet); mm < 40 {
			t.Errorf("%s: the code is %.0f mm wide, want at least 40", tag, mm)
		} else {
			t.Logf("%s: the code is %.0f mm wide", tag, mm)
		}
		for name, spoiled := range map[string]image.Image{"blurred": blur(sheet, 3), "dirty": soil(sheet)} {
			if got := scanned(t, writePNG(t, name, spoiled)); got != want {
				t.Errorf("%s, %s: scanned %q, want %q", tag, name, got, want)
			}
		}
	}
}

// printedCards: every card and every note on a sheet can be scanned, and still when blurred, as by a
// bad copy.
func printedCards(t *testing.T, w *world) {
	program(t, "zbarimg")
	b := w.tab(t, wide, 800, options{})
	for _, sheet := range []struct {
		name, tag, email string
		point            practice.Point
		across, down     int
	}{
		{"card", "nb", leadEmail, w.full, 2, 2}, {"card", "nn", leadEmail, w.full, 2, 2}, {"card", "en", twoEmail, w.long, 2, 2},
		{"letter", "nb", leadEmail, w.full, 1, 5}, {"letter", "nn", leadEmail, w.full, 1, 5}, {"letter", "en", twoEmail, w.long, 1, 5},
	} {
		b.visit(webPage{email: sheet.email, path: "/practices/" + sheet.point.PracticeID + "/points/" + string(sheet.point.Code) + "/" + sheet.name + "?lang=" + sheet.tag})
		want := strings.ToUpper(printed + "/k/" + string(sheet.point.Code))
		sheets := b.printPage()
		if len(sheets) != 1 {
			t.Errorf("%s in %s fills %d sheets, want 1", sheet.name, sheet.tag, len(sheets))
			continue
		}
		paper := readPNG(t, sheets[0])
		if got := strings.Fields(scanned(t, sheets[0])); len(got) != sheet.across*sheet.down {
			t.Errorf("%s in %s: scanned %d codes, want %d", sheet.name, sheet.tag, len(got), sheet.across*sheet.down)
		}
		size := paper.Bounds().Size()
		for i := range sheet.across * sheet.down {
			x, y := i%sheet.across, i/sheet.across
			cut := cropped(paper, image.Rect(x*size.X/sheet.across, y*size.Y/sheet.down, (x+1)*size.X/sheet.across, (y+1)*size.Y/sheet.down))
			if sheet.name == "letter" { // the notes stand between margins
				cut = paper
			}
			if mm := codeWidth(cut); mm < 25 {
				t.Errorf("%s in %s: the code is %.0f mm wide, want at least 25", sheet.name, sheet.tag, mm)
			}
			for name, picture := range map[string]image.Image{"cut out": cut, "blurred": blur(cut, 2)} {
				for _, got := range strings.Fields(scanned(t, writePNG(t, name, picture))) {
					if got != want {
						t.Errorf("%s in %s, %s: scanned %q, want %q", sheet.name, sheet.tag, name, got, want)
					}
				}
			}
			if sheet.name == "letter" {
				break
			}
		}
	}
}

// printedSlips: every slip can be scanned when cut from a sheet, and still when cut from a bad copy of
// it; each has a code of its own, the one that is written on it, and leads to the form.
func printedSlips(t *testing.T, w *world) {
	program(t, "zbarimg")
	b := w.tab(t, wide, 800, options{})
	for _, sheet := range []struct {
		tag, email string
		point      practice.Point
	}{{"nb", leadEmail, w.full}, {"nn", twoEmail, w.long}, {"en", twoEmail, w.long}} {
		b.visit(webPage{email: sheet.email, path: "/practices/" + sheet.point.PracticeID + "/slips?lang=" + sheet.tag})
		b.do(chromedp.SetValue(chromedp.ID("sheets"), "2"))
		b.follow(chromedp.Click(chromedp.CSS("main .primary")))
		written := eval[[]string](b, "[...document.querySelectorAll('.slip-code')].map(c => c.textContent.replaceAll('-', ''))")
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		if over := eval[int](b, "[...document.querySelectorAll('.slip')].filter(s => [...s.children].some(c => c.offsetHeight > s.clientHeight || c.scrollWidth > c.clientWidth)).length"); over > 0 {
			t.Errorf("%s: %d slips are too small for what is on them", sheet.tag, over)
		}
		b.light(true) // and a screen again
		sheets := b.printPage()
		if len(sheets) != 2 {
			t.Errorf("%s: two sheets fill %d", sheet.tag, len(sheets))
			continue
		}
		found := map[string]bool{}
		for i, name := range sheets {
			paper := readPNG(t, name)
			if mm := codeWidth(paper); mm < 20 {
				t.Errorf("%s: a code is %.0f mm wide, want at least 20", sheet.tag, mm)
			}
			for spoiled, picture := range map[string]image.Image{"printed": paper, "copied": copied(paper)} {
				for n := range len(written) / 2 { // cut out, as they are when they are scanned
					x, y := 8+97*float64(n%2), 8+40*float64(n/2)
					slip := cropped(picture, image.Rect(int(x*perMM), int(y*perMM), int((x+97)*perMM), int((y+40)*perMM)))
					want := written[i*len(written)/2+n]
					if got := scanned(t, writePNG(t, spoiled, slip)); got != strings.ToUpper(printed)+"/S/"+want {
						t.Errorf("%s, slip %d on sheet %d, %s: scanned %q, want %s", sheet.tag, n+1, i+1, spoiled, got, want)
					}
					found[want] = true
				}
			}
		}
		if len(written) != 28 || len(found) != len(written) {
			t.Errorf("%s: %d slips, %d different ones, want 28", sheet.tag, len(written), len(found))
		}
		if status := b.open("/S/" + written[0]); status != http.StatusOK {
			t.Errorf("%s: a slip leads to %d", sheet.tag, status)
		}
	}
}

// copied is a picture as a tired photocopier gives it: out of focus, grey paper, pale ink, grains, and then
// more contrast than there was.
func copied(picture image.Image) image.Image {
	soft := blur(picture, 1)
	r := soft.Bounds()
	out := image.NewGray(r)
	random := rand.New(rand.NewPCG(2, 2))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			v := float64(color.GrayModel.Convert(soft.At(x, y)).(color.Gray).Y)
			v = 70 + v*150/255 + random.NormFloat64()*12
			v = 128 + (v-145)*2.2
			out.Set(x, y, color.Gray{uint8(min(max(v, 0), 255))})
		}
	}
	return out
}

func cropped(picture image.Image, part image.Rectangle) image.Image {
	out := image.NewGray(image.Rect(0, 0, part.Dx(), part.Dy()))
	draw.Draw(out, out.Rect, picture, part.Min, draw.Src)
	return out
}

// printedPaper: one side of A4 for each survey that is asked, whatever the language and the name.
func printedPaper(t *testing.T, w *world) {
	b := w.tab(t, wide, 800, options{})
	visit := w.newPractice(t, "Fastlegekontoret ved Sankthanshaugen og Bjørnstjerne Bjørnsons plass")
	p, err := w.app.Store.Practice(t.Context(), visit.PracticeID)
	if err != nil {
		t.Fatal(err)
	}
	p.Digital = false
	if err := w.app.Store.SavePractice(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	email := w.newLead(t, visit.PracticeID)
	for _, tag := range i18n.Languages {
		for _, paper := range []struct {
			email, id string
			sides     int
		}{{email, visit.PracticeID, 1}, {twoEmail, w.long.PracticeID, 2}} {
			b.visit(webPage{email: paper.email, path: "/practices/" + paper.id + "/paper?lang=" + tag})
			if sides := b.printPage(); len(sides) != paper.sides {
				t.Errorf("%s: the form fills %d sides, want %d", tag, len(sides), paper.sides)
			}
		}
	}
}

// codeWidth is the width of the QR code on a printed sheet in millimetres, without its quiet zone; 0 if
// there is none. It finds the rows that cross the two upper corner marks, which no text looks like:
// dark, light, dark, light, dark in the proportions 1:1:3:1:1, twice.
func codeWidth(sheet image.Image) float64 {
	r, widths := sheet.Bounds(), map[int]int{}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		var edges, marks []int // where light turns dark or dark light; where marks begin and end
		dark := false
		for x := r.Min.X; x < r.Max.X; x++ {
			if d := color.GrayModel.Convert(sheet.At(x, y)).(color.Gray).Y < 128; d != dark {
				dark, edges = d, append(edges, x)
			}
		}
		for i := 0; i+5 < len(edges); i += 2 {
			module, fits := float64(edges[i+5]-edges[i])/7, true
			for j, n := range []float64{1, 1, 3, 1, 1} {
				fits = fits && math.Abs(float64(edges[i+j+1]-edges[i+j])-n*module) < module/3
			}
			if fits && module > 3 {
				marks = append(marks, edges[i], edges[i+5])
			}
		}
		if len(marks) == 4 {
			widths[marks[3]-marks[0]]++
		}
	}
	most := 0
	for width, rows := range widths {
		if rows > widths[most] {
			most = width
		}
	}
	return float64(most) / perMM
}

// blur is a picture out of focus: the mean over a square, twice.
func blur(picture image.Image, radius int) image.Image {
	r := picture.Bounds()
	grey := image.NewGray(r)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			grey.Set(x, y, picture.At(x, y))
		}
	}
	// A square is a row of columns, so each pass goes along the rows and turns the picture.
	for range 4 {
		size := grey.Rect.Size()
		turned := image.NewGray(image.Rect(0, 0, size.Y, size.X))
		for y := range size.Y {
			row := grey.Pix[y*grey.Stride : y*grey.Stride+size.X]
			for x := range row {
				sum, n := 0, 0
				for _, v := range row[max(0, x-radius):min(len(row), x+radius+1)] {
					sum, n = sum+int(v), n+1
				}
				turned.Pix[x*turned.Stride+y] = uint8(sum / n)
			}
		}
		grey = turned
	}
	return grey
}

// soil is a picture with a hundred and fifty spots of two millimetres.
func soil(picture image.Image) image.Image {
	r := picture.Bounds()
	dirty := image.NewGray(r)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			dirty.Set(x, y, picture.At(x, y))
		}
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range 150 {
		at := image.Pt(random.IntN(r.Dx()), random.IntN(r.Dy()))
		const radius = 6 // a millimetre
		for y := -radius; y <= radius; y++ {
			for x := -radius; x <= radius; x++ {
				if x*x+y*y <= radius*radius {
					dirty.Set(at.X+x, at.Y+y, color.Gray{90})
				}
			}
		}
	}
	return dirty
}

func downloadedCodes(t *testing.T, w *world) {
	b := w.tab(t, 600, 600, options{})
	b.signIn(leadEmail)
	var cookies []string
	for _, c := range call(b, network.GetCookies, network.GetCookiesParams{}).Cookies {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	want := strings.ToUpper(printed + "/k/" + string(w.full.Code))
	for _, extension := range []string{"svg", "png"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
			w.address+"/practices/"+w.full.PracticeID+"/points/"+string(w.full.Code)+"/qr."+extension, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", strings.Join(cookies, "; "))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(response.Body)
		if closeErr := response.Body.Close(); err != nil || closeErr != nil {
			t.Fatal(err, closeErr)
		}
		if got, want := response.Header.Get("Content-Disposition"), fmt.Sprintf(`attachment; filename="venterom-%s.%s"`, string(w.full.Code), extension); got != want {
			t.Errorf("%s: got %s, want %s", extension, got, want)
		}
		file := filepath.Join(t.TempDir(), "code."+extension)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if extension == "svg" { // as the browser draws it
			b.do(chromedp.Navigate("file://" + file))
			file = filepath.Join(t.TempDir(), "drawn.png")
			if err := os.WriteFile(file, run(b, chromedp.CaptureScreenshot()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := scanned(t, file); got != want {
			t.Errorf("%s: scanned %q, want %q", extension, got, want)
		}
	}
}
