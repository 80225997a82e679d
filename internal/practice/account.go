package practice

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/venterom/venterom/internal/fault"
)

// Role is what an account may do in one practice.
type Role string

// The roles in a practice. An operator runs the installation, belongs to no practice and sees no
// results; that is a property of the account.
const (
	Lead  Role = "lead"  // praksisleder: sees results, decides how answers are collected
	Staff Role = "staff" // medarbeider: sees results
)

// Account is somebody who may sign in.
type Account struct {
	ID       string `db:"id"`
	Email    string `db:"email"` // folded by FoldEmail, so that a name is found however it is typed
	Name     string `db:"name"`
	Password string `db:"password"` // as made by HashPassword
	Operator bool   `db:"operator"`
}

// Called is what others know the account by.
func (a Account) Called() string { return cmp.Or(a.Name, a.Email) }

// Member is an account's role in a practice.
type Member struct {
	PracticeID string `db:"practice_id"`
	Role       Role   `db:"role"`
}

// Person is somebody with a role in a practice.
type Person struct {
	ID    string `db:"id"` // of the account
	Email string `db:"email"`
	Name  string `db:"name"`
	Role  Role   `db:"role"`
}

// Called is what others know the person by.
func (p Person) Called() string { return cmp.Or(p.Name, p.Email) }

const maxName = 80 // characters

// CheckName refuses a person's name that is missing, too long or holds a person's number, or signs that a
// terminal would obey.
func CheckName(name string) error {
	if strings.TrimSpace(name) == "" || utf8.RuneCountInString(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fault.New(fault.Invalid, "people.name_required").With("Max", maxName)
	}
	return checkNumbers(name)
}

// FoldEmail checks an e-mail address and writes it in the one form it is stored and looked up in.
func FoldEmail(s string) (string, error) {
	a, err := mail.ParseAddress(strings.TrimSpace(s))
	if err != nil || a.Name != "" || len(a.Address) > 254 {
		return "", fault.New(fault.Invalid, "account.email_wrong")
	}
	return strings.ToLower(a.Address), nil
}

// Argon2id as OWASP's password storage sheet has it (19 MiB, two passes, one lane).
const (
	argonMemory = 19 * 1024 // KiB
	argonTime   = 2
	argonLanes  = 1
	saltBytes   = 16
	keyBytes    = 32
	minPassword = 12 // characters; long is better than intricate (NIST SP 800-63B)
	maxPassword = 200
)

// hashing bounds the memory that simultaneous sign-ins can take to four times argonMemory.
var hashing = make(chan struct{}, 4)

func argon(password string, salt []byte) []byte {
	hashing <- struct{}{}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, keyBytes)
}

// HashPassword makes what is stored of a password, in the PHC string format. Passwords of fewer than
// 12 characters, and those that are tried first, are Invalid.
func HashPassword(password string) (string, error) {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return "", fault.New(fault.Invalid, "account.password_short").With("Min", minPassword)
	}
	if isCommon(password) {
		return "", fault.New(fault.Invalid, "account.password_common")
	}
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt)
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		enc(salt), enc(argon(password, salt))), nil
}

// HasPassword reports whether the password is the account's. For the zero account (nobody of that
// name) it takes as long as for a wrong password, so that the answer's timing tells no names.
func (a Account) HasPassword(password string) bool {
	var version, memory, time, lanes int
	var rest string
	n, _ := fmt.Sscanf(a.Password, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &memory, &time, &lanes, &rest)
	salt64, key64, _ := strings.Cut(rest, "$")
	salt, err1 := base64.RawStdEncoding.DecodeString(salt64)
	key, err2 := base64.RawStdEncoding.DecodeString(key64)
	known := n == 5 && err1 == nil && err2 == nil && len(key) == keyBytes &&
		version == argon2.Version && memory == argonMemory && time == argonTime && lanes == argonLanes
	if !known {
		salt, key = make([]byte, saltBytes), make([]byte, keyBytes)
	}
	got := argon(password, salt)
	return subtle.ConstantTimeCompare(got, key) == 1 && known
}
