import DaybookModel
import DaybookSchema
import Doubles
import NIOCore
import Ports
import Testing

@testable import Partitions

private func edited(_ text: String) -> ByteBuffer { ContentCoding.text(text) }

@Suite("amendments of direct messages")
struct MailboxAmendmentTests {
  let mailbox = StreamKey.user(bob)

  @Test("an amendment stands where its message does, and is copied to the author, or from there")
  func copied() throws {
    var desk = Desk()
    let hello = desk.sent("hello", to: mailbox, by: alice)
    desk.relay()
    let bodies: [(Command.Body, UserID)] = [
      (.edit(hello, content: edited("hallo")), alice),
      (.react(hello, reaction: "+1", isRemoved: false), bob),
      (.react(hello, reaction: "+1", isRemoved: false), alice),
      (.react(hello, reaction: "+1", isRemoved: true), bob),
      (.recall(hello), alice),
    ]
    for (body, user) in bodies {
      let event = try #require(desk.decide(body, on: mailbox, by: user).event)
      #expect(
        event.messageID == hello.messageID && event.seq == desk.state.mailbox(mailbox)?.head)
      let copy = try #require(desk.relay().first)
      #expect(copy.stream == .user(alice) && copy.kind == event.kind)
      #expect(copy.messageID == hello.messageID && copy.actor.user == user)
      #expect(copy.seq == desk.state.mailbox(.user(alice))?.head)
      #expect(copy.body.target == MessageTarget(peer: bob, seq: .none))
      #expect(event.body.target == MessageTarget(peer: alice, seq: hello.seq))
    }
    #expect(desk.state.mailbox(.user(alice))?.amended.isEmpty == true)
  }

  @Test("of a message to oneself nothing is copied")
  func ownNote() {
    var desk = Desk()
    let note = desk.sent(to: mailbox, by: bob)
    desk.done(.recall(note), on: mailbox, by: bob)
    #expect(desk.relay().isEmpty)
  }

  @Test("only its author recalls or edits a message; both sides, and nobody else, react to it")
  func whoMay() {
    var desk = Desk()
    let hello = desk.sent(to: mailbox, by: alice)
    for user in [bob, carol] {
      #expect(desk.refusal(.recall(hello), on: mailbox, by: user) == .notPermitted)
      #expect(
        desk.refusal(.edit(hello, content: edited("x")), on: mailbox, by: user) == .notPermitted)
    }
    let reaction = Command.Body.react(hello, reaction: "!", isRemoved: false)
    #expect(desk.refusal(reaction, on: mailbox, by: carol) == .notPermitted)
    #expect(desk.done(reaction, on: mailbox, by: bob).changed)
  }

  @Test("what stands in no mailbox can't be amended")
  func unknown() {
    var desk = Desk()
    _ = desk.sent(to: mailbox, by: alice)
    let message = MessageReference(
      seq: Seq(2), messageID: MessageID(7), author: alice, sentAt: start)
    let bodies: [Command.Body] = [
      .recall(message), .edit(message, content: edited("x")),
      .react(message, reaction: "!", isRemoved: false),
    ]
    for body in bodies {
      #expect(desk.refusal(body, on: mailbox, by: alice) == .messageNotFound)
      #expect(desk.refusal(body, on: .user(alice), by: alice) == .messageNotFound)
    }
  }

  struct Limit: Sendable {
    let limit: UInt64?
    let after: UInt64
    let code: ErrorCode?
  }

  @Test(
    "an author may recall until the limit",
    arguments: [
      Limit(limit: 1_000, after: 999, code: nil),
      Limit(limit: 1_000, after: 1_000, code: .recallExpired),
      Limit(limit: 0, after: 0, code: .recallExpired),
      Limit(limit: .max, after: 86_400_000, code: nil),
      Limit(limit: nil, after: 86_400_000, code: nil),
      Limit(
        limit: DecisionPolicy.standard.recallLimitMilliseconds, after: 86_400_000,
        code: .recallExpired),
    ])
  func limit(_ limit: Limit) {
    var desk = Desk(policy: DecisionPolicy(recallLimitMilliseconds: limit.limit))
    let hello = desk.sent(to: mailbox, by: alice)
    desk.wait(milliseconds: limit.after)
    #expect(desk.refusal(.recall(hello), on: mailbox, by: alice) == limit.code)
  }

  @Test("recalling again is nothing to do, even when it is too late for recalling")
  func again() {
    var desk = Desk()
    let hello = desk.sent(to: mailbox, by: alice)
    desk.done(.recall(hello), on: mailbox, by: alice)
    desk.wait(milliseconds: 90_000_000)
    let again = desk.decide(.recall(hello), on: mailbox, by: alice)
    #expect(again.event?.kind == .noted && again.outcome?.changed == false)
  }

  @Test("what was recalled is neither edited nor reacted to, and its reactions are gone")
  func recalled() {
    var desk = Desk()
    let hello = desk.sent(to: mailbox, by: alice)
    desk.done(.react(hello, reaction: "!", isRemoved: false), on: mailbox, by: bob)
    desk.done(.recall(hello), on: mailbox, by: alice)
    #expect(desk.state.mailbox(mailbox)?.amended[hello.messageID].reactions.isEmpty == true)
    let bodies: [Command.Body] = [
      .edit(hello, content: edited("x")), .react(hello, reaction: "?", isRemoved: false),
      .react(hello, reaction: "!", isRemoved: true),
    ]
    for body in bodies {
      #expect(desk.refusal(body, on: mailbox, by: alice) == .messageWasRecalled)
    }
  }

  @Test("a user has one reaction of each kind, told apart by bytes")
  func reactions() {
    var desk = Desk()
    let hello = desk.sent(to: mailbox, by: alice)
    func react(_ text: String, _ user: UserID, removed: Bool = false) -> Bool {
      desk.done(.react(hello, reaction: text, isRemoved: removed), on: mailbox, by: user).changed
    }
    #expect(!react("+1", bob, removed: true))
    #expect(react("+1", bob) && react("+1", alice) && react("-1", bob))
    #expect(!react("+1", bob))
    #expect(react("\u{e9}", bob) && react("e\u{301}", bob))
    #expect(desk.state.mailbox(mailbox)?.amended[hello.messageID].reactions.count == 5)
    #expect(react("+1", alice, removed: true) && !react("+1", alice, removed: true))
    for text in ["+1", "-1", "\u{e9}", "e\u{301}"] { #expect(react(text, bob, removed: true)) }
    #expect(desk.state.mailbox(mailbox)?.amended[hello.messageID].reactions.isEmpty == true)
  }

  @Test("edits and reactions have a limit")
  func tooMany() {
    var desk = Desk()
    let hello = desk.sent(to: mailbox, by: alice)
    for index in 0..<Limits.editsPerMessageMax {
      desk.done(.edit(hello, content: edited("\(index)")), on: mailbox, by: alice)
    }
    #expect(
      desk.refusal(.edit(hello, content: edited("more")), on: mailbox, by: alice)
        == .tooManyAmendments)
    for index in 0..<Limits.reactionsPerMessageMax {
      desk.done(.react(hello, reaction: "\(index)", isRemoved: false), on: mailbox, by: bob)
    }
    #expect(
      desk.refusal(.react(hello, reaction: "!", isRemoved: false), on: mailbox, by: alice)
        == .tooManyAmendments)
    #expect(desk.done(.react(hello, reaction: "5", isRemoved: true), on: mailbox, by: bob).changed)
    #expect(desk.done(.recall(hello), on: mailbox, by: alice).changed)
  }

  @Test("amendments change nothing about what is unread")
  func unread() {
    var desk = Desk()
    let hello = desk.sent(to: mailbox, by: alice)
    desk.done(.read(peer: alice, upTo: hello.seq), on: mailbox, by: bob)
    desk.done(.edit(hello, content: edited("x")), on: mailbox, by: alice)
    desk.done(.recall(hello), on: mailbox, by: alice)
    let head = desk.state.mailbox(mailbox)!.head
    #expect(!desk.done(.read(peer: alice, upTo: head), on: mailbox, by: bob).changed)
  }
}

@Suite("amendments of group messages")
struct GroupAmendmentTests {
  let group = StreamKey.group(ubuntu)

  /// Alice owns the group, Bob is an admin, Carol and Dave are members.
  func desk() -> Desk {
    var desk = Desk()
    desk.done(.createGroup(GroupSettings(title: "")), on: group, by: alice)
    for user in [bob, carol, dave] { desk.done(.join, on: group, by: user) }
    desk.done(.changeRole(bob, .admin), on: group, by: alice)
    return desk
  }

  @Test("they are the group's own events, and nothing is copied")
  func own() throws {
    var desk = desk()
    let hello = desk.sent(to: group, by: carol)
    desk.relay()
    let event = try #require(
      desk.decide(.edit(hello, content: edited("hallo")), on: group, by: carol).event)
    #expect(event.body.target == MessageTarget(peer: nil, seq: hello.seq))
    #expect(event.messageID == hello.messageID && event.seq == hello.seq.next)
    #expect(desk.relay().isEmpty)
  }

  @Test(
    "moderators recall others' messages, at any time; members their own, for as long as they may")
  func recall() {
    for user in [alice, bob, carol] {
      var desk = desk()
      let (own, other) = (desk.sent(to: group, by: user), desk.sent(to: group, by: dave))
      let isModerator = user != carol
      #expect(
        desk.refusal(.recall(other), on: group, by: user) == (isModerator ? nil : .notPermitted))
      desk.wait(milliseconds: 90_000_000)
      #expect(
        desk.refusal(.recall(own), on: group, by: user) == (isModerator ? nil : .recallExpired))
    }
  }

  @Test("only what was said during one's own stays can be amended, unless the group shows it all")
  func visible() {
    var desk = desk()
    let before = desk.sent(to: group, by: bob)
    desk.done(.leave, on: group, by: carol)
    let between = desk.sent(to: group, by: bob)
    desk.done(.join, on: group, by: carol)
    func react(_ message: MessageReference, _ user: UserID) -> ErrorCode? {
      desk.refusal(.react(message, reaction: "!", isRemoved: false), on: group, by: user)
    }
    #expect(react(before, carol) == nil && react(between, carol) == .messageNotFound)
    desk.done(.join, on: group, by: erin)
    #expect(react(between, erin) == .messageNotFound)
    desk.done(.changeGroup(GroupChange(isHistoryShown: true)), on: group, by: bob)
    #expect(react(between, erin) == nil)
    // What was said while one was away isn't what was said before one came.
    #expect(react(between, carol) == .messageNotFound)
  }

  @Test("who is silenced neither speaks, edits nor reacts, and may still take back")
  func silenced() {
    var desk = desk()
    let hello = desk.sent(to: group, by: carol)
    desk.done(.react(hello, reaction: "!", isRemoved: false), on: group, by: carol)
    desk.done(.silence(carol, true), on: group, by: bob)
    #expect(desk.refusal(.send(message("x")), on: group, by: carol) == .silenced)
    #expect(desk.refusal(.sendTransient(message("x")), on: group, by: carol) == .silenced)
    #expect(desk.refusal(.edit(hello, content: edited("x")), on: group, by: carol) == .silenced)
    #expect(
      desk.refusal(.react(hello, reaction: "?", isRemoved: false), on: group, by: carol)
        == .silenced)
    #expect(
      desk.done(.react(hello, reaction: "!", isRemoved: true), on: group, by: carol).changed)
    #expect(desk.done(.recall(hello), on: group, by: carol).changed)
  }
}

extension Event.Body {
  var target: MessageTarget? {
    switch self {
    case .messageRecalled(let target), .messageEdited(let target, _),
      .reactionAdded(let target, _), .reactionRemoved(let target, _):
      target
    default: nil
    }
  }
}
