"""Speaks to a server of Daybook with wsproto, which shares nothing with it: handshake, chat in JSON, and what
RFC 6455 asks of a server. Says "ok" and how many claims held, or what did not.

    client.py HOST PORT TOKEN
"""
import base64
import json
import socket
import sys

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (AcceptConnection, BytesMessage, CloseConnection, Ping, Pong, RejectConnection,
                            Request, TextMessage)
from wsproto.extensions import PerMessageDeflate

HOST, PORT, TOKEN = sys.argv[1], int(sys.argv[2]), sys.argv[3]
CLAIMS = []


def claim(what, holds):
    if not holds:
        sys.exit("not so: " + what)
    CLAIMS.append(what)


class Client:
    def __init__(self, subprotocols=("daybook.v1.json",), headers=(), target="/"):
        self.socket = socket.create_connection((HOST, PORT))
        self.socket.settimeout(60)
        self.ws = WSConnection(ConnectionType.CLIENT)
        self.pending = []
        self.sequence = 0
        self.send(Request(host=f"{HOST}:{PORT}", target=target, subprotocols=list(subprotocols),
                          extensions=[PerMessageDeflate()], extra_headers=list(headers)))
        self.opened = self.next()

    def send(self, event):
        self.socket.sendall(self.ws.send(event))

    def next(self):
        """The next event, in which a message is whole; None at the end."""
        text = ""
        while True:
            while self.pending:
                event = self.pending.pop(0)
                if isinstance(event, TextMessage):
                    text += event.data
                    if not event.message_finished:
                        continue
                    return TextMessage(data=text)
                return event
            data = self.socket.recv(65536)
            if not data:
                return None
            self.ws.receive_data(data)
            self.pending = list(self.ws.events())

    def say(self, kind, body):
        self.sequence += 1
        self.send(TextMessage(data=json.dumps({"sequence": self.sequence, kind: body})))
        return self.sequence

    def until(self, kind):
        while True:
            event = self.next()
            if not isinstance(event, TextMessage):
                sys.exit(f"{kind} was due, and {event} came")
            frame = json.loads(event.data)
            if kind in frame:
                return frame[kind]

    def connect(self):
        self.say("connect", {"token": TOKEN, "origin": "AQI="})
        return self.until("connect_reply")

    def closing(self):
        while True:
            event = self.next()
            if event is None:
                sys.exit("a close frame was due, and the connection ended")
            if isinstance(event, CloseConnection):
                if self.ws.state == ConnectionState.REMOTE_CLOSING:
                    self.send(event.response())
                return event.code


def handshakes():
    opened = Client().opened
    claim("the subprotocol is agreed on, and no extension",
          isinstance(opened, AcceptConnection) and opened.subprotocol == "daybook.v1.json"
          and not opened.extensions)
    for status, keywords in [(400, {"subprotocols": ["mqtt"]}), (400, {"target": "/?token=x"}),
                             (404, {"target": "/other"}),
                             (403, {"headers": [(b"Origin", b"https://elsewhere.org")]})]:
        opened = Client(**keywords).opened
        claim(f"{keywords} is {status}", isinstance(opened, RejectConnection) and opened.status_code == status)
    opened = Client(headers=[(b"Origin", f"http://{HOST}:{PORT}".encode())]).opened
    claim("a page of the host may connect", isinstance(opened, AcceptConnection))


def chat():
    client = Client()
    reply = client.connect()
    claim("a token connects", reply["user"] == "alice")
    client.until("caught_up")
    text = "¿qué tal? 👋"
    client.say("send", {"context": {"number": 1}, "to": "user/alice",
                        "content": {"plain": {"body": base64.b64encode(text.encode()).decode()}}})
    event = client.until("event")
    plain = event["message_sent"]["content"]["plain"]
    claim("a message comes back as it was sent", base64.b64decode(plain["body"]).decode() == text)
    client.say("ack", {"stream": "user/alice", "up_to_seq": event["seq"]})
    client.say("history", {"conversation": "user/alice"})
    events = client.until("history_reply")["events"]
    claim("history has it as an event", events[-1]["message_id"] == event["message_id"])
    client.say("disconnect", {})
    client.until("disconnect_reply")
    claim("disconnect closes with 1000", client.closing() == 1000)


def framing():
    client = Client()
    client.connect()
    client.until("caught_up")
    client.send(Ping(payload=b"hello"))
    event = client.next()
    claim("a ping has its pong", isinstance(event, Pong) and bytes(event.payload) == b"hello")
    client.sequence += 1
    text = json.dumps({"sequence": client.sequence, "heartbeat": {}})
    for index, letter in enumerate(text):
        client.send(TextMessage(data=letter, message_finished=index == len(text) - 1))
        if index == 3:
            client.send(Ping(payload=b"within"))
    event = client.next()
    claim("a ping within a message has its pong", isinstance(event, Pong))
    client.until("heartbeat_reply")
    claim("a message in fragments of a letter is whole", True)
    client.send(CloseConnection(code=4321, reason="enough"))
    claim("a client's code comes back", client.closing() == 4321)


def faults():
    client = Client()
    client.send(BytesMessage(data=b"x"))
    claim("a binary message of JSON is 1003", client.closing() == 1003)
    for name, raw, code in [("not UTF-8", b"\x81\x81\0\0\0\0\xff", 1007), ("not masked", b"\x81\x01x", 1002),
                            ("a reserved bit", b"\xc1\x80\0\0\0\0", 1002),
                            ("a stranger's 9,000 bytes", b"\x81\xfe\x23\x28\0\0\0\0", 1009)]:
        client = Client()
        client.socket.sendall(raw)
        claim(f"{name} is {code}", client.closing() == code)
    client = Client()
    client.say("connect", {"token": "nonsense"})
    claim("a bad token is 4108", client.closing() == 4108)


handshakes()
chat()
framing()
faults()
print("ok:", len(CLAIMS))
