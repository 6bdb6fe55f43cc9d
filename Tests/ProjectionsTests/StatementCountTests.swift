import DaybookModel
import Doubles
import GRDB
import NIOCore
import Ports
import Testing

@testable import Projections

/// What an event costs does not grow with the number of users: counted in statements, not timed.
@Suite("statements of a rebuild") struct StatementCountTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Messages from one user to the next, round by round: between two that concern the same rows lie
  /// those of all others.
  private func fill(_ log: MemoryLog, users: Int, events: Int) {
    var clocks = (0..<log.partitionCount).map { _ in MessageClock() }
    for index in 0..<events {
      let user = UserID(checked: "user-\(index % users)")
      let partition = StreamKey.user(user).partition(of: log.partitionCount)
      log.append([
        Event(
          stream: .user(user), seq: Seq(UInt64(index / users + 1)),
          messageID: clocks[partition.index].next(now: .none, partition: partition)!,
          recordedAt: Timestamp(milliseconds: 1),
          actor: Actor(user: UserID(checked: "user-\((index + 1) % users)")),
          body: .messageSent(Message(content: ByteBuffer(string: "hi"))))
      ])
    }
  }

  /// By their first word, but for what each commit says of itself.
  private final class Statements {
    var counts: [String: Int] = [:]

    func watch(_ engine: ProjectionEngine) throws {
      for projection in engine.projections {
        try projection.file.access { database in
          database.trace { [self] event in
            guard case .statement(let statement) = event else { return }
            let words = statement.sql.split(separator: " ").prefix(2)
            if words.last == "projection" || words.last == "checkpoints" { return }
            counts[String(words[0]), default: 0] += 1
          }
        }
      }
    }
  }

  private func rows() throws -> Int {
    try ProjectionName.allCases.reduce(0) { sum, name in
      let tables = name.makeProjector(log: MemoryLog(partitions: 1)).tables.map(\.layout.name)
      return try open(name, folder).read { database in
        try tables.reduce(sum) {
          try $0 + (Int.fetchOne(database, sql: "SELECT count(*) FROM \($1)") ?? 0)
        }
      }
    }
  }

  @Test(
    "a rebuild asks the file for no row, and writes rows hardly more than once",
    arguments: [10, 200, 2_000])
  func rebuild(users: Int) throws {
    let log = MemoryLog(partitions: 4, batchEvents: 20)
    fill(log, users: users, events: 8_000)
    // Chunks of some 200 events, and about as many commits as partitions.
    let engine = try makeEngine(log, folder, chunkBytes: 10_000, eventsPerCommitMax: 2_000)
    let statements = Statements()
    try statements.watch(engine)
    try engine.catchUp()
    let rows = try rows()
    #expect(rows >= 3 * users)
    #expect(statements.counts["INSERT"] == rows)
    // Of the partition that was under way at a commit.
    #expect(statements.counts["UPDATE", default: 0] <= rows)
    #expect(statements.counts["SELECT", default: 0] == 0)
  }
}
