package kanneltest

import (
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// process is a program that ends with the test binary, however that ends.
type process struct {
	cmd   *exec.Cmd
	input io.Closer
	ended chan struct{}
}

// run starts a program; what it says goes to out.
func (k *Kannel) run(path string, out io.Writer, args ...string) {
	k.t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = k.dir, out, out, withParent
	input, err := cmd.StdinPipe() // fakesmsc ends with its input
	if err != nil {
		k.t.Fatal(err)
	}
	p := &process{cmd, input, make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the death signal is tied to the thread that started the process
		defer close(p.ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		k.t.Fatal(err)
	}
	k.boxes = append(k.boxes, p)
}

func (p *process) signal(s os.Signal) {
	_ = p.cmd.Process.Signal(s) // it may have ended by itself
}

// Kill ends Kannel as a power cut would; the phones keep what they have.
func (k *Kannel) Kill() { k.end(syscall.SIGKILL) }

// Stop ends Kannel in good order.
func (k *Kannel) Stop() { k.end(syscall.SIGTERM) }

func (k *Kannel) end(s os.Signal) {
	for _, p := range k.boxes {
		p.signal(s)
	}
	for _, p := range k.boxes {
		<-p.ended
		_ = p.input.Close()
	}
	k.boxes = nil
}

// Restart starts Kannel again after Kill or Stop, with the same addresses and what it had stored.
func (k *Kannel) Restart() {
	k.t.Helper()
	k.start()
}
