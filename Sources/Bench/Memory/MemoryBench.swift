import DaybookModel
package import Logging
import Ports
import Server

/// Devices that have stopped to read, while much is pushed to each: what that takes of the server's memory. They are
/// members of one group, so that what is pushed to all of them is in the log once.
package struct MemoryBench: Sendable {
  /// What the system of a client may keep for it, so that little of what it is sent waits there.
  private static let systemBytes = 4_096

  private let partitions: Int
  private let sessions: Int
  private let pushedBytes: Int
  private let messageBytes: Int
  /// The server's `--session-bytes-max`; nil for its own.
  private let sessionBytesMax: Int?
  private let logger: Logger

  package init(
    partitions: Int, sessions: Int, pushedBytes: Int, messageBytes: Int, sessionBytesMax: Int?,
    logger: Logger
  ) {
    self.partitions = partitions
    self.sessions = sessions
    self.pushedBytes = pushedBytes
    self.messageBytes = messageBytes
    self.sessionBytesMax = sessionBytesMax
    self.logger = logger
  }

  private static let group = StreamKey.group(GroupID(checked: "all"))

  private static func user(_ index: Int) -> UserID { UserID(checked: "user-\(index)") }

  package func measure(folder: String) async throws -> BenchResult {
    OpenFiles.raiseLimit()
    let data = try DataFolder.make(at: "\(folder)/data", partitions: partitions)
    try await GroupMaking.run(data, joins: sessions, logger: logger) { make in
      for index in 0..<sessions {
        try await make.member(
          MemoryBench.user(index), of: MemoryBench.group, creates: index == 0)
      }
    }
    let (readers, sender) = try await plans(data)
    let options = sessionBytesMax.map { ["--session-bytes-max", "\($0)"] } ?? []
    let server = try ServerProcess(data: data.path, options)
    defer { server.stop() }
    let messages = max(1, pushedBytes / max(1, messageBytes))
    let (before, after) = try await LoadRun.with(readers, of: server) { run in
      try await run.connect(atOnce: 64, systemBytes: MemoryBench.systemBytes)
      try await run.stopReading()
      let before = try server.usage().residentBytes
      try await LoadRun.with([sender], of: server) { sending in
        try await sending.connect()
        _ = try await sending.measure(.messages(messages)) { $0.map { _ in 0 } }
      }
      return (before, try server.usage().residentBytes)
    }
    return BenchResult(fields: [
      ("bench", .text("memory")), ("sessions", .integer(sessions)),
      ("pushed_mb_each", .ratio(Double(messages * messageBytes) / 1e6)),
      ("message_bytes", .integer(messageBytes)),
      ("session_bytes_max", .integer(sessionBytesMax ?? Limits.sessionBytesMax)),
      ("rss_before_kb", .integer(before >> 10)), ("rss_after_kb", .integer(after >> 10)),
      ("grown_kb_per_session", .ratio(Double(after - before) / 1024 / Double(sessions))),
    ])
  }

  private func plans(
    _ data: DataFolder
  ) async throws -> (readers: [LoadClient.Plan], sender: LoadClient.Plan) {
    let tokens = try await data.tokens()
    func plan(_ index: Int, _ principal: Principal, window: Int) async throws -> LoadClient.Plan {
      LoadClient.Plan(
        user: MemoryBench.user(index), origin: "bench-\(index)",
        token: try await tokens.issue(
          principal, expiresInSeconds: DataFolder.tokenSeconds.standard),
        targets: [MemoryBench.group], window: window, messageBytes: messageBytes)
    }
    var readers: [LoadClient.Plan] = []
    for index in 0..<sessions {
      let device = Principal.device(MemoryBench.user(index), DeviceID(checked: "bench"))
      readers.append(try await plan(index, device, window: 1))
    }
    var sender = try await plan(0, .service(ServiceID(checked: "bench")), window: 8)
    sender.isService = true
    return (readers, sender)
  }
}
