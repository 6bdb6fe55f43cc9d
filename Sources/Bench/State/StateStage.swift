import DaybookModel
import DaybookSchema
import Foundation
package import Logging
import NIOCore
import NIOPosix
import Ports
import Requests
import Server

/// The stages of the state bench, in order.
package enum StateStage: String, CaseIterable, Sendable {
  /// Every user has a device, and a message of another.
  case fill
  /// A start: its first ack, and what the users take.
  case users
  /// Another, with messages at a rate, while snapshots are made and while none is.
  case load
  /// Everybody joins one group.
  case members
  /// A start while all are members.
  case present
  /// Everybody leaves it.
  case leaves
  /// A start after that.
  case former

  var needsMembers: Bool {
    switch self {
    case .members, .present, .leaves, .former: true
    case .fill, .users, .load: false
    }
  }

  /// Its figures: a name and an integer a line.
  package func run(
    _ sizes: StateSizes, folder: String, logger: Logger
  ) async throws -> String {
    let fields: [(String, Int)]
    switch self {
    case .fill: fields = try await fill(sizes, folder, logger)
    case .users: fields = try await start(folder, logger, rss: "users_rss_bytes")
    case .load: fields = try await load(sizes, folder, logger)
    case .members: fields = try await members(sizes, folder, logger)
    case .present: fields = try await start(folder, logger, rss: "present_rss_bytes")
    case .leaves: fields = try await leaves(sizes, folder, logger)
    case .former: fields = try await start(folder, logger, rss: "members_rss_bytes")
    }
    return fields.map { name, value in "\(name) \(value)" }.joined(separator: "\n")
  }

  private static func user(_ index: Int) -> UserID {
    let digits = String(index)
    return UserID(checked: "u" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits)
  }

  private static let phone = DeviceID(checked: "phone-0001")
  private static let group = StreamKey.group(GroupID(checked: "everybody"))

  private static func backend(
    _ folder: String, _ logger: Logger, snapshotEvents: Int? = nil
  ) throws -> Backend {
    var settings = Backend.Settings()
    settings.snapshotEvents = snapshotEvents
    return try Backend(Backend.Places(in: folder, hasReadSide: false), settings, logger: logger)
  }

  private func fill(
    _ sizes: StateSizes, _ folder: String, _ logger: Logger
  ) async throws -> [(String, Int)] {
    let places = Backend.Places(in: folder, hasReadSide: false)
    try EmbeddedLog.create(in: places.log, partitions: 1)
    let backend = try StateStage.backend(folder, logger)
    let copies = EventCount(.messageCopied)
    backend.committed.subscribe(copies)
    try await backend.start()
    let began = DispatchTime.now().uptimeNanoseconds
    let commands = CommandAsker(backend.commands)
    try await each(sizes.users, sizes.inFlight) { index in
      let owner = StateStage.user(index)
      _ = try await commands.ask(
        Command(
          stream: .user(owner), actor: Actor(user: owner, device: StateStage.phone), id: nil,
          body: .openCursor()))
      let sender = StateStage.user((index + 1) % sizes.users)
      _ = try await commands.ask(StateStage.message(from: sender, to: owner, number: 1))
    }
    await copies.count(reaches: sizes.users)
    let filled = DispatchTime.now().uptimeNanoseconds
    await backend.stop()
    return [
      ("fill_ms", Int((filled - began) / 1_000_000)),
      ("stop_ms", Int((DispatchTime.now().uptimeNanoseconds - filled) / 1_000_000)),
      ("snapshot_bytes", StateFolder.snapshotBytes(folder)),
    ]
  }

  static func message(from sender: UserID, to receiver: UserID, number: UInt64) -> Command {
    Command(
      stream: .user(receiver), actor: Actor(user: sender),
      id: NumberedOrigin(origin: Origin(sender.text.utf8)!, number: number),
      body: .send(Message(content: ContentCoding.text("what one says to another"))))
  }

  /// The time from nothing to the first ack, and the memory then.
  private func start(
    _ folder: String, _ logger: Logger, rss: String
  ) async throws -> [(String, Int)] {
    let before = ProcessMemory.residentBytes()
    let began = DispatchTime.now().uptimeNanoseconds
    let backend = try StateStage.backend(folder, logger)
    let replayed = try await backend.start()
    let commands = CommandAsker(backend.commands)
    _ = try await commands.ask(
      StateStage.message(
        from: StateStage.user(0), to: StateStage.user(1), number: began))
    let acked = DispatchTime.now().uptimeNanoseconds
    let resident = ProcessMemory.residentBytes()
    await backend.stop()
    let prefix = self == .users ? "" : self == .present ? "present_" : "members_"
    return [
      (prefix + "first_ack_ms", Int((acked - began) / 1_000_000)),
      (prefix + "replayed", replayed), (rss, resident - before),
    ]
  }

  private func load(
    _ sizes: StateSizes, _ folder: String, _ logger: Logger
  ) async throws -> [(String, Int)] {
    var fields: [(String, Int)] = []
    // Each message is an event here and one for its sender's copy.
    for (name, events) in [("quiet_", Int.max), ("", max(1, sizes.rate * 4))] {
      let backend = try StateStage.backend(folder, logger, snapshotEvents: events)
      try await backend.start()
      let pauses = LoopPauses(backend.group)
      let snapshots = StateFolder.Watch(folder, on: MultiThreadedEventLoopGroup.singleton.next())
      let load = RateLoad(backend.commands, rate: sizes.rate, seconds: sizes.seconds) {
        let from = Int.random(in: 0..<sizes.users)
        let to = (from + Int.random(in: 1..<max(2, sizes.users))) % sizes.users
        return StateStage.message(
          from: StateStage.user(from), to: StateStage.user(to),
          number: DispatchTime.now().uptimeNanoseconds)
      }
      let latencies = try await load.run()
      let worst = await pauses.stop()
      fields += [
        (name + "pause_max_us", worst.max), (name + "pause_p999_us", worst.p999),
        (name + "ack_p50_us", latencies.p50), (name + "ack_p99_us", latencies.p99),
        (name + "ack_max_us", latencies.max),
      ]
      if name.isEmpty { fields.append(("snapshots", snapshots.stop())) }
      await backend.stop()
    }
    return fields
  }

  private func members(
    _ sizes: StateSizes, _ folder: String, _ logger: Logger
  ) async throws -> [(String, Int)] {
    let backend = try StateStage.backend(folder, logger)
    let joined = EventCount(.groupJoined)
    backend.committed.subscribe(joined)
    try await backend.start()
    let commands = CommandAsker(backend.commands)
    // The owner is one of them: a group has a limit.
    let owner = StateStage.user(0)
    _ = try await commands.ask(
      StateStage.member(owner, .createGroup(GroupSettings(title: "everybody")), 1))
    try await each(sizes.members - 1, sizes.inFlight) { index in
      let user = StateStage.user(index + 1)
      _ = try await commands.ask(StateStage.member(user, .join, 2))
    }
    await joined.count(reaches: sizes.members)
    await backend.stop()
    return []
  }

  private func leaves(
    _ sizes: StateSizes, _ folder: String, _ logger: Logger
  ) async throws -> [(String, Int)] {
    let backend = try StateStage.backend(folder, logger)
    let left = EventCount(.groupLeft)
    backend.committed.subscribe(left)
    try await backend.start()
    let commands = CommandAsker(backend.commands)
    try await each(sizes.members, sizes.inFlight) { index in
      _ = try await commands.ask(StateStage.member(StateStage.user(index), .leave, 3))
    }
    await left.count(reaches: sizes.members)
    await backend.stop()
    return []
  }

  private static func member(_ user: UserID, _ body: Command.Body, _ number: UInt64) -> Command {
    Command(
      stream: group, actor: Actor(user: user),
      id: NumberedOrigin(origin: Origin(("g" + user.text).utf8)!, number: number), body: body)
  }

  private func each(
    _ count: Int, _ inFlight: Int, _ body: @escaping @Sendable (Int) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<inFlight {
        group.addTask {
          for index in stride(from: lane, to: count, by: inFlight) { try await body(index) }
        }
      }
      try await group.waitForAll()
    }
  }
}
