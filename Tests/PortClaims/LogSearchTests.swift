import DaybookModel
import DaybookSchema
import Ports
import Testing

@Suite("every log search", .timeLimit(.minutes(30)))
struct LogSearchTests {
  private let partition = WrittenMailbox.partition

  private func withMailbox(
    _ kind: LogKind, _ body: (any WholeLog, WrittenMailbox, [PlacedEvent]) throws -> Void
  ) async throws {
    try await kind.with { log in
      var mailbox = WrittenMailbox()
      try await mailbox.write([3, 50, 1, 120, 9], to: log)
      let all = try log.all(
        partition, from: log.startOffset(of: partition), bytesMax: 1 << 20)
      try body(log, mailbox, all)
    }
  }

  @Test("gives the events at offsets, in their order", arguments: LogKind.allCases)
  func events(_ kind: LogKind) async throws {
    try await withMailbox(kind) { log, _, all in
      for step in [1, 2, 13, 60] {
        let wanted = stride(from: 0, to: all.count, by: step).map { all[$0] }
        let found = try log.events(partition, at: wanted.map(\.offset))
        #expect(found.map(\.offset) == wanted.map(\.offset))
        #expect(try found.map { try EventDecoding.decode($0.bytes) } == wanted.map(\.event))
      }
      #expect(try log.events(partition, at: []).isEmpty)
    }
  }

  @Test("finds a stream's events by seq, ascending, up to a limit", arguments: LogKind.allCases)
  func streams(_ kind: LogKind) async throws {
    try await withMailbox(kind) { log, mailbox, all in
      let rows: [(first: UInt64, last: UInt64, limit: Int)] = [
        (1, 500, 500), (1, 1, 5), (60, 80, 500), (60, 80, 4), (183, 183, 1), (184, 400, 9),
        (10, 9, 9),
      ]
      for row in rows {
        let found = try log.postings(
          partition, stream: mailbox.stream.fingerprint, from: Seq(row.first),
          through: Seq(row.last), limit: row.limit)
        let wanted = all.filter {
          ($0.event.seq >= Seq(row.first) && $0.event.seq <= Seq(row.last))
        }
        .prefix(row.limit)
        #expect(found.map(\.offset) == wanted.map(\.offset), "\(row)")
        #expect(found.map(\.value) == wanted.map { $0.event.seq.rawValue })
      }
    }
  }

  @Test(
    "finds a conversation's newest messages below an id, ascending",
    arguments: LogKind.allCases)
  func conversations(_ kind: LogKind) async throws {
    try await withMailbox(kind) { log, mailbox, all in
      for peer in 0..<5 {
        let own = all.filter { $0.event.actor.user == mailbox.peer(peer) }
        for before in [nil, own[0].event.messageID, own[20].event.messageID] {
          for limit in [1, 7, 500] {
            let found = try log.postings(
              partition, conversation: mailbox.conversation(with: peer), before: before,
              limit: limit)
            let wanted = own.filter { event in before.map { event.event.messageID < $0 } ?? true }
              .suffix(limit)
            #expect(found.map(\.offset) == wanted.map(\.offset))
            #expect(found.map(\.value) == wanted.map { $0.event.messageID.rawValue })
          }
        }
      }
    }
  }

  @Test(
    "knows nothing of streams and conversations that are not there",
    arguments: LogKind.allCases)
  func nothing(_ kind: LogKind) async throws {
    try await withMailbox(kind) { log, _, _ in
      let events = try log.postings(
        partition, stream: 12_345, from: Seq(1), through: Seq(900), limit: 10)
      #expect(events.isEmpty)
      let messages = try log.postings(
        partition, conversation: 12_345, before: nil, limit: 10)
      #expect(messages.isEmpty)
    }
  }
}
