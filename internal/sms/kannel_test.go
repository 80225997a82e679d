package sms_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/venterom/venterom/internal/sms"
	"github.com/venterom/venterom/internal/sms/kanneltest"
)

// kannelGateway is the gateway of docs/sms.md, with reports sent to a channel.
func kannelGateway(t *testing.T, k *kanneltest.Kannel) (*sms.HTTP, chan url.Values) {
	t.Helper()
	settings, err := sms.ParseHTTPSettings(k.Settings())
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := sms.ParseSecrets(k.Secrets())
	if err != nil {
		t.Fatal(err)
	}
	reports := make(chan url.Values, 100)
	phone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		state, err := settings.Reports.Parse(query, r.Header.Get("Content-Type"), nil)
		if err != nil {
			t.Errorf("report: %v", err)
		}
		query.Set("state", string(state))
		reports <- query
	}))
	t.Cleanup(phone.Close)
	gateway, err := sms.NewHTTP(settings, secrets,
		func(id string) string { return phone.URL + "/sms/report?id=" + id })
	if err != nil {
		t.Fatal(err)
	}
	return gateway, reports
}

func TestKannel(t *testing.T) {
	t.Parallel()
	k := kanneltest.Start(t)
	gateway, reports := kannelGateway(t, k)
	to, err := sms.ParseNumber("912 34 567")
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{
		sms.Templates["nb"].Fill("Eidsvåg legekontor", "https://svar.example.no/s/ABCDEFGHJKMNPQRSTVWXYZ2345"),
		sms.Templates["nn"].Fill("Sørøya lækjarkontor", "https://svar.example.no/s/ABCDEFGHJKMNPQRSTVWXYZ2345"),
		"ÆØÅ æøå é€{}[]~|^\\ Ç",
		"en & 100 % + <æ> \"sitat\" ¡¿",
		"Čáđŋšŧž – «sámegiella» 😀",
		strings.Repeat("blåbær ", 40), // 280 septets in two parts
		strings.Repeat("čáđ 😀", 20),   // 120 UTF-16 units in two parts
	}
	want := map[string]string{}
	for i, text := range texts {
		id := fmt.Sprintf("M%d", i)
		want[id] = text
		r := gateway.Send(t.Context(), sms.Message{ID: id, To: to, From: "Legekontor", Text: text})
		if r.Outcome != sms.Accepted {
			t.Fatalf("%s: %v, %s", id, r.Outcome, r.Reason)
		}
	}
	got := k.Await(len(texts), 10*time.Second)
	for i, m := range got {
		s := sms.Count(texts[i])
		if i >= len(texts) {
			t.Fatalf("one more: %+v", m)
		}
		if m.Text != strings.TrimRight(texts[i], " ") && m.Text != texts[i] || m.From != "Legekontor" || m.To != "+4791234567" {
			t.Errorf("%s sent %q to %s, want %q", m.From, m.Text, m.To, texts[i])
		}
		if m.UCS2 != (s.Encoding == sms.UCS2) || m.Parts != s.Parts {
			t.Errorf("%q came as UCS-2 %v in %d parts, counted as %v", texts[i], m.UCS2, m.Parts, s)
		}
	}
	for len(want) > 0 {
		select {
		case r := <-reports:
			if _, ok := want[r.Get("id")]; !ok || r.Get("state") != string(sms.Delivered) {
				t.Errorf("report %v", r)
			}
			delete(want, r.Get("id"))
		case <-time.After(5 * time.Second):
			t.Fatalf("no report for %v", want)
		}
	}

	t.Run("refuses for certain", func(t *testing.T) {
		settings, err := sms.ParseHTTPSettings(k.Settings())
		if err != nil {
			t.Fatal(err)
		}
		wrong, err := sms.NewHTTP(settings, map[string]string{"password": "another"}, func(string) string { return "http://127.0.0.1/?" })
		if err != nil {
			t.Fatal(err)
		}
		r := wrong.Send(t.Context(), sms.Message{ID: "X", To: to, From: "Legekontor", Text: "Hei"})
		if r.Outcome != sms.Deferred || r.Reason != "status 403" {
			t.Errorf("a wrong password: %+v", r)
		}
	})
	for i, end := range []struct {
		name string
		stop func()
	}{{"killed", k.Kill}, {"stopped", k.Stop}} {
		t.Run("comes back when "+end.name, func(t *testing.T) {
			end.stop()
			m := sms.Message{ID: "K", To: to, From: "Legekontor", Text: "Blåbær, " + end.name}
			if r := gateway.Send(t.Context(), m); r.Outcome != sms.Deferred {
				t.Errorf("without Kannel: %+v", r)
			}
			k.Restart()
			if r := gateway.Send(t.Context(), m); r.Outcome != sms.Accepted {
				t.Errorf("with Kannel back: %+v", r)
			}
			all := k.Await(len(texts)+1+i, 10*time.Second)
			if last := all[len(all)-1]; last.Text != m.Text || len(all) != len(texts)+1+i {
				t.Errorf("%d messages, the last %q", len(all), last.Text)
			}
		})
	}
}

// exchange is the operator's end of SMPP 3.4, as much of it as takes messages and sends receipts.
type exchange struct {
	bound     chan string // the name Kannel binds with
	submitted chan submission
}

type submission struct {
	from, to         string
	fromType, toType byte // 5 is a name, 1 an international number
	coding           byte // 0 is the GSM alphabet, 8 is UCS-2
	text             []byte
}

func (x exchange) serve(t *testing.T, c net.Conn) {
	defer c.Close()
	for number := uint32(1); ; number++ {
		var head [16]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[:])-16)
		if _, err := io.ReadFull(c, body); err != nil {
			return
		}
		command, sequence := binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[12:])
		answer := func(command, sequence uint32, body string) {
			b := binary.BigEndian.AppendUint32(nil, uint32(16+len(body)))
			b = binary.BigEndian.AppendUint32(b, command)
			b = binary.BigEndian.AppendUint32(b, 0)
			b = binary.BigEndian.AppendUint32(b, sequence)
			_, _ = c.Write(append(b, body...))
		}
		text := func() string {
			s, rest, _ := bytes.Cut(body, []byte{0})
			body = rest
			return string(s)
		}
		octet := func() byte {
			b := body[0]
			body = body[1:]
			return b
		}
		switch command {
		case 0x9: // bind_transceiver
			x.bound <- text()
			answer(command|1<<31, sequence, "test\x00")
		case 0x4: // submit_sm
			var s submission
			text() // service_type
			s.fromType, _, s.from = octet(), octet(), text()
			s.toType, _, s.to = octet(), octet(), text()
			body = body[3:] // esm_class, protocol_id, priority_flag
			text()
			text()          // delivery times
			body = body[2:] // registered_delivery, replace_if_present_flag
			s.coding = octet()
			octet() // sm_default_msg_id
			s.text = body[1 : 1+int(body[0])]
			name := fmt.Sprintf("%08d", number)
			answer(command|1<<31, sequence, name+"\x00")
			x.submitted <- s
			receipt := "id:" + name + " sub:001 dlvrd:001 submit date:2611231200 done date:2611231200 stat:DELIVRD err:000 text:"
			answer(0x5, number, "\x00\x01\x01"+strings.TrimPrefix(s.to, "+")+"\x00\x05\x00"+s.from+"\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00"+
				string(rune(len(receipt)))+receipt)
		case 0x15, 0x6: // enquire_link, unbind
			answer(command|1<<31, sequence, "")
		}
	}
}

// TestKannelSpeaksSMPP runs the kannel.conf of docs/sms.md as it is, against an SMPP server.
func TestKannelSpeaksSMPP(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	x := exchange{make(chan string, 10), make(chan submission, 10)}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go x.serve(t, c)
		}
	}()
	k := kanneltest.StartSMPP(t, l.Addr().(*net.TCPAddr).Port)
	if name := <-x.bound; name != "change-me-id" {
		t.Errorf("bound as %q", name)
	}
	gateway, reports := kannelGateway(t, k)
	to, err := sms.ParseNumber("912 34 567")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text, octets string
		coding       byte
	}{
		{"Blåbær @ Ørsta: 5 € {é}", "Bl\x0fb\x1dr \x00 \x0brsta: 5 \x1be \x1b(\x05\x1b)", 0},
		{"čáđ", "\x01\x0d\x00\xe1\x01\x11", 8},
	} {
		if r := gateway.Send(t.Context(), sms.Message{ID: "S", To: to, From: "Legekontor", Text: c.text}); r.Outcome != sms.Accepted {
			t.Fatalf("%+v", r)
		}
		s := <-x.submitted
		if want := (submission{"Legekontor", "4791234567", 5, 1, c.coding, []byte(c.octets)}); fmt.Sprint(s) != fmt.Sprint(want) {
			t.Errorf("got %+v\nwant %+v", s, want)
		}
		select {
		case r := <-reports:
			if r.Get("id") != "S" || r.Get("state") != string(sms.Delivered) {
				t.Errorf("report %v", r)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("no report")
		}
	}
}
