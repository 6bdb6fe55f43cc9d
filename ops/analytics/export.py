#!/usr/bin/env python3
"""Writes a topic that was mirrored as JSON (`--format json`) to JSON lines, a record a line, up to its
end: what DuckDB, SQLite and their like take in. Each has the headers, and the event as it is.

    export.py --brokers localhost:9092 > events.jsonl
    reports.py events.jsonl
    duckdb -c "SELECT headers->>'ce_type' AS type, count(*) FROM 'events.jsonl' GROUP BY ALL"
"""
import argparse
import json
import sys

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", default="daybook.events")
    return parser.parse_args()


def line(record):
    headers = {name: value.decode() for name, value in record.headers() or []}
    if headers.get("content-type") != "application/json":
        sys.exit(f"{record.topic()} has values of {headers.get('content-type')}: mirror it with --format json")
    return {
        "partition": record.partition(),
        "offset": record.offset(),
        "headers": headers,
        "event": json.loads(record.value()),
    }


def main():
    given = options()
    consumer = Consumer(
        {
            "bootstrap.servers": given.brokers,
            "group.id": "export",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }
    )
    found = consumer.list_topics(given.topic, timeout=30).topics[given.topic]
    if found.error:
        raise KafkaException(found.error)
    consumer.assign([TopicPartition(given.topic, p, 0) for p in found.partitions])
    left = set(found.partitions)
    while left:
        for record in consumer.consume(5_000, timeout=0.5):
            if not record.error():
                json.dump(line(record), sys.stdout, ensure_ascii=False, separators=(",", ":"))
                sys.stdout.write("\n")
            elif record.error().code() == KafkaError._PARTITION_EOF:
                left.discard(record.partition())
            else:
                raise KafkaException(record.error())
    consumer.close()


if __name__ == "__main__":
    main()
