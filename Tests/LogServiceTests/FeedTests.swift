import DaybookFeed
import DaybookModel
import DaybookSDK
import DaybookSchema
import Doubles
import NIOConcurrencyHelpers
import NIOCore
import Ports
import Testing

@Suite("the feed", .timeLimit(.minutes(30)))
struct FeedTests {
  private static func log(_ rule: OffsetRule, _ events: Int = 400) -> MemoryLog {
    let log = MemoryLog(partitions: 3, offsets: rule)
    log.append(Sample.events(events))
    return log
  }

  static let rules: [(String, OffsetRule)] = [
    ("contiguous", .contiguous), ("from 1000", .from1000), ("gaps", .gaps),
  ]

  @Test("brings every event once, its bytes and place as the log has them", arguments: 0..<3)
  func everything(rule: Int) async throws {
    let following = try await Following(FeedTests.log(FeedTests.rules[rule].1))
    #expect(try await following.events().asLogged == following.logged())
    await following.stop()
  }

  @Test("the last item says that all has come, and where to go on", arguments: 0..<3)
  func end(rule: Int) async throws {
    let following = try await Following(FeedTests.log(FeedTests.rules[rule].1))
    let last = try #require(try await following.items().last)
    guard case .heads(let heads, let position) = last else {
      Issue.record("\(last)")
      return
    }
    #expect(heads.isCaughtUp && heads.lag == 0 && heads.partitions.count == 3)
    #expect(try await following.events(from: .position(position)).isEmpty)
    let more = Sample.events(30, seed: 9, from: 5_000)
    following.log.append(more)
    #expect(try await following.events(from: .position(position)).count == more.count)
    await following.stop()
  }

  @Test("goes on behind any item as if it had never stopped", arguments: 0..<3)
  func goesOn(rule: Int) async throws {
    let following = try await Following(FeedTests.log(FeedTests.rules[rule].1))
    let items = try await following.items()
    for (index, item) in items.enumerated() {
      let before = items[...index].flatMap(\.events)
      let after = try await following.events(from: .position(item.position))
      #expect((before + after).asLogged == following.logged())
    }
    await following.stop()
  }

  @Test("streams, partitions and kinds are chosen, alone and together")
  func chosen() async throws {
    let following = try await Following(FeedTests.log(.gaps))
    let all = try await following.events()
    var streams = FeedSelection()
    streams.streams = ["user/u1", "group/g0", "user/nobody"]
    let ofStreams = try await following.events(streams)
    #expect(ofStreams.asLogged == all.filter { streams.streams.contains($0.stream) }.asLogged)
    #expect(!ofStreams.isEmpty && ofStreams.count < all.count)
    var kinds = FeedSelection()
    kinds.kinds = ["message_sent", "acked"]
    let ofKinds = try await following.events(kinds)
    #expect(ofKinds.asLogged == all.filter { kinds.kinds.contains($0.kind ?? "") }.asLogged)
    var partitions = FeedSelection()
    partitions.partitions = [2, 0, 2]
    #expect(
      try await following.events(partitions).asLogged == all.filter { $0.partition != 1 }.asLogged)
    var both = streams
    both.kinds = kinds.kinds
    #expect(
      try await following.events(both).asLogged
        == all.filter {
          streams.streams.contains($0.stream) && kinds.kinds.contains($0.kind ?? "")
        }.asLogged)
    await following.stop()
  }

  @Test(
    "begins at a time, in each partition with the first event of then or later", arguments: 0..<3)
  func time(rule: Int) async throws {
    let following = try await Following(FeedTests.log(FeedTests.rules[rule].1))
    let all = try await following.events()
    for time in [UInt64(0), 1_000, 1_001, 1_037, 1_100, 1_133, 1_134, 9_999] {
      #expect(
        try await following.events(from: .time(milliseconds: time)).asLogged
          == all.filter { $0.recordedAtMilliseconds >= time }.asLogged, "\(time)")
    }
    await following.stop()
  }

  @Test("begins at an offset, or at its end")
  func offset() async throws {
    let following = try await Following(FeedTests.log(.contiguous))
    let all = try await following.events()
    #expect(
      try await following.events(from: .offset(17)).asLogged
        == all.filter { $0.offset >= 17 }.asLogged)
    #expect(try await following.events(from: .now).isEmpty)
    await #expect(throws: ClientError.self) {
      try await following.events(from: .offset(1_000_000))
    }
    await following.stop()
  }

  @Test("what is more than a message holds comes in several, and one that is larger alone")
  func large() async throws {
    let log = MemoryLog(partitions: 1, batchEvents: 50)
    var sample = SampleEvents(seed: 3)
    log.append(
      (0..<200).map { index in
        var event = sample.event(.messageSent)
        event.recordedAt = Timestamp(milliseconds: UInt64(index))
        event.body = .messageSent(
          Message(
            content: ByteBuffer(repeating: UInt8(index), count: index == 70 ? 300_000 : 9_000)))
        return event
      })
    let following = try await Following(log)
    let items = try await following.items()
    #expect(items.count > 5)
    for case .events(let events, _) in items {
      #expect(events.count == 1 || events.reduce(0) { $0 + $1.bytes.count + 4 } <= 256 << 10)
    }
    #expect(try await following.events().asLogged == following.logged())
    await following.stop()
  }

  @Test("an event of a kind that nobody knows comes as it is, unless kinds are named")
  func unknown() async throws {
    let log = MemoryLog(partitions: 1)
    // Stream "user/a", seq 1, and a body of field 15,000 with two bytes.
    let bytes: [UInt8] = [
      10, 6, 117, 115, 101, 114, 47, 97, 16, 1, 0xc2, 0xa9, 0x07, 2, 8, 1,
    ]
    log.append(bytes: bytes, to: PartitionID(0))
    let following = try await Following(log)
    let events = try await following.events()
    #expect(events.map(\.bytes) == [bytes])
    #expect(events.first?.kind == nil && events.first?.stream == "user/a")
    var kinds = FeedSelection()
    kinds.kinds = ["message_sent"]
    #expect(try await following.events(kinds).isEmpty)
    await following.stop()
  }

  @Test("what is logged later comes as it is announced, and a service that was away is waited for")
  func later() async throws {
    let following = try await Following(FeedTests.log(.gaps, 50))
    let client = try following.client()
    let came = NIOLockedValueBox<[FeedEvent]>([])
    let following_ = Task {
      try await client.follow(from: .beginning) { item in
        came.withLockedValue { $0 += item.events }
      }
    }
    func all() async throws {
      let wanted = following.logged()
      while came.withLockedValue({ $0.count }) < wanted.count {
        try await Task.sleep(for: .milliseconds(5))
      }
      #expect(came.withLockedValue { $0 }.asLogged == wanted)
    }
    try await all()
    for round in 0..<3 {
      if round > 0 { try await following.restart() }
      following.log.append(Sample.events(20, seed: UInt64(round + 2), from: UInt64(2_000 + round)))
      let last = following.log.batches(PartitionID(0)).last
      if let last { following.committed.announce(last) }
      try await all()
    }
    following_.cancel()
    _ = await following_.result
    await client.close()
    await following.stop()
  }
}
