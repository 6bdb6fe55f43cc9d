import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import Testing
import WireProtocol

@testable import Gateway

/// What one session is told of people, without the session.
private final class Presence {
  var flow: PresenceFlow
  var output = SessionOutput()

  init(
    of principal: Principal = .device(UserID(checked: "bob"), DeviceID(checked: "phone")),
    watchedUsersMax: Int = 3, onlineUsersInFlightMax: Int = 5, typingMax: Int = 2
  ) {
    flow = PresenceFlow(
      for: Requester(principal),
      PresenceFlow.Bounds(
        watchedUsersMax: watchedUsersMax, onlineUsersInFlightMax: onlineUsersInFlightMax,
        typingMax: typingMax))
  }

  static func users(_ names: [String]) -> [UserID] { names.map { UserID(checked: $0) } }

  func ask(_ names: String..., watch: Bool = true, sequence: UInt32 = 1)
    throws(DaybookError)
  {
    let check = OnlineCheck(users: Presence.users(names), watch: watch)
    try flow.admit(check)
    flow.ask(check, sequence: sequence, &output)
  }

  /// The owner of this user's mailbox answers.
  func contact(_ name: String, _ refusal: ErrorCode? = nil, sequence: UInt32 = 1) -> Bool {
    let outcome: Result<CommandOutcome, DaybookError> =
      refusal.map { .failure(DaybookError($0, "no")) }
      ?? .success(.done(CommandResult(recordedAt: .none)))
    return flow.contactKnown(UserID(checked: name), outcome, sequence: sequence, &output)
  }

  func change(_ name: String, isOnline: Bool) {
    let devices = isOnline ? [DeviceID(checked: "phone")] : []
    flow.presenceChanged(
      UserPresence(user: UserID(checked: name), devices: devices), &output)
  }

  func asked() -> [String] {
    defer { output.actions = [] }
    return output.actions.map { action in
      switch action {
      case .proposeWatch(let users, let user):
        return "propose \(users.map(\.text)) of \(user?.text ?? "-")"
      case .submit(let command, let purpose): return "ask \(command.stream) #\(purpose.sequence)"
      case .online(let check, let sequence):
        return "tell \(check.users.map(\.text)) "
          + "allowed \(check.allowed.map(\.text).sorted()) #\(sequence)"
      case .unwatch(let users): return "unwatch \(users.map(\.text).sorted())"
      case .typing(let user, let stream): return "\(user) types to \(stream)"
      default: return "?"
      }
    }
  }

  func said() throws -> [String] {
    var decoder = FrameDecoder()
    for bytes in output.takeBytes() { decoder.append(bytes) }
    var said: [String] = []
    while let frame = try decoder.next() {
      switch frame.type {
      case .presence:
        let presence = try Daybook_V1_Presence(frameBody: frame.body)
        said.append("\(presence.user) \(presence.online)")
      case .typingPush:
        let typing = try Daybook_V1_Typing(frameBody: frame.body)
        said.append("\(typing.user) types in \(typing.conversation)")
      case .transient: said.append("transient")
      case .error:
        said.append(DaybookError(try Daybook_V1_ErrorReply(frameBody: frame.body)).code.name)
      default: said.append("?")
      }
    }
    return said
  }
}

@Suite("what a session is told of people")
struct PresenceFlowTests {
  @Test("others' owners are asked, each once, and the answer waits for the last of them")
  func owners() throws {
    let presence = Presence()
    try presence.ask("carol", "bob", "alice", "carol", watch: false)
    #expect(presence.asked() == ["ask user/alice #1", "ask user/carol #1"])
    #expect(!presence.contact("carol") && presence.asked().isEmpty)
    #expect(!presence.contact("alice", .notPermitted))
    let told = #"tell ["carol", "bob", "alice", "carol"] allowed ["bob", "carol"] #1"#
    #expect(presence.asked() == [told])
    // An answer too many finds nobody.
    #expect(!presence.contact("alice") && presence.asked().isEmpty)
  }

  @Test("a service, and who asks about oneself, needs nobody's leave")
  func leave() throws {
    let service = Presence(of: .service(ServiceID(checked: "crm")))
    try service.ask("alice")
    #expect(
      service.asked()
        == [#"propose ["alice"] of -"#, #"tell ["alice"] allowed ["alice"] #1"#])
    let bob = Presence()
    try bob.ask("bob", watch: false)
    #expect(bob.asked() == [#"tell ["bob"] allowed ["bob"] #1"#])
  }

  @Test("who is watched is proposed first, and those who refuse are watched no more")
  func watch() throws {
    let presence = Presence()
    try presence.ask("carol", "alice")
    #expect(
      presence.asked()
        == [#"propose ["alice", "carol"] of bob"#, "ask user/alice #1", "ask user/carol #1"])
    #expect(presence.flow.watched == Set(Presence.users(["alice", "carol"])))
    #expect(!presence.contact("alice", .notPermitted))
    #expect(!presence.contact("carol"))
    #expect(presence.flow.watched == Set(Presence.users(["carol"])))
  }

  @Test("where an owner can't say, the request has its error, and only whom it added is unwatched")
  func failure() throws {
    let presence = Presence()
    try presence.ask("alice")
    #expect(!presence.contact("alice"))
    try presence.ask("alice", "carol", sequence: 2)
    _ = presence.asked()
    #expect(!presence.contact("carol", .storageFailed, sequence: 2))
    #expect(presence.contact("alice", sequence: 2))
    #expect(presence.asked() == [#"unwatch ["carol"]"#])
    #expect(try presence.said() == ["storage_failed"])
    #expect(presence.flow.watched == Set(Presence.users(["alice"])))
  }

  @Test("more users than one session may watch, or ask about at a time, are refused")
  func bounds() throws {
    let presence = Presence()
    try presence.ask("a", "b", "c")
    // Again is no more.
    try presence.ask("c", sequence: 2)
    let watched = #expect(throws: DaybookError.self) { try presence.ask("d") }
    #expect(watched?.code == .invalidRequest)
    try presence.ask("d", watch: false, sequence: 3)
    let asked = #expect(throws: DaybookError.self) { try presence.ask("e", watch: false) }
    #expect(asked?.code == .tooManyInFlight)
    #expect(!presence.contact("d", sequence: 3))
    try presence.ask("e", watch: false)
    #expect(presence.flow.watched == Set(Presence.users(["a", "b", "c"])))
  }

  @Test("a watched user who blocks this one is offline from then on, once")
  func watchEnded() throws {
    let presence = Presence()
    try presence.ask("alice")
    presence.flow.watchEnded(UserID(checked: "alice"), &presence.output)
    presence.flow.watchEnded(UserID(checked: "alice"), &presence.output)
    presence.flow.watchEnded(UserID(checked: "carol"), &presence.output)
    #expect(try presence.said() == ["alice false"])
    #expect(presence.flow.watched.isEmpty)
  }

  @Test("without room the last of each user's changes waits, and typing and transients are lost")
  func full() throws {
    let presence = Presence()
    presence.flow.flushed(isFull: true, &presence.output)
    for (name, isOnline) in [("carol", true), ("alice", true), ("carol", false)] {
      presence.change(name, isOnline: isOnline)
    }
    let alice = UserID(checked: "alice")
    presence.flow.typingSeen(alice, to: .user(UserID(checked: "bob")), &presence.output)
    presence.flow.transientSent(ByteBuffer(string: "x"), &presence.output)
    #expect(presence.output.isEmpty)
    presence.flow.flushed(isFull: true, &presence.output)
    #expect(presence.output.isEmpty)
    presence.flow.flushed(isFull: false, &presence.output)
    #expect(try presence.said() == ["alice true", "carol false"])
    presence.flow.flushed(isFull: false, &presence.output)
    presence.flow.transientSent(ByteBuffer(string: "x"), &presence.output)
    #expect(try presence.said() == ["transient"])
  }

  @Test(
    "of whom the user has blocked nothing is told, also of what waited, until that is taken back")
  func blocked() throws {
    let presence = Presence()
    let (alice, bob) = (UserID(checked: "alice"), UserID(checked: "bob"))
    presence.flow.blocked(are: [alice])
    presence.change("alice", isOnline: true)
    presence.flow.typingSeen(alice, to: .user(bob), &presence.output)
    #expect(presence.output.isEmpty)
    presence.flow.block(alice, false)
    presence.change("alice", isOnline: true)
    presence.flow.typingSeen(alice, to: .user(bob), &presence.output)
    #expect(try presence.said() == ["alice true", "alice types in user/alice"])
    presence.flow.flushed(isFull: true, &presence.output)
    presence.change("alice", isOnline: false)
    presence.flow.block(alice, true)
    presence.flow.flushed(isFull: false, &presence.output)
    #expect(presence.output.isEmpty)
  }

  @Test("typing is named as this user sees it, and one's own is not told")
  func typingSeen() throws {
    let presence = Presence()
    let (alice, bob) = (UserID(checked: "alice"), UserID(checked: "bob"))
    presence.flow.typingSeen(alice, to: .group(GroupID(checked: "g")), &presence.output)
    presence.flow.typingSeen(bob, to: .group(GroupID(checked: "g")), &presence.output)
    #expect(try presence.said() == ["alice types in group/g"])
  }

  @Test("typing goes to a group at once, to a user by leave of the owner, and only so often a tick")
  func typing() {
    let presence = Presence()
    let group = StreamKey.group(GroupID(checked: "g"))
    let alice = StreamKey.user(UserID(checked: "alice"))
    // To oneself is to nobody, and counts for nothing.
    presence.flow.typing(in: .user(UserID(checked: "bob")), sequence: 1, &presence.output)
    #expect(presence.asked().isEmpty)
    for stream in [group, alice, group] {
      presence.flow.typing(in: stream, sequence: 2, &presence.output)
    }
    #expect(presence.asked() == ["bob types to group/g", "ask user/alice #2"])
    presence.flow.mayType(in: alice, &presence.output)
    #expect(presence.asked() == ["bob types to user/alice"])
    presence.flow.tick()
    presence.flow.typing(in: group, sequence: 3, &presence.output)
    #expect(presence.asked() == ["bob types to group/g"])
  }
}
