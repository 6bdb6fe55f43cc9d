import DaybookModel
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
    let read = IRCFormat.ubuntu.read(line[...])
    #expect(read == IRCStampedLine(.clock(minute * 60), .message(nick: nick, text: text)))
  }

  @Test(
    "is an action or a notice",
    arguments: [
      ("[09:14]  * ana waves at ben", IRCLine.action(nick: "ana", text: "waves at ben")),
      ("[09:14] * ana waves", .action(nick: "ana", text: "waves")),
      ("=== ben waves back", .action(nick: "ben", text: "waves back")),
      ("=== bur[n] er wonders", .action(nick: "bur[n]er", text: "wonders")),
      ("=== tsw has left the building", .action(nick: "tsw", text: "has left the building")),
      (
        "=== tsw has joined #ubuntu without a host",
        .action(nick: "tsw", text: "has joined #ubuntu without a host")
      ),
      ("=== a is now known as b or so", .action(nick: "a", text: "is now known as b or so")),
      ("[10:02] -ana:#x- a notice to all", .notice(nick: "ana", text: "a notice to all")),
      ("[10:02] -ana- hi", .notice(nick: "ana", text: "hi")),
      ("[10:02] -chan.example.net- *** Looking up", .other(.server)),
    ])
  func kinds(line: String, expected: IRCLine) {
    #expect(IRCFormat.ubuntu.read(line[...]).line == expected)
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
      ("=== x[y] [n=x@host.example] has joined #ubuntu", .join(nick: "x[y]")),
      ("=== x [n=x@host.example] has left #ubuntu [bye]", .leave(nick: "x")),
      ("=== x[y] [n=x@host.example] has quit [bye]", .leave(nick: "x[y]")),
      ("=== ana[away] is now known as ana", .rename(from: "ana[away]", to: "ana")),
      ("=== ana is now known as ana[away]", .rename(from: "ana", to: "ana[away]")),
      ("=== [a] is now known as [b]", .rename(from: "[a]", to: "[b]")),
      ("=== [bM] Neg is now known as neg", .rename(from: "[bM]Neg", to: "neg")),
      ("=== a is now known as b", .rename(from: "a", to: "b")),
      ("=== bob[1]  is now known as camerong", .rename(from: "bob[1]", to: "camerong")),
      (
        "=== CreativeEmb is now known as Cre[a] tiveEmb[a]",
        .rename(from: "CreativeEmb", to: "Cre[a]tiveEmb[a]")
      ),
    ])
  func membership(line: String, expected: IRCLine) {
    #expect(IRCFormat.ubuntu.read(line[...]) == IRCStampedLine(nil, expected))
  }

  @Test(
    "is counted by its kind where nothing is made of it",
    arguments: [
      ("", IRCLine.Kind.blank), ("=== ", .blank), ("===", .unknown), ("hello", .unknown),
      ("[09:14] nick text", .unknown), ("[9:14] <nick> text", .unknown),
      ("[24:00] <nick> text", .unknown), ("[09:60] <nick> text", .unknown),
      ("[xx:yy] <nick> text", .unknown), ("[09:14] <nick", .unknown),
      ("[09:14] <nick>text", .unknown), ("=== mode/#ubuntu [host]  by ChanServ", .mode),
      ("=== ..[topic/#ubuntu:Seveas] : Happy Day", .topic),
      ("=== netjoined: irc.example.net -> other.example.net", .server),
      ("[01:09] (soundray/#ubuntu) thomas: have you seen it?", .unknown),
    ])
  func other(line: String, kind: IRCLine.Kind) {
    #expect(IRCFormat.ubuntu.read(line[...]).line == .other(kind))
  }
}

@Suite("A line of other programs' logs")
struct IRCFormatTests {
  @Test(
    "of irssi",
    arguments: [
      ("16:59 < ana> hello", IRCLine.message(nick: "ana", text: "hello")),
      ("17:01 <@ben> hi <ana>", .message(nick: "ben", text: "hi <ana>")),
      ("17:01:22 <+x[y]> z", .message(nick: "x[y]", text: "z")),
      ("17:02  * ana waves", .action(nick: "ana", text: "waves")),
      ("17:02 -ana:#x- psst", .notice(nick: "ana", text: "psst")),
      ("17:02 -ana(a@host)- psst", .notice(nick: "ana", text: "psst")),
      ("17:03 -!- carl [c@host] has joined #x", .join(nick: "carl")),
      ("17:03 -!- x[y] [c@host] has left #x [bye]", .leave(nick: "x[y]")),
      ("17:03 -!- carl [c@host] has quit [Quit: bye]", .leave(nick: "carl")),
      ("17:03 -!- carl was kicked from #x by ana [why]", .leave(nick: "carl")),
      ("17:04 -!- ana is now known as ana[away]", .rename(from: "ana", to: "ana[away]")),
      ("17:04 -!- mode/#x [+o ben] by ana", .other(.mode)),
      ("17:04 -!- ana changed the topic of #x to: y", .other(.topic)),
      ("17:04 -!- Irssi: #x: Total of 3 nicks", .other(.server)),
      ("--- Log closed Wed May 01 18:00:44 2024", .other(.server)), ("", .other(.blank)),
      ("hello", .other(.unknown)), ("17:04", .other(.unknown)), ("17:04 what", .other(.unknown)),
    ])
  func irssi(line: String, expected: IRCLine) {
    #expect(IRCFormat.irssi.read(line[...]).line == expected)
  }

  @Test("of irssi states days")
  func irssiDays() {
    let day = IRCLine.day(Timestamp.midnight(year: 2024, month: 5, day: 1)!)
    for line in ["--- Log opened Wed May 01 00:00:44 2024", "--- Day changed Wed May 01 2024"] {
      #expect(IRCFormat.irssi.read(line[...]).line == day)
    }
    #expect(IRCFormat.irssi.read("--- Day changed Wed Foo 01 2024").line == .other(.unknown))
  }

  @Test(
    "of WeeChat",
    arguments: [
      ("@ana\thello\tthere", IRCLine.message(nick: "ana", text: "hello\tthere")),
      ("ana\t", .message(nick: "ana", text: "")),
      (" *\tana waves", .action(nick: "ana", text: "waves")),
      ("--\tNotice(ana): psst", .notice(nick: "ana", text: "psst")),
      ("-->\tcarl (~c@host) has joined #x", .join(nick: "carl")),
      ("<--\tcarl (~c@host) has left #x (bye)", .leave(nick: "carl")),
      ("<--\tcarl (~c@host) has quit (bye)", .leave(nick: "carl")),
      ("<--\tana has kicked carl (why)", .leave(nick: "carl")),
      ("--\tana is now known as anna", .rename(from: "ana", to: "anna")),
      ("--\tMode #x [+o ben] by ana", .other(.mode)),
      ("--\tTopic for #x is \"y\"", .other(.topic)), ("\tirc: connected", .other(.server)),
    ])
  func weechat(rest: String, expected: IRCLine) {
    let read = IRCFormat.weechat.read("2024-05-01 16:59:12\t\(rest)")
    #expect(read.line == expected)
    #expect(read.time == .moment(Timestamp(milliseconds: 1_714_582_752_000)))
  }

  @Test(
    "of ZNC",
    arguments: [
      ("<ana> hello", IRCLine.message(nick: "ana", text: "hello")),
      ("* ana waves", .action(nick: "ana", text: "waves")),
      ("-ana- psst", .notice(nick: "ana", text: "psst")),
      ("*** Joins: carl (~c@host)", .join(nick: "carl")),
      ("*** Parts: carl (~c@host) (bye)", .leave(nick: "carl")),
      ("*** Quits: carl (~c@host) (bye)", .leave(nick: "carl")),
      ("*** carl was kicked by ana (why)", .leave(nick: "carl")),
      ("*** ana is now known as anna", .rename(from: "ana", to: "anna")),
      ("*** ana sets mode: +o ben", .other(.mode)),
      ("*** ana changes topic to 'y'", .other(.topic)), ("*** Looking up", .other(.server)),
      ("what", .other(.unknown)),
    ])
  func znc(rest: String, expected: IRCLine) {
    let read = IRCFormat.znc.read("[16:59:12] \(rest)")
    #expect(read.line == expected)
  }

  private func plan(_ name: String, _ lines: String...) throws -> IRCPlan {
    try IRCPlan(fileName: name, content: Array(lines.joined(separator: "\n").utf8))
  }

  private func said(_ plan: IRCPlan) -> [String] {
    plan.commands.compactMap { command in
      guard case .send(let text, let time, _) = command.action else { return nil }
      return "\(time.rfc3339.dropLast(5)) \(command.user): \(text)"
    }
  }

  @Test("tell by themselves which they are")
  func detected() throws {
    let irssi = try plan(
      "#x.log", "--- Log opened Wed May 01 00:00:44 2024", "23:59 < ana> hello",
      "--- Day changed Thu May 02 2024", "00:01 <@ben> hi", "00:02  * ana waves")
    #expect(irssi.format == .irssi)
    #expect(
      said(irssi) == [
        "2024-05-01T23:59:00 ana: hello", "2024-05-02T00:01:00 ben: hi",
        "2024-05-02T00:02:00 ana: * ana waves",
      ])
    let weechat = try plan("irc.net.#x.weechatlog", "2024-05-01 16:59:12\t@ana\thello")
    #expect(weechat.format == .weechat && said(weechat) == ["2024-05-01T16:59:12 ana: hello"])
    let znc = try plan(
      "2024-05-01.log", "[16:59:12] *** Joins: ana (a@host)", "[16:59:13] <ana> hello")
    #expect(znc.format == .znc && said(znc) == ["2024-05-01T16:59:13 ana: hello"])
  }

  @Test("none of whose lines is understood are refused, and their kinds named")
  func notUnderstood() {
    let error = #expect(throws: DaybookError.self) {
      try plan("2024-05-01.txt", "ana says hello", "", "ben says hi")
    }
    #expect(error?.code == .invalidInput)
    #expect(
      error?.message.contains("of its 3 lines none says anything (1 blank, 2 unknown)") == true)
    // Another program's, read as the one that was asked for.
    #expect(throws: DaybookError.self) {
      try IRCPlan(
        fileName: "2024-05-01.txt", content: Array("16:59 < ana> hello".utf8),
        IRCPlan.Reading(format: .znc))
    }
  }
}
