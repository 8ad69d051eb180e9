// migrate up|skip|assert|status [SOURCE]: migrations from an application, with database/sql and lib/pq.
//
//	up      run what is pending; waits while another instance does
//	skip    the same, but leaves it to the other instance and goes on
//	assert  fails unless the schema is current: before serving, or after skip
//	status  what is applied, what is pending
//
// SOURCE is a directory on the server or stage:NAME; without it that of the registered service. The database is DATABASE_URL,
// or what PGHOST, PGDATABASE, PGUSER, ... say. Exit status: 0, or 1 after an error.
//
// In a module: go get github.com/lib/pq. With Debian's golang-github-lib-pq-dev:
// GO111MODULE=off GOPATH=/usr/share/gocode go run migrate.go
package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/lib/pq"
)

// Autocommit is what a query outside of db.Begin() has. Notices go nowhere unless the connector has a handler.
func connect() (*sql.DB, error) {
	connector, err := pq.NewConnector(os.Getenv("DATABASE_URL"))
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(pq.ConnectorWithNoticeHandler(connector, func(notice *pq.Error) {
		fmt.Fprintf(os.Stderr, "%s:  %s\n", notice.Severity, notice.Message)
	})), nil
}

func up(db *sql.DB, source, ifLocked *string) error {
	var text []byte
	if err := db.QueryRow("CALL migrator.up($1, if_locked => $2)", source, ifLocked).Scan(&text); err != nil {
		return err
	}
	var result struct {
		Outcome string
		Applied int
	}
	if err := json.Unmarshal(text, &result); err != nil {
		return err
	}
	fmt.Printf("%s: %d applied\n", result.Outcome, result.Applied)
	return nil
}

func assertCurrent(db *sql.DB, source *string) error {
	_, err := db.Exec("SELECT migrator.assert_current($1)", source)
	return err
}

func status(db *sql.DB, source *string) error {
	rows, err := db.Query("SELECT concat_ws(' ', version, name, state, nullif(array_to_string(flags, ' '), '')) FROM migrator.status($1)", source)
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
	db, err := connect()
	if err != nil {
		return err
	}
	defer db.Close()
	skip := "skip"
	switch append(arguments, "")[0] {
	case "up":
		return up(db, source, nil)
	case "skip":
		return up(db, source, &skip)
	case "assert":
		return assertCurrent(db, source)
	case "status":
		return status(db, source)
	}
	return errors.New("usage: migrate up|skip|assert|status [SOURCE]")
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		// the message ends with migration, file and line; CONTEXT is in Where
		fmt.Fprintln(os.Stderr, err)
		var server *pq.Error
		if errors.As(err, &server) {
			fmt.Fprintf(os.Stderr, "SQLSTATE: %s\nDETAIL: %s\nHINT: %s\nCONTEXT: %s\n", server.Code, server.Detail, server.Hint, server.Where)
		}
		os.Exit(1)
	}
}
