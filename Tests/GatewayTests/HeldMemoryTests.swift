import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("what a session has in memory", .timeLimit(.minutes(30)))
struct HeldMemoryTests {
  /// Windows that end nothing here.
  private static var options: GatewayOptions {
    var options = GatewayOptions.patient
    options.window = PushWindow.Size(events: 1 << 20, bytes: 1 << 30)
    return options
  }

  private static let group = StreamKey.group(GroupID(checked: "all"))

  private static func members(
    _ fixture: GatewayFixture, _ count: Int
  ) async throws -> [(TestClient, MemoryConnection)] {
    let owner = try await fixture.connect("user-0:phone")
    _ = try await owner.ask(.createGroup, Requests.create("all", number: 1))
    _ = try await owner.ask(.disconnect, Daybook_V1_DisconnectRequest())
    var members: [(TestClient, MemoryConnection)] = []
    for index in 1...count {
      let member = try await fixture.connect("user-\(index):phone")
      _ = try await member.ask(.join, Requests.join("all", number: 1))
      _ = try await member.fence()
      members.append((member, try #require(member.line as? MemoryConnection)))
    }
    return members
  }

  private static func held(_ lines: [MemoryConnection]) async throws -> [Int] {
    var held: [Int] = []
    for line in lines { held.append(try await line.home.loop.submit { line.heldBytes }.get()) }
    return held
  }

  @Test(
    "hundreds that do not read are pushed 20 MB each, and have 64 KiB each in memory",
    arguments: [200, 20_000])
  func pushed(bytes: Int) async throws {
    try await GatewayFixture.run(HeldMemoryTests.options) { fixture in
      let count = bytes == 200 ? 20 : 200
      let members = try await HeldMemoryTests.members(fixture, count)
      for (_, line) in members { try await line.home.loop.submit { line.read(false) }.get() }
      let text = String(repeating: "x", count: bytes)
      let body = Event.Body.messageSent(Message(content: ContentCoding.text(text)))
      let pushed = 20_000_000 / bytes
      for _ in 0..<pushed { fixture.daybook.append(HeldMemoryTests.group, AckTests.alice, body) }
      let held = try await HeldMemoryTests.held(members.map(\.1))
      #expect(held.max()! <= Limits.sessionBytesMax)
      #expect(held.min()! > 0)
    }
  }

  @Test("who reads again is sent all that was pushed meanwhile, each once")
  func readsAgain() async throws {
    try await GatewayFixture.run(HeldMemoryTests.options) { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      let line = try #require(bob.line as? MemoryConnection)
      try await line.home.loop.submit { line.read(false) }.get()
      // One that is more than all that a session may have is among them.
      for index in 1...300 {
        let text = String(repeating: "x", count: index == 150 ? 60_000 : 2_000)
        fixture.daybook.append(
          Chat.bobBox, AckTests.alice,
          .messageSent(Message(content: ContentCoding.text(text))))
      }
      #expect(try await HeldMemoryTests.held([line])[0] <= Limits.sessionBytesMax)
      try await line.home.loop.submit {
        line.read(true)
        line.home.settle()
      }.get()
      let seqs = try await bob.seqs(of: "user/bob", through: 300)
      #expect(seqs == Array(1...300))
    }
  }

  @Test("commands without an answer take so much, and no more is read of who sends them")
  func commands() async throws {
    try await GatewayFixture.run(HeldMemoryTests.options) { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      let line = try #require(bob.line as? MemoryConnection)
      fixture.daybook.state.withLockedValue { $0.holdsSends = true }
      let text = String(repeating: "x", count: 2_000)
      for number in 1...100 {
        _ = try await bob.say(.send, Requests.send(text, to: "user/alice", number: UInt64(number)))
      }
      let bound = HeldMemoryTests.options.inboundBytesMax
      let taken = fixture.daybook.state.withLockedValue { $0.held.count }
      #expect((2...(bound / 2_000 + 1)).contains(taken))
      #expect(try await HeldMemoryTests.held([line])[0] <= 2 * bound)
      fixture.daybook.release()
      var replies = 0
      while replies < 100 {
        if try await bob.next().type == FrameType.send.reply { replies += 1 }
      }
    }
  }

  @Test("large frames of all sessions share their memory: the next one waits for room")
  func largeFrames() async throws {
    let rooms = SharedRooms(3)
    try await rooms.takes(0, 10)
    #expect(rooms.budget.used == 0)
    try await rooms.takes(0, 80)
    try await rooms.takes(1, 90)
    try await rooms.takes(2, 30)
    // The same frame, of which more has come.
    try await rooms.takes(0, 80)
    #expect(rooms.budget.used == 80)
    #expect(try await rooms.waiting() == [1, 2])
    try await rooms.takes(0, 0)
    #expect(try await rooms.waiting() == [2])
    #expect(try await rooms.told() == [1])
    try await rooms.end(1)
    #expect(try await rooms.told() == [1, 2])
    try await rooms.end(2)
    #expect(rooms.budget.used == 0)
  }

  @Test("who goes while its frame waits for room keeps none, and keeps nobody out")
  func endedWhileWaiting() async throws {
    let rooms = SharedRooms(3)
    for room in 0..<3 { try await rooms.takes(room, 80) }
    try await rooms.end(1)
    try await rooms.end(0)
    #expect(try await rooms.told() == [2])
    try await rooms.end(2)
    #expect(rooms.budget.used == 0)
  }
}

/// `@unchecked Sendable`: touched on one loop only.
private final class SharedRooms: @unchecked Sendable {
  let budget = QueryBudget(bytesMax: 100)
  private let loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
  private let rooms: [LargeFrameRoom]
  private var order: [Int] = []

  init(_ count: Int) {
    let (budget, loop) = (budget, loop)
    rooms = (0..<count).map { _ in LargeFrameRoom(budget, loop, from: 10) }
  }

  func takes(_ room: Int, _ bytes: Int) async throws {
    try await loop.submit { [self] in rooms[room].takes(bytes) { self.order.append(room) } }.get()
  }

  func end(_ room: Int) async throws { try await loop.submit { [self] in rooms[room].end() }.get() }

  func waiting() async throws -> [Int] {
    try await loop.submit { [self] in rooms.indices.filter { rooms[$0].isWaiting } }.get()
  }

  func told() async throws -> [Int] { try await loop.submit { [self] in order }.get() }
}

@Suite("the window of what was pushed and is not acked")
struct PushWindowTests {
  @Test(
    "whatever is acked, events and bytes are never said to be fewer than they are, and all are none"
  )
  func exact() {
    var random = StreamFollowingTests.SplitMix(state: 7)
    for _ in 0..<200 {
      var window = PushWindow(PushWindow.Size(events: 200, bytes: 100_000))
      var under: [(seq: UInt64, bytes: Int)] = []
      var seq: UInt64 = 0
      for _ in 0..<500 {
        if Bool.random(using: &random), window.takes(bytes: 300) {
          // Some seqs are not visible.
          seq += UInt64.random(in: 0..<20, using: &random) == 0 ? 5 : 1
          let bytes = Int.random(in: 50...300, using: &random)
          window.push(Seq(seq), bytes: bytes)
          under.append((seq, bytes))
        } else if let acked = under.randomElement(using: &random) {
          window.ack(Seq(acked.seq))
          under.removeAll { $0.seq <= acked.seq }
        }
        #expect(window.events >= under.count)
        #expect(window.bytes >= under.reduce(0) { $0 + $1.bytes })
      }
      window.ack(Seq(seq))
      #expect(window.events == 0)
      #expect(window.bytes == 0)
    }
  }

  @Test("of a stream without gaps an ack makes room for exactly as many events as it covers")
  func events() {
    var window = PushWindow(PushWindow.Size(events: 1_024, bytes: 1 << 20))
    for seq in 1...1_024 { window.push(Seq(UInt64(seq)), bytes: 100) }
    #expect(window.eventsLeft == 0)
    for acked in [1, 7, 600, 601, 1_000] {
      window.ack(Seq(UInt64(acked)))
      #expect(window.eventsLeft == acked)
    }
    window.ack(Seq(1_024))
    #expect(window.bytesLeft == 1 << 20)
  }
}
