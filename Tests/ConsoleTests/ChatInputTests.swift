import DaybookSDK
import Testing

@testable import Console

@Suite("A line typed into the console client")
struct ChatInputTests {
  @Test(
    "is a command or text",
    arguments: [
      ("", ChatInput.nothing), ("hello", .text("hello")), (" /to bob", .text(" /to bob")),
      ("//slash", .text("/slash")), ("/to bob", .open(.user("bob"))),
      ("/group ubuntu", .open(.group("ubuntu"))),
      ("/to @bob", .open(.user("bob"))), ("/to @@bob", .open(.user("@bob"))),
      ("/to #fun", .open(.group("fun"))),
      ("/group #fun", .open(.group("fun"))), ("/join #fun", .join("fun")),
      ("/create #fun", .create("fun")),
      ("/create fun", .create("fun")), ("/leave #fun", .leave("fun")),
      ("/online @a b", .online(["a", "b"])),
      ("/list", .list), ("/older", .older(ChatInput.historyDefault)), ("/older 5", .older(5)),
      ("/join", .join(nil)), ("/join ubuntu", .join("ubuntu")), ("/leave", .leave(nil)),
      ("/leave ubuntu", .leave("ubuntu")), ("/history", .history(ChatInput.historyDefault)),
      ("/history 5", .history(5)), ("/unread", .unread), ("/online", .online([])),
      ("/online a b", .online(["a", "b"])), ("/seen a b", .online(["a", "b"])),
      ("/typing", .typing), ("/help", .help(nil)), ("/help reply", .help("/reply")),
      ("/help /reply", .help("/reply")), ("/quit", .quit),
      ("/decline team", .inGroup(.decline("team"))), ("/decline #team", .inGroup(.decline("team"))),
    ])
  func input(line: String, expected: ChatInput) {
    #expect(ChatInput(line) == expected)
  }

  @Test(
    "names a message by its number",
    arguments: [
      ("/reply 12 yes,  I am", ChatInput.MessageInput.reply(12, "yes,  I am")),
      ("/reply [12] yes", .reply(12, "yes")), ("/edit 12 new text", .edit(12, "new text")),
      ("/edit new text", .edit(nil, "new text")), ("/edit 12th night", .edit(nil, "12th night")),
      ("/edit 12", .edit(nil, "12")), ("/recall", .recall(nil)), ("/recall 3", .recall(3)),
      ("/react 3 👍", .react(3, "👍")), ("/unreact [3] 👍", .unreact(3, "👍")),
      ("/forward 3 bob", .forward(3, to: .user("bob"))),
      ("/forward 3 @bob", .forward(3, to: .user("bob"))),
      ("/forward 3 #team", .forward(3, to: .group("team"))),
      ("/forward 3 group/team", .forward(3, to: .group("team"))),
      ("/forward 3 user/#odd", .forward(3, to: .user("#odd"))), ("/who", .receipts(nil)),
      ("/who 3", .receipts(3)), ("/keep 7 for a week", .keep(7, "for a week")),
      ("/now or never", .transient("or never")),
    ])
  func message(line: String, expected: ChatInput.MessageInput) {
    #expect(ChatInput(line) == .message(expected))
  }

  @Test(
    "is about the open group",
    arguments: [
      ("/group-info", ChatInput.GroupInput.info), ("/members", .members),
      ("/invite bob", .invite("bob")), ("/invite @bob", .invite("bob")),
      ("/remove bob", .remove("bob")),
      ("/admit bob", .admit("bob")), ("/refuse bob", .refuse("bob")),
      ("/role bob admin", .role("bob", .admin)), ("/role @bob admin", .role("bob", .admin)),
      ("/silence @all", .silence("all", true)), ("/role bob member", .role("bob", .member)),
      ("/owner bob", .owner("bob")), ("/silence bob", .silence("bob", true)),
      ("/silence all", .silence(nil, true)), ("/unsilence bob", .silence("bob", false)),
      ("/unsilence all", .silence(nil, false)), ("/title The team", .title("The team")),
      ("/describe what  we do", .describe("what  we do")), ("/policy approval", .policy(.approval)),
      ("/history-shown on", .historyShown(true)), ("/history-shown off", .historyShown(false)),
      ("/dissolve", .dissolve),
    ])
  func group(line: String, expected: ChatInput.GroupInput) {
    #expect(ChatInput(line) == .inGroup(expected))
  }

  @Test(
    "is about the person's own list",
    arguments: [
      ("/quiet on", ChatInput.OwnInput.quiet(true)),
      ("/pin off", .pin(false)), ("/mark-unread", .markUnread), ("/clear", .clear),
      ("/block bob", .block("bob")), ("/block @bob", .block("bob")),
      ("/unblock bob", .unblock("bob")), ("/blocked", .blocked),
      ("/devices", .devices), ("/forget tablet", .forget("tablet")),
    ])
  func own(line: String, expected: ChatInput.OwnInput) {
    #expect(ChatInput(line) == .own(expected))
  }

  @Test(
    "is told how it is written where it is wrong",
    arguments: [
      "/to", "/to a b", "/group", "/create", "/create a b", "/older x", "/list x", "/join a b",
      "/history x", "/history 0", "/nope", "/",
      "/unread x",
      "/reply 12", "/reply yes", "/edit", "/recall x", "/recall 1 2", "/recall 0", "/recall []",
      "/react 3", "/react 👍", "/react 3 a b", "/forward 3", "/forward x bob", "/who x", "/keep 7",
      "/now", "/invite", "/role bob", "/role bob owner", "/role bob king", "/owner", "/silence",
      "/title", "/policy shut", "/history-shown maybe", "/dissolve now", "/quiet", "/pin up",
      "/older -3", "/help reply now", "/clear all", "/block", "/devices x", "/forget", "/seen",
      "/decline",
    ])
  func wrong(line: String) {
    guard case .wrong(let advice) = ChatInput(line) else {
      Issue.record("\(line) was taken")
      return
    }
    #expect(!advice.isEmpty && !advice.contains("\n"))
    let name = line.split(separator: " ")[0]
    if ChatForm.named[String(name)] != nil { #expect(advice.contains(name)) }
  }

  @Test("that was pasted is text, whatever it begins with")
  func pasted() {
    let line = EnteredLine(text: "/quit\nnow", isText: true)
    #expect(ChatInput(line) == .text("/quit\nnow"))
    // And so it is where it is taken again from what was entered before.
    #expect(ChatInput(line.asTyped) == .text("/quit\nnow"))
  }

  @Test(
    "that was mistyped is told what was probably meant, once, and what is written",
    arguments: [
      ("/hlep", "there is no /hlep; did you mean /help?"),
      ("/replay 1 yes", "there is no /replay; did you mean /reply?"),
      ("/help lsit", "there is no /lsit; did you mean /list?"),
      ("/xyzzy", "there is no /xyzzy; /help lists what there is"),
      ("/help me", "there is no /me; /help lists what there is"),
      ("/", "there is no /; /help lists what there is"),
      ("/older -3", "it is written: /older [COUNT]; COUNT is a number from 1 on"),
      ("/reply", "it is written: /reply N TEXT; N is the number in front of a message"),
      ("/to", "it is written: /to WHERE; WHERE is a user, as ann or @ann, or a group, as #team"),
      ("/title", "it is written: /title TEXT"),
    ])
  func advice(line: String, advice: String) {
    #expect(ChatInput(line) == .wrong(advice))
  }

  @Test("can be found in the help, each once and in few columns")
  func help() {
    let lines = ChatForm.help.split(separator: "\n")
    for name in ChatForm.named.keys {
      #expect(lines.count { $0.split(separator: " ").first == Substring(name) } == 1, "\(name)")
    }
    #expect(lines.allSatisfy { $0.count <= 80 })
  }

  @Test("is named by the overview, which fits on a screen, and explained by its own help")
  func overview() throws {
    let lines = ChatForm.overview.split(separator: "\n")
    #expect(lines.count <= 25 && lines.allSatisfy { $0.count <= 80 })
    for name in ChatForm.named.keys {
      let words = lines.flatMap { $0.split(separator: " ") }
      #expect(words.contains(Substring(name)), "\(name)")
      let form = try #require(ChatForm.named[name])
      #expect(form.explained.hasPrefix("\(form.usage): ") || form.meaning.isEmpty)
    }
    #expect(
      ChatForm.named["/reply"]?.explained
        == "/reply N TEXT: answer a message; N is the number in front of a message")
  }

  @Test(
    "mentions users and, in a group, everyone",
    arguments: [
      ("no one@example.org", true, [], false), ("@bob hi", true, ["bob"], false),
      ("hi @bob, (@eve) and @bob!", true, ["bob", "eve"], false),
      ("hi @everyone.", true, [], true), ("hi @everyone", false, ["everyone"], false),
      ("@ @a/b \"@eve\"", true, ["eve"], false),
    ])
  func mentions(text: String, isGroup: Bool, users: [String], hasEveryone: Bool) {
    let mentions = Mentions(in: text, ofGroup: isGroup)
    #expect(mentions.users == users && mentions.hasEveryone == hasEveryone)
  }
}
