import DaybookModel
import DaybookSchema
import Ports
import Testing

/// A mailbox in which messages of several origins come in any order, with acks and notes between them.
private struct MixedMailbox {
  static let partition = PartitionID(0)
  static let stream = StreamKey.user(UserID(checked: "reader"))
  static let alice = UserID(checked: "alice")
  static let phone = Origin("phone".utf8)!
  static let old = Origin("an old phone".utf8)!

  /// Who acts, under which origin and number.
  private static func issue(_ index: Int) -> (Actor, Origin, UInt64)? {
    let number = UInt64(index)
    let crm = Actor(user: alice, service: ServiceID(checked: "crm"))
    switch index % 5 {
    case 0: return (Actor(user: alice, device: DeviceID(checked: "d")), phone, number + 1)
    // As a relay, or an outbox that comes late, may bring them.
    case 1: return (Actor(user: alice), old, 1_000 - number)
    case 2: return (Actor(user: UserID(checked: "bob")), phone, number + 1)
    case 3: return (crm, phone, number + 1)
    default: return nil
    }
  }

  static func event(_ index: Int) -> Event {
    let issued = issue(index)
    let isMessage = index % 3 != 2
    var event = Event(
      stream: stream, seq: isMessage ? Seq(UInt64(index - index / 3) + 1) : .none,
      messageID: isMessage ? MessageID(ticks: UInt64(index) + 1, partition: partition) : .none,
      recordedAt: Timestamp(milliseconds: MessageID.zeroMilliseconds + UInt64(index)),
      actor: issued?.0 ?? Actor(user: UserID(checked: "reader")),
      body: isMessage ? .messageSent(Message(content: ContentCoding.text("\(index)"))) : .noted)
    if let (_, origin, number) = issued {
      event.command = CommandID(origin: origin, number: number, digest: UInt32(index))
    }
    return event
  }

  static func write(to log: any WholeLog) async throws -> [PlacedEvent] {
    var index = 0
    for size in [1, 40, 7, 200, 3] {
      _ = try await log.append((index..<index + size).map { event($0) }, to: partition)
      index += size
    }
    return try log.all(partition, from: log.startOffset(of: partition), bytesMax: 1 << 20)
  }
}

@Suite(
  "every log search, of what has no seq and of whose commands it was", .timeLimit(.minutes(30)))
struct LogOriginTests {
  private let partition = MixedMailbox.partition

  @Test("finds a stream's events without a seq, by offset", arguments: LogKind.allCases)
  func unsequenced(_ kind: LogKind) async throws {
    try await kind.with { log in
      let all = try await MixedMailbox.write(to: log)
      let own = all.filter { $0.event.seq == .none }
      try #require(own.count > 60)
      let (first, last) = (own[10].offset, own[50].offset)
      let rows: [(Offset, Offset, Int)] = [
        (.zero, Offset(.max), 500), (first, last, 500), (first, last, 4), (first, first, 9),
        (first.advanced(by: 1), first.advanced(by: 1), 9), (last, first, 9), (.zero, last, 0),
      ]
      for (first, last, limit) in rows {
        let found = try log.postings(
          partition, unsequenced: MixedMailbox.stream.fingerprint, from: first, through: last,
          limit: limit)
        let wanted = own.filter { $0.offset >= first && $0.offset <= last }.prefix(limit)
        #expect(found.map(\.offset) == wanted.map(\.offset), "\(first) \(last) \(limit)")
        #expect(found.map(\.value) == wanted.map { UInt64($0.offset.rawValue) })
      }
    }
  }

  @Test(
    "finds what an origin's commands came to, by number, each user's apart",
    arguments: LogKind.allCases)
  func origins(_ kind: LogKind) async throws {
    try await kind.with { log in
      let all = try await MixedMailbox.write(to: log)
      let asked = [
        IssuedOrigin(MixedMailbox.phone, user: MixedMailbox.alice),
        IssuedOrigin(MixedMailbox.old, user: MixedMailbox.alice),
        IssuedOrigin(MixedMailbox.phone, user: UserID(checked: "bob")),
        // Of services, whomever they act for.
        IssuedOrigin(MixedMailbox.phone, user: nil),
      ]
      for origin in asked {
        let own = all.filter { placed in
          placed.event.command.map { IssuedOrigin($0.origin, by: placed.event.actor) } == origin
        }.sorted { $0.event.command!.number < $1.event.command!.number }
        try #require(own.count > 30)
        let (first, last) = (own[5].event.command!.number, own[25].event.command!.number)
        for (first, last, limit) in [
          (0, .max, 500), (first, last, 500), (first, last, 3), (last, last, 1), (last, first, 9),
        ] as [(UInt64, UInt64, Int)] {
          let found = try log.postings(
            partition, origin: origin.fingerprint, from: first, through: last, limit: limit)
          let wanted = own.filter { (first...max(first, last)).contains($0.event.command!.number) }
            .suffix(first > last ? 0 : limit)
          #expect(found.map(\.offset) == wanted.map(\.offset), "\(origin) \(first) \(last)")
          #expect(found.map(\.value) == wanted.map { $0.event.command!.number })
        }
      }
      let stranger = IssuedOrigin(MixedMailbox.old, user: UserID(checked: "bob"))
      #expect(
        try log.postings(
          partition, origin: stranger.fingerprint, from: 0, through: .max, limit: 9
        ).isEmpty)
    }
  }
}
