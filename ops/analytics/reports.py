#!/usr/bin/env python3
"""Puts an export (export.py) into SQLite and prints what reports.sql makes of it: messages an hour,
how long answers take, and for how long what is unread has waited.

    reports.py events.jsonl [--database kept.sqlite] [--json]
"""
import argparse
import json
import pathlib
import sqlite3

SQL = pathlib.Path(__file__).with_name("reports.sql")


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("events", type=argparse.FileType("r", encoding="utf-8"))
    parser.add_argument("--database", default=":memory:", help="where to keep the tables")
    parser.add_argument("--json", action="store_true", help="an object a row")
    return parser.parse_args()


def load(database, lines):
    database.execute("DROP TABLE IF EXISTS export")
    database.execute("CREATE TABLE export (line TEXT)")
    with database:
        database.executemany("INSERT INTO export VALUES (?)", ((line,) for line in lines))
    database.executescript(SQL.read_text(encoding="utf-8"))


def main():
    given = options()
    database = sqlite3.connect(given.database)
    load(database, given.events)
    for report in ("messages_per_hour", "answer_times", "unread", "unread_ageing"):
        rows = database.execute(f"SELECT * FROM {report}")
        names = [column[0] for column in rows.description]
        if not given.json:
            print(f"\n{report}\n" + "\t".join(names))
        for row in rows:
            if given.json:
                print(json.dumps({"report": report} | dict(zip(names, row)), ensure_ascii=False))
            else:
                print("\t".join("" if value is None else str(value) for value in row))


if __name__ == "__main__":
    main()
