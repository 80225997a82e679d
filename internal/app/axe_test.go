package app

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// axeVersion is fixed: a newer one may know rules that this code was never held against.
const axeVersion = "4.14.1"

// axe returns the source of axe-core, fetched by npm the first time and kept in the user's cache.
func axe(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		lacking(t, "a cache folder: "+err.Error())
	}
	folder := filepath.Join(cache, "venterom-axe")
	name := filepath.Join(folder, "axe-"+axeVersion+".min.js")
	if source, err := os.ReadFile(name); err == nil {
		return string(source)
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		lacking(t, "npm in PATH, which fetches axe-core "+axeVersion)
	}
	temp := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	pack := exec.CommandContext(ctx, npm, "pack", "axe-core@"+axeVersion, "--silent", "--pack-destination", temp)
	pack.Dir = temp
	if out, err := pack.CombinedOutput(); err != nil {
		lacking(t, fmt.Sprintf("axe-core %s, which npm could not fetch: %v\n%s", axeVersion, err, out))
	}
	source, err := unpack(filepath.Join(temp, "axe-core-"+axeVersion+".tgz"), "package/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	// Written aside and renamed, so that a test that is stopped leaves no half of it behind.
	aside := name + fmt.Sprintf(".%d", os.Getpid())
	err = errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(aside, source, 0o600), os.Rename(aside, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// unpack reads one file from a compressed archive.
func unpack(archive, name string) ([]byte, error) {
	file, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			return nil, fmt.Errorf("%s in %s: %w", name, archive, err)
		}
		if h.Name == name {
			return io.ReadAll(r)
		}
	}
}

// axeFindsNothing has axe-core look at every page, light and dark, on a phone and at a desk.
func axeFindsNothing(t *testing.T, w *world) {
	t.Parallel()
	w.axe(t, w.pages())
}

func (w *world) axe(t *testing.T, pages []webPage) {
	t.Helper()
	source := axe(t)
	b := w.tab(t, narrow, 640, options{})
	for _, p := range pages {
		b.visit(p)
		b.axe(p.name, source)
	}
}

// axe has axe-core look at the page in a tab, light and dark, on a phone and at a desk.
func (b *tab) axe(name, source string) {
	b.t.Helper()
	eval[chromedp.Void](b, source)
	for _, width := range []int64{narrow, wide} {
		b.resize(width, 800)
		for _, light := range []bool{true, false} {
			b.light(light)
			for _, v := range eval[[]struct{ ID, Help, Where string }](b, `axe.run(document, {
				runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"],
			}).then(r => r.violations.map(v => ({ID: v.id, Help: v.help, Where: v.nodes.map(n => n.html + "\n" + n.failureSummary).join("\n")})))`,
				chromedp.EvalAwaitPromise) {
				b.t.Errorf("%s at %d px, light %v: %s: %s\n%s", name, width, light, v.ID, v.Help, strings.TrimSpace(v.Where))
			}
		}
	}
}
