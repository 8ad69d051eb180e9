// migrate up|skip|assert|status [SOURCE]: migrations from an application, with pgx.
//
//	up      run what is pending; waits while another instance does
//	skip    the same, but leaves it to the other instance and goes on
//	assert  fails unless the schema is current: before serving, or after skip
//	status  what is applied, what is pending
//
// SOURCE is a directory on the server or stage:NAME; without it that of the registered service. The database is DATABASE_URL,
// or what PGHOST, PGDATABASE, PGUSER, ... say. Exit status: 0, or 1 after an error.
//
// This is pgx 4; with pgx 5 the imports are github.com/jackc/pgx/v5 and github.com/jackc/pgx/v5/pgconn. With Debian's
// golang-github-jackc-pgx-v4-dev: GO111MODULE=off GOPATH=/usr/share/gocode go run migrate.go
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
)

// Autocommit is what a query outside of Begin() has. Notices go nowhere unless the configuration has a handler.
func connect(ctx context.Context) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		return nil, err
	}
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) {
		fmt.Fprintf(os.Stderr, "%s:  %s\n", notice.Severity, notice.Message)
	}
	return pgx.ConnectConfig(ctx, config)
}

func up(ctx context.Context, conn *pgx.Conn, source, ifLocked *string) error {
	var result struct {
		Outcome string
		Applied int
	}
	if err := conn.QueryRow(ctx, "CALL migrator.up($1, if_locked => $2)", source, ifLocked).Scan(&result); err != nil {
		return err
	}
	fmt.Printf("%s: %d applied\n", result.Outcome, result.Applied)
	return nil
}

func assertCurrent(ctx context.Context, conn *pgx.Conn, source *string) error {
	_, err := conn.Exec(ctx, "SELECT migrator.assert_current($1)", source)
	return err
}

func status(ctx context.Context, conn *pgx.Conn, source *string) error {
	rows, err := conn.Query(ctx, "SELECT concat_ws(' ', version, name, state, nullif(array_to_string(flags, ' '), '')) FROM migrator.status($1)", source)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		fmt.Println(line)
	}
	return rows.Err()
}

func run(arguments []string) error {
	var source *string
	if len(arguments) > 1 {
		source = &arguments[1]
	}
	ctx := context.Background()
	conn, err := connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	skip := "skip"
	switch append(arguments, "")[0] {
	case "up":
		return up(ctx, conn, source, nil)
	case "skip":
		return up(ctx, conn, source, &skip)
	case "assert":
		return assertCurrent(ctx, conn, source)
	case "status":
		return status(ctx, conn, source)
	}
	return errors.New("usage: migrate up|skip|assert|status [SOURCE]")
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		// the message ends with migration, file and line; CONTEXT is in Where
		fmt.Fprintln(os.Stderr, err)
		var server *pgconn.PgError
		if errors.As(err, &server) {
			fmt.Fprintf(os.Stderr, "SQLSTATE: %s\nDETAIL: %s\nHINT: %s\nCONTEXT: %s\n", server.Code, server.Detail, server.Hint, server.Where)
		}
		os.Exit(1)
	}
}
