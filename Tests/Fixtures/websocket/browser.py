"""Two people chat, each in a tab of Chromium with Examples/page.html, which a test server allows by its origin; a page of
another origin is kept out. Chromium is driven by its DevTools protocol, spoken with wsproto.

    browser.py DAYBOOK CHROMIUM PAGE
"""
import functools
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from wsproto import ConnectionType, WSConnection
from wsproto.events import Request, TextMessage

DAYBOOK, CHROMIUM, PAGE = sys.argv[1:4]
PATIENCE = 60


def until(what, find):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = find()
        if found:
            return found
        time.sleep(0.05)
    sys.exit("not so within a minute: " + what)


class Tab:
    """One page, and what is asked of it."""

    def __init__(self, port, url):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/json/new?about:blank", method="PUT")
        target = json.load(urllib.request.urlopen(request))["webSocketDebuggerUrl"]
        path = "/" + target.split("/", 3)[3]
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.ws = WSConnection(ConnectionType.CLIENT)
        self.events, self.text, self.number = [], "", 0
        self.socket.sendall(self.ws.send(Request(host=f"127.0.0.1:{port}", target=path)))
        self.read()
        self.call("Page.enable")
        self.call("Page.navigate", url=url)
        until(f"{url} is there", lambda: self.value("document.readyState") == "complete")

    def read(self):
        data = self.socket.recv(1 << 16)
        if not data:
            sys.exit("Chromium has hung up")
        self.ws.receive_data(data)
        self.events += self.ws.events()

    def call(self, method, **parameters):
        self.number += 1
        message = json.dumps({"id": self.number, "method": method, "params": parameters})
        self.socket.sendall(self.ws.send(TextMessage(data=message)))
        while True:
            while self.events:
                event = self.events.pop(0)
                if not isinstance(event, TextMessage):
                    continue
                self.text += event.data
                if event.message_finished:
                    answer, self.text = json.loads(self.text), ""
                    if answer.get("id") == self.number:
                        return answer["result"]
            self.read()

    def value(self, expression):
        return self.call("Runtime.evaluate", expression=expression)["result"].get("value")

    def fill(self, form, **fields):
        for name, text in fields.items():
            self.value(f"byId({json.dumps(name)}).value = {json.dumps(text)}")
        self.value(f"byId({json.dumps(form)}).requestSubmit()")

    def lines(self):
        return self.value("[...byId('log').children].map(line => line.textContent).join('\\n')") or ""

    def state(self):
        return self.value("byId('state').textContent") or ""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


def serve_page():
    handler = functools.partial(Quiet, directory=os.path.dirname(PAGE))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/{os.path.basename(PAGE)}"


def daybook(*words):
    return subprocess.run([DAYBOOK, *words], check=True, capture_output=True, text=True).stdout.strip()


def start_server(data, origin, port=0):
    """The server, and where it listens for WebSockets."""
    server = subprocess.Popen(
        [DAYBOOK, "serve", "--data", data, "--tcp", "127.0.0.1:0", "--ws", f"127.0.0.1:{port}", "--ws-origin", origin],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in server.stdout:
        found = re.match(r"listening on \S+:(\d+) \(ws\)", line)
        if found:
            return server, int(found[1])
    sys.exit("the server has ended")


def start_chromium(profile):
    chromium = subprocess.Popen(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         f"--user-data-dir={profile}", "--remote-debugging-port=0", "--remote-allow-origins=*"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    active = os.path.join(profile, "DevToolsActivePort")
    until("Chromium listens", lambda: os.path.exists(active) and "\n" in open(active).read())
    return chromium, int(open(active).read().split("\n")[0])


def prove(folder, running):
    data = os.path.join(folder, "data")
    daybook("init", "--data", data)
    tokens = {user: daybook("token", "--data", data, "--user", user, "--device", "tab") for user in ["alice", "bob"]}
    page, stranger = serve_page(), serve_page()
    origin = page.rsplit("/", 1)[0]
    server, port = start_server(data, origin)
    running.append(server)
    chromium, devtools = start_chromium(os.path.join(folder, "profile"))
    running.append(chromium)

    tabs = {}
    for user, token in tokens.items():
        tabs[user] = Tab(devtools, page)
        tabs[user].fill("who", server=f"ws://127.0.0.1:{port}/", token=token)
        until(f"{user} is connected", lambda: tabs[user].state() == "Connected as " + user)
    tabs["bob"].fill("say", to="user/alice", text="¿qué tal? 👋")
    until("alice sees what bob wrote", lambda: "bob: ¿qué tal? 👋" in tabs["alice"].lines())
    until("bob sees it too", lambda: "bob: ¿qué tal? 👋" in tabs["bob"].lines())
    print("two pages chat")

    other = Tab(devtools, stranger)
    other.fill("who", server=f"ws://127.0.0.1:{port}/", token=tokens["alice"])
    until("a page of another origin is kept out", lambda: other.state().startswith("Connecting again"))
    until("alice's session is untouched", lambda: tabs["alice"].state() == "Connected as alice")
    print("a page of another origin is kept out")

    server.send_signal(signal.SIGTERM)
    server.wait()
    until("the pages wait", lambda: tabs["alice"].state().startswith("Connecting again"))
    tabs["alice"].fill("say", to="user/bob", text="while you were away")
    server, _ = start_server(data, origin, port)
    running.append(server)
    until("bob gets it when the server is back", lambda: "alice: while you were away" in tabs["bob"].lines())
    until("once", lambda: tabs["bob"].lines().count("while you were away") == 1)
    print("pages connect again, and nothing is lost")


def main():
    folder, running = tempfile.mkdtemp(), []
    try:
        prove(folder, running)
    finally:
        for process in running:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


main()
