import DaybookFeed
import DaybookModel
import DaybookSchema
import Doubles
import FoundationEssentials
import LogService
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Ports
import Testing

/// A log in memory, and its service on a port.
final class Following: Sendable {
  let log: MemoryLog
  let committed = Announcer()
  let positions = MemoryPositions()
  let clock = SettableClock(Timestamp(milliseconds: 1_000_000))
  private let port: NIOLockedValueBox<LogServicePort>
  private let chosen: NIOLockedValueBox<Int>

  static let token = "a service's"

  init(_ log: MemoryLog = MemoryLog(partitions: 3)) async throws {
    self.log = log
    port = NIOLockedValueBox(
      Following.service(log, committed, positions, clock))
    chosen = NIOLockedValueBox(0)
    try await start()
  }

  private static func service(
    _ log: MemoryLog, _ committed: Announcer, _ positions: MemoryPositions, _ clock: SettableClock
  ) -> LogServicePort {
    LogServicePort(
      FeedConditions(
        log: log, committed: committed, threads: ThreadWork(), clock: clock, positions: positions),
      tokens: Tokens(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  private func start() async throws {
    let wanted = chosen.withLockedValue { $0 }
    let bound = try await port.withLockedValue { $0 }.start(host: "127.0.0.1", port: wanted)
    chosen.withLockedValue { $0 = bound }
  }

  /// Ends, and is there again on the same port: which another test may have for a moment, for it was free.
  func restart() async throws {
    await stop()
    while true {
      port.withLockedValue { $0 = Following.service(log, committed, positions, clock) }
      do {
        return try await start()
      } catch let error as DaybookError where error.code == .unreachable {
        try await Task.sleep(for: .milliseconds(10))
      }
    }
  }

  func stop() async { await port.withLockedValue { $0 }.stop() }

  func client(_ token: String = Following.token) throws -> FeedClient {
    try FeedClient(server: "127.0.0.1:\(chosen.withLockedValue { $0 })", token: token)
  }

  /// What a feed brings up to where the log ends.
  func events(
    from start: FeedStart = .beginning, _ selection: FeedSelection = FeedSelection()
  ) async throws -> [FeedEvent] {
    try await items(from: start, selection).flatMap(\.events)
  }

  func events(_ selection: FeedSelection) async throws -> [FeedEvent] {
    try await events(from: .beginning, selection)
  }

  func items(
    from start: FeedStart = .beginning, _ selection: FeedSelection = FeedSelection()
  ) async throws -> [FeedItem] {
    let client = try client()
    let items = NIOLockedValueBox<[FeedItem]>([])
    do {
      try await client.follow(from: start, selection, untilHead: true) { item in
        items.withLockedValue { $0.append(item) }
      }
    } catch {
      await client.close()
      throw error
    }
    await client.close()
    return items.withLockedValue { $0 }
  }

  /// What the log has, event by event, with partition and offset.
  func logged() -> [Logged] {
    var all: [Logged] = []
    for index in 0..<log.partitionCount {
      for batch in log.batches(PartitionID(index)) {
        try? batch.forEachEvent { at, bytes throws(DaybookError) in
          all.append(
            Logged(
              partition: index, offset: UInt64(batch.offset(of: at).rawValue),
              bytes: Array(bytes)))
        }
      }
    }
    return all
  }
}

struct Logged: Equatable {
  let partition: Int
  let offset: UInt64
  let bytes: [UInt8]

  init(partition: Int, offset: UInt64, bytes: [UInt8]) {
    self.partition = partition
    self.offset = offset
    self.bytes = bytes
  }

  init(_ event: FeedEvent) {
    self.init(partition: event.partition, offset: event.offset, bytes: event.bytes)
  }
}

extension [FeedEvent] {
  /// By partition, in the order in which they came there.
  var asLogged: [Logged] {
    let all = map { Logged($0) }
    return Set(all.map(\.partition)).sorted().flatMap { partition in
      all.filter { $0.partition == partition }
    }
  }
}

/// Knows one service's token and one device's.
private struct Tokens: TokenCheck {
  func checkAtOnce(_ token: String) -> CheckedToken? {
    switch token {
    case Following.token:
      CheckedToken(
        .service(ServiceID(checked: "reader")), expiresAt: Timestamp(milliseconds: 2_000_000))
    case "a device's":
      CheckedToken(
        .device(UserID(checked: "alice"), DeviceID(checked: "phone")),
        expiresAt: Timestamp(milliseconds: 2_000_000))
    default: nil
    }
  }

  func check(_ token: String) async throws(DaybookError) -> CheckedToken {
    throw DaybookError(.invalidToken, "this is no token")
  }
}

/// Tells of batches when a test says so.
final class Announcer: CommittedBatches {
  private let consumers = NIOLockedValueBox<[any BatchConsumer]>([])

  func subscribe(_ consumer: any BatchConsumer) {
    consumers.withLockedValue { $0.append(consumer) }
  }

  func announce(_ batch: CommittedBatch) {
    for consumer in consumers.withLockedValue({ $0 }) { consumer.committed(batch) }
  }
}

final class MemoryPositions: PositionStore {
  private let kept = NIOLockedValueBox<[String: StoredPosition]>([:])

  func save(_ position: Data, as name: String, at now: Timestamp) throws(DaybookError) {
    kept.withLockedValue {
      $0[name] = StoredPosition(name: name, position: position, savedAt: now)
    }
  }

  func position(_ name: String) throws(DaybookError) -> StoredPosition? {
    kept.withLockedValue { $0[name] }
  }

  func delete(_ name: String) throws(DaybookError) -> Bool {
    kept.withLockedValue { $0.removeValue(forKey: name) != nil }
  }

  func all() throws(DaybookError) -> [StoredPosition] {
    kept.withLockedValue { $0.values.sorted { $0.name < $1.name } }
  }
}

/// Events of every kind in some streams, whose times rise.
enum Sample {
  static func events(_ count: Int, seed: UInt64 = 1, from time: UInt64 = 1_000) -> [Event] {
    var sample = SampleEvents(seed: seed)
    let kinds = EventKind.allCases.filter { $0 != .messageTombstone }
    return (0..<count).map { index in
      var event = sample.event(kinds[index % kinds.count])
      event.stream =
        index % 5 == 0
        ? .group(GroupID(checked: "g\(index % 3)")) : .user(UserID(checked: "u\(index % 7)"))
      event.recordedAt = Timestamp(milliseconds: time + UInt64(index / 3))
      return event
    }
  }
}
