package store

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/venterom/venterom/internal/calendar"
	"github.com/venterom/venterom/internal/fault"
	"github.com/venterom/venterom/internal/practice"
	"github.com/venterom/venterom/internal/sms"
)

// today is the day of Oslo, as it is stored.
func today(now time.Time) string { return calendar.Day(now).Format(time.DateOnly) }

func days(now time.Time, n int) string {
	return calendar.Day(now).AddDate(0, 0, n).Format(time.DateOnly)
}

// A link's token is 16 random bytes and the four of the number it was sent to, hidden with a key: whoever
// gets a message can say no to more of them long after the number is gone from here. It is written in 27
// letters and digits, which every phone makes a link of.
const (
	linkRandom = 16
	linkBytes  = linkRandom + 4
	LinkLength = 27 // of a token: 160 bits in 62 signs
)

func (s *Store) newLink(n sms.Number) (token string, err error) {
	digits, err := strconv.ParseUint(strings.TrimPrefix(n.E164(), "+47"), 10, 32)
	if err != nil {
		return "", fmt.Errorf("the number has no eight digits")
	}
	b := make([]byte, linkBytes)
	_, _ = rand.Read(b[:linkRandom])
	binary.BigEndian.PutUint32(b[linkRandom:], uint32(digits)^s.mask(b[:linkRandom]))
	text := new(big.Int).SetBytes(b).Text(62)
	return strings.Repeat("0", LinkLength-len(text)) + text, nil
}

func (s *Store) mask(random []byte) uint32 {
	return binary.BigEndian.Uint32(keyed(s.keys.link, string(random)))
}

// numberIn is the number a link was sent to. It means something only for a token that an invitation has.
func (s *Store) numberIn(token string) (sms.Number, error) {
	v, ok := new(big.Int).SetString(token, 62)
	if !ok || len(token) != LinkLength || v.BitLen() > 8*linkBytes {
		return sms.Number{}, fault.New(fault.NotFound, "invitation.unknown")
	}
	b := v.FillBytes(make([]byte, linkBytes))
	return sms.ParseNumber(fmt.Sprintf("%08d", binary.BigEndian.Uint32(b[linkRandom:])^s.mask(b[:linkRandom])))
}

// hashToken is what is kept of a token. It is keyed: a slip has 40 bits, which whoever has the database
// alone could otherwise try out.
func (s *Store) hashToken(token string) string {
	return base64.RawURLEncoding.EncodeToString(keyed(s.keys.token, token)[:18])
}

// Invitation finds an invitation by its token, with the hash it is counted by. One that never was, or
// whose practice is gone, is NotFound; a used or expired one is found.
func (s *Store) Invitation(ctx context.Context, token string) (in practice.Invitation, hash string, err error) {
	hash = s.hashToken(token)
	err = s.db.GetContext(ctx, &in, `SELECT practice_id, channel, language, expires_on, used FROM invitation WHERE hash = $1`, hash)
	if fault.KindOf(explain(err)) == fault.NotFound {
		return in, hash, fault.New(fault.NotFound, "invitation.unknown")
	}
	return in, hash, err
}

// useInvitations marks the invitations of a batch's fresh forms as used and returns those that were not.
func useInvitations(ctx context.Context, c *sqlx.Tx, day string, batch []Entry, fresh map[string]bool) (map[string]bool, error) {
	var q strings.Builder
	args := []any{day}
	for _, e := range batch {
		if e.Invitation == "" || e.Receipt != "" && !fresh[e.Receipt] {
			continue
		}
		args = append(args, e.Invitation)
		fmt.Fprintf(&q, ",$%d", len(args))
	}
	if len(args) == 1 {
		return nil, nil
	}
	var taken []string
	if err := c.SelectContext(ctx, &taken, `UPDATE invitation SET used = TRUE
		WHERE NOT used AND expires_on >= $1 AND hash IN (`+q.String()[1:]+`) RETURNING hash`, args...); err != nil {
		return nil, err
	}
	unused := make(map[string]bool, len(taken))
	for _, h := range taken {
		unused[h] = true
	}
	return unused, nil
}

// SlipDays and LinkDays are how long slips and links can be used. They are forgotten as long again
// after that, so that a late reader is told what happened.
const (
	SlipDays = 90
	LinkDays = 14
)

// CreateSlips makes single-use codes for a practice to print. They are not kept: only hashes are.
func (s *Store) CreateSlips(ctx context.Context, practiceID string, n int, now time.Time) ([]practice.Slip, error) {
	slips := make([]practice.Slip, n)
	err := s.tx(ctx, func(c *sqlx.Tx) error {
		if _, err := live(ctx, c, practiceID); err != nil {
			return err
		}
		for i := range slips {
			slips[i] = practice.NewSlip()
			if err := createInvitation(ctx, c, s.hashToken(string(slips[i])), practice.Invitation{PracticeID: practiceID, Channel: "slip", Expires: days(now, SlipDays)}); err != nil {
				return err
			}
		}
		return nil
	})
	return slips, err
}

// ValidSlips is how many of a practice's slips are not yet out of date, used ones included: how many are
// left would tell, slip by slip, who has answered.
func (s *Store) ValidSlips(ctx context.Context, practiceID string, now time.Time) (n int, err error) {
	err = s.db.GetContext(ctx, &n, `SELECT count(*) FROM invitation WHERE practice_id = $1 AND channel = 'slip' AND expires_on >= $2`, practiceID, today(now))
	return n, err
}

func createInvitation(ctx context.Context, c *sqlx.Tx, hash string, in practice.Invitation) error {
	_, err := c.ExecContext(ctx, `INSERT INTO invitation (hash, practice_id, channel, language, expires_on) VALUES ($1, $2, $3, $4, $5)`,
		hash, in.PracticeID, in.Channel, in.Language, in.Expires)
	return err
}
