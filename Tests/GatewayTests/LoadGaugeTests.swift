import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

/// A server that does so many commands a second, in their order, and a load that is offered to it. Times are made up.
private struct OfferedLoad {
  var gauge = LoadGauge()
  /// By when each that waits has come, and its kind.
  private var queue: CircularBuffer<(Int, LoadGauge.Kind)> = []
  private(set) var taken: [LoadGauge.Kind: Int] = [:]
  private(set) var refused: [LoadGauge.Kind: Int] = [:]
  private(set) var done = 0
  /// Of those that were done, in milliseconds.
  private(set) var waits: [Int] = []
  private var millisecond = 0
  /// How long a sync takes, of which as many as one likes are under way, and what waits for one.
  var disk = 0
  private var synced: CircularBuffer<(at: Int, count: Int, oldest: Int)> = []

  /// For so many milliseconds: commands that come in each, and that are done in each.
  mutating func run(
    _ milliseconds: Int, coming: [(LoadGauge.Kind, Int)], doing capacity: Int
  ) {
    for _ in 0..<milliseconds {
      millisecond += 1
      for (kind, count) in coming {
        for _ in 0..<count { offer(kind) }
      }
      let count = min(capacity, queue.count)
      if count > 0 {
        let oldest = queue.first!.0
        synced.append((millisecond + disk, count, oldest))
        for _ in 0..<count { waits.append(millisecond + disk - queue.removeFirst().0) }
      }
      answer()
    }
  }

  private mutating func answer() {
    while let first = synced.first, first.at <= millisecond {
      synced.removeFirst()
      done += first.count
      _ = gauge.answered(
        first.count, after: .milliseconds(millisecond - first.oldest),
        at: .milliseconds(millisecond))
    }
  }

  private mutating func offer(_ kind: LoadGauge.Kind) {
    if gauge.refuses(kind) != nil {
      refused[kind, default: 0] += 1
    } else {
      gauge.asked()
      queue.append((millisecond, kind))
      taken[kind, default: 0] += 1
    }
  }

  mutating func forget() { (taken, refused, done, waits) = ([:], [:], 0, []) }

  func share(_ kind: LoadGauge.Kind) -> Double {
    let count = Double(taken[kind] ?? 0)
    return count / max(1, count + Double(refused[kind] ?? 0))
  }

  func wait(_ part: Double) -> Int { waits.sorted()[Int(Double(waits.count - 1) * part)] }
}

@Suite("load that is refused")
struct LoadGaugeTests {
  @Test("below what can be done nothing is refused, nor for a burst that goes by")
  func below() {
    var load = OfferedLoad()
    load.run(5_000, coming: [(.direct, 8), (.read, 1)], doing: 10)
    load.run(100, coming: [(.direct, 20)], doing: 10)
    load.run(5_000, coming: [(.direct, 8), (.read, 1)], doing: 10)
    #expect(load.refused.isEmpty)
  }

  @Test("at twice of what can be done, as much is done as ever, and in time")
  func twice() {
    var load = OfferedLoad()
    load.run(2_000, coming: [(.direct, 20)], doing: 10)
    load.forget()
    load.run(10_000, coming: [(.direct, 20)], doing: 10)
    #expect(load.done >= 99_000)
    #expect(load.wait(0.99) < 400)
    #expect(load.wait(1) < 1_000)
    #expect(load.wait(0.5) > 50)
  }

  @Test("reads go before messages to groups, and these before direct ones")
  func order() {
    var load = OfferedLoad()
    // Without reads there is room for all.
    load.run(2_000, coming: [(.read, 8), (.group, 4), (.direct, 4)], doing: 10)
    load.forget()
    load.run(10_000, coming: [(.read, 8), (.group, 4), (.direct, 4)], doing: 10)
    #expect(load.share(.read) < 0.5)
    #expect(load.share(.group) > 0.95)
    #expect(load.share(.direct) == 1)
    // Without groups there is.
    load = OfferedLoad()
    load.run(2_000, coming: [(.read, 2), (.group, 10), (.direct, 8)], doing: 10)
    load.forget()
    load.run(10_000, coming: [(.read, 2), (.group, 10), (.direct, 8)], doing: 10)
    #expect(load.share(.read) < 0.1)
    #expect(load.share(.group) < 0.5)
    #expect(load.share(.direct) > 0.95)
    #expect(load.wait(1) < 1_000)
  }

  @Test("when it is over, everything is taken again")
  func over() {
    var load = OfferedLoad()
    load.run(5_000, coming: [(.direct, 30)], doing: 10)
    #expect(load.gauge.isBusy)
    load.run(1_000, coming: [(.direct, 5)], doing: 10)
    load.forget()
    load.run(1_000, coming: [(.direct, 5), (.read, 2), (.group, 2)], doing: 10)
    #expect(load.refused.isEmpty)
    #expect(!load.gauge.isBusy)
    #expect(load.gauge.wait == .zero)
  }

  @Test("a disk that is slow holds up what shares its syncs: nothing is refused for that")
  func slowDisk() {
    var gauge = LoadGauge()
    for turn in 1...50 {
      for _ in 0..<5_000 {
        let wait = gauge.refuses(.read)
        #expect(wait == nil)
        gauge.asked()
      }
      // All but some that came behind them.
      let count = gauge.waiting - 1_000
      _ = gauge.answered(count, after: .milliseconds(200), at: .milliseconds(200 * turn))
    }
  }

  @Test("nor is a slow disk's time counted where there is a queue besides")
  func slowDiskAndQueue() {
    var load = OfferedLoad()
    load.disk = 300
    load.run(2_000, coming: [(.direct, 20)], doing: 10)
    load.forget()
    load.run(10_000, coming: [(.direct, 20)], doing: 10)
    #expect(load.done >= 99_000)
    #expect(load.wait(0.99) < 700)
  }

  @Test("few that are slow wait for something else than each other: nothing is refused")
  func few() {
    var gauge = LoadGauge()
    for turn in 1...100 {
      for _ in 0..<100 {
        let wait = gauge.refuses(.read)
        #expect(wait == nil)
        gauge.asked()
      }
      _ = gauge.answered(
        99, after: .milliseconds(400), at: .milliseconds(400 * turn))
      gauge.refused(1)
    }
  }

  @Test("who is refused is told when to come again: later, the more there is to do")
  func retry() throws {
    var gauge = LoadGauge()
    gauge.asked()
    _ = gauge.answered(1, after: .milliseconds(1), at: .zero)
    for _ in 0..<20_000 { gauge.asked() }
    for turn in 1...10 {
      _ = gauge.answered(
        500, after: .milliseconds(300),
        at: .milliseconds(100 * turn))
    }
    // 15,000 wait, and 5,000 are done in a second.
    let first = gauge.refuses(.direct)
    let later = try #require(first)
    #expect(later == LoadGauge.retryMax)
    for turn in 11...50 {
      _ = gauge.answered(
        350, after: .milliseconds(300),
        at: .milliseconds(100 * turn))
    }
    let second = gauge.refuses(.direct)
    let soon = try #require(second)
    #expect(soon < later)
    #expect(soon >= LoadGauge.retryMin)
  }
}

@Suite("a session while load is refused", .timeLimit(.minutes(30)))
struct SheddingTests {
  /// Much waits on every loop, and has done for long: later than any clock says.
  private static func overload(_ fixture: GatewayFixture) async throws {
    for loop in fixture.sessions.loops {
      try await loop.loop.submit {
        loop.load.asked()
        loop.load.answered(1, after: .milliseconds(1), at: .seconds(1_000_000))
        for _ in 0..<10_000 { loop.load.asked() }
        for turn in 1...10 {
          loop.load.answered(
            100, after: .milliseconds(500),
            at: .seconds(1_000_000) + .milliseconds(100 * turn))
        }
      }.get()
    }
  }

  private static func relieve(_ fixture: GatewayFixture) async throws {
    for loop in fixture.sessions.loops {
      try await loop.loop.submit {
        loop.load.answered(9_000, after: .zero, at: .seconds(2_000_000))
      }.get()
    }
  }

  private func refusal(_ frame: Frame) throws -> Daybook_V1_ErrorReply {
    try #require(frame.type == .error)
    let error = try Daybook_V1_ErrorReply(frameBody: frame.body)
    #expect(error.name == "overloaded")
    #expect(error.temporary)
    #expect(error.retryAfterMs >= 100)
    return error
  }

  @Test(
    "what is refused says when to come again, has left nothing, and is done when it comes again")
  func comesAgain() async throws {
    try await GatewayFixture.run { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      let (bob, _) = try await fixture.live("bob:phone")
      try await SheddingTests.overload(fixture)
      _ = try refusal(try await alice.send("one", to: "user/bob", number: 1))
      // On its way behind the first: it must not overtake it, whatever is done then.
      try await SheddingTests.relieve(fixture)
      let early = try await alice.send("two", to: "user/bob", number: 2)
      #expect(early.type == .error)
      // Whoever else sends is not held up by that.
      #expect(
        try await bob.send("x", to: "user/alice", number: 1).type == FrameType.send.reply)
      #expect(
        try await alice.send("one", to: "user/bob", number: 1).type == FrameType.send.reply)
      #expect(
        try await alice.send("two", to: "user/bob", number: 2).type == FrameType.send.reply)
      #expect(try await bob.seqs(of: "user/bob", through: 2) == [1, 2])
    }
  }

  @Test("a read that was refused holds up nothing behind it")
  func reads() async throws {
    try await GatewayFixture.run { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      _ = try await alice.send("one", to: "user/alice", number: 1)
      try await SheddingTests.overload(fixture)
      let read = Daybook_V1_ReadRequest.with {
        $0.context.number = 2
        $0.conversation = "user/alice"
        $0.upToSeq = 1
      }
      _ = try refusal(try await alice.ask(.read, read))
      _ = try refusal(
        try await alice.ask(.unread, Daybook_V1_UnreadRequest()))
      try await SheddingTests.relieve(fixture)
      #expect(
        try await alice.send("x", to: "user/bob", number: 3).type == FrameType.send.reply)
    }
  }

  @Test("a service is refused nothing: its frames wait")
  func services() async throws {
    try await GatewayFixture.run { fixture in
      let service = try await fixture.connect("service:import")
      try await SheddingTests.overload(fixture)
      fixture.daybook.state.withLockedValue { $0.holdsSends = true }
      for number in 1...3 as ClosedRange<UInt64> {
        var request = Requests.send("x", to: "user/bob", number: number)
        request.context.actingFor = "alice"
        _ = try await service.say(.send, request)
      }
      #expect(fixture.daybook.state.withLockedValue { $0.held.count } == 1)
      fixture.daybook.release()
      for _ in 1...3 { #expect(try await service.next().type == FrameType.send.reply) }
    }
  }
}
