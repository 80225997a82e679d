package app

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// screenshots draws every page for people to look at, if VENTEROM_SCREENSHOTS names a folder.
func screenshots(t *testing.T, w *world) { w.draw(t, w.pages()) }

func (w *world) draw(t *testing.T, pages []webPage) {
	folder := os.Getenv("VENTEROM_SCREENSHOTS")
	if folder == "" {
		t.Skip("skipped: set VENTEROM_SCREENSHOTS to a folder to draw every page")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	save := func(name string, picture []byte) {
		if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b := w.tab(t, wide, 800, options{})
	for _, p := range pages {
		b.visit(p)
		for _, width := range []int64{narrow, upright, wide} {
			for _, light := range []bool{true, false} {
				b.resize(width, 800)
				b.light(light)
				scheme := "light"
				if !light {
					scheme = "dark"
				}
				save(fmt.Sprintf("%s-%d-%s", p.name, width, scheme), run(b, chromedp.FullScreenshot(100)))
				if p.name == "dashboard" && width == wide {
					save("readme-"+scheme, run(b, chromedp.CaptureScreenshot()))
				}
			}
		}
		b.light(true)
		if p.email != "" || p.name == "thanks" || p.name == "notice" {
			for i, sheet := range b.printPage() {
				data, err := os.ReadFile(sheet)
				if err != nil {
					t.Fatal(err)
				}
				save(fmt.Sprintf("%s-print-%d", p.name, i+1), data)
			}
		}
	}
}
