#!/usr/bin/env python3
"""Counts the messages of each hour, as they come from Kafka (schemas/kafka.md).

Only headers are read, so it does not matter whether values are protobuf or JSON, nor whether
contents were left out. Counts and the place in the topic are kept in one SQLite file and written
in one transaction: however often this is killed and started again, each message counts once.

    messages_per_hour.py --brokers localhost:9092 --counts counts.sqlite [--until-end]
"""
import argparse
import signal
import sqlite3
import sys

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

# A message is sent once, to a mailbox or a group; the sender's copy of it is not another one.
MESSAGE = b"daybook.v1.message.sent"
BATCH = 5_000


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", default="daybook.events")
    parser.add_argument("--counts", required=True, help="the SQLite file")
    parser.add_argument("--until-end", action="store_true", help="end where the topic ends now")
    return parser.parse_args()


def open_counts(path):
    counts = sqlite3.connect(path)
    counts.executescript(
        """
        CREATE TABLE IF NOT EXISTS hours (hour TEXT PRIMARY KEY, messages INT NOT NULL);
        CREATE TABLE IF NOT EXISTS places (partition INT PRIMARY KEY, offset INT NOT NULL);
        """
    )
    return counts


def assigned(consumer, counts, topic):
    found = consumer.list_topics(topic, timeout=30).topics[topic]
    if found.error:
        raise KafkaException(found.error)
    places = dict(counts.execute("SELECT partition, offset FROM places"))
    consumer.assign([TopicPartition(topic, p, places.get(p, 0)) for p in found.partitions])
    return set(found.partitions)


def take(records, ended):
    """Messages by hour, and where each partition goes on."""
    hours, places = {}, {}
    for record in records:
        if record.error():
            if record.error().code() != KafkaError._PARTITION_EOF:
                raise KafkaException(record.error())
            ended.add(record.partition())
            continue
        ended.discard(record.partition())
        places[record.partition()] = record.offset() + 1
        headers = dict(record.headers() or [])
        if headers.get("ce_type") == MESSAGE:
            hour = headers["ce_time"].decode()[:13]
            hours[hour] = hours.get(hour, 0) + 1
    return hours, places


def keep(counts, hours, places):
    with counts:
        counts.executemany(
            "INSERT INTO hours VALUES (?, ?) ON CONFLICT (hour) DO UPDATE"
            " SET messages = messages + excluded.messages",
            hours.items(),
        )
        counts.executemany(
            "INSERT INTO places VALUES (?, ?) ON CONFLICT (partition) DO UPDATE"
            " SET offset = excluded.offset",
            places.items(),
        )


def main():
    given = options()
    counts = open_counts(given.counts)
    consumer = Consumer(
        {
            "bootstrap.servers": given.brokers,
            # It belongs to no group: the places are in the file, beside what was counted.
            "group.id": "messages-per-hour",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        partitions = assigned(consumer, counts, given.topic)
        ended = set()
        while not (given.until_end and ended == partitions):
            hours, places = take(consumer.consume(BATCH, timeout=0.5), ended)
            if places:
                keep(counts, hours, places)
    except KeyboardInterrupt:
        pass
    finally:
        consumer.close()
    for hour, messages in counts.execute("SELECT hour, messages FROM hours ORDER BY hour"):
        print(f"{hour}:00Z\t{messages}")


if __name__ == "__main__":
    main()
