#!/usr/bin/env python3
"""Follows a log from Python, and prints who said how much:  feed.py LOG [POSITION-FILE]

Needs grpcio and grpcio-tools (ops/grpc installs them), schemas/ beside it, and a service's token in DAYBOOK_TOKEN.
Stops where the log ends now. With a file, goes on where it stopped the last time.
"""
import collections
import hashlib
import os
import struct
import sys

import grpc

SCHEMAS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "schemas")
sys.path.insert(0, SCHEMAS)
events, _ = grpc.protos_and_services("daybook/v1/event.proto")
service, calls = grpc.protos_and_services("daybook/v1/service.proto")


def events_of(batch):
    """Each event of a batch with its offset; what has changed on its way is found."""
    if hashlib.sha256(batch.body).digest() != batch.sha256:
        raise ValueError(f"partition {batch.partition}, offset {batch.base_offset}: not what was sent")
    at = 0
    for index in range(batch.count):
        (length,) = struct.unpack_from("<I", batch.body, at)
        at += 4
        offset = batch.base_offset + (batch.offsets[index] if batch.offsets else index)
        yield offset, events.Event.FromString(batch.body[at : at + length])
        at += length


def main():
    path = sys.argv[2] if len(sys.argv) > 2 else None
    request = service.FollowRequest(kinds=["message_sent"], until_head=True)
    if path and os.path.exists(path):
        with open(path, "rb") as file:
            request.start.position = file.read()
    said = collections.Counter()
    with grpc.insecure_channel(sys.argv[1]) as channel:
        metadata = [("authorization", "Bearer " + os.environ["DAYBOOK_TOKEN"])]
        for reply in calls.FeedStub(channel).Follow(request, metadata=metadata):
            if reply.WhichOneof("what") == "batch":
                for _, event in events_of(reply.batch):
                    said[event.user] += 1
            position = reply.position
    for user, count in sorted(said.items()):
        print(f"{user}\t{count}")
    if path:
        with open(path + ".new", "wb") as file:
            file.write(position)
        os.replace(path + ".new", path)


if __name__ == "__main__":
    main()
