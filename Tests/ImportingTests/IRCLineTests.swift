import Testing

@testable import Importing

@Suite("A line of an IRC log")
struct IRCLineTests {
  @Test(
    "is a message with its text unchanged",
    arguments: [
      ("[09:14] <nick> hello  there ", 554, "nick", "hello  there "),
      ("[00:00] <nick>", 0, "nick", ""),
      ("[23:59] <nick> ", 1439, "nick", ""),
      ("[09:14] <nick>  indented", 554, "nick", " indented"),
      ("[09:14] <nick> a > b <c> d", 554, "nick", "a > b <c> d"),
      ("[09:14] <bur[n] er> hi", 554, "bur[n]er", "hi"),
      ("[09:14] <[optik] > hi", 554, "[optik]", "hi"),
      ("[09:14] <|QuaD-> hi", 554, "|QuaD-", "hi"),
    ])
  func message(line: String, minute: Int, nick: String, text: String) {
    #expect(IRCLine(line) == .message(minute: minute, nick: nick, text: text))
  }

  @Test(
    "is a join, a leave or a rename",
    arguments: [
      ("=== L0sT [host]  has joined #ubuntu", IRCLine.join(nick: "L0sT")),
      ("=== L0sT [host]  has joined #UBUNTU", .join(nick: "L0sT")),
      ("=== bur[n] er [host]  has joined #ubuntu", .join(nick: "bur[n]er")),
      ("=== Guard] [host]  has joined #ubuntu", .join(nick: "Guard]")),
      ("=== [optik]  [host]  has joined #ubuntu", .join(nick: "[optik]")),
      ("=== Cal[] John [host]  has joined #ubuntu", .join(nick: "Cal[]John")),
      ("=== augmentor [host] -853@58.10.69.1]  has joined #ubuntu", .join(nick: "augmentor")),
      ("=== [cc] smart [n=[cc] smar@gw.net]  has left #ubuntu []", .leave(nick: "[cc]smart")),
      ("=== L0sT [host]  has left #ubuntu [\"Leaving\"]", .leave(nick: "L0sT")),
      ("=== L0sT [host]  has quit [\"Bye\"]", .leave(nick: "L0sT")),
      ("=== a is now known as b", .rename(from: "a", to: "b")),
      ("=== bob[1]  is now known as camerong", .rename(from: "bob[1]", to: "camerong")),
      (
        "=== CreativeEmb is now known as Cre[a] tiveEmb[a]",
        .rename(from: "CreativeEmb", to: "Cre[a]tiveEmb[a]")
      ),
    ])
  func membership(line: String, expected: IRCLine) {
    #expect(IRCLine(line) == expected)
  }

  @Test(
    "is nothing where it only looks like one of those",
    arguments: [
      "", "=== ", "===", "hello", "[09:14] nick text", "[9:14] <nick> text", "[24:00] <nick> text",
      "[09:60] <nick> text", "[xx:yy] <nick> text", "[09:14] <nick", "[09:14] <nick>text",
      "=== tsw has also windows now", "=== tsw has left the building",
      "=== tsw has joined #ubuntu without a host", "=== Scooter boots his Xbox",
      "=== mode/#ubuntu [host]  by ChanServ", "=== a is now known as b or so",
      "[01:09] (soundray/#ubuntu) thomas: have you seen it?",
    ])
  func other(line: String) {
    #expect(IRCLine(line) == .other)
  }
}
