package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// postgresBin is the folder of Debian's PostgreSQL, which is not on anybody's path.
const postgresBin = "/usr/lib/postgresql/15/bin"

// Database is a PostgreSQL cluster of this test alone, on a loopback port. It can be stopped and started again.
type Database struct {
	*Process
	Password string

	t      testing.TB
	folder string
	port   string
	as     *syscall.Credential // nil: whoever runs the tests
	log    *Log
}

func newDatabase(t testing.TB) *Database {
	t.Helper()
	folder, err := os.MkdirTemp("", "holter-postgres-") //nolint:usetesting // a test's own folder is closed to the database's user
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	d := &Database{Password: "word-of-the-registry-reader", t: t, folder: folder, port: freePorts(t, 1)[0], log: &Log{}}
	if os.Geteuid() == 0 {
		d.as = nobodySpecial(t) // initdb refuses root
		require.NoError(t, os.Chown(folder, int(d.as.Uid), int(d.as.Gid)))
	}
	word := filepath.Join(folder, "word")
	require.NoError(t, os.WriteFile(word, []byte(d.Password), 0o644))
	initdb := d.command("initdb", "--pgdata="+folder+"/data", "--username=holter", "--auth=scram-sha-256", "--pwfile="+word, "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")
	output, err := initdb.CombinedOutput()
	require.NoError(t, err, "initdb: %s", output)
	return d
}

// nobodySpecial is a user that is not root.
func nobodySpecial(t testing.TB) *syscall.Credential {
	t.Helper()
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(found.Uid, 10, 32)
		require.NoError(t, err)
		gid, err := strconv.ParseUint(found.Gid, 10, 32)
		require.NoError(t, err)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	t.Fatal("there is no user postgres and no user nobody")
	return nil
}

func (d *Database) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(postgresBin, program), args...)
	cmd.Dir = d.folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: d.as}
	return cmd
}

// Start runs the database and returns when it answers. It serves for a restart as well.
func (d *Database) Start() *Database {
	d.t.Helper()
	cmd := d.command("postgres", "-D", d.folder+"/data", "-p", d.port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_wal_size=4GB")
	cmd.Stdout, cmd.Stderr = d.log, d.log
	require.NoError(d.t, cmd.Start())
	p := &Process{t: d.t, cmd: cmd, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // the exit code is in ProcessState
		close(p.exited)
	}()
	d.Process = p
	d.t.Cleanup(d.Stop)
	waitFor(d.t, "the database to answer", func() bool {
		if d.Exited() {
			d.t.Fatalf("the database stopped instead of starting:\n%s", d.log.Tail(20))
		}
		conn, err := pgconn.Connect(context.Background(), d.DSN()+"&password="+d.Password)
		return err == nil && conn.Close(context.Background()) == nil
	})
	return d
}

// Stop ends the database as its operator does, without waiting for those who are connected.
func (d *Database) Stop() { d.signal(syscall.SIGINT) }

// DSN is where the database is, without the password.
func (d *Database) DSN() string {
	return fmt.Sprintf("postgres://holter@127.0.0.1:%s/postgres?sslmode=disable", d.port)
}

// Do runs statements.
func (d *Database) Do(statements string, args ...any) {
	d.t.Helper()
	ctx := context.Background()
	conn, err := pgconn.Connect(ctx, d.DSN()+"&password="+d.Password)
	require.NoError(d.t, err)
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, strings.TrimSpace(fmt.Sprintf(statements, args...))).ReadAll()
	require.NoError(d.t, err)
}
